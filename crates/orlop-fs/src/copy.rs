//! Copies trees, and single files with all that belongs to them.

use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    rc::Rc,
};

use rustix::{
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Uid},
    io::Errno,
};

use crate::{
    Error, Result,
    node::{self, Attributes, DEFAULT_ACL, Xattrs},
    path::{join, split},
    unpack::SETGID,
};

/// Copies the tree at `source` to `target`, an empty directory that is made if it isn't there:
/// owners, permissions, all extended attributes, times, devices, hard links and holes. Content is
/// shared where the file system can (reflinks). Nothing is synced.
///
/// Without privileges owners stay the caller's, and devices are left out.
///
/// # Errors
///
/// When something can't be read or made; what was copied then is for the caller to remove.
pub fn copy_tree(source: &Path, target: &Path) -> Result<()> {
    let from = node::open_root(source).map_err(|error| Error::at("open", source, error))?;
    match fs::mkdir(target, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(Error::at("make directory", target, error)),
    }
    let to = node::open_root(target).map_err(|error| Error::at("open", target, error))?;
    let mut copy = Copy {
        root: to
            .try_clone()
            .map_err(|error| Error::at("open", target, error))?,
        links: HashMap::new(),
        privileged: rustix::process::geteuid().is_root(),
    };
    copy.directory(&from, &to, b"")
}

struct Copy {
    root: OwnedFd,
    /// Files with several names: where the first one is in the copy.
    links: HashMap<(u64, u64), Rc<[u8]>>,
    privileged: bool,
}

impl Copy {
    fn directory(&mut self, from: &OwnedFd, to: &OwnedFd, path: &[u8]) -> Result<()> {
        let names = node::names(from).map_err(|error| Error::system("list", path, error))?;
        for name in names {
            let path = join(path, &name);
            let failed = |error: io::Error| Error::system("copy", &path, error);
            let Some(stat) = node::lstat(from, &name).map_err(|e| failed(e.into()))? else {
                continue;
            };
            if node::is_dir(&stat) {
                let below = node::open_dir(from, &name).map_err(|e| failed(e.into()))?;
                fs::mkdirat(to, &name[..], Mode::RWXU).map_err(|e| failed(e.into()))?;
                let made = node::open_dir(to, &name).map_err(|e| failed(e.into()))?;
                self.directory(&below, &made, &path)?;
                continue;
            }
            if stat.st_nlink > 1 {
                let key = (stat.st_dev, stat.st_ino);
                if let Some(first) = self.links.get(&key) {
                    let (parent, first) = split(first);
                    let parent = node::open_below(&self.root, parent).map_err(failed)?;
                    fs::linkat(&parent, first, to, &name[..], AtFlags::empty())
                        .map_err(|e| failed(e.into()))?;
                    continue;
                }
                self.links.insert(key, path.as_slice().into());
            }
            let is_device = matches!(
                node::file_type(&stat),
                FileType::CharacterDevice | FileType::BlockDevice
            );
            if is_device && !self.privileged && stat.st_rdev != 0 {
                continue;
            }
            copy_leaf(from, &name, &stat, to, &name, true).map_err(failed)?;
        }
        copy_attributes(from.as_fd(), to.as_fd(), true)
            .map_err(|error| Error::system("copy", path, error))
    }
}

/// Copies something that is no directory. `private` says whether overlayfs's own attributes are
/// copied, too.
pub(crate) fn copy_leaf(
    from: impl AsFd,
    from_name: &[u8],
    stat: &Stat,
    to: impl AsFd,
    to_name: &[u8],
    private: bool,
) -> io::Result<()> {
    let (from, to) = (from.as_fd(), to.as_fd());
    match node::file_type(stat) {
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let source = fs::openat(from, from_name, flags, Mode::empty())?;
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let target = fs::openat(to, to_name, flags, Mode::RUSR | Mode::WUSR)?;
            copy_content(&source, &target, stat)?;
            return copy_attributes(source.as_fd(), target.as_fd(), private);
        }
        FileType::Symlink => {
            fs::symlinkat(&node::read_link(from, from_name)?[..], to, to_name)?;
        }
        kind => fs::mknodat(to, to_name, kind, Mode::empty(), stat.st_rdev)?,
    }
    own(stat, |uid, gid| {
        fs::chownat(to, to_name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
    })?;
    let source = Attributes::of_name(from, from_name);
    let xattrs = match private {
        true => source.every()?,
        false => source.all()?,
    };
    let target = Attributes::of_name(to, to_name);
    if node::file_type(stat) != FileType::Symlink {
        target.drop_acls()?;
    }
    set_attributes(&xattrs, &target)?;
    if node::file_type(stat) != FileType::Symlink {
        node::chmod_unopened(to, to_name, stat.st_mode & 0o7777)?;
    }
    let times = node::timestamps(node::mtime(stat));
    Ok(fs::utimensat(
        to,
        to_name,
        &times,
        AtFlags::SYMLINK_NOFOLLOW,
    )?)
}

/// Gives an open file or directory that was just made the owner, attributes, permissions and time of
/// another, and leaves it nothing that it got from the directory it was made in.
pub(crate) fn copy_attributes(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    private: bool,
) -> io::Result<()> {
    Attributes::Open(to).drop_acls()?;
    Dress::of(from, private)?.put_on(to)
}

