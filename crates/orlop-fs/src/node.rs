//! Single files and directories, through the descriptor of the directory that holds them.

use std::{
    ffi::CString,
    io,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
};

use orlop_layer::Time;
use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps, XattrFlags},
    io::Errno,
};

use crate::path::components;

/// Flags with which a directory is opened for what is in it.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Opens the directory `name` in `dir`; never through a symbolic link.
pub(crate) fn open_dir(dir: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    fs::openat(dir, name, DIRECTORY, Mode::empty())
}

/// Opens the directory with the real path `path` below `root`: one component at a time, so that
/// a link that took the place of one since is met and not followed.
pub(crate) fn open_below(root: &OwnedFd, path: &[u8]) -> io::Result<OwnedFd> {
    let mut fd = root.try_clone()?;
    for name in components(path) {
        fd = open_dir(&fd, name)?;
    }
    Ok(fd)
}

/// Opens the root of a tree, which the caller names: here, links are followed.
pub(crate) fn open_root(path: &std::path::Path) -> Result<OwnedFd, Errno> {
    fs::open(path, DIRECTORY.difference(OFlags::NOFOLLOW), Mode::empty())
}

/// What `name` in `dir` is; `None` when there is nothing.
pub(crate) fn lstat(dir: impl AsFd, name: &[u8]) -> Result<Option<Stat>, Errno> {
    match fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The type of file.
pub(crate) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// It is a directory.
pub(crate) fn is_dir(stat: &Stat) -> bool {
    file_type(stat) == FileType::Directory
}

/// When its content was last changed.
pub(crate) fn mtime(stat: &Stat) -> Time {
    Time {
        seconds: stat.st_mtime,
        // The kernel keeps it below a thousand million.
        nanos: u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
    }
}

/// Both times set to one.
pub(crate) fn timestamps(time: Time) -> Timestamps {
    let time = Timespec {
        tv_sec: time.seconds,
        tv_nsec: time.nanos.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// The names in a directory, sorted, without `.` and `..`.
pub(crate) fn names(dir: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// A path that reaches `name` in `dir` without passing through anything that could be exchanged:
/// for the few calls that know no directory descriptors. The last component isn't followed by the
/// calls that we give it to.
pub(crate) fn proc_path(dir: impl AsFd, name: &[u8]) -> Vec<u8> {
    let mut path = format!("/proc/self/fd/{}/", dir.as_fd().as_raw_fd()).into_bytes();
    path.extend_from_slice(name);
    path
}

/// Sets the permissions of something that may not be opened (a device, a pipe).
pub(crate) fn chmod_unopened(dir: impl AsFd, name: &[u8], mode: u32) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let handle = fs::openat(dir, name, flags, Mode::empty())?;
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    fs::chmod(path, Mode::from_raw_mode(mode))
}

/// Extended attributes: names with values, sorted by name.
pub(crate) type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// Who may do what with a file, beyond its mode (`acl(5)`, in the kernel's form).
pub(crate) const ACCESS_ACL: &[u8] = b"system.posix_acl_access";

/// The list that what is made in a directory inherits.
pub(crate) const DEFAULT_ACL: &[u8] = b"system.posix_acl_default";

/// Extended attributes of one file, by whatever way leads to it.
#[derive(Clone, Debug)]
pub(crate) enum Attributes<'a> {
    /// An open file or directory.
    Open(BorrowedFd<'a>),
    /// A name that isn't opened nor followed.
    Named(Vec<u8>),
}

impl<'a> Attributes<'a> {
    pub(crate) fn of_name(dir: impl AsFd, name: &[u8]) -> Self {
        Self::Named(proc_path(dir, name))
    }

    pub(crate) fn set(&self, name: &[u8], value: &[u8]) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => fs::fsetxattr(fd, name, value, XattrFlags::empty()),
            Self::Named(path) => fs::lsetxattr(&path[..], name, value, XattrFlags::empty()),
        }
    }

    pub(crate) fn remove(&self, name: &[u8]) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => fs::fremovexattr(fd, name),
            Self::Named(path) => fs::lremovexattr(&path[..], name),
        }
    }

    /// The value; `None` when there is no such attribute, or none at all on this file system.
    pub(crate) fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        grown(|buffer| match self {
            Self::Open(fd) => fs::fgetxattr(fd, name, buffer),
            Self::Named(path) => fs::lgetxattr(&path[..], name, buffer),
        })
    }

    /// Whether there is such an attribute.
    fn has(&self, name: &[u8]) -> Result<bool, Errno> {
        let mut nothing = [0_u8; 0];
        let asked = match self {
            Self::Open(fd) => fs::fgetxattr(fd, name, &mut nothing[..]),
            Self::Named(path) => fs::lgetxattr(&path[..], name, &mut nothing[..]),
        };
        match asked {
            Ok(_) => Ok(true),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether what is made in this directory inherits an access control list.
    pub(crate) fn has_default_acl(&self) -> Result<bool, Errno> {
        self.has(DEFAULT_ACL)
    }

    /// Removes the access control lists that something got from the directory it was made in. The
    /// permissions stay what the lists made of them.
    pub(crate) fn drop_acls(&self) -> Result<(), Errno> {
        for name in [ACCESS_ACL, DEFAULT_ACL] {
            if self.has(name)? {
                self.remove(name)?;
            }
        }
        Ok(())
    }

    /// The names of all attributes, sorted.
    pub(crate) fn names(&self) -> Result<Vec<Vec<u8>>, Errno> {
        let list = grown(|buffer| match self {
            Self::Open(fd) => fs::flistxattr(fd, buffer),
            Self::Named(path) => fs::llistxattr(&path[..], buffer),
        })?
        .unwrap_or_default();
        let mut names: Vec<Vec<u8>> = list
            .split(|&byte| byte == 0)
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// All attributes, sorted by name, without overlayfs's own.
    pub(crate) fn all(&self) -> Result<Xattrs, Errno> {
        self.read(|name| !crate::overlay::is_private_attribute(name))
    }

    /// All attributes, sorted by name, overlayfs's own among them.
    pub(crate) fn every(&self) -> Result<Xattrs, Errno> {
        self.read(|_| true)
    }

    fn read(&self, wanted: impl Fn(&[u8]) -> bool) -> Result<Xattrs, Errno> {
        let mut all = Vec::new();
        for name in self.names()? {
            if !wanted(&name) {
                continue;
            }
            if let Some(value) = self.get(&name)? {
                all.push((name, value));
            }
        }
        Ok(all)
    }
}

/// Calls `read` with a buffer that is large enough for what it has to say.
fn grown(read: impl Fn(&mut [u8]) -> Result<usize, Errno>) -> Result<Option<Vec<u8>>, Errno> {
    let mut buffer = vec![0; 256];
    loop {
        match read(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(Some(buffer));
            }
            // 64 KiB is the most that the kernel gives.
            Err(Errno::RANGE) if buffer.len() <= 1 << 16 => buffer.resize(buffer.len() * 8, 0),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// The text of the symbolic link `name` in `dir`.
pub(crate) fn read_link(dir: impl AsFd, name: &[u8]) -> Result<Vec<u8>, Errno> {
    fs::readlinkat(dir, name, Vec::new()).map(CString::into_bytes)
}
