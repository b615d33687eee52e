//! Globs over names of repositories, read in the slowest and plainest way.

/// Whether a glob matches a name; `None` for a glob with more in it than `*`, `?` and, as a whole
/// component, `**`.
pub(crate) fn matches(glob: &str, name: &str) -> Option<bool> {
    let parts: Vec<&str> = glob.split('/').collect();
    let plain = |part: &&str| {
        let known = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'*' | b'?')
        };
        !part.is_empty() && part.bytes().all(known) && (*part == "**" || !part.contains("**"))
    };
    if !parts.iter().all(plain) {
        return None;
    }
    let name: Vec<&str> = name.split('/').collect();
    Some(components(&parts, &name))
}

fn components(glob: &[&str], name: &[&str]) -> bool {
    match (glob, name) {
        ([], name) => name.is_empty(),
        // Behind something, it stands for one component at least: `team/**` isn't `team`.
        (["**"], name) => !name.is_empty(),
        (["**", rest @ ..], name) => (0..=name.len()).any(|skip| components(rest, &name[skip..])),
        ([part, glob @ ..], [first, name @ ..]) => {
            letters(part.as_bytes(), first.as_bytes()) && components(glob, name)
        }
        (_, []) => false,
    }
}

fn letters(glob: &[u8], name: &[u8]) -> bool {
    match (glob, name) {
        ([], name) => name.is_empty(),
        ([b'*', rest @ ..], name) => (0..=name.len()).any(|skip| letters(rest, &name[skip..])),
        ([b'?', glob @ ..], [_, name @ ..]) => letters(glob, name),
        ([one, glob @ ..], [other, name @ ..]) => one == other && letters(glob, name),
        (_, []) => false,
    }
}
