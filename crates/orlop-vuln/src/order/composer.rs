//! Composer's order: `Composer\Semver\VersionParser::normalize` and PHP's `version_compare`.
//!
//! Composer brings every version to a form of its own (four numbers, `-beta2`, `-dev`) and lets PHP
//! compare these. Branches (`dev-main`) have no place in the order.

use super::number::{split_digits, split_while};

/// What stands for `x` in a branch of numbers: newer than any release of it.
const ANY: &str = "9999999";
/// The most digits the first number of a version may have; more are a date.
const FIRST: usize = 5;
/// Words of stability, with the form Composer gives each, longer ones first.
const STABILITIES: [(&str, &str); 9] = [
    ("stable", "stable"),
    ("beta", "beta"),
    ("b", "beta"),
    ("rc", "RC"),
    ("alpha", "alpha"),
    ("a", "alpha"),
    ("patch", "patch"),
    ("pl", "patch"),
    ("p", "patch"),
];

/// A normalized version as `version_compare` divides it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<Part>);

/// Parts, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A word that `version_compare` doesn't know: `Stable`, which only in lower case is none.
    Unknown,
    Development,
    Alpha,
    Beta,
    Candidate,
    End,
    /// As C's `strtol` reads it, which stops at the largest.
    Number(i64),
    Patch,
}

impl Version {
    pub(super) fn parse(version: &str) -> Option<Self> {
        let normalized = normalize(version)?;
        let mut parts = Vec::new();
        let mut rest = normalized.as_str();
        while let Some(first) = rest.bytes().next() {
            let (run, next) = match first {
                b'0'..=b'9' => split_digits(rest),
                b'.' | b'-' => {
                    rest = &rest[1..];
                    continue;
                }
                _ => split_while(rest, |byte| byte.is_ascii_alphabetic()),
            };
            rest = next;
            parts.push(match run {
                "dev" => Part::Development,
                "alpha" => Part::Alpha,
                "beta" => Part::Beta,
                "RC" => Part::Candidate,
                "patch" => Part::Patch,
                "stable" => Part::Unknown,
                // The normal form has digits besides, and nothing else.
                "" => return None,
                digits => Part::Number(digits.parse().unwrap_or(i64::MAX)),
            });
        }
        parts.push(Part::End);
        Some(Self(parts))
    }
}

/// Composer's form of a version. Aliases (`as`) and flags (`@dev`) belong to constraints, and aren't
/// versions here.
fn normalize(version: &str) -> Option<String> {
    let text = without_build(version.trim());
    // A branch has a name, and no place in the order.
    if starts_with(text, "dev-") {
        return None;
    }
    let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let classical = classical(plain).and_then(|(form, rest)| Some(form + &modifier(rest)?));
    classical.or_else(|| dated(plain)).or_else(|| branch(text))
}

/// Without build metadata: whatever follows the first plus sign.
fn without_build(text: &str) -> &str {
    match text.split_once('+') {
        Some((version, build))
            if !version.is_empty()
                && !build.is_empty()
                && !version.contains(|c: char| c == ',' || c.is_whitespace())
                && !build.contains(char::is_whitespace) =>
        {
            version
        }
        _ => text,
    }
}

/// One to four numbers, filled up to four, and what follows them.
fn classical(text: &str) -> Option<(String, &str)> {
    let (first, mut rest) = split_digits(text);
    if first.is_empty() || first.len() > FIRST {
        return None;
    }
    let mut form = first.to_owned();
    for _ in 1..4 {
        match split_digits(rest.strip_prefix('.').unwrap_or_default()) {
            ("", _) => form.push_str(".0"),
            (digits, next) => {
                form.push('.');
                form.push_str(digits);
                rest = next;
            }
        }
    }
    Some((form, rest))
}

/// A date, and perhaps a time: four digits, one to six times two, and up to three more.
fn dated(text: &str) -> Option<String> {
    let digits = |text: &str, count: usize| {
        let fine = text.len() >= count && text.bytes().take(count).all(|b| b.is_ascii_digit());
        fine.then_some(count)
    };
    let group = |text: &str, count: usize| {
        let separator = usize::from(text.starts_with(['.', ':', '-']));
        Some(separator + digits(&text[separator..], count)?)
    };
    let mut ends = vec![digits(text, 4)?];
    while let Some(end) = ends.last()
        && ends.len() <= 6
        && let Some(length) = group(&text[*end..], 2)
    {
        ends.push(end + length);
    }
    // What can't be read in long groups may be in shorter ones.
    let ends = ends.iter().skip(1).rev();
    let ends = ends.flat_map(|end| {
        let longer = [3, 2, 1].map(|count| Some(end + group(&text[*end..], count)?));
        longer.into_iter().flatten().chain([*end])
    });
    ends.map(|end| text.split_at(end)).find_map(|(date, rest)| {
        let date = date.replace([':', '-'], ".");
        Some(date + &modifier(rest)?)
    })
}

/// `[._-]?(stability([.-]?\d+)*)?([.-]?dev)?`, in Composer's form.
fn modifier(text: &str) -> Option<String> {
    let text = text.strip_prefix(['.', '_', '-']).unwrap_or(text);
    let found = STABILITIES.iter().find(|(word, _)| starts_with(text, word));
    let Some((word, stability)) = found else {
        return development(text).map(str::to_owned);
    };
    let (word, after) = text.split_at(word.len());
    let mut rest = after;
    while let (digits, next) = split_digits(rest.strip_prefix(['.', '-']).unwrap_or(rest))
        && !digits.is_empty()
    {
        rest = next;
    }
    let development = development(rest)?;
    if word == "stable" {
        return Some(String::new());
    }
    let numbers = after[..after.len() - rest.len()].trim_start_matches(['.', '-']);
    Some(format!("-{stability}{numbers}{development}"))
}

/// `[.-]?dev` or nothing, in Composer's form.
fn development(text: &str) -> Option<&'static str> {
    let word = text.strip_prefix(['.', '-']).unwrap_or(text);
    match word.eq_ignore_ascii_case("dev") {
        true => Some("-dev"),
        false => text.is_empty().then_some(""),
    }
}

/// A branch of numbers: `1.x-dev`.
fn branch(text: &str) -> Option<String> {
    let end = text.len().checked_sub("dev".len())?;
    let name = text
        .get(..end)
        .filter(|_| starts_with(&text[end..], "dev"))?;
    let name = name.strip_suffix(['.', '-']).unwrap_or(name).trim();
    let name = name.strip_prefix(['v', 'V']).unwrap_or(name);
    let mut components: Vec<&str> = name.split('.').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if components.len() > 4 || !is_number(components[0]) {
        return None;
    }
    components.resize(4, "x");
    for component in &mut components {
        match *component {
            "x" | "X" | "*" => *component = ANY,
            number if is_number(number) => {}
            _ => return None,
        }
    }
    Some(components.join(".") + "-dev")
}

/// Without regard to case.
fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(start))
}
