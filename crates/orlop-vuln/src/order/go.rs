//! Go's orders: of modules (`golang.org/x/mod/semver`) and of toolchains (`go/version`), in one.
//!
//! The Go vulnerability database writes both as semantic versions without `v`: the toolchain's
//! `go1.21rc2` is `1.21.0-rc.2` there, and `1.21.0-0` stands for whatever comes first. So a toolchain
//! is read into such a version, in a way that keeps its own order: `go1.21`, the language, comes
//! before `go1.21rc1`, and that before `go1.21.0` (before Go 1.21, `go1.20` was `go1.20.0`).

use std::cmp::Ordering;

use super::number::{Number, split_while};

/// A version of a module or a toolchain.
#[derive(Clone, Debug)]
pub(crate) struct Version<'a> {
    numbers: [Number<'a>; 3],
    /// Of a pre-release; empty for a release.
    before: Vec<Identifier<'a>>,
}

/// A part of a pre-release: a number is older than a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(Number<'a>),
    Word(&'a str),
}

/// The minor version from which on a toolchain's release has a patch version of its own.
const EXPLICIT_PATCH: &str = "21";

impl<'a> Version<'a> {
    /// `v1.2.3`, `1.2.3` (as advisories write it), `go1.2.3` and `1.2rc3`.
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        if let Some(toolchain) = version.strip_prefix("go") {
            // A vendor's own name for it, or what the binary adds: `-bigcorp`, ` X:boringcrypto`.
            let end = toolchain.find(['-', ' ']).unwrap_or(toolchain.len());
            return Self::toolchain(&toolchain[..end]);
        }
        let module = version.strip_prefix('v').unwrap_or(version);
        Self::module(module).or_else(|| {
            // Without `go` before it, only a pre-release can't be anything else.
            let known = version.contains("rc") || version.contains("beta");
            Self::toolchain(version).filter(|_| known)
        })
    }

    fn module(text: &'a str) -> Option<Self> {
        let mut numbers = [Number::ZERO; 3];
        let mut rest = text;
        for (at, number) in numbers.iter_mut().enumerate() {
            if at > 0 {
                rest = rest.strip_prefix('.')?;
            }
            (*number, rest) = plain_number(rest)?;
            if rest.is_empty() {
                let before = Vec::new();
                return Some(Self { numbers, before });
            }
        }
        let end = rest.find('+').unwrap_or(rest.len());
        let (before, build) = rest.split_at(end);
        if let Some(build) = build.strip_prefix('+') {
            build.split('.').all(is_identifier).then_some(())?;
        }
        let before = match before.strip_prefix('-') {
            Some(before) => before
                .split('.')
                .map(Identifier::parse)
                .collect::<Option<_>>()?,
            None if before.is_empty() => Vec::new(),
            None => return None,
        };
        Some(Self { numbers, before })
    }

    fn toolchain(text: &'a str) -> Option<Self> {
        let (major, rest) = plain_number(text)?;
        let zero = Number::ZERO;
        let release = |numbers| {
            Some(Self {
                numbers,
                before: Vec::new(),
            })
        };
        if rest.is_empty() {
            return release([major, zero, zero]);
        }
        let (minor, rest) = plain_number(rest.strip_prefix('.')?)?;
        if rest.is_empty() {
            let before = match Number::parse(EXPLICIT_PATCH).is_some_and(|first| minor < first) {
                true => Vec::new(),
                false => vec![Identifier::Number(zero)],
            };
            let numbers = [major, minor, zero];
            return Some(Self { numbers, before });
        }
        if let Some(patch) = rest.strip_prefix('.') {
            let (patch, rest) = plain_number(patch)?;
            return rest.is_empty().then(|| release([major, minor, patch]))?;
        }
        let (kind, number) = split_while(rest, |byte| byte.is_ascii_lowercase());
        let mut before = vec![Identifier::Word(kind)];
        if !number.is_empty() {
            let (number, rest) = plain_number(number)?;
            before.push(Identifier::Number(number));
            rest.is_empty().then_some(())?;
        }
        let numbers = [major, minor, zero];
        (!kind.is_empty()).then_some(Self { numbers, before })
    }

    /// Build metadata (`+incompatible`) makes no version newer.
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let before = match (self.before.is_empty(), other.before.is_empty()) {
            // A release is newer than its pre-releases.
            (left, right) if left != right => left.cmp(&right),
            _ => self.before.cmp(&other.before),
        };
        self.numbers.cmp(&other.numbers).then(before)
    }
}

impl<'a> Identifier<'a> {
    fn parse(word: &'a str) -> Option<Self> {
        if !is_identifier(word) {
            return None;
        }
        Some(match Number::parse(word) {
            Some(_) => Self::Number(plain_number(word)?.0),
            None => Self::Word(word),
        })
    }
}

/// A number that no zeros stand before.
fn plain_number(text: &str) -> Option<(Number<'_>, &str)> {
    let (number, rest) = Number::leading(text)?;
    let length = text.len() - rest.len();
    (length == 1 || !text.starts_with('0')).then_some((number, rest))
}

fn is_identifier(word: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !word.is_empty() && word.bytes().all(known)
}
