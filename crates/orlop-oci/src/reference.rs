//! Image references: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
//!
//! The grammar, the defaults and the words of refusal are those of the `distribution/reference`
//! library (v0.6: `reference.go`, `normalize.go`, `regexp.go`), which Docker uses. It is written as
//! a scanner, not as regular expressions: it is small, and each part can be named in an error.

use std::fmt;
use std::str::FromStr;

use crate::{Digest, DigestError};

/// The registry of names that don't name one.
pub const DEFAULT_REGISTRY: &str = "docker.io";
/// Docker Hub's old name, which means the same.
const LEGACY_DEFAULT_REGISTRY: &str = "index.docker.io";
/// The namespace of the Docker Official Images.
pub const OFFICIAL_NAMESPACE: &str = "library";
/// The tag of names that don't name one.
pub const DEFAULT_TAG: &str = "latest";

const MAX_PATH_LEN: usize = 255;
const MAX_TAG_LEN: usize = 128;

/// Why a text is not a reference, in Docker's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The grammar is broken.
    #[error("invalid reference format")]
    Format,
    /// Nothing at all.
    #[error("invalid reference format: repository name must have at least one component")]
    Empty,
    /// Upper-case letters in the repository name.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    Uppercase(String),
    /// The path of the repository has more than 255 characters.
    #[error(
        "invalid reference format: repository name must not be more than {MAX_PATH_LEN} characters"
    )]
    TooLong,
    /// It looks like an image ID.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    Identifier(String),
    /// The digest is malformed.
    #[error("invalid reference format: {0}")]
    Digest(#[from] DigestError),
}

/// A repository: a registry's host and a path on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    registry: String,
    path: String,
}

impl Repository {
    /// The host, with its port where one was given: `docker.io`, `localhost:5000`, `[::1]:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path on the registry: `library/debian`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is a Docker Official Image: `docker.io/library/NAME`.
    pub fn is_official(&self) -> bool {
        self.registry == DEFAULT_REGISTRY
            && self
                .path
                .strip_prefix(OFFICIAL_NAMESPACE)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|name| !name.contains('/'))
    }

    /// The short form that Docker prints: without `docker.io/` and, for an official image, without
    /// `library/`. Empty for a repository that has none, which is one of any other registry, and one
    /// whose short form would be read as another name or as none: `docker.io/host.example/app` is not
    /// on `host.example`. (Docker prints `host.example/app` all the same.)
    pub fn familiar(&self) -> &str {
        if self.registry != DEFAULT_REGISTRY {
            return "";
        }
        let short = match self.is_official() {
            true => &self.path[OFFICIAL_NAMESPACE.len() + 1..],
            false => &self.path,
        };
        let means_the_same =
            split_registry(short) == (DEFAULT_REGISTRY, short) && !is_identifier(short);
        if means_the_same { short } else { "" }
    }

    /// [`Repository::familiar`], or the full name where there is no short one. It can always be read
    /// back.
    pub fn familiar_name(&self) -> String {
        match self.familiar() {
            "" => self.to_string(),
            short => short.to_owned(),
        }
    }

    /// A name in this repository with a tag.
    ///
    /// # Errors
    /// When `tag` isn't one.
    pub fn with_tag(&self, tag: &str) -> Result<Reference, ReferenceError> {
        if !is_tag(tag) {
            return Err(ReferenceError::Format);
        }
        Ok(Reference {
            repository: self.clone(),
            tag: Some(tag.to_owned()),
            digest: None,
        })
    }

    /// A name in this repository with a digest.
    pub fn with_digest(&self, digest: Digest) -> Reference {
        Reference {
            repository: self.clone(),
            tag: None,
            digest: Some(digest),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    /// A reference with neither tag nor digest.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let reference: Reference = text.parse()?;
        if reference.tag.is_some() || reference.digest.is_some() {
            return Err(ReferenceError::Format);
        }
        Ok(reference.repository)
    }
}

