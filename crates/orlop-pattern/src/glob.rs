//! Globs over names whose components are divided by slashes.

use globset::{Glob, GlobBuilder};

/// Longest pattern, in bytes.
const MAX_PATTERN_LEN: usize = 1024;

/// A glob over names of repositories or tags, as all rules understand it: `*` stands for anything within
/// one component, `**` for any number of components, `{a,b}` for either, `[a-z]` and `?` for one letter.
/// `team/**` is everything below `team`, and not `team` itself.
///
/// # Errors
/// In words, with the pattern: as [`check_glob`], or it can't be read.
pub fn glob(pattern: &str) -> Result<Glob, String> {
    check_glob(pattern)?;
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_err(|error| format!("{pattern:?}: {}", error.kind()))
}

/// What every glob must be, without reading it.
///
/// # Errors
/// In words, with the pattern: it is empty, longer than 1024 bytes, has a control character, begins or
/// ends with a slash.
pub fn check_glob(pattern: &str) -> Result<(), String> {
    let reason = if pattern.is_empty() {
        "is empty"
    } else if pattern.len() > MAX_PATTERN_LEN {
        "is too long"
    } else if pattern.contains(char::is_control) {
        "has a control character"
    } else if pattern.starts_with('/') || pattern.ends_with('/') {
        "begins or ends with a slash"
    } else {
        return Ok(());
    };
    Err(format!("{pattern:?} {reason}"))
}

/// It stands for itself only.
pub fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', ']', '{', '}', '\\'])
}
