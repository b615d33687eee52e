//! All there is to know of a tree, in a form that can be compared.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, io,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

use orlop_layer::{Time, printable};
use orlop_oci::{Algorithm, Digest, Digester};
use rustix::{
    fs::{self, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use crate::{
    Error, Result,
    node::{self, Attributes},
    path::join,
};

/// What a node is, with what only its kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file.
    File {
        /// Bytes, holes included.
        size: u64,
        /// The SHA-256 of its content.
        digest: Digest,
    },
    /// A directory.
    Directory,
    /// A symbolic link, with its text.
    Symlink(Vec<u8>),
    /// A character device, with its major and minor number.
    CharDevice(u32, u32),
    /// A block device, with its major and minor number.
    BlockDevice(u32, u32),
    /// A named pipe.
    Fifo,
    /// A socket, which no image holds but a tree may.
    Socket,
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permissions (`07777`).
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The owning group.
    pub gid: u32,
    /// When it was last changed.
    pub mtime: Time,
    /// Extended attributes but overlayfs's own, sorted by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// For a file with several names in this tree the first of them.
    pub link_group: Option<Vec<u8>>,
}

/// A tree: every path relative to its root (which is the empty path) with its node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeListing {
    /// The nodes by path.
    pub nodes: BTreeMap<Vec<u8>, Node>,
}

/// A way in which two trees differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Only the left one has the path.
    Left(Vec<u8>, Node),
    /// Only the right one has it.
    Right(Vec<u8>, Node),
    /// Both have it, with a difference.
    Both(Vec<u8>, Box<(Node, Node)>),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left(path, node) => write!(f, "- {}: {node:?}", printable(path)),
            Self::Right(path, node) => write!(f, "+ {}: {node:?}", printable(path)),
            Self::Both(path, nodes) => {
                write!(f, "~ {}: {:?} / {:?}", printable(path), nodes.0, nodes.1)
            }
        }
    }
}

impl TreeListing {
    /// Reads the tree at `path`, with the content of its files. Links aren't followed.
    ///
    /// # Errors
    ///
    /// When something can't be read.
    pub fn read(path: &Path) -> Result<Self> {
        let root = node::open_root(path).map_err(|error| Error::at("open", path, error))?;
        let stat = fs::fstat(&root).map_err(|error| Error::at("open", path, error))?;
        let mut listing = Self::default();
        let attributes = Attributes::Open(root.as_fd());
        let node = describe(&stat, NodeKind::Directory, &attributes)
            .map_err(|error| Error::at("read", path, error))?;
        listing.nodes.insert(Vec::new(), node);
        let mut links = HashMap::new();
        listing.add_directory(&root, b"", &mut links)?;
        for names in links.into_values().filter(|names: &Vec<_>| names.len() > 1) {
            // Names come in order, and the first stands for all.
            for name in &names {
                if let Some(node) = listing.nodes.get_mut(name) {
                    node.link_group = names.iter().min().cloned();
                }
            }
        }
        Ok(listing)
    }

    fn add_directory(
        &mut self,
        dir: &OwnedFd,
        path: &[u8],
        links: &mut HashMap<(u64, u64), Vec<Vec<u8>>>,
    ) -> Result<()> {
        let names = node::names(dir).map_err(|error| Error::system("list", path, error))?;
        for name in names {
            let path = join(path, &name);
            let failed = |error: io::Error| Error::system("read", &path, error);
            let Some(stat) = node::lstat(dir, &name).map_err(|e| failed(e.into()))? else {
                continue;
            };
            let kind = kind_of(dir, &name, &stat).map_err(failed)?;
            let attributes = Attributes::of_name(dir, &name);
            let node = describe(&stat, kind, &attributes).map_err(|e| failed(e.into()))?;
            self.nodes.insert(path.clone(), node);
            if node::is_dir(&stat) {
                let below = node::open_dir(dir, &name).map_err(|e| failed(e.into()))?;
                self.add_directory(&below, &path, links)?;
            } else if stat.st_nlink > 1 {
                links
                    .entry((stat.st_dev, stat.st_ino))
                    .or_default()
                    .push(path);
            }
        }
        Ok(())
    }

    /// How `other` differs from this tree, by path.
    pub fn diff(&self, other: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (path, left) in &self.nodes {
            match other.nodes.get(path) {
                None => differences.push(Difference::Left(path.clone(), left.clone())),
                Some(right) if left != right => {
                    let nodes = Box::new((left.clone(), right.clone()));
                    differences.push(Difference::Both(path.clone(), nodes));
                }
                Some(_) => {}
            }
        }
        for (path, right) in &other.nodes {
            if !self.nodes.contains_key(path) {
                differences.push(Difference::Right(path.clone(), right.clone()));
            }
        }
        differences
    }
}

fn describe(stat: &Stat, kind: NodeKind, attributes: &Attributes<'_>) -> Result<Node, Errno> {
    Ok(Node {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: node::mtime(stat),
        xattrs: attributes.all()?,
        link_group: None,
    })
}

fn kind_of(dir: &OwnedFd, name: &[u8], stat: &Stat) -> io::Result<NodeKind> {
    let device = (fs::major(stat.st_rdev), fs::minor(stat.st_rdev));
    Ok(match node::file_type(stat) {
        FileType::RegularFile => NodeKind::File {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            digest: digest_of(dir, name)?,
        },
        FileType::Directory => NodeKind::Directory,
        FileType::Symlink => NodeKind::Symlink(node::read_link(dir, name)?),
        FileType::CharacterDevice => NodeKind::CharDevice(device.0, device.1),
        FileType::BlockDevice => NodeKind::BlockDevice(device.0, device.1),
        FileType::Socket => NodeKind::Socket,
        _ => NodeKind::Fifo,
    })
}

fn digest_of(dir: &OwnedFd, name: &[u8]) -> io::Result<Digest> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::openat(dir, name, flags, Mode::empty())?;
    let mut digester = Digester::new(Algorithm::Sha256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut buffer[..]))? {
            0 => return Ok(digester.finish()),
            count => digester.update(&buffer[..count]),
        }
    }
}