/// The name of an image. `Display` prints the canonical form (`docker.io/library/debian:latest`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    repository: Repository,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Where the image is kept.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Its tag, if one was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Its digest, if one was given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Neither tag nor digest.
    pub fn is_name_only(&self) -> bool {
        self.tag.is_none() && self.digest.is_none()
    }

    /// The same name, with the tag `latest` when it has neither tag nor digest.
    #[must_use]
    pub fn with_default_tag(mut self) -> Self {
        if self.is_name_only() {
            self.tag = Some(DEFAULT_TAG.to_owned());
        }
        self
    }

    /// The same name without its tag, when it has a digest: the digest alone decides.
    #[must_use]
    pub fn pinned(mut self) -> Self {
        if self.digest.is_some() {
            self.tag = None;
        }
        self
    }

    /// The short form that Docker prints, `debian:latest`, if there is one that can be read back
    /// ([`Repository::familiar_name`]).
    pub fn familiar(&self) -> String {
        format!("{}{}", self.repository.familiar_name(), self.suffix())
    }

    fn suffix(&self) -> String {
        let mut text = String::new();
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest.as_str());
        }
        text
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.repository, self.suffix())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if is_identifier(text) {
            return Err(ReferenceError::Identifier(text.to_owned()));
        }
        let (registry, rest) = split_registry(text);
        let (rest, digest_text) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        let path = qualify(registry, path);
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(ReferenceError::Uppercase(path));
        }
        if !is_registry(registry) || !is_path(&path) || !tag.is_none_or(is_tag) {
            return Err(ReferenceError::Format);
        }
        let digest = digest_text.map(parse_digest).transpose()?;
        if path.len() > MAX_PATH_LEN {
            return Err(ReferenceError::TooLong);
        }
        Ok(Self {
            repository: Repository {
                registry: registry.to_owned(),
                path,
            },
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// `splitDockerDomain` of normalize.go: the first component is a registry only if it can't be a
/// path component of Docker Hub.
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((LEGACY_DEFAULT_REGISTRY, rest)) => (DEFAULT_REGISTRY, rest),
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => (DEFAULT_REGISTRY, text),
    }
}

/// An image ID, or what can't be told from one.
fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Puts `library/` before a lone name on Docker Hub.
fn qualify(registry: &str, path: &str) -> String {
    if registry == DEFAULT_REGISTRY && !path.contains('/') && !path.is_empty() {
        format!("{OFFICIAL_NAMESPACE}/{path}")
    } else {
        path.to_owned()
    }
}

fn parse_digest(text: &str) -> Result<Digest, ReferenceError> {
    // The grammar asks for a name, a colon and at least 32 hex digits; only what has this form gets
    // the more exact word of the digest library.
    let well_formed = text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && hex.len() >= 32
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    });
    if !well_formed {
        return Err(ReferenceError::Format);
    }
    Ok(text.parse()?)
}

/// `host[:port]` or `[ipv6][:port]`.
fn is_registry(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return false;
        };
        if address.is_empty() || !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
            return false;
        }
        match after.strip_prefix(':') {
            Some(port) => ("", Some(port)),
            None if after.is_empty() => ("", None),
            None => return false,
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let host_is_fine = text.starts_with('[')
        || host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    host_is_fine && port.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

/// `[a-z0-9]+` joined by `.`, `_`, `__` or any number of `-`, in components joined by `/`.
fn is_path(text: &str) -> bool {
    text.split('/').all(|component| {
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = component.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return false;
        };
        if !is_word(*first) || !is_word(*last) {
            return false;
        }
        bytes.split(|b| is_word(*b)).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-')
        })
    })
}

