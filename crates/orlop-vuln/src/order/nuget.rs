//! NuGet's order: `NuGet.Versioning` (NuGetVersion and VersionComparer.VersionRelease).
//!
//! Semantic Versioning with up to four numbers, zeros before numbers, and letters of either case
//! equal. Build metadata doesn't count.

use std::cmp::Ordering;

/// `N[.N[.N[.N]]][-label.label][+metadata]`.
#[derive(Clone, Debug)]
pub(crate) struct Version<'a> {
    numbers: [i32; 4],
    labels: Vec<Label<'a>>,
}

/// A number is older than a word.
#[derive(Clone, Copy, Debug)]
enum Label<'a> {
    /// As .NET parses it, which takes a sign: `-5` is one.
    Number(i32),
    Word(&'a str),
}

impl<'a> Version<'a> {
    pub(super) fn parse(version: &'a str) -> Option<Self> {
        let text = version.trim();
        let (text, metadata) = match text.split_once('+') {
            Some((text, metadata)) => (text, Some(metadata)),
            None => (text, None),
        };
        let (main, labels) = match text.split_once('-') {
            Some((main, labels)) => (main, Some(labels)),
            None => (text, None),
        };
        let mut numbers = [0; 4];
        let mut parts = main.split('.');
        for (number, part) in numbers.iter_mut().zip(&mut parts) {
            let part = part.trim();
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            *number = digits.then(|| part.parse().ok())??;
        }
        if parts.next().is_some() || !metadata.is_none_or(|all| all.split('.').all(is_label)) {
            return None;
        }
        let labels = match labels {
            Some(labels) => labels.split('.').map(Label::parse).collect::<Option<_>>()?,
            None => Vec::new(),
        };
        Some(Self { numbers, labels })
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let labels = match (self.labels.is_empty(), other.labels.is_empty()) {
            // A release is newer than its pre-releases.
            (left, right) if left != right => left.cmp(&right),
            _ => {
                let mut pairs = self.labels.iter().zip(&other.labels);
                pairs
                    .find_map(|(left, right)| Some(left.cmp(right)).filter(|order| order.is_ne()))
                    .unwrap_or_else(|| self.labels.len().cmp(&other.labels.len()))
            }
        };
        self.numbers.cmp(&other.numbers).then(labels)
    }
}

impl<'a> Label<'a> {
    fn parse(label: &'a str) -> Option<Self> {
        let padded = label.len() > 1
            && label.starts_with('0')
            && label.bytes().all(|byte| byte.is_ascii_digit());
        (is_label(label) && !padded).then(|| match label.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Word(label),
        })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Number(_), Self::Word(_)) => Ordering::Less,
            (Self::Word(_), Self::Number(_)) => Ordering::Greater,
            (Self::Word(left), Self::Word(right)) => {
                let upper = |word: &'a str| word.bytes().map(|byte| byte.to_ascii_uppercase());
                upper(left).cmp(upper(right))
            }
        }
    }
}

fn is_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty() && label.bytes().all(known)
}
