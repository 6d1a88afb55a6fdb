//! Secrets in memory: what must sign and compare, and must never be printed.
//!
//! Always true: neither `Debug` nor [`Value::show`] gives a secret away.

use std::fmt;

use super::value::Value;

/// A secret text; only [`Secret::expose`] gives it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The secret itself; never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(hidden)")
    }
}

/// What is printed in place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// The key of HS256 tokens.
impl Value for Option<Secret> {
    const UNIT: &'static str = "secret";

    fn parse(text: &str) -> Result<Self, String> {
        /// The output size of SHA-256: a shorter key is easier to guess than the signature (RFC 7518, 3.2).
        const MIN_BYTES: usize = 32;
        if text.len() < MIN_BYTES {
            return Err(format!(
                "is shorter than {MIN_BYTES} bytes: give at least {MIN_BYTES} random bytes (openssl rand -hex 32 makes some), or remove it to run in development mode"
            ));
        }
        Ok(Some(Secret::new(text)))
    }

    fn show(&self) -> String {
        self.as_ref().map(|_| HIDDEN.to_owned()).unwrap_or_default()
    }
}

/// API keys, comma-separated, so that a new one can be added before the old one is removed.
impl Value for Vec<Secret> {
    const UNIT: &'static str = "secrets, comma-separated";

    fn parse(text: &str) -> Result<Self, String> {
        let keys: Vec<&str> = text.split(',').map(str::trim).collect();
        let is_sendable =
            |key: &&str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !keys.iter().all(is_sendable) {
            return Err("holds a key that is empty or cannot be sent in a header: use visible ASCII characters without spaces, keys separated by commas".to_owned());
        }
        Ok(keys.into_iter().map(Secret::new).collect())
    }

    fn show(&self) -> String {
        vec![HIDDEN; self.len()].join(",")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let text = "0123456789abcdef0123456789abcdef";
        let secret = <Option<Secret>>::parse(text).unwrap();
        assert!(!format!("{secret:?}").contains(text));
        assert!(!secret.show().contains(text));
        assert_eq!(secret.unwrap().expose(), text);
    }

    #[test]
    fn a_short_signing_secret_is_refused() {
        assert!(<Option<Secret>>::parse(&"x".repeat(31)).is_err());
        assert!(<Option<Secret>>::parse("").is_err());
        assert!(<Option<Secret>>::parse(&"x".repeat(32)).is_ok());
    }

    #[test]
    fn api_keys_are_a_list_without_holes() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let keys = <Vec<Secret>>::parse(text).ok();
            let keys = keys
                .as_ref()
                .map(|keys| keys.iter().map(Secret::expose).collect::<Vec<_>>());
            assert_eq!(keys.as_deref(), expected, "{text}");
        };
        check("one", Some(&["one"]));
        check("one, two", Some(&["one", "two"]));
        check("one,,two", None);
        check("", None);
        check("with space", None);
        check("clé", None);
    }
}
