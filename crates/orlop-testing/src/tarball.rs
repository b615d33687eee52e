//! The content of a layer, entry by entry: also content that no honest tool would write.

use std::collections::BTreeMap;

use tar::{Builder, EntryType, Header};

/// Who an entry belongs to and when it was changed.
#[derive(Clone, Copy)]
struct Stamp {
    uid: u64,
    gid: u64,
    seconds: u64,
    nanoseconds: u32,
}

/// A POSIX access control list as the kernel keeps it in `system.posix_acl_access` and, for what is made
/// in a directory, `system.posix_acl_default`: permissions (0 to 7) of the owner, of one more user, of
/// the group, and of all others. The mask lets everything pass; without another user there is none.
#[must_use]
pub fn access_list(owner: u16, user: Option<(u32, u16)>, group: u16, others: u16) -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let mut entries = vec![(0x01, owner, NOBODY)];
    entries.extend(user.map(|(id, permissions)| (0x02, permissions, id)));
    entries.push((0x04, group, NOBODY));
    entries.extend(user.map(|(_, permissions)| (0x10, permissions | group, NOBODY)));
    entries.push((0x20, others, NOBODY));
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// Builds an archive. Entries are written in the order of the calls.
///
/// Names are written as given, unchecked, so that hostile archives can be made too.
pub struct Tarball {
    builder: Builder<Vec<u8>>,
    files: BTreeMap<String, (u32, Stamp)>,
    stamp: Stamp,
    xattrs: Vec<(String, Vec<u8>)>,
    long_names: LongNames,
}

#[derive(Clone, Copy, Debug)]
enum LongNames {
    Pax,
    Gnu,
}

impl Default for Tarball {
    fn default() -> Self {
        Tarball::new()
    }
}

impl Tarball {
    /// An empty archive. Entries belong to root and are of 2024-01-01 until told otherwise.
    #[must_use]
    pub fn new() -> Self {
        Tarball {
            builder: Builder::new(Vec::new()),
            files: BTreeMap::new(),
            stamp: Stamp {
                uid: 0,
                gid: 0,
                seconds: 1_704_067_200,
                nanoseconds: 0,
            },
            xattrs: Vec::new(),
            long_names: LongNames::Pax,
        }
    }

    /// The owner of the entries that follow. Ids beyond 2097151 are written as PAX records.
    #[must_use]
    pub fn owner(mut self, uid: u64, gid: u64) -> Self {
        (self.stamp.uid, self.stamp.gid) = (uid, gid);
        self
    }

    /// The modification time of the entries that follow.
    #[must_use]
    pub fn mtime(mut self, seconds: u64, nanoseconds: u32) -> Self {
        (self.stamp.seconds, self.stamp.nanoseconds) = (seconds, nanoseconds);
        self
    }

    /// An extended attribute of the next entry.
    #[must_use]
    pub fn xattr(mut self, name: &str, value: &[u8]) -> Self {
        self.xattrs.push((name.to_owned(), value.to_vec()));
        self
    }

    /// Long names of the entries that follow are written in GNU's way instead of PAX's.
    #[must_use]
    pub fn gnu_long_names(mut self) -> Self {
        self.long_names = LongNames::Gnu;
        self
    }

    /// A folder.
    #[must_use]
    pub fn dir(self, path: &str, mode: u32) -> Self {
        self.entry(&format!("{path}/"), EntryType::Directory, mode, "", &[])
    }

