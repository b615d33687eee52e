//! Makes files, directories, symbolic links, devices and pipes.

use std::{
    cell::Cell,
    fs::File,
    io::BufRead,
    os::fd::{AsFd as _, OwnedFd},
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
};

use orlop_layer::{Entry, EntryKind, Region, TarReader};
use rustix::{
    fs::{self, Mode, OFlags},
    io::{self, Errno},
};

use super::{
    Finish, Unpacker,
    attributes::node_type,
    tree::{Dir, Heritage},
};
use crate::{
    Error, Result, node, overlay,
    path::{Below as _, join, split},
};

/// A file is made, never opened, and never through a link.
const NEW_FILE: OFlags = OFlags::RDWR
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl Unpacker<'_> {
    pub(super) fn make_file(
        &mut self,
        entry: &Entry,
        tar: &mut TarReader<impl BufRead>,
        cancelled: &AtomicBool,
    ) -> Result<File> {
        let (parent, name) = split(&entry.path);
        let dir = self.parent(parent, entry.mtime)?;
        let mode = Mode::from_raw_mode(entry.mode & 0o777);
        let file = self.make(&dir, name, "make file", || {
            fs::openat(&dir.fd, name, NEW_FILE, mode)
        })?;
        let mut writer = Writer::new(&file, entry);
        while let Some(bytes) = tar.read_chunk()? {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            writer
                .write(bytes)
                .map_err(|error| Error::system("write", &entry.path, error))?;
            self.done.bytes += bytes.len() as u64;
        }
        writer
            .finish(entry.size)
            .map_err(|error| Error::system("write", &entry.path, error))?;
        self.dress_file(entry, &dir, &file)
            .map_err(|error| Error::system("set attributes of", &entry.path, error))?;
        self.note(join(&dir.path, name));
        Ok(File::from(file))
    }

    pub(super) fn make_symlink(&mut self, entry: &Entry) -> Result<()> {
        let (parent, name) = split(&entry.path);
        let dir = self.parent(parent, entry.mtime)?;
        self.make(&dir, name, "make symbolic link", || {
            fs::symlinkat(&entry.link[..], &dir.fd, name)
        })?;
        self.dress_unopened(entry, &dir, name, true)
            .map_err(|error| Error::system("set attributes of", &entry.path, error))?;
        self.note(join(&dir.path, name));
        Ok(())
    }

    /// A device or a pipe. It is never opened.
    pub(super) fn make_node(&mut self, entry: &Entry) -> Result<()> {
        if entry.kind == EntryKind::CharDevice && entry.device == (0, 0) {
            // To overlayfs this is a whiteout: the archive would hide files by it that other
            // engines show.
            return Err(Error::refused(&entry.path, "a character device 0:0"));
        }
        let (parent, name) = split(&entry.path);
        let dir = self.parent(parent, entry.mtime)?;
        let path = join(&dir.path, name);
        if entry.kind != EntryKind::Fifo && !self.options.privilege.makes_devices() {
            self.done.skipped_devices += 1;
            return self.leave_out(&dir, name);
        }
        let device = fs::makedev(entry.device.0, entry.device.1);
        let mode = Mode::from_raw_mode(entry.mode & 0o777);
        self.make(&dir, name, "make device", || {
            fs::mknodat(&dir.fd, name, node_type(entry.kind), mode, device)
        })?;
        self.dress_unopened(entry, &dir, name, false)
            .map_err(|error| Error::system("set attributes of", &entry.path, error))?;
        self.note(path);
        Ok(())
    }

    /// Leaves out a device that can't be made. It still hides what the layers below have there.
    pub(super) fn leave_out(&mut self, dir: &Dir, name: &[u8]) -> Result<()> {
        let path = join(&dir.path, name);
        self.clear_way(dir, name)?;
        if !self.applies() {
            self.done.has_whiteouts = true;
            overlay::make_whiteout(self.options.whiteouts, dir.fd.as_fd(), name)
                .map_err(|error| Error::system("hide", &path, error))?;
        }
        self.note(path.clone());
        self.skipped.insert(path);
        Ok(())
    }

    pub(super) fn make_directory(&mut self, entry: &Entry) -> Result<()> {
        let (parent, name) = split(&entry.path);
        let (dir, new_in) = match name {
            b"" => (self.dirs.root(), None),
            _ => {
                let parent = self.parent(parent, entry.mtime)?;
                let (dir, new) = self.directory_in(&parent, name, entry)?;
                (dir, new.then_some(parent))
            }
        };
        self.dress_directory(entry, &dir, new_in.as_deref())
            .map_err(|error| Error::system("set attributes of", &entry.path, error))?;
        if self.implicit.remove(&dir.path) && !self.applies() && self.implicit.has_below(&dir.path)
        {
            self.bequeathing.insert(dir.path.clone());
        }
        self.hollow.remove(&dir.path);
        let mode = self.open_mode(entry.mode);
        let finish = Finish {
            mtime: entry.mtime,
            mode: (mode != entry.mode).then_some(entry.mode),
        };
        self.finish.insert(dir.path.clone(), finish);
        if self.applies() {
            self.own.insert(dir.path.clone());
        }
        if new_in.is_none() {
            self.dirs.close(&dir.path);
        }
        self.dirs.insert(entry.path.clone(), &dir);
        if dir.path != entry.path {
            self.dirs.insert(dir.path.clone(), &dir);
        }
        Ok(())
    }

    /// The directory `name` in `parent`: the one that is there, or a new one instead of whatever
    /// else is there. A link is replaced, not followed.
    fn directory_in(
        &mut self,
        parent: &Dir,
        name: &[u8],
        entry: &Entry,
    ) -> Result<(Rc<Dir>, bool)> {
        let path = join(&parent.path, name);
        let failed = |error: Errno| Error::system("make directory", &entry.path, error);
        let mode = Mode::from_raw_mode(self.open_mode(entry.mode) & 0o777 | 0o700);
        let mut replaces = self.deferred.remove(&path).is_some();
        let new = match fs::mkdirat(&parent.fd, name, mode) {
            Ok(()) => true,
            Err(Errno::EXIST) => {
                let there = node::lstat(&parent.fd, name).map_err(failed)?;
                let is_dir = there.as_ref().is_some_and(node::is_dir);
                if !is_dir {
                    self.clear_way(parent, name)?;
                    fs::mkdirat(&parent.fd, name, mode).map_err(failed)?;
                    replaces = true;
                }
                !is_dir
            }
            Err(error) => return Err(failed(error)),
        };
        let fd = match node::open_dir(&parent.fd, name) {
            Err(Errno::ACCESS) if !self.keeps_owners() => {
                node::chmod_unopened(&parent.fd, name, 0o700).map_err(failed)?;
                node::open_dir(&parent.fd, name).map_err(failed)?
            }
            opened => opened.map_err(failed)?,
        };
        // Known when it is dressed.
        let heritage = Heritage {
            plain: false,
            acl: false,
        };
        let dir = Rc::new(Dir {
            fd,
            path,
            heritage: Cell::new(heritage),
        });
        if !self.skipped.is_empty() {
            self.skipped.remove(&dir.path);
        }
        if replaces && !self.applies() {
            // What this layer had here hid the layers below: so does the directory.
            self.hide_below(&dir)?;
        }
        Ok((dir, new))
    }

    /// Makes something new at `name`, instead of what is there.
    pub(super) fn make<T>(
        &mut self,
        dir: &Dir,
        name: &[u8],
        action: &'static str,
        make: impl Fn() -> Result<T, Errno>,
    ) -> Result<T> {
        let failed = |error: Errno| Error::system(action, &join(&dir.path, name), error);
        match make() {
            Err(Errno::EXIST) => {
                self.clear_way(dir, name)?;
                make().map_err(failed)
            }
            made => made.map_err(failed),
        }
    }
}

