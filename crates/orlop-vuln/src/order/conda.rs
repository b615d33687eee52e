//! Conda's order: `conda.models.version.VersionOrder`.

use std::cmp::Ordering;

use super::number::{Number, split_digits, split_while};

/// `[N!]version[+local]`, without regard to case.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    epoch: String,
    components: Vec<Vec<Part>>,
    local: Vec<Vec<Part>>,
}

/// `dev` is oldest, then words, then numbers, then `post`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Development,
    Word(String),
    Number(String),
    Post,
}

impl Version {
    pub(super) fn parse(version: &str) -> Option<Self> {
        let mut text = version.trim().to_lowercase();
        if !text.contains('_') {
            // Hyphens may stand for underscores where there are none.
            text = text.replace('-', "_");
        }
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".+!_".contains(&byte);
        if !text.bytes().all(known) {
            return None;
        }
        let (epoch, rest) = match text.split_once('!') {
            Some((epoch, rest)) => (epoch, rest),
            None => ("0", text.as_str()),
        };
        Number::parse(epoch)?;
        let (public, local) = match rest.split_once('+') {
            Some((public, local)) => (public, Some(local)),
            None => (rest, None),
        };
        if rest.contains('!') || local.is_some_and(|local| local.contains('+')) {
            return None;
        }
        // An underscore at the end belongs to the last component, as OpenSSL's letters do.
        let (public, end) = match public.strip_suffix('_') {
            Some(public) => (public, "_"),
            None => (public, ""),
        };
        let local = local.map_or(Some(Vec::new()), |local| components(local, ""))?;
        Some(Self {
            epoch: epoch.to_owned(),
            components: components(public, end)?,
            local,
        })
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        Number::parse(&self.epoch)
            .cmp(&Number::parse(&other.epoch))
            .then_with(|| compare_components(&self.components, &other.components))
            .then_with(|| compare_components(&self.local, &other.local))
    }
}

/// `end` is added to the last one.
fn components(text: &str, end: &str) -> Option<Vec<Vec<Part>>> {
    let count = text.split(['.', '_']).count();
    text.split(['.', '_'])
        .enumerate()
        .map(|(at, component)| match at + 1 == count {
            true => parts(&format!("{component}{end}")),
            false => parts(component),
        })
        .collect()
}

fn parts(component: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    // Every component begins with a number.
    if !component.starts_with(|first: char| first.is_ascii_digit()) {
        parts.push(Part::zero());
    }
    let mut rest = component;
    while let Some(first) = rest.bytes().next() {
        let part;
        (part, rest) = match first {
            b'0'..=b'9' => {
                let (digits, rest) = split_digits(rest);
                (Part::Number(digits.to_owned()), rest)
            }
            _ => {
                let (word, rest) = split_while(rest, |byte| !byte.is_ascii_digit());
                (Part::word(word), rest)
            }
        };
        parts.push(part);
    }
    (!component.is_empty()).then_some(parts)
}

/// What is missing in a component is zero.
fn compare_components(left: &[Vec<Part>], right: &[Vec<Part>]) -> Ordering {
    let zero = Part::zero();
    let count = left.len().max(right.len());
    let component = |side: &[Vec<Part>], at: usize| side.get(at).cloned().unwrap_or_default();
    for at in 0..count {
        let (left, right) = (component(left, at), component(right, at));
        for at in 0..left.len().max(right.len()) {
            let order = left
                .get(at)
                .unwrap_or(&zero)
                .cmp(right.get(at).unwrap_or(&zero));
            if order.is_ne() {
                return order;
            }
        }
    }
    Ordering::Equal
}

impl Part {
    fn zero() -> Self {
        Self::Number("0".to_owned())
    }

    fn word(word: &str) -> Self {
        match word {
            "dev" => Self::Development,
            "post" => Self::Post,
            _ => Self::Word(word.to_owned()),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |part: &Self| match part {
            Self::Development => 0,
            Self::Word(_) => 1,
            Self::Number(_) => 2,
            Self::Post => 3,
        };
        match (self, other) {
            (Self::Word(left), Self::Word(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => {
                Number::parse(left).cmp(&Number::parse(right))
            }
            _ => rank(self).cmp(&rank(other)),
        }
    }
}
