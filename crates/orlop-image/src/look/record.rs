//! What one layer says of one path.

use std::hash::{BuildHasher, Hasher as _, RandomState};

use orlop_layer::{Entry, EntryKind, Whiteout};

/// What a file is.
pub type FileKind = EntryKind;

/// What an archive's header says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// What it is.
    pub kind: FileKind,
    /// Permissions with setuid, setgid and sticky bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// Bytes of a file, holes included; 0 for anything else.
    pub size: u64,
    /// A symbolic link's text, or the path of a hard link's target.
    pub link: Box<[u8]>,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// A hash of a file's content, when contents are compared. It has a key that changes with each
    /// run: nobody can make two files that look the same here. A sparse file has the hash of its data.
    pub content: Option<u64>,
    /// A hash of the extended attributes with the same key; 0 without any.
    pub xattrs: u64,
}

impl FileRecord {
    /// The record of an entry whose content is still to come.
    pub(super) fn of(entry: &Entry, key: &RandomState) -> Self {
        let xattrs = match entry.xattrs.is_empty() {
            true => 0,
            false => key.hash_one(&entry.xattrs),
        };
        Self {
            kind: entry.kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            link: entry.link.as_slice().into(),
            device: entry.device,
            content: None,
            xattrs,
        }
    }
}

/// What a layer says of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// It is there.
    File(FileRecord),
    /// What the layers below have there is gone.
    Whiteout,
    /// What the layers below have inside this directory is gone.
    Opaque,
}

/// An entry of a layer, reduced to what is shown and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The path that it speaks of: of a whiteout, what it hides. Without `/` at either end; empty
    /// for the root.
    pub path: Box<[u8]>,
    /// What is said.
    pub kind: RecordKind,
}

impl Record {
    /// Reads an entry. `None` for AUFS's own records.
    ///
    /// # Errors
    /// A name that is reserved for whiteouts and isn't one.
    pub(super) fn of(
        entry: &Entry,
        key: &RandomState,
    ) -> Result<Option<Self>, orlop_layer::WhiteoutError> {
        let (path, kind) = match Whiteout::of(&entry.path)? {
            Some(Whiteout::Metadata) => return Ok(None),
            Some(Whiteout::Opaque { dir }) => (dir, RecordKind::Opaque),
            Some(Whiteout::File { path }) => (path, RecordKind::Whiteout),
            None => {
                let record = FileRecord::of(entry, key);
                (entry.path.clone(), RecordKind::File(record))
            }
        };
        Ok(Some(Self {
            path: path.into(),
            kind,
        }))
    }

    /// The file, unless this is a whiteout.
    pub fn file(&self) -> Option<&FileRecord> {
        match &self.kind {
            RecordKind::File(file) => Some(file),
            RecordKind::Whiteout | RecordKind::Opaque => None,
        }
    }
}

/// Hashes one file's content as it passes.
pub(super) struct ContentHash(<RandomState as BuildHasher>::Hasher);

impl ContentHash {
    pub(super) fn new(key: &RandomState) -> Self {
        Self(key.build_hasher())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(super) fn finish(self) -> u64 {
        self.0.finish()
    }
}
