//! pip's "Requirements file format": one requirement (PEP 508) a line.

/// Requirements that name one version.
pub(super) fn packages(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    text.lines().filter_map(requirement).collect()
}

/// `name[extra] == 1.0 ; marker --hash=… # comment`
fn requirement(line: &str) -> Option<(String, String)> {
    let line = line.split(" #").next()?.trim();
    if line.starts_with(['#', '-']) {
        return None;
    }
    let line = line.split(';').next()?.split(" --").next()?;
    let (name, version) = line.split_once("==")?;
    let name = name.split('[').next()?.trim();
    let version = version.trim_start_matches('=').trim();
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    // With a range, or any of a series, it isn't one version.
    let is_one = !version.contains([',', '*', ' ', '<', '>', '!', '~']);
    let is_pinned = is_one && !version.is_empty() && !name.is_empty() && name.chars().all(is_name);
    is_pinned.then(|| (name.to_owned(), version.to_owned()))
}