/// Writes the content of a file; of a sparse one, region by region.
struct Writer<'a> {
    file: &'a OwnedFd,
    sparse: Option<Holes<'a>>,
}

struct Holes<'a> {
    regions: std::slice::Iter<'a, Region>,
    offset: u64,
    left: u64,
}

impl<'a> Writer<'a> {
    fn new(file: &'a OwnedFd, entry: &'a Entry) -> Self {
        Self {
            file,
            sparse: entry.sparse.as_ref().map(|regions| Holes {
                regions: regions.iter(),
                offset: 0,
                left: 0,
            }),
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        let Some(holes) = &mut self.sparse else {
            while !bytes.is_empty() {
                let count = io::retry_on_intr(|| io::write(self.file, bytes))?;
                bytes = &bytes[count..];
            }
            return Ok(());
        };
        while !bytes.is_empty() {
            if holes.left == 0 {
                // The reader has checked that the regions hold as much as the archive.
                let Some(region) = holes.regions.next() else {
                    return Err(Errno::INVAL);
                };
                (holes.offset, holes.left) = (region.offset, region.length);
                continue;
            }
            let length = usize::try_from(holes.left).map_or(bytes.len(), |n| n.min(bytes.len()));
            let count =
                io::retry_on_intr(|| io::pwrite(self.file, &bytes[..length], holes.offset))?;
            bytes = &bytes[count..];
            holes.offset += count as u64;
            holes.left -= count as u64;
        }
        Ok(())
    }

    fn finish(self, size: u64) -> Result<(), Errno> {
        match self.sparse {
            Some(_) => fs::ftruncate(self.file, size),
            None => Ok(()),
        }
    }
}
