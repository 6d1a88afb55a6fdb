//! How one setting's value is written and read: a type per kind of value, text in, value out, and back.
//!
//! What [`Value::show`] prints, [`Value::parse`] reads as the same value; secrets excepted, which are never printed.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A value that a person can write into a flag, a variable or a file.
pub(super) trait Value: Sized {
    /// The column "unit" of the documentation.
    const UNIT: &'static str;

    /// Reads the value; the error is the end of a sentence that starts with the text, such as "is not a duration".
    fn parse(text: &str) -> Result<Self, String>;

    /// The value as a person would write it; empty when there is none.
    fn show(&self) -> String;

    /// Whether the value is a bare word in TOML, rather than a quoted text.
    fn is_bare() -> bool {
        false
    }

    /// Whether the value is a duration or number of nothing.
    fn is_zero(&self) -> bool {
        false
    }
}

/// Reads a duration such as `500ms`, `8s`, `5m` or `24h`.
///
/// # Errors
/// When the text is no such thing; the error says what to write.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    Value::parse(text)
}

/// From the largest unit to the smallest, so that printing finds the shortest text.
const DURATION_UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Value for Duration {
    const UNIT: &'static str = "duration";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "is not a duration: write a whole number and ms, s, m or h, such as 500ms, 8s, 5m, 24h"
                .to_owned()
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let (_, factor) = DURATION_UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        let millis = number
            .checked_mul(factor)
            .ok_or_else(|| "is too long".to_owned())?;
        Ok(Self::from_millis(millis))
    }

    fn show(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return "0s".to_owned();
        }
        let fits = DURATION_UNITS
            .into_iter()
            .find(|(_, factor)| millis.is_multiple_of(*factor));
        fits.map_or_else(
            || format!("{millis}ms"),
            |(unit, factor)| format!("{}{unit}", millis / factor),
        )
    }

    fn is_zero(&self) -> bool {
        Duration::is_zero(self)
    }
}

/// A number of bytes in memory or on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ByteSize(pub usize);

const BYTE_UNITS: [(&str, usize); 3] = [("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Value for ByteSize {
    const UNIT: &'static str = "bytes";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || "is not a size: write a whole number and B, KiB or MiB, such as 64KiB".to_owned();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: usize = number.parse().map_err(|_| wrong())?;
        let (_, factor) = BYTE_UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        number
            .checked_mul(factor)
            .map(Self)
            .ok_or_else(|| "is too large".to_owned())
    }

    fn show(&self) -> String {
        let fits = BYTE_UNITS
            .into_iter()
            .find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor));
        fits.map_or_else(
            || format!("{}B", self.0),
            |(unit, factor)| format!("{}{unit}", self.0 / factor),
        )
    }

    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl Value for usize {
    const UNIT: &'static str = "number";

    fn parse(text: &str) -> Result<Self, String> {
        text.replace('_', "")
            .parse()
            .map_err(|_| "is not a whole number".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn is_bare() -> bool {
        true
    }

    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Value for bool {
    const UNIT: &'static str = "true or false";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("is neither true nor false".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn is_bare() -> bool {
        true
    }
}

impl Value for String {
    const UNIT: &'static str = "text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    const UNIT: &'static str = "path";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for Option<PathBuf> {
    const UNIT: &'static str = PathBuf::UNIT;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("names no file: give a path, or remove it".to_owned());
        }
        PathBuf::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(Value::show).unwrap_or_default()
    }
}

impl Value for SocketAddr {
    const UNIT: &'static str = "address";

    fn parse(text: &str) -> Result<Self, String> {
        // The one name that needs no resolver, and that everybody writes.
        let numeric = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        numeric.parse().map_err(|_| {
            "is not an address: write IP:PORT, such as 127.0.0.1:3000 or [::1]:3000".to_owned()
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for Option<SocketAddr> {
    const UNIT: &'static str = SocketAddr::UNIT;

    fn parse(text: &str) -> Result<Self, String> {
        SocketAddr::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(Value::show).unwrap_or_default()
    }
}

/// A feature that a known name asks for and that this version does not have.
impl Value for Option<Infallible> {
    const UNIT: &'static str = "refused";

    fn parse(_: &str) -> Result<Self, String> {
        Err("asks for several nodes, which this version does not support yet: it runs as one node without Redis, so remove the setting".to_owned())
    }

    fn show(&self) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<V: Value + PartialEq + std::fmt::Debug>(text: &str, expected: Option<V>, shown: &str) {
        let parsed = V::parse(text).ok();
        assert_eq!(parsed, expected, "{text}");
        if let Some(value) = parsed {
            assert_eq!(value.show(), shown);
            assert_eq!(
                V::parse(shown).ok(),
                expected,
                "what is printed reads as the same: {shown}"
            );
        }
    }

    #[test]
    fn durations_need_a_unit() {
        let check = |text: &str, millis: Option<u64>, shown: &str| {
            check(text, millis.map(Duration::from_millis), shown)
        };
        check("500ms", Some(500), "500ms");
        check("8s", Some(8_000), "8s");
        check("300s", Some(300_000), "5m");
        check("90s", Some(90_000), "90s");
        check("24h", Some(86_400_000), "24h");
        check("0s", Some(0), "0s");
        check("8", None, "");
        check("s", None, "");
        check("", None, "");
        check("-1s", None, "");
        check("1.5s", None, "");
        check("8 s", None, "");
        check("99999999999999999h", None, "");
    }

    #[test]
    fn sizes_are_binary() {
        let check =
            |text: &str, bytes: Option<usize>, shown: &str| check(text, bytes.map(ByteSize), shown);
        check("64KiB", Some(65_536), "64KiB");
        check("1024KiB", Some(1 << 20), "1MiB");
        check("100B", Some(100), "100B");
        check("0B", Some(0), "0B");
        check("64", None, "");
        check("64KB", None, "");
    }

    #[test]
    fn addresses_need_no_resolver() {
        let check = |text: &str, shown: Option<&str>| {
            assert_eq!(
                SocketAddr::parse(text)
                    .ok()
                    .map(|value| value.show())
                    .as_deref(),
                shown,
                "{text}"
            );
        };
        check("127.0.0.1:3000", Some("127.0.0.1:3000"));
        check("localhost:0", Some("127.0.0.1:0"));
        check("[::1]:80", Some("[::1]:80"));
        check("example.org:80", None);
        check("3000", None);
        check(":3000", None);
    }

    #[test]
    fn redis_is_refused_whatever_it_says() {
        assert!(<Option<Infallible>>::parse("redis://127.0.0.1").is_err());
    }
}
