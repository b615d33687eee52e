//! Paths as layers have them: bytes, relative, without empty, `.` or `..` components; the root is
//! the empty path.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    ops::Bound,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// Splits off the last component; the root has none.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&path[..0], path),
    }
}

/// Appends a component, or several.
pub(crate) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if dir.is_empty() || name.is_empty() {
        return [dir, name].concat();
    }
    [dir, b"/", name].concat()
}

/// The components.
pub(crate) fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|c| !c.is_empty())
}

/// All directories above `path`, nearest first, down to the root.
pub(crate) fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = (!path.is_empty()).then_some(path);
    std::iter::from_fn(move || {
        let parent = split(rest?).0;
        rest = (!parent.is_empty()).then_some(parent);
        Some(parent)
    })
}

/// Whether `path` is `dir` or below it.
pub(crate) fn is_at_or_below(path: &[u8], dir: &[u8]) -> bool {
    match path.strip_prefix(dir) {
        Some(rest) => dir.is_empty() || rest.is_empty() || rest[0] == b'/',
        None => false,
    }
}

/// The bytes as the standard library wants them.
pub(crate) fn to_path(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// The same, owned.
pub(crate) fn to_path_buf(path: &[u8]) -> PathBuf {
    to_path(path).to_path_buf()
}

/// The paths of a set that are strictly below `dir`.
pub(crate) fn all_below(set: &BTreeSet<Vec<u8>>, dir: &[u8]) -> Vec<Vec<u8>> {
    set.range(range_below(dir)).cloned().collect()
}

/// A set of paths that can be asked for what is below one.
pub(crate) trait Below {
    /// Whether it has a path strictly below `dir`.
    fn has_below(&self, dir: &[u8]) -> bool;
    /// Drops `path` and all paths below it.
    fn drop_at_and_below(&mut self, path: &[u8]);
}

/// The keys strictly below `dir` are those from `dir/` up to, not including, `dir0`.
fn range_below(dir: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    if dir.is_empty() {
        return (Bound::Excluded(Vec::new()), Bound::Unbounded);
    }
    let mut first = dir.to_vec();
    first.push(b'/');
    let mut end = dir.to_vec();
    end.push(b'/' + 1);
    (Bound::Included(first), Bound::Excluded(end))
}

impl<V> Below for BTreeMap<Vec<u8>, V> {
    fn has_below(&self, dir: &[u8]) -> bool {
        self.range(range_below(dir)).next().is_some()
    }

    fn drop_at_and_below(&mut self, path: &[u8]) {
        self.remove(path);
        while let Some(key) = self.range(range_below(path)).next().map(|(k, _)| k.clone()) {
            self.remove(&key);
        }
    }
}

impl Below for BTreeSet<Vec<u8>> {
    fn has_below(&self, dir: &[u8]) -> bool {
        self.range(range_below(dir)).next().is_some()
    }

    fn drop_at_and_below(&mut self, path: &[u8]) {
        self.remove(path);
        while let Some(key) = self.range(range_below(path)).next().cloned() {
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_and_join() {
        assert_eq!(split(b"a/b/c"), (&b"a/b"[..], &b"c"[..]));
        assert_eq!(split(b"a"), (&b""[..], &b"a"[..]));
        assert_eq!(split(b""), (&b""[..], &b""[..]));
        assert_eq!(join(b"", b"a"), b"a");
        assert_eq!(join(b"a/b", b"c"), b"a/b/c");
        let above = |path: &'static [u8]| ancestors(path).collect::<Vec<_>>();
        assert_eq!(above(b"a/b/c"), [&b"a/b"[..], b"a", b""]);
        assert_eq!(above(b"a"), [b""]);
        assert!(above(b"").is_empty());
    }

    #[test]
    fn what_is_below_is_told_from_what_begins_alike() {
        let paths = |list: &[&str]| -> BTreeSet<Vec<u8>> {
            list.iter().map(|path| path.as_bytes().to_vec()).collect()
        };
        let mut set = paths(&["", "a", "a-b", "a/b", "a/b/c", "a0", "ab"]);
        assert!(set.has_below(b"a") && set.has_below(b"a/b") && set.has_below(b""));
        assert!(!set.has_below(b"ab") && !set.has_below(b"a/b/c"));
        set.drop_at_and_below(b"a");
        assert_eq!(set, paths(&["", "a-b", "a0", "ab"]));
        set.drop_at_and_below(b"");
        assert!(set.is_empty());
    }
}