/// `[\w][\w.-]{0,127}`.
fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= MAX_TAG_LEN
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(text: &str) -> Result<Reference, ReferenceError> {
        text.parse()
    }

    /// Each as distribution/reference prints it.
    #[test]
    fn canonical_and_familiar() {
        let pinned = format!("debian:12@sha256:{HEX}");
        let canonical = format!("docker.io/library/debian:12@sha256:{HEX}");
        for (text, full, short) in [
            ("debian", "docker.io/library/debian", "debian"),
            ("debian:12", "docker.io/library/debian:12", "debian:12"),
            ("library/debian", "docker.io/library/debian", "debian"),
            ("docker.io/debian", "docker.io/library/debian", "debian"),
            (
                "index.docker.io/library/debian",
                "docker.io/library/debian",
                "debian",
            ),
            ("user/app", "docker.io/user/app", "user/app"),
            ("library/a/b", "docker.io/library/a/b", "library/a/b"),
            ("localhost/app", "localhost/app", "localhost/app"),
            (
                "localhost:5000/app:x",
                "localhost:5000/app:x",
                "localhost:5000/app:x",
            ),
            ("ghcr.io/org/app", "ghcr.io/org/app", "ghcr.io/org/app"),
            ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
            (
                "[2001:db8::1]/app:v1",
                "[2001:db8::1]/app:v1",
                "[2001:db8::1]/app:v1",
            ),
            (
                "host:8080/a--b/c__d/e.f_g",
                "host:8080/a--b/c__d/e.f_g",
                "host:8080/a--b/c__d/e.f_g",
            ),
            ("Upper/app", "Upper/app", "Upper/app"),
            (&pinned, &canonical, &pinned),
        ] {
            let reference = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(reference.to_string(), full);
            assert_eq!(reference.familiar(), short);
        }
    }

    /// distribution/reference prints the short form of these, too, which means another name or none.
    #[test]
    fn what_has_no_short_form_is_printed_in_full() {
        let identifier = format!("docker.io/library/{HEX}");
        for name in [
            "docker.io/host.example/app",
            "docker.io/localhost/app:1",
            "docker.io/index.docker.io/app",
            "docker.io/docker.io/app",
            &identifier,
        ] {
            assert_eq!(parse(name).unwrap().familiar(), name);
        }
        for (name, short) in [
            ("docker.io/localhost", "localhost"),
            ("docker.io/a.b:1", "a.b:1"),
        ] {
            assert_eq!(parse(name).unwrap().familiar(), short);
        }
    }

    #[test]
    fn refusals_in_dockers_words() {
        for (text, why) in [
            (
                "",
                "invalid reference format: repository name must have at least one component",
            ),
            (
                "Foo",
                "invalid reference format: repository name (library/Foo) must be lowercase",
            ),
            (
                "a/Foo:x",
                "invalid reference format: repository name (a/Foo) must be lowercase",
            ),
            (":tag", "invalid reference format"),
            ("@sha256:abc", "invalid reference format"),
            ("a//b", "invalid reference format"),
            ("a/", "invalid reference format"),
            ("/a", "invalid reference format"),
            ("-a", "invalid reference format"),
            ("a-", "invalid reference format"),
            ("a___b", "invalid reference format"),
            ("a._b", "invalid reference format"),
            ("a b", "invalid reference format"),
            ("a:", "invalid reference format"),
            ("a:.x", "invalid reference format"),
            ("a:x:y", "invalid reference format"),
            ("https://host/a", "invalid reference format"),
            ("host:port/a", "invalid reference format"),
            ("[::1/a", "invalid reference format"),
            ("[x]:1/a", "invalid reference format"),
            ("..", "invalid reference format"),
            ("a/../b", "invalid reference format"),
            ("a@sha256:1234", "invalid reference format"),
            (
                HEX,
                &format!(
                    "invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"
                ),
            ),
            (
                &format!("a@md5:{HEX}"),
                "invalid reference format: unsupported digest algorithm",
            ),
            (
                &format!("a@sha256:{HEX}0"),
                "invalid reference format: invalid checksum digest length",
            ),
        ] {
            assert_eq!(parse(text).expect_err(text).to_string(), why, "{text}");
        }
        assert_eq!(parse(&"a".repeat(300)), Err(ReferenceError::TooLong));
        assert!(parse(&format!("a:{}", "t".repeat(128))).is_ok());
        assert!(parse(&format!("a:{}", "t".repeat(129))).is_err());
    }

    #[test]
    fn official_repositories() {
        for (text, official) in [
            ("debian", true),
            ("docker.io/library/debian", true),
            ("user/debian", false),
            ("library/a/b", false),
            ("ghcr.io/library/debian", false),
        ] {
            assert_eq!(
                parse(text).unwrap().repository().is_official(),
                official,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_survives_a_round_trip(text in "\\PC{0,80}") {
            if let Ok(reference) = parse(&text) {
                prop_assert_eq!(parse(&reference.to_string()).unwrap(), reference.clone());
                prop_assert_eq!(parse(&reference.familiar()).unwrap(), reference);
            }
        }

        #[test]
        fn every_printed_name_reads_back(
            registry in "(docker\\.io|index\\.docker\\.io|localhost|host\\.example:5000|\\[::1\\])/",
            path in "((library|localhost|docker\\.io|host\\.example|index\\.docker\\.io|a|[0-9a-f]{64})/){0,2}\
                     (library|localhost|host\\.example|a|[0-9a-f]{64})",
            tag in "(:[a-z0-9.]{1,3})?",
            pinned in any::<bool>(),
        ) {
            let digest = if pinned { format!("@sha256:{HEX}") } else { String::new() };
            if let Ok(reference) = parse(&format!("{registry}{path}{tag}{digest}")) {
                let repository = reference.repository();
                prop_assert_eq!(&parse(&reference.familiar()).unwrap(), &reference);
                prop_assert_eq!(&parse(&reference.to_string()).unwrap(), &reference);
                let name: Repository = repository.familiar_name().parse().unwrap();
                prop_assert_eq!(&name, repository);
            }
        }

        #[test]
        fn well_formed_names_are_taken(
            host in "([a-z0-9]{1,5}\\.[a-z]{2,3}(:[0-9]{1,4})?/)?",
            path in "[a-z0-9]{1,5}((_|__|-{1,3})[a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,6}){0,3}",
            tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?",
        ) {
            let text = format!("{host}{path}{tag}");
            let reference = parse(&text).unwrap();
            prop_assert_eq!(parse(&reference.to_string()).unwrap(), reference.clone());
            prop_assert_eq!(parse(&reference.familiar()).unwrap(), reference);
        }
    }
}
