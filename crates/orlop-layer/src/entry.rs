//! One entry of a layer, whatever tar dialect it was written in.

use crate::{Bounds, Error, Result};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A regular file; its content follows.
    File,
    /// Another name of the file named by [`Entry::link`].
    HardLink,
    /// A symbolic link whose text is [`Entry::link`].
    Symlink,
    /// A directory.
    Directory,
    /// A character device with the numbers [`Entry::device`].
    CharDevice,
    /// A block device with the numbers [`Entry::device`].
    BlockDevice,
    /// A named pipe.
    Fifo,
}

/// A time relative to 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Seconds; before 1970 negative.
    pub seconds: i64,
    /// Nanoseconds after `seconds`, less than a thousand million.
    pub nanos: u32,
}

/// A part of a sparse file that holds data; the rest is zeros that aren't in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// An entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name relative to the root: no `/` at either end, no empty, `.` or `..` components, no
    /// NUL. Empty for the root itself, which is always a [`EntryKind::Directory`].
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permissions with setuid, setgid and sticky bits (`07777`).
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// When the content was last changed.
    pub mtime: Time,
    /// The size of a file in bytes, holes included; 0 for anything else.
    pub size: u64,
    /// A symbolic link's text as it is, or a hard link's target cleaned as `path`.
    pub link: Vec<u8>,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes, sorted by name, each name once, without NUL.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The data regions of a sparse file, in order and apart from each other. The content that
    /// the reader hands out is theirs, one after the other.
    pub sparse: Option<Vec<Region>>,
}

impl Entry {
    /// The path in a form that is safe to print.
    pub fn printable_path(&self) -> String {
        if self.path.is_empty() {
            ".".to_owned()
        } else {
            crate::printable(&self.path)
        }
    }
}

/// Cleans a name from an archive as [`Entry::path`] promises.
///
/// A leading `/` is dropped, as every engine does. `..` is refused even where it would stay below
/// the root: no tool that writes layers makes it, and what it means depends on symbolic links.
pub(crate) fn clean_path(raw: &[u8], bounds: &Bounds) -> Result<Vec<u8>> {
    if raw.contains(&0) {
        return Err(Error::entry(raw, "a name with a NUL byte"));
    }
    if raw.len() > bounds.max_path {
        return Err(Error::entry(
            raw,
            format!("a name of more than {} bytes", bounds.max_path),
        ));
    }
    let mut path = Vec::with_capacity(raw.len());
    let mut depth = 0;
    for component in raw.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => continue,
            b".." => return Err(Error::entry(raw, "a name with a \"..\" component")),
            _ => {}
        }
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(component);
        depth += 1;
    }
    if depth > bounds.max_depth {
        return Err(Error::entry(
            raw,
            format!("a name of more than {} components", bounds.max_depth),
        ));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_or_refused() {
        let bounds = Bounds {
            max_depth: 4,
            max_path: 20,
            ..Bounds::default()
        };
        let table: &[(&[u8], Option<&[u8]>)] = &[
            (b"a/b", Some(b"a/b")),
            (b"./a//b/./", Some(b"a/b")),
            (b"/etc", Some(b"etc")),
            (b"///", Some(b"")),
            (b"./", Some(b"")),
            (b"..a/b..", Some(b"..a/b..")),
            (b"\xff/\n", Some(b"\xff/\n")),
            (b"../a", None),
            (b"a/../b", None),
            (b"a/..", None),
            (b"a\0b", None),
            (b"a/b/c/d", Some(b"a/b/c/d")),
            (b"a/b/c/d/e", None),
            (b"aaaaaaaaaaaaaaaaaaaaa", None),
        ];
        for (raw, cleaned) in table {
            let result = clean_path(raw, &bounds).ok();
            assert_eq!(result.as_deref(), *cleaned, "{}", raw.escape_ascii());
        }
    }
}
