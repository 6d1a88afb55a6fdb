//! How deep the lists and objects of a message stand in each other, seen before anything is built of them.

/// Whether a JSON text goes deeper than `limit` levels; of a text that is no JSON it may say either.
pub(super) fn is_deeper_than(text: &str, limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut is_in_text = false;
    let mut is_escaped = false;
    for byte in text.bytes() {
        if is_in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_in_text = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_outside_of_texts() {
        let check = |text: &str, limit: usize, expected: bool| {
            assert_eq!(is_deeper_than(text, limit), expected, "{text}");
        };
        check(r#"2["a",{"b":[1]}]"#, 3, false);
        check(r#"2["a",{"b":[1]}]"#, 2, true);
        check(r#"2["[[[[",{}]"#, 2, false);
        check(r#"2["\"[[[[",{}]"#, 2, false);
        check(r#"2["\\",[[[]]]]"#, 3, true);
        check("[][][][]", 1, false);
        check("]]]][[", 2, false);
        check("", 0, false);
    }
}
