//! What must hold for what registries and token services answer, for the fuzz target
//! `fuzz/src/bin/answers.rs`. Not part of the library: there only for its tests and with the feature
//! `fuzzing`.

use std::path::Path;
use std::time::SystemTime;

use http::header::{LINK, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::address::{self, Origin};
use crate::challenge::{self, Challenge};
use crate::credentials::{Credential, read_entry, write_entry};
use crate::{RateLimit, pages, rate_limit, realm, token, transport};

/// The value of a header, a line feed, a body.
pub fn answers(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (header, rest) = data.split_at(end.unwrap_or(data.len()));
    let body = rest.strip_prefix(b"\n").unwrap_or(rest);
    check_challenges(&String::from_utf8_lossy(header));
    if let Ok(value) = HeaderValue::from_bytes(header) {
        check_headers(&value);
    }
    check_body(body);
    check_credential(body);
}

/// As many as the text has room for, and the same when they are written in the usual way.
fn check_challenges(text: &str) {
    let found = challenge::parse(text);
    let written: Vec<_> = found.iter().map(usual).collect();
    let written = written.join(", ");
    if written.len() <= challenge::MAX_LEN {
        assert_eq!(challenge::parse(&written), found, "{written}");
    }
    assert!(found.len() <= text.len());
    let base: Url = "https://r.example/v2/".parse().expect("it is a URL");
    for realm in found.iter().filter_map(|found| found.parameter("realm")) {
        let registry = realm::Registry {
            name: "r.example",
            base: &base,
            loopback: false,
            trusted_realms: &[],
        };
        let Ok(judged) = realm::judge(realm, &registry) else {
            continue;
        };
        assert_eq!(judged.url.scheme(), "https");
        assert!(judged.url.username().is_empty() && judged.url.password().is_none());
        let host = address::host(&judged.url);
        assert_eq!(judged.home, host == "r.example");
        let related = judged.home || host.ends_with(".r.example");
        assert!(!judged.trusted || related, "{host} is trusted");
    }
}

fn usual(challenge: &Challenge) -> String {
    let parameters = challenge.parameters.iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{value}\"")
    });
    format!(
        "{} {}",
        challenge.scheme,
        parameters.collect::<Vec<_>>().join(",")
    )
}

fn check_headers(value: &HeaderValue) {
    let of = |name: HeaderName| HeaderMap::from_iter([(name, value.clone())]);
    let _ = rate_limit::retry_after(&of(RETRY_AFTER), SystemTime::UNIX_EPOCH);
    let limit = RateLimit::read(&of(HeaderName::from_static("ratelimit-remaining")));
    if let Some(limit) = limit {
        assert!(!limit.to_string().contains(char::is_control));
    }
    let page: Url = "https://r.example/v2/a/tags/list"
        .parse()
        .expect("it is a URL");
    if let Some(next) = pages::next_page(&of(LINK), &page) {
        let text = value.to_str().expect("it was read");
        assert!(text.contains('<') && text.contains('>'));
        // Another host is only had by naming it.
        assert!(Origin::of(&next) == Origin::of(&page) || text.contains([':', '/', '\\']));
    }
}

fn check_body(body: &[u8]) {
    if let Ok(token) = token::read(body) {
        let header = token.header.to_str().expect("tokens are of ASCII");
        assert!(header.starts_with("Bearer ") && header.len() > 7);
        assert!(token.header.is_sensitive());
    }
    let errors = transport::read_errors(body);
    assert!(errors.len() <= 8);
    for (code, message) in errors {
        assert!(!code.is_empty() || !message.is_empty());
        for text in [code, message] {
            assert!(text.chars().count() <= 512 && !text.contains(char::is_control));
        }
    }
}

/// An entry of `config.json`: what is read is the same when it is written and read again.
fn check_credential(body: &[u8]) {
    let path = Path::new("config.json");
    let Ok(entry) = serde_json::from_slice(body) else {
        return;
    };
    let Ok(Some(credential)) = read_entry(path, &entry) else {
        return;
    };
    let expected = match &credential {
        // The user of an identity is the registry's to know.
        Credential::Identity { token, .. } => Credential::Identity {
            user: String::new(),
            token: token.clone(),
        },
        // Neither can be written in the way of `auth`.
        Credential::Password { user, password }
            if user.contains(':') || password.expose().contains('\0') =>
        {
            return;
        }
        other => other.clone(),
    };
    let again = read_entry(path, &write_entry(&credential));
    assert_eq!(again.expect("it was written by us"), Some(expected));
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[test]
fn answers_near_the_seeds() {
    seeds::replay("answers", 1, answers);
}
