//! Whiteouts that hide nothing.
//!
//! The kernel leaves whiteouts out of the listing of a directory only when it merges several layers
//! there. In a directory that one layer alone has, they would be seen by `readdir`, and then not be
//! found. Layers have such whiteouts, as some builders write them for files that come and go within
//! one layer. Whether there is anything to hide is known when the layers below are.
//!
//! Whiteouts are devices here, also for users without privileges: overlay mounts are younger (Linux 5.11)
//! for them than whiteouts (5.8).

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use orlop_fs::Union;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Timestamps};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// Removes from the directory of a layer the whiteouts that hide nothing of `lowers`, the top first.
pub(crate) fn prune(tree: &Path, lowers: &[PathBuf]) -> Result<()> {
    let root = File::open(tree).map_err(Error::io("open", tree))?;
    let union = match lowers {
        [] => None,
        lowers => Some(Union::open(lowers)?),
    };
    // Each directory, and whether the layers below can show through it.
    let mut pending = VecDeque::from([(PathBuf::new(), true)]);
    while let Some((path, may_merge)) = pending.pop_front() {
        let shown = tree.join(&path);
        let directory = open(&root, &path).map_err(Error::os("open", &shown))?;
        let found = read(&directory).map_err(Error::os("read", &shown))?;
        let merges = may_merge && !is_opaque(&directory).map_err(Error::os("read", &shown))?;
        let below = found.directories.iter();
        pending.extend(below.map(|name| (path.join(name), merges)));
        let mut useless = Vec::new();
        for name in found.whiteouts {
            let hidden = path.join(&name);
            let hides = match &union {
                // Found elsewhere, through a link, it isn't what is hidden here.
                Some(union) if merges => {
                    let there = union.find(&hidden, false)?;
                    there.is_some_and(|there| there.path == hidden)
                }
                _ => false,
            };
            if !hides {
                useless.push(name);
            }
        }
        remove(&directory, &useless).map_err(Error::os("change", &shown))?;
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    directories: Vec<PathBuf>,
    whiteouts: Vec<PathBuf>,
}

fn open(root: &File, path: &Path) -> rustix::io::Result<File> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(root, path, flags, Mode::empty())?.into())
}

fn read(directory: &File) -> rustix::io::Result<Found> {
    let mut found = Found::default();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let path = || PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        let stat = || rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
        // Some file systems don't say.
        let kind = match entry.file_type() {
            FileType::Unknown => FileType::from_raw_mode(stat()?.st_mode),
            kind => kind,
        };
        match kind {
            FileType::Directory => found.directories.push(path()),
            FileType::CharacterDevice if stat()?.st_rdev == 0 => found.whiteouts.push(path()),
            _ => {}
        }
    }
    Ok(found)
}

fn is_opaque(directory: &File) -> rustix::io::Result<bool> {
    for name in ["trusted.overlay.opaque", "user.overlay.opaque"] {
        let mut value = [0_u8; 8];
        match rustix::fs::fgetxattr(directory, name, &mut value[..]) {
            Ok(length) if &value[..length] == b"y" => return Ok(true),
            Ok(_) | Err(Errno::NODATA | Errno::NOTSUP | Errno::RANGE) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(false)
}

/// Removes names without leaving a trace in the directory's time.
fn remove(directory: &File, names: &[PathBuf]) -> rustix::io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let before = rustix::fs::fstat(directory)?;
    for name in names {
        rustix::fs::unlinkat(directory, name, AtFlags::empty())?;
    }
    let time = |seconds, nanos| rustix::fs::Timespec {
        tv_sec: seconds,
        tv_nsec: nanos,
    };
    rustix::fs::futimens(
        directory,
        &Timestamps {
            last_access: time(before.st_atime as _, before.st_atime_nsec as _),
            last_modification: time(before.st_mtime as _, before.st_mtime_nsec as _),
        },
    )
}
