//! Paths of entries, taken apart.

/// Links on the way to a path.
pub(crate) const MAX_LINKS: usize = 40;

/// The components of a path or of a link's text, without empty ones and `.`.
pub(crate) fn components(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    path.split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty() && *component != b".")
        .map(<[u8]>::to_vec)
}

/// The directories above a clean path, without the root, the uppermost first.
pub(crate) fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    ends.map(|(end, _)| &path[..end])
}

/// What stands behind the last `/`.
pub(crate) fn last_component(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|&byte| byte == b'/');
    &path[slash.map_or(0, |slash| slash + 1)..]
}
