//! The record of a layer from a directory: a snapshot's, or any other.
//!
//! Each directory is opened by its path from the root in one system call that follows no links, so that
//! nothing in an untrusted tree leads out of it, and one descriptor is enough whatever the depth.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use orlop_fs::{is_opaque, is_whiteout};
use orlop_sbom::{FileInfo, LayerSbom, LayerScan, ScanOptions, Wanted, path_text};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::error::{Error, cancelled};
use crate::file_content::FileContent;

/// What a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// A layer as overlayfs wants it, with its own marks for what is hidden.
    OverlayLayer,
    /// Files of an image, all of one file system: what is mounted in it is left out.
    Plain,
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A pipe or device that took the place of a file mustn't be waited for.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// Makes the record of the layer that a directory holds. What can't be read in it is a fault of the record.
///
/// # Errors
/// The directory itself can't be read, or somebody wished to stop (`cancelled`).
pub fn scan_directory(
    root: &Path,
    tree: Tree,
    options: ScanOptions,
    is_cancelled: &AtomicBool,
) -> Result<LayerSbom, Error> {
    let flags = DIRECTORY.difference(OFlags::NOFOLLOW);
    let opened = rustix::fs::open(root, flags, Mode::empty());
    let opened = opened.map_err(std::io::Error::from);
    let fd = opened.map_err(Error::io(root))?;
    let stat = rustix::fs::fstat(&fd).map_err(std::io::Error::from);
    let walk = Walk {
        device: stat.map_err(Error::io(root))?.st_dev,
        root: fd,
        tree,
        scan: LayerScan::new(options),
        names: HashMap::new(),
        waiting: vec![Vec::new()],
    };
    walk.run(is_cancelled)
}

/// Makes the record of a layer with one file, under its own name. Who names a lock file wants to know what it
/// declares.
///
/// # Errors
/// It can't be read, or is no file.
pub(crate) fn scan_file(path: &Path) -> Result<LayerSbom, Error> {
    // A link is what it leads to.
    let file = path.canonicalize().map_err(Error::io(path))?;
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
        return Err(Error::io(path)(error));
    };
    let folder = rustix::fs::open(folder, DIRECTORY, Mode::empty());
    let folder = folder.map_err(|error| Error::io(path)(error.into()))?;
    let scan = LayerScan::new(ScanOptions { declared: true });
    let mut walk = Walk {
        device: 0,
        root: folder,
        tree: Tree::Plain,
        scan,
        names: HashMap::new(),
        waiting: Vec::new(),
    };
    let name = name.as_encoded_bytes();
    let folder = walk.root.try_clone().map_err(Error::io(path))?;
    let entered = walk.entry(&folder, name, name);
    entered.map_err(|error| Error::io(path)(error.into()))?;
    Ok(walk.scan.finish())
}

struct Walk {
    root: OwnedFd,
    device: u64,
    tree: Tree,
    scan: LayerScan,
    /// The first names of files that have several, by inode.
    names: HashMap<u64, Vec<u8>>,
    /// Directories still to be read.
    waiting: Vec<Vec<u8>>,
}

impl Walk {
    fn run(mut self, is_cancelled: &AtomicBool) -> Result<LayerSbom, Error> {
        while let Some(path) = self.waiting.pop() {
            if is_cancelled.load(Ordering::Relaxed) {
                return Err(cancelled());
            }
            if let Err(error) = self.directory(&path) {
                self.fault(&path, error);
            }
        }
        Ok(self.scan.finish())
    }

    fn fault(&mut self, path: &[u8], error: Errno) {
        let error = std::io::Error::from(error);
        self.scan.fault(&path_text(path), &error.to_string());
    }

    fn directory(&mut self, path: &[u8]) -> Result<(), Errno> {
        let directory = self.open(path)?;
        if self.tree == Tree::OverlayLayer && is_opaque(directory.as_fd())? {
            self.scan.opaque(path);
        }
        let mut names: Vec<Vec<u8>> = Vec::new();
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        // The same tree gives the same record.
        names.sort_unstable();
        let first_below = self.waiting.len();
        for name in names {
            let mut full = path.to_vec();
            if !full.is_empty() {
                full.push(b'/');
            }
            full.extend_from_slice(&name);
            if let Err(error) = self.entry(&directory, &name, &full) {
                self.fault(&full, error);
            }
        }
        // The last is the next.
        self.waiting[first_below..].reverse();
        Ok(())
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let path = if path.is_empty() { b"." } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        rustix::fs::openat2(&self.root, path, DIRECTORY, Mode::empty(), resolve)
    }

    fn entry(&mut self, directory: &OwnedFd, name: &[u8], path: &[u8]) -> Result<(), Errno> {
        let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if self.tree == Tree::OverlayLayer && is_whiteout(directory, name, &stat)? {
            self.scan.whiteout(path);
            return Ok(());
        }
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                self.scan.directory(path);
                if stat.st_dev == self.device {
                    self.waiting.push(path.to_vec());
                }
            }
            FileType::Symlink => {
                let text = rustix::fs::readlinkat(directory, name, Vec::new())?;
                self.scan.symlink(path, text.to_bytes());
            }
            FileType::RegularFile => self.file(directory, name, path, &stat)?,
            _ => self.scan.special(path),
        }
        Ok(())
    }

    fn file(
        &mut self,
        directory: &OwnedFd,
        name: &[u8],
        path: &[u8],
        stat: &Stat,
    ) -> Result<(), Errno> {
        if stat.st_nlink > 1 {
            if let Some(first) = self.names.get(&stat.st_ino) {
                self.scan.hard_link(path, first);
                return Ok(());
            }
            self.names.insert(stat.st_ino, path.to_vec());
        }
        let text = path_text(path);
        let info = FileInfo {
            path: &text,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            is_executable: stat.st_mode & 0o111 != 0,
        };
        if self.scan.wants(&info) == Wanted::Nothing {
            self.scan.file(&info, None);
            return Ok(());
        }
        let opened = rustix::fs::openat(directory, name, FILE, Mode::empty());
        let Ok(file) = opened else {
            // It is there all the same, and may hide one of a layer below.
            self.scan.file(&info, None);
            return opened.map(drop);
        };
        let file = File::from(file);
        let content = FileContent::new(&file, info.size);
        self.scan.file(&info, Some(&content));
        Ok(())
    }
}
