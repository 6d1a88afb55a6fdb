//! Values of settings as anybody may write them into a file or a variable.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use super::value::{ByteSize, Value};
use crate::fuzzing::Outcome;

/// A byte that names the kind of value, and the value.
pub(crate) fn read_setting(bytes: &[u8]) -> Outcome {
    let Some((kind, text)) = bytes.split_first() else {
        return Outcome::Refused;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return Outcome::Refused;
    };
    match kind % 5 {
        0 => read(Duration::parse, text),
        1 => read(ByteSize::parse, text),
        2 => read(usize::parse, text),
        3 => read(bool::parse, text),
        _ => read(SocketAddr::parse, text),
    }
}

/// What is understood is printed as something that means the same.
fn read<V: Value + PartialEq + Debug>(
    parse: impl Fn(&str) -> Result<V, String>,
    text: &str,
) -> Outcome {
    let Ok(value) = parse(text) else {
        return Outcome::Refused;
    };
    let shown = value.show();
    assert_eq!(parse(&shown), Ok(value), "{text} is shown as {shown}");
    Outcome::Accepted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::Decoder;
    use crate::fuzzing::corpus::shows_the_mistake_of;

    #[test]
    fn a_duration_that_is_shown_in_whole_seconds_is_found() {
        /// A duration that forgets its milliseconds when it is printed.
        #[derive(Debug, PartialEq)]
        struct Hasty(Duration);

        impl Value for Hasty {
            const UNIT: &'static str = Duration::UNIT;

            fn parse(text: &str) -> Result<Self, String> {
                Duration::parse(text).map(Self)
            }

            fn show(&self) -> String {
                format!("{}s", self.0.as_secs())
            }
        }

        shows_the_mistake_of(Decoder::Setting, |bytes| match bytes.split_first() {
            Some((0, text)) => {
                std::str::from_utf8(text).map_or(Outcome::Refused, |text| read(Hasty::parse, text))
            }
            _ => Outcome::Refused,
        });
    }
}
