//! What is kept of one layer.

use orlop_oci::DiffId;

use crate::Finding;

/// What the files of a layer show, and what the layer does to those below it: all that is needed of it
/// whatever image it is in.
///
/// Entries stand in the order in which the layer has them, because it matters: what is written through a
/// link isn't the same as what is written before the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerSbom {
    /// Whether what is only declared (lock files) was looked for too.
    pub has_declared: bool,
    /// What the layer puts, replaces and hides.
    pub entries: Vec<LayerEntry>,
    /// What its files show, in the order of the entries.
    pub shown: Vec<Shown>,
    /// Why the record isn't the whole layer: bounds that it broke.
    pub faults: Vec<String>,
}

/// One path of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerEntry {
    /// Where, as in [`FileInfo::path`](crate::FileInfo::path); empty for the root.
    pub path: Box<str>,
    /// What the layer says of it.
    pub kind: EntryKind,
}

/// What a layer says of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file, or a device or pipe, that is no program.
    File,
    /// A program or library: an ELF file, or a script that may be executed. Its size in bytes.
    Program(u64),
    /// A symbolic link with this text.
    Symlink(Box<str>),
    /// Another name of the file at this path.
    HardLink(Box<str>),
    /// What the layers below have there is gone.
    Whiteout,
    /// What the layers below have inside of it is gone.
    Opaque,
}

/// What one file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The file: an index of [`LayerSbom::entries`].
    pub entry: u32,
    /// In the order of the file.
    pub findings: Vec<Finding>,
    /// What of it couldn't be read: clauses about "it", the file.
    pub faults: Vec<String>,
}

/// A layer of an image.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The digest of its archive.
    pub diff_id: &'a DiffId,
    /// What is kept of it.
    pub record: &'a LayerSbom,
}

/// A path as it stands everywhere here: bytes that aren't UTF-8 as `\xHH`. So that no other name comes out
/// the same, a backslash before an `x` is written in that way too.
pub fn path_text(path: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(path)
        && !text.contains("\\x")
    {
        return text.to_owned();
    }
    let mut text = String::with_capacity(path.len() + 8);
    for chunk in path.utf8_chunks() {
        text.push_str(&chunk.valid().replace("\\x", "\\x5cx"));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_text_and_stay_apart() {
        let table: &[(&[u8], &str)] = &[
            (b"usr/lib", "usr/lib"),
            ("é".as_bytes(), "é"),
            (b"a\xff/b", r"a\xff/b"),
            (br"a\xff/b", r"a\x5cxff/b"),
            (br"a\b", r"a\b"),
        ];
        for (bytes, text) in table {
            assert_eq!(path_text(bytes), *text);
        }
    }
}
