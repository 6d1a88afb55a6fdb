//! Halves of a character: texts that a browser cut in the middle of an emoji.
//!
//! A JavaScript string may end in one half of a pair, and its JSON says so by an escape (`\ud83d`) that stands for no character.
//! It is read as U+FFFD, as the platform itself does where a text has to be whole (WHATWG Infra, "convert into a scalar value string").

use std::borrow::Cow;

/// An escape from its backslash to its last digit.
const LENGTH: usize = 6;

const REPLACEMENT: &str = "\\ufffd";

/// A JSON text in which every escaped half of a pair that lacks the other half is replaced; other texts stay as they are.
pub(super) fn make_whole(text: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        let escape = at + found;
        at = match half_at(text, escape) {
            Some(Half::High) if half_at(text, escape + LENGTH) == Some(Half::Low) => {
                escape + 2 * LENGTH
            }
            Some(_) => {
                whole.push_str(&text[copied..escape]);
                whole.push_str(REPLACEMENT);
                copied = escape + LENGTH;
                copied
            }
            // Another escape: what it escapes may be a backslash.
            None => escape + 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    whole.push_str(&text[copied..]);
    Cow::Owned(whole)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// The half of a pair that is escaped at this place.
fn half_at(text: &str, at: usize) -> Option<Half> {
    let digits = text.get(at..at + LENGTH)?.strip_prefix("\\u")?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::High),
        0xDC00..=0xDFFF => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_without_the_other_half_are_replaced() {
        let check = |text: &str, expected: &str| assert_eq!(make_whole(text), expected, "{text}");
        check(r#""a\ud83d""#, r#""a\ufffd""#);
        check(r#""\uDE00b""#, r#""\ufffdb""#);
        check(r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#);
        check(r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#);
        check(r#"{"\ud83d":"\ud83d\n"}"#, r#"{"\ufffd":"\ufffd\n"}"#);
    }

    #[test]
    fn whole_texts_stay_as_they_are() {
        for text in [
            "",
            "[]",
            r#""\ud83d\ude00""#,
            r#""\u00e9\n\\""#,
            // A backslash, and letters that look like a half.
            r#""\\ud83d""#,
            r#""\u+83d""#,
            r#""\ud8"#,
            "\\",
            "\"\\é",
        ] {
            assert!(matches!(make_whole(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
