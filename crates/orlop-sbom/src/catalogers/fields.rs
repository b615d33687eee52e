//! `Name: value` in stanzas, as Debian's control files (deb822(5)) and Python's core metadata (RFC 822
//! headers) write it.

/// Fields of one stanza that are read.
const FIELDS: usize = 500;

/// The stanzas of a text: blocks of lines with a blank one between.
pub(super) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let (stanza, after) = first_stanza(rest);
            rest = after;
            if !stanza.fields.is_empty() {
                return Some(stanza);
            }
        }
    })
}

/// The fields before the first blank line, and what is after it.
pub(super) fn first_stanza(text: &str) -> (Stanza<'_>, &str) {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    let mut at = 0;
    // Where the value of the last field begins.
    let mut value_at = None;
    while at < text.len() {
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        let line = &text[at..end];
        if line.trim_matches(['\r', '\n', ' ', '\t']).is_empty() {
            return (Stanza { fields }, &text[end..]);
        }
        if line.starts_with([' ', '\t']) {
            if let (Some(start), Some(last)) = (value_at, fields.last_mut()) {
                last.1 = &text[start..end];
            }
        } else {
            value_at = None;
            if let Some((name, value)) = line.split_once(':')
                && fields.len() < FIELDS
            {
                fields.push((name.trim_end(), value));
                value_at = Some(at + name.len() + 1);
            }
        }
        at = end;
    }
    (Stanza { fields }, "")
}

/// The fields of a stanza, in their order: names, and values with the space around them.
#[derive(Debug, PartialEq)]
pub(super) struct Stanza<'a> {
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Stanza<'a> {
    /// The value of a field, whatever the case of its name; lines that go on are part of it as they
    /// stand.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The values of a field that may stand more than once.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_over_lines() {
        let text = "\n\nPackage: a\nDescription: short\n long\n .\n more\nversion : 1\r\n\nnonsense\n\n \nPackage: b\n Tail\n";
        let read: Vec<_> = stanzas(text).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].get("package"), Some("a"));
        assert_eq!(read[0].get("Version"), Some("1"));
        assert_eq!(read[0].get("Description"), Some("short\n long\n .\n more"));
        assert_eq!(read[1].get("Package"), Some("b\n Tail"));
        assert_eq!(read[1].get("Version"), None);
    }

    #[test]
    fn headers_end_where_the_text_begins() {
        let (head, body) = first_stanza("Name: x\nClassifier: a\nClassifier: b\n\nVersion: no\n");
        assert_eq!(head.all("Classifier").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(head.get("Version"), None);
        assert_eq!(body, "Version: no\n");
    }

    #[test]
    fn many_lines_after_much_space_take_no_time() {
        let text = format!("a:{}\n{}", " ".repeat(1 << 20), " x\n".repeat(1 << 20));
        let began = std::time::Instant::now();
        let (stanza, _) = first_stanza(&text);
        assert_eq!(stanza.get("a").unwrap().lines().count(), 1 << 20);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn a_stanza_has_an_end() {
        let text = "a: b\n".repeat(FIELDS + 7) + " more\n";
        let (stanza, rest) = first_stanza(&text);
        assert_eq!((stanza.fields.len(), rest), (FIELDS, ""));
        assert!(stanza.all("a").all(|value| value == "b"));
    }
}
