//! Names that an ecosystem takes for the same.

use std::borrow::Cow;

/// The name by which a package is looked up. In crates.io `-` and `_` differ, in npm the case of
/// letters does (old packages have capitals), in Maven and Go everything.
pub(crate) fn normalized<'a>(ecosystem: &str, name: &'a str) -> Cow<'a, str> {
    match ecosystem.split(':').next() {
        Some("PyPI") => pep_503(name),
        Some("Packagist" | "NuGet") if name.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            name.to_ascii_lowercase().into()
        }
        _ => name.into(),
    }
}

/// PEP 503: lower case, and `-` for any run of `-`, `_` and `.`.
fn pep_503(name: &str) -> Cow<'_, str> {
    let is_separator = |letter: char| matches!(letter, '-' | '_' | '.');
    let is_odd = |letter: char| letter.is_ascii_uppercase() || matches!(letter, '_' | '.');
    if !name.contains(is_odd) && !name.contains("--") {
        return name.into();
    }
    let mut normal = String::with_capacity(name.len());
    for letter in name.chars() {
        match is_separator(letter) {
            true if normal.ends_with('-') => {}
            true => normal.push('-'),
            false => normal.push(letter.to_ascii_lowercase()),
        }
    }
    normal.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_where_their_ecosystem_says_so() {
        for (ecosystem, name, normal) in [
            ("PyPI", "Zope.Interface", "zope-interface"),
            ("PyPI", "a__b--c.-d", "a-b-c-d"),
            ("PyPI", "pyyaml", "pyyaml"),
            ("Packagist", "Symfony/Console", "symfony/console"),
            ("NuGet", "Newtonsoft.Json", "newtonsoft.json"),
            ("npm", "JSONStream", "JSONStream"),
            ("crates.io", "rand_core", "rand_core"),
            (
                "Go",
                "github.com/Masterminds/semver",
                "github.com/Masterminds/semver",
            ),
            ("Debian:12", "libX11", "libX11"),
        ] {
            assert_eq!(normalized(ecosystem, name), normal);
        }
    }
}
