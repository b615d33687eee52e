//! A folder that somebody else wrote. Below it nothing is followed but names that we ask for.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat};
use rustix::io::Errno;

/// A directory that is open.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// The folder that was named by who runs the registry; the way there may have links.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, path, flags, Mode::empty())?))
    }

    /// A directory in it. `None` when there is none, or when it is a link.
    pub(super) fn sub(&self, name: &str) -> io::Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        absent(openat(&self.0, name, flags, Mode::empty()).map(Self))
    }

    /// A directory some steps below it.
    pub(super) fn below(&self, names: &[&str]) -> io::Result<Option<Self>> {
        let mut found = Self(self.0.try_clone()?);
        for name in names {
            match found.sub(name)? {
                Some(next) => found = next,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// A file in it. `None` when there is none, or when it is anything but a file.
    pub(super) fn file(&self, name: &str) -> io::Result<Option<File>> {
        // A pipe must not hold us up; a device is never read.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Some(file) = absent(openat(&self.0, name, flags, Mode::empty()))? else {
            return Ok(None);
        };
        let file = File::from(file);
        let is_file = file.metadata()?.is_file();
        Ok(is_file.then_some(file))
    }

    /// The content of a small file, and when it was written.
    pub(super) fn read(&self, name: &str, limit: u64) -> io::Result<Option<(Vec<u8>, SystemTime)>> {
        let Some(file) = self.file(name)? else {
            return Ok(None);
        };
        let time = file.metadata()?.modified()?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let message = format!("{name} is larger than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(Some((bytes, time)))
    }

    /// The names in it, in byte order; those that aren't UTF-8 aren't any that we look for.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            match entry.file_name().to_str() {
                Ok("." | "..") | Err(_) => {}
                Ok(name) => names.push(name.to_owned()),
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The length of a file in it. `None` when there is none, or when it is anything but a file.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let there = rustix::fs::statat(&self.0, OsStr::new(name), flags).ok()?;
        let is_file = FileType::from_raw_mode(there.st_mode) == FileType::RegularFile;
        is_file.then(|| u64::try_from(there.st_size).unwrap_or(0))
    }

    /// Whether there is something of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::statat(&self.0, OsStr::new(name), flags).is_ok()
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Nothing there, a link, or something else than what was asked for are all the same: not there.
fn absent<T>(opened: Result<T, Errno>) -> io::Result<Option<T>> {
    match opened {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO | Errno::NAMETOOLONG) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
