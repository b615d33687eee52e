//! What a registry wants the user to hear (distribution-spec, "Warnings").
//!
//! Nothing is decided by a warning; it is handed on once, however many answers bring it.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use http::header::WARNING;

use crate::endpoint::Notes;
use crate::error::printable;

/// The most bytes of warnings that are read of one answer; registries may send no more.
const MAX_BYTES: usize = 4096;
/// Distinct warnings that one client hands on. A registry that has more to say is making noise.
const MAX_WARNINGS: usize = 64;

/// Hands warnings on, each once.
pub(crate) struct Warnings {
    to: Option<Notes>,
    told: Mutex<HashSet<String>>,
}

impl Warnings {
    pub(crate) fn new(to: Option<Notes>) -> Self {
        Self {
            to,
            told: Mutex::default(),
        }
    }

    /// Hands on what an answer of a registry warns of, with the registry's name.
    pub(crate) fn tell(&self, registry: &str, headers: &HeaderMap) {
        let Some(to) = self.to.as_ref().filter(|_| headers.contains_key(WARNING)) else {
            return;
        };
        for text in read(headers) {
            let line = format!("{registry}: {text}");
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let new = told.len() < MAX_WARNINGS && told.insert(line.clone());
            drop(told);
            if new {
                to(&line);
            }
        }
    }
}

/// The texts of all warnings for people (code 299).
fn read(headers: &HeaderMap) -> Vec<String> {
    let mut left = MAX_BYTES;
    let mut texts = Vec::new();
    for value in headers.get_all(WARNING) {
        let Some(rest) = left.checked_sub(value.len()) else {
            break;
        };
        left = rest;
        let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        while let Some((code, text, rest)) = next(&value) {
            if code == "299" && !text.is_empty() {
                texts.push(text);
            }
            value = rest;
        }
    }
    texts
}

/// The first warning of a header's value (`299 - "text" "date"`, with commas between): its code, its
/// text, and what follows. `None` when there is none that can be read.
fn next(value: &str) -> Option<(String, String, String)> {
    let value = value.trim_start_matches([' ', '\t', ',']);
    let (code, rest) = value.split_once(' ')?;
    // Who warns: a registry says `-`.
    let (_, rest) = rest.trim_start().split_once(' ')?;
    let (text, rest) = quoted(rest.trim_start())?;
    // A date may follow, which has a comma in it.
    let rest = match quoted(rest.trim_start()) {
        Some((_, rest)) => rest,
        None => rest,
    };
    Some((code.to_owned(), printable(&text), rest.to_owned()))
}

/// The inside of the quoted string that a text begins with, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            // After the opening quote.
            '"' => return Some((inside, &text[at + 2..])),
            '\\' => inside.push(chars.next()?.1),
            c => inside.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WARNING, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        read(&headers)
    }

    #[test]
    fn what_registries_write() {
        for (value, expected) in [
            (r#"299 - "soon""#, &["soon"][..]),
            (r#"299 - "say \"hi\" \\""#, &[r#"say "hi" \"#]),
            (r#"299 - "a", 299 - "b, c",299 - "d""#, &["a", "b, c", "d"]),
            (
                r#"299 - "a" "Mon, 01 Jan 2024 00:00:00 GMT", 299 - "b""#,
                &["a", "b"],
            ),
            (r#"299 registry:5000  "x""#, &["x"]),
            (r#"110 - "stale", 299 - "x""#, &["x"]),
            ("299 - \"tab\there\"", &["tab here"]),
            (r#"299 - "é""#, &["é"]),
            (r#"299 - """#, &[]),
            (r#"299 - "no end"#, &[]),
            (r#"299 - "no end\"#, &[]),
            (r#"299 - bare"#, &[]),
            ("299", &[]),
            ("", &[]),
            (",,,", &[]),
        ] {
            assert_eq!(texts(&[value]), expected, "{value}");
        }
        let long = format!(r#"299 - "{}""#, "x".repeat(3000));
        let read = texts(&[&long, r#"299 - "y""#, &long, r#"299 - "z""#]);
        assert_eq!(read.len(), 2, "more than a registry may send isn't read");
        assert_eq!((read[0].len(), read[1].as_str()), (512, "y"));
    }

    #[test]
    fn each_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let lines = told.clone();
        let to: Notes = Arc::new(move |line: &str| lines.lock().unwrap().push(line.to_owned()));
        let warnings = Warnings::new(Some(to));
        let mut headers = HeaderMap::new();
        headers.append(WARNING, HeaderValue::from_static(r#"299 - "a""#));
        headers.append(WARNING, HeaderValue::from_static(r#"299 - "a""#));
        warnings.tell("one", &headers);
        warnings.tell("one", &headers);
        warnings.tell("two", &headers);
        assert_eq!(*told.lock().unwrap(), ["one: a", "two: a"]);
        for number in 0..1000 {
            let text = format!(r#"299 - "{number}""#);
            headers.insert(WARNING, text.parse().unwrap());
            warnings.tell("one", &headers);
        }
        assert_eq!(told.lock().unwrap().len(), MAX_WARNINGS);
    }
}
