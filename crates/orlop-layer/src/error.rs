//! What can be wrong with a layer's bytes.

use std::{fmt::Write as _, io};

/// What this crate answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A layer that can't be read. Names of entries are escaped for printing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes below the tar can't be had: a broken compression, a bound, an I/O error.
    #[error("reading the layer: {0}")]
    Read(#[from] io::Error),
    /// What was made of layers can't be written.
    #[error("writing the archive: {0}")]
    Write(#[source] io::Error),
    /// The archive ends in the middle of something.
    #[error("the layer's archive is truncated at byte {position}: {what} is incomplete")]
    Truncated {
        /// Uncompressed bytes before the end.
        position: u64,
        /// What is incomplete.
        what: String,
    },
    /// A header that no tar dialect allows.
    #[error("invalid tar header at byte {position}: {reason}")]
    Header {
        /// Where the header begins, in uncompressed bytes.
        position: u64,
        /// Why.
        reason: String,
    },
    /// An entry that is well-formed but may not be in a layer.
    #[error("invalid entry {path:?} in the layer: {reason}", path = Shown(path))]
    Entry {
        /// The entry's name as it is in the archive, escaped.
        path: String,
        /// Why.
        reason: String,
    },
    /// More of something than the configured bounds allow.
    #[error("the layer has more than {limit} {what}{}", advice(key))]
    TooMany {
        /// The bound.
        limit: u64,
        /// What is counted.
        what: &'static str,
        /// The program's key that raises the bound, if there is one.
        key: Option<&'static str>,
    },
}

impl Error {
    pub(crate) fn entry(path: &[u8], reason: impl Into<String>) -> Self {
        Self::Entry {
            path: printable(path),
            reason: reason.into(),
        }
    }
}

fn advice(key: &Option<&'static str>) -> String {
    key.map_or_else(String::new, |key| {
        format!("; raise {key} if you trust the image")
    })
}

/// Prints an already escaped name in quotes, without escaping it again.
struct Shown<'a>(&'a str);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// A name from an archive in a form that is safe to print on a terminal: control characters and
/// bytes that aren't UTF-8 become `\xNN`, and a very long name is cut in its middle.
pub fn printable(name: &[u8]) -> String {
    const LONGEST: usize = 300;
    if name.len() > LONGEST {
        let (head, tail) = (&name[..LONGEST / 2], &name[name.len() - LONGEST / 2..]);
        return format!("{}…{}", printable(head), printable(tail));
    }
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_invisible(c) || c == '"' || c == '\\' {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Whether a character shows nothing itself, and turns or hides the text around it.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_to_print() {
        let table: &[(&[u8], &str)] = &[
            (b"etc/passwd", "etc/passwd"),
            ("käse".as_bytes(), "käse"),
            (b"a\x1b[31mb", "a\\u{1b}[31mb"),
            (b"\xff\xfe/x", "\\xff\\xfe/x"),
            (b"a\"b\\c\n", "a\\\"b\\\\c\\n"),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b"),
        ];
        for (name, shown) in table {
            assert_eq!(printable(name), *shown);
        }
        let long = printable(&[b'x'; 5000]);
        assert!(long.chars().count() < 310, "{long}");
        assert_eq!(
            Error::entry(b"a\nb", "why").to_string(),
            "invalid entry \"a\\nb\" in the layer: why"
        );
    }
}
