//! `Warning` headers (distribution-spec, "Warnings").

use http::header::{HeaderValue, WARNING};
use http::{HeaderMap, header};

/// The most bytes of all warnings of one answer.
const MAX_BYTES: usize = 4096;

/// The most warnings of one answer. Who is told more reads none.
const MAX_WARNINGS: usize = 8;

/// The most characters of one warning; what is longer is cut off.
const MAX_CHARS: usize = 400;

/// Adds warnings until their bound; what doesn't fit is left out whole.
pub(crate) fn add(headers: &mut HeaderMap, warnings: &[String]) {
    let mut left = MAX_BYTES;
    for warning in warnings.iter().take(MAX_WARNINGS) {
        let text = format!("299 - \"{}\"", quoted(warning));
        let Ok(value) = HeaderValue::from_str(&text) else {
            continue;
        };
        if text.len() > left {
            continue;
        }
        left -= text.len();
        headers.append(header::WARNING, value);
    }
    debug_assert!(
        headers
            .get_all(WARNING)
            .iter()
            .map(|v| v.len())
            .sum::<usize>()
            <= MAX_BYTES
    );
}

/// The inside of a quoted string: quotes and backslashes escaped, what no header may hold left out.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().min(2 * MAX_CHARS));
    let cut = text.chars().nth(MAX_CHARS).is_some();
    let chars = text.chars().take(MAX_CHARS);
    for c in chars.chain(cut.then_some("...").into_iter().flat_map(str::chars)) {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            _ => quoted.push('?'),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_bounded_and_quoted() {
        let mut headers = HeaderMap::new();
        let long = "x".repeat(3000);
        let all = ["say \"hi\" \\ \r\n é".to_owned(), long, "last".to_owned()];
        add(&mut headers, &all);
        let got: Vec<_> = headers.get_all(WARNING).iter().collect();
        assert_eq!(got.len(), 3);
        assert_eq!(got[0], r#"299 - "say \"hi\" \\ ?? ?""#);
        assert_eq!(got[1], format!("299 - \"{}...\"", "x".repeat(400)).as_str());
        assert_eq!(got[2], "299 - \"last\"");
        for text in ["\"".repeat(3000), "x".repeat(3000), "short".to_owned()] {
            let mut headers = HeaderMap::new();
            add(&mut headers, &vec![text; 100]);
            let got: Vec<_> = headers.get_all(WARNING).iter().collect();
            assert!((4..=8).contains(&got.len()), "{}", got.len());
            assert!(got.iter().map(|value| value.len()).sum::<usize>() <= 4096);
        }
    }
}
