//! Layers made by hand, and what becomes of them.

use std::{path::Path, sync::atomic::AtomicBool};

use orlop_fs::{
    Error, Node, NodeKind, Position, Privilege, TreeListing, UnpackOptions, Unpacked,
    WhiteoutStyle, unpack,
};
use orlop_layer::{Bounds, TarReader};
use tempfile::TempDir;

/// A layer's archive, entry by entry. Every entry is one second younger than the one before.
#[derive(Clone, Default)]
pub(crate) struct Layer {
    bytes: Vec<u8>,
    clock: u64,
    pub(crate) mode: Option<u32>,
    pub(crate) owner: (u64, u64),
}

impl Layer {
    pub(crate) fn new() -> Self {
        Self {
            clock: 1_600_000_000,
            ..Self::default()
        }
    }

    pub(crate) fn since(clock: u64) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    fn block(&mut self, kind: u8, path: &[u8], link: &[u8], mode: u32, content: &[u8]) {
        let mut header = tar::Header::new_gnu();
        {
            let gnu = header.as_gnu_mut().unwrap();
            gnu.name[..path.len()].copy_from_slice(path);
            gnu.linkname[..link.len()].copy_from_slice(link);
        }
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(content.len() as u64);
        header.set_mode(self.mode.unwrap_or(mode));
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(self.clock);
        self.clock += 1;
        self.raw(header, content);
    }

    pub(crate) fn raw(&mut self, mut header: tar::Header, content: &[u8]) -> &mut Self {
        header.set_cksum();
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Sets the mode of all entries that follow.
    pub(crate) fn with_mode(&mut self, mode: u32) -> &mut Self {
        self.mode = Some(mode);
        self
    }

    /// Sets the owner of all entries that follow.
    pub(crate) fn with_owner(&mut self, uid: u64, gid: u64) -> &mut Self {
        self.owner = (uid, gid);
        self
    }

    /// PAX records for the next entry.
    pub(crate) fn pax(&mut self, records: &[(&str, &[u8])]) -> &mut Self {
        let mut data = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + rest.to_string().len();
            length = rest + length.to_string().len();
            data.extend_from_slice(format!("{length} {key}=").as_bytes());
            data.extend_from_slice(value);
            data.push(b'\n');
        }
        self.block(b'x', b"pax", b"", 0o644, &data);
        self
    }