/// What a directory hands on to those that are made in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bequest {
    /// Its group, and its setgid bit.
    Group(u32),
    /// Its default access control list, perhaps among others.
    Acl,
}

/// What a file or directory has besides its content.
#[derive(Debug)]
pub(crate) struct Dress {
    stat: Stat,
    xattrs: Xattrs,
}

impl Dress {
    /// Reads it. `private` says whether overlayfs's own attributes belong to it.
    pub(crate) fn of(from: BorrowedFd<'_>, private: bool) -> Result<Self, Errno> {
        let attributes = Attributes::Open(from);
        Ok(Self {
            stat: fs::fstat(from)?,
            xattrs: match private {
                true => attributes.every()?,
                false => attributes.all()?,
            },
        })
    }

    /// What directories made in this one inherit.
    pub(crate) fn bequest(&self) -> Option<Bequest> {
        if self.xattrs.iter().any(|(name, _)| name == DEFAULT_ACL) {
            return Some(Bequest::Acl);
        }
        (self.stat.st_mode & SETGID != 0).then_some(Bequest::Group(self.stat.st_gid))
    }

    /// Gives it to another.
    pub(crate) fn put_on(&self, to: BorrowedFd<'_>) -> io::Result<()> {
        own(&self.stat, |uid, gid| fs::fchown(to, uid, gid))?;
        set_attributes(&self.xattrs, &Attributes::Open(to))?;
        fs::fchmod(to, Mode::from_raw_mode(self.stat.st_mode & 0o7777))?;
        Ok(fs::futimens(to, &self.times())?)
    }

    /// Gives it to the directory `name` in `parent`, which has no attributes yet, with as few calls
    /// as possible.
    pub(crate) fn put_on_new(&self, parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
        let there = fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let like = |stat: &Stat| (stat.st_mode, stat.st_uid, stat.st_gid);
        if !self.xattrs.is_empty() || like(&there) != like(&self.stat) {
            return self.put_on(node::open_dir(parent, name)?.as_fd());
        }
        if node::mtime(&there) == node::mtime(&self.stat) {
            return Ok(());
        }
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(fs::utimensat(parent, name, &self.times(), flags)?)
    }

    fn times(&self) -> fs::Timestamps {
        node::timestamps(node::mtime(&self.stat))
    }
}

fn own(
    stat: &Stat,
    chown: impl FnOnce(Option<Uid>, Option<Gid>) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    match chown(Some(uid), Some(gid)) {
        Err(Errno::PERM) if !rustix::process::geteuid().is_root() => Ok(()),
        done => done,
    }
}

fn set_attributes(xattrs: &Xattrs, to: &Attributes<'_>) -> Result<(), Errno> {
    for (name, value) in xattrs {
        match to.set(name, value) {
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(Errno::PERM) if !name.starts_with(b"user.") => {
                // A security module's own label, or one that only root may set.
                if rustix::process::geteuid().is_root() && !name.starts_with(b"security.") {
                    return Err(Errno::PERM);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn copy_content(source: &OwnedFd, target: &OwnedFd, stat: &Stat) -> io::Result<()> {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size == 0 || fs::ioctl_ficlone(target, source).is_ok() {
        return Ok(());
    }
    let is_sparse = u64::try_from(stat.st_blocks).unwrap_or(0) * 512 < size;
    if !is_sparse {
        return copy_range(source, target, 0, size);
    }
    let mut offset = 0;
    while offset < size {
        // NXIO: nothing but a hole from here to the end.
        let data = match fs::seek(source, SeekFrom::Data(offset)) {
            Err(Errno::NXIO) => break,
            found => found?,
        };
        let hole = fs::seek(source, SeekFrom::Hole(data))?.min(size);
        copy_range(source, target, data, hole)?;
        offset = hole.max(data + 1);
    }
    Ok(fs::ftruncate(target, size)?)
}

/// Copies the bytes from `offset` to `end`, in the kernel where it can.
fn copy_range(source: &OwnedFd, target: &OwnedFd, offset: u64, end: u64) -> io::Result<()> {
    let (mut read, mut written) = (offset, offset);
    while read < end {
        let length = usize::try_from(end - read)
            .unwrap_or(usize::MAX)
            .min(1 << 30);
        match fs::copy_file_range(source, Some(&mut read), target, Some(&mut written), length) {
            // It became shorter while we copied.
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                return copy_bytes(source, target, read, end);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn copy_bytes(source: &OwnedFd, target: &OwnedFd, mut offset: u64, end: u64) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 18];
    while offset < end {
        let length = usize::try_from(end - offset).map_or(buffer.len(), |n| n.min(buffer.len()));
        let count =
            rustix::io::retry_on_intr(|| rustix::io::pread(source, &mut buffer[..length], offset))?;
        if count == 0 {
            break;
        }
        let mut bytes = &buffer[..count];
        while !bytes.is_empty() {
            let count = rustix::io::retry_on_intr(|| rustix::io::pwrite(target, bytes, offset))?;
            bytes = &bytes[count..];
            offset += count as u64;
        }
    }
    Ok(())
}
