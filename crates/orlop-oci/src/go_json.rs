//! JSON as Go's `encoding/json` prints it, where another tool's bytes are to be met exactly: the same list of
//! manifests has the same digest only when it is written the same way.

/// Compact JSON in Go's indented form (`json.MarshalIndent`, `json.Indent`): every member and item on a line
/// of its own, `unit` once for each level, empty objects and lists in one piece. What is in texts stays
/// as it is; spaces outside of them are dropped. `text` is taken to be valid.
pub fn indented(text: &str, unit: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut is_opened = false;
    for token in Tokens(text) {
        let closes = matches!(token, "}" | "]");
        if closes {
            depth -= 1;
        }
        if is_opened != closes && (is_opened || closes) {
            line(&mut out, unit, depth);
        }
        out.push_str(token);
        is_opened = matches!(token, "{" | "[");
        match token {
            "{" | "[" => depth += 1,
            "," => line(&mut out, unit, depth),
            ":" => out.push(' '),
            _ => {}
        }
    }
    out
}

fn line(out: &mut String, unit: &str, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str(unit));
}

/// What Go's encoder makes of `<`, `>`, `&` and two line separators, so that JSON can stand in HTML. Outside
/// of texts there are none.
pub fn html_safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// Brackets, commas, colons, and what is between them.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        let length = match rest.bytes().next()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => text_length(rest),
            _ => rest
                .find(|c: char| {
                    matches!(
                        c,
                        '{' | '}' | '[' | ']' | ',' | ':' | '"' | ' ' | '\t' | '\n' | '\r'
                    )
                })
                .unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// The length of the text in quotes that `rest` begins with.
fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indents_as_go_does() {
        let text = r#" {"a":1, "b":{ },"c":[ ],"d":[1,{"e":"x, {y}: \"[z]"}],"f":null}"#;
        assert_eq!(
            indented(text, "\t"),
            "{\n\t\"a\": 1,\n\t\"b\": {},\n\t\"c\": [],\n\t\"d\": [\n\t\t1,\n\t\t{\n\t\t\t\"e\": \"x, {y}: \\\"[z]\"\n\t\t}\n\t],\n\t\"f\": null\n}"
        );
        assert_eq!(indented("{}", "  "), "{}");
        assert_eq!(indented("[[]]", " "), "[\n []\n]");
        let again = indented(&indented(text, "   "), "\t");
        assert_eq!(again, indented(text, "\t"), "whatever the form before");
    }

    #[test]
    fn escapes_as_go_does() {
        assert_eq!(
            html_safe("<a&b>\u{2028}é"),
            "\\u003ca\\u0026b\\u003e\\u2028é"
        );
    }
}