    pub(crate) fn file(&mut self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> &mut Self {
        self.block(b'0', path.as_ref(), b"", 0o644, content.as_ref());
        self
    }

    pub(crate) fn dir(&mut self, path: impl AsRef<[u8]>) -> &mut Self {
        self.block(b'5', path.as_ref(), b"", 0o755, b"");
        self
    }

    pub(crate) fn symlink(&mut self, path: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> &mut Self {
        self.block(b'2', path.as_ref(), text.as_ref(), 0o777, b"");
        self
    }

    pub(crate) fn link(&mut self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> &mut Self {
        self.block(b'1', path.as_ref(), target.as_ref(), 0o644, b"");
        self
    }

    pub(crate) fn node(&mut self, kind: u8, path: &str, device: (u32, u32)) -> &mut Self {
        let mut header = tar::Header::new_gnu();
        header.set_path(path).unwrap();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(0);
        header.set_mode(0o660);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(self.clock);
        header.set_device_major(device.0).unwrap();
        header.set_device_minor(device.1).unwrap();
        self.clock += 1;
        self.raw(header, b"")
    }

    /// `DIR/.wh.NAME` for `DIR/NAME`.
    pub(crate) fn hide(&mut self, path: &str) -> &mut Self {
        match path.rsplit_once('/') {
            Some((dir, name)) => self.file(format!("{dir}/.wh.{name}"), b""),
            None => self.file(format!(".wh.{path}"), b""),
        }
    }

    pub(crate) fn opaque(&mut self, dir: &str) -> &mut Self {
        self.file(format!("{dir}/.wh..wh..opq"), b"")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.bytes[..], &[0; 1024]].concat()
    }

    /// Unpacks a first layer, with owners when we are root, without otherwise.
    pub(crate) fn unpack(&self, dir: &Path, style: WhiteoutStyle) -> Result<Unpacked, Error> {
        self.unpack_with(
            dir,
            &UnpackOptions::new(style, Position::Bottom, Privilege::of_process()),
        )
    }

    /// The same on top of what is there.
    pub(crate) fn apply(&self, dir: &Path) -> Result<Unpacked, Error> {
        let options = UnpackOptions::new(
            WhiteoutStyle::Apply,
            Position::Above,
            Privilege::of_process(),
        );
        self.unpack_with(dir, &options)
    }

    pub(crate) fn unpack_with(
        &self,
        dir: &Path,
        options: &UnpackOptions,
    ) -> Result<Unpacked, Error> {
        unpack_bytes(&self.bytes(), dir, options)
    }
}

pub(crate) fn unpack_bytes(
    bytes: &[u8],
    dir: &Path,
    options: &UnpackOptions,
) -> Result<Unpacked, Error> {
    let reader = std::io::BufReader::with_capacity(1000, bytes);
    let mut tar = TarReader::new(reader, Bounds::default());
    let unpacked = unpack(dir, &mut tar, options, &mut [], &AtomicBool::new(false))?;
    tar.drain()?;
    Ok(unpacked)
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says loudly that a test is skipped, when it is.
pub(crate) fn needs_root(test: &str) -> bool {
    if !is_root() {
        eprintln!("SKIPPED: {test} needs root");
    }
    is_root()
}

/// An access control list, as the kernel keeps it: for the owner, the user 1000, the group and all
/// others, or without that user.
pub(crate) fn acl(owner: u16, user: Option<u16>, group: u16, others: u16) -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let mut entries = vec![(1, owner, NOBODY)];
    entries.extend(user.map(|user| (2, user, 1000)));
    entries.push((4, group, NOBODY));
    entries.extend(user.map(|user| (16, user | group, NOBODY)));
    entries.push((32, others, NOBODY));
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// An empty directory in memory, if there is a place for it.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()),
        false => tempfile::tempdir(),
    }
    .unwrap()
}

/// Unpacks layers one onto the other.
pub(crate) fn applied(layers: &[&Layer]) -> Result<(TempDir, TreeListing), Error> {
    let dir = scratch();
    for (number, layer) in layers.iter().enumerate() {
        match number {
            0 => layer.unpack(dir.path(), WhiteoutStyle::Apply)?,
            _ => layer.apply(dir.path())?,
        };
    }
    let listing = TreeListing::read(dir.path())?;
    Ok((dir, listing))
}

/// The paths of a tree, without its root, with a mark for what they are.
pub(crate) fn shape(listing: &TreeListing) -> Vec<String> {
    let mark = |(path, node): (&Vec<u8>, &Node)| {
        let path = orlop_layer::printable(path);
        match &node.kind {
            NodeKind::Directory => format!("{path}/"),
            NodeKind::Symlink(text) => format!("{path} -> {}", orlop_layer::printable(text)),
            NodeKind::CharDevice(major, minor) => format!("{path} c{major}:{minor}"),
            NodeKind::BlockDevice(major, minor) => format!("{path} b{major}:{minor}"),
            NodeKind::Fifo => format!("{path} |"),
            NodeKind::File { size, .. } => match &node.link_group {
                Some(first) => format!("{path} {size} = {}", orlop_layer::printable(first)),
                None => format!("{path} {size}"),
            },
            NodeKind::Socket => format!("{path} ="),
        }
    };
    listing.nodes.iter().skip(1).map(mark).collect()
}

pub(crate) fn node<'a>(listing: &'a TreeListing, path: &str) -> &'a Node {
    &listing.nodes[path.as_bytes()]
}

/// Both trees are the same, or the test fails with what differs.
pub(crate) fn assert_same(left: &TreeListing, right: &TreeListing) {
    let differences: Vec<_> = left.diff(right).iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