    /// A file.
    #[must_use]
    pub fn file(mut self, path: &str, mode: u32, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.to_owned(), (mode, self.stamp));
        self.entry(path, EntryType::Regular, mode, "", content.as_ref())
    }

    /// A symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, EntryType::Symlink, 0o777, target, &[])
    }

    /// A hard link to a path of the image.
    ///
    /// As real archives do, it repeats the mode, owner and time of a target in the same archive:
    /// there are tools that set them anew from the link's header.
    #[must_use]
    pub fn hard_link(mut self, path: &str, target: &str) -> Self {
        let usual = self.stamp;
        let (mode, stamp) = self.files.get(target).copied().unwrap_or((0o644, usual));
        self.stamp = stamp;
        self = self.entry(path, EntryType::Link, mode, target, &[]);
        self.stamp = usual;
        self
    }

    /// A named pipe.
    #[must_use]
    pub fn fifo(self, path: &str, mode: u32) -> Self {
        self.entry(path, EntryType::Fifo, mode, "", &[])
    }

    /// A character device.
    #[must_use]
    pub fn char_device(self, path: &str, mode: u32, major: u32, minor: u32) -> Self {
        self.device(path, EntryType::Char, mode, major, minor)
    }

    /// A block device.
    #[must_use]
    pub fn block_device(self, path: &str, mode: u32, major: u32, minor: u32) -> Self {
        self.device(path, EntryType::Block, mode, major, minor)
    }

    /// A whiteout: `path` of the layers below is gone.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let marked = match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/.wh.{name}"),
            None => format!(".wh.{path}"),
        };
        self.file(&marked, 0o644, "")
    }

    /// An opaque whiteout: what the layers below have in `folder` is gone.
    #[must_use]
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), 0o644, "")
    }

    /// Bytes as they are, between two entries.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.builder.get_mut().extend_from_slice(bytes);
        self
    }

    /// The archive with its two closing blocks of zeros.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.builder
            .into_inner()
            .expect("memory takes what is written")
    }

    fn device(mut self, path: &str, kind: EntryType, mode: u32, major: u32, minor: u32) -> Self {
        let mut header = self.prepare(path, kind, mode, "", 0);
        header
            .set_device_major(major)
            .expect("a GNU header has a place for it");
        header
            .set_device_minor(minor)
            .expect("a GNU header has a place for it");
        self.append(header, &[]);
        self
    }

    fn entry(mut self, path: &str, kind: EntryType, mode: u32, link: &str, content: &[u8]) -> Self {
        let header = self.prepare(path, kind, mode, link, content.len() as u64);
        self.append(header, content);
        self
    }

    fn append(&mut self, mut header: Header, content: &[u8]) {
        header.set_cksum();
        self.builder
            .append(&header, content)
            .expect("memory takes what is written");
    }

    /// Writes the extension records that the entry needs and returns its header.
    fn prepare(&mut self, path: &str, kind: EntryType, mode: u32, link: &str, size: u64) -> Header {
        const LARGEST_OCTAL_ID: u64 = 0o7_777_777;
        let stamp = self.stamp;
        let mut records: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in self.xattrs.drain(..) {
            records.push((format!("SCHILY.xattr.{name}"), value));
        }
        if stamp.nanoseconds > 0 {
            records.push((
                "mtime".to_owned(),
                format!("{}.{:09}", stamp.seconds, stamp.nanoseconds).into_bytes(),
            ));
        }
        for (key, id) in [("uid", stamp.uid), ("gid", stamp.gid)] {
            if id > LARGEST_OCTAL_ID {
                records.push((key.to_owned(), id.to_string().into_bytes()));
            }
        }
        for (key, gnu_kind, name) in [("path", b'L', path), ("linkpath", b'K', link)] {
            if name.len() > 100 {
                match self.long_names {
                    LongNames::Pax => records.push((key.to_owned(), name.as_bytes().to_vec())),
                    LongNames::Gnu => self.gnu_long_name(gnu_kind, name),
                }
            }
        }
        if !records.is_empty() {
            let records = records
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_slice()));
            self.builder
                .append_pax_extensions(records)
                .expect("memory takes what is written");
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(stamp.uid.min(LARGEST_OCTAL_ID));
        header.set_gid(stamp.gid.min(LARGEST_OCTAL_ID));
        header.set_mtime(stamp.seconds);
        header.set_size(size);
        let fields = header.as_gnu_mut().expect("made as a GNU header");
        copy_cut(&mut fields.name, path.as_bytes());
        copy_cut(&mut fields.linkname, link.as_bytes());
        header
    }

    fn gnu_long_name(&mut self, kind: u8, name: &str) {
        let mut content = name.as_bytes().to_vec();
        content.push(0);
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::new(kind));
        header.set_size(content.len() as u64);
        copy_cut(
            &mut header.as_gnu_mut().expect("made as a GNU header").name,
            b"././@LongLink",
        );
        self.append(header, &content);
    }
}

fn copy_cut(field: &mut [u8], bytes: &[u8]) {
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
}
