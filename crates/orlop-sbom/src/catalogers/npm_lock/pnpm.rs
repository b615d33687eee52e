//! pnpm's lock file. Its packages are keys below `packages:`, in a form that has changed:
//! `/name/1.0.0_peer@2.0.0`, `/name@1.0.0(peer@2.0.0)`, `name@1.0.0`.

use super::split;

pub(super) fn packages(text: &str) -> Vec<(String, String)> {
    let mut is_packages = false;
    let mut packages = Vec::new();
    for line in text.lines() {
        if !line.starts_with(' ') && !line.trim().is_empty() {
            is_packages = line.trim_end() == "packages:";
            continue;
        }
        let key = line
            .strip_prefix("  ")
            .filter(|key| is_packages && !key.starts_with(' '))
            .and_then(|key| key.trim_end().strip_suffix(':'));
        packages.extend(key.and_then(|key| package(key.trim_matches(['\'', '"']))));
    }
    packages
}

fn package(key: &str) -> Option<(String, String)> {
    let plain = key.strip_prefix('/').unwrap_or(key).split('(').next()?;
    let old = old(plain).filter(|_| key.starts_with('/'));
    let (name, version) = old.or_else(|| split(plain))?;
    let is_one = !name.is_empty() && !version.contains(['/', ':']);
    is_one.then(|| (name.to_owned(), version.to_owned()))
}

/// A key with its version behind a slash.
fn old(key: &str) -> Option<(&str, &str)> {
    let skipped = if key.starts_with('@') {
        key.find('/')? + 1
    } else {
        0
    };
    let at = key.get(skipped..)?.find('/')? + skipped;
    let version = key[at + 1..].split('_').next()?;
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    is_version.then_some((&key[..at], version))
}
