//! `Warning` headers (distribution-spec, "Warnings").

use http::header::{HeaderValue, WARNING};
use http::{HeaderMap, header};

/// The most bytes of all warnings of one answer.
const MAX_BYTES: usize = 4096;

/// Adds warnings until their bound; what doesn't fit is left out whole.
pub(crate) fn add(headers: &mut HeaderMap, warnings: &[String]) {
    let mut left = MAX_BYTES;
    for warning in warnings {
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
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
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
        let all = [
            "say \"hi\" \\ \r\n é".to_owned(),
            long.clone(),
            long,
            "last".to_owned(),
        ];
        add(&mut headers, &all);
        let got: Vec<_> = headers.get_all(WARNING).iter().collect();
        assert_eq!(got.len(), 3);
        assert_eq!(got[0], r#"299 - "say \"hi\" \\ ?? ?""#);
        assert_eq!(got[2], "299 - \"last\"");
        assert!(got.iter().map(|value| value.len()).sum::<usize>() <= 4096);
    }
}
