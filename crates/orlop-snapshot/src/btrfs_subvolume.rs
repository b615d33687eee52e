//! Subvolumes of btrfs by its ioctls (Linux, `include/uapi/linux/btrfs.h`): made, snapshotted, made
//! read-only, destroyed. The program `btrfs` does no more than these calls, and needn't be installed.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::ioctl::{Getter, Opcode, Setter, opcode};

use crate::error::{Error, Result};

/// What `statfs` says of a btrfs (`BTRFS_SUPER_MAGIC`).
const MAGIC: u64 = 0x9123_683E;
/// The inode of the root of every subvolume (`BTRFS_FIRST_FREE_OBJECTID`).
const ROOT_INODE: u64 = 256;
/// `BTRFS_SUBVOL_RDONLY`.
const READ_ONLY: u64 = 1 << 1;
/// `BTRFS_IOCTL_MAGIC`.
const GROUP: u8 = 0x94;

const CREATE: Opcode = opcode::write::<NameArgs>(GROUP, 14);
const DESTROY: Opcode = opcode::write::<NameArgs>(GROUP, 15);
const SNAPSHOT: Opcode = opcode::write::<SnapshotArgs>(GROUP, 23);
const GET_FLAGS: Opcode = opcode::read::<u64>(GROUP, 25);
const SET_FLAGS: Opcode = opcode::write::<u64>(GROUP, 26);

/// `struct btrfs_ioctl_vol_args`.
#[repr(C)]
struct NameArgs {
    fd: i64,
    name: [u8; 4088],
}

/// `struct btrfs_ioctl_vol_args_v2`.
#[repr(C)]
struct SnapshotArgs {
    /// The subvolume to snapshot.
    fd: i64,
    transaction: u64,
    flags: u64,
    unused: [u64; 4],
    name: [u8; 4040],
}

/// Whether a directory lies on a btrfs.
pub(crate) fn is_btrfs(path: &Path) -> Result<bool> {
    let stat = rustix::fs::statfs(path).map_err(Error::os("look at", path))?;
    Ok(u64::try_from(stat.f_type) == Ok(MAGIC))
}

/// Makes an empty subvolume.
pub(crate) fn create(path: &Path) -> Result<()> {
    let made = || {
        let (parent, name) = place(path)?;
        make(&parent, &name)
    };
    made().map_err(Error::os("make the subvolume", path))
}

/// Makes a snapshot of the subvolume `source`, which can be written to.
pub(crate) fn snapshot(source: &Path, path: &Path) -> Result<()> {
    let made = || {
        let (parent, name) = place(path)?;
        let source = open(rustix::fs::CWD, source.as_os_str().as_bytes())?;
        take_snapshot(&source, &parent, &name)
    };
    made().map_err(Error::os("make the subvolume", path))
}

/// Makes a subvolume read-only, or lets it be written to.
pub(crate) fn set_read_only(path: &Path, read_only: bool) -> Result<()> {
    let set = || {
        let subvolume = open(rustix::fs::CWD, path.as_os_str().as_bytes())?;
        change_flags(&subvolume, read_only)
    };
    set().map_err(Error::os("change the subvolume", path))
}

/// Whether a path is the root of a subvolume.
pub(crate) fn is_subvolume(path: &Path) -> bool {
    rustix::fs::lstat(path).is_ok_and(|stat| is_root(&stat))
}

/// Destroys a subvolume, with all subvolumes in it. One that isn't there is no error. The space is given
/// back by the kernel's cleaner, after a while.
pub(crate) fn destroy(path: &Path) -> Result<()> {
    let destroyed = || {
        let (parent, name) = place(path)?;
        destroy_at(&parent, &name)
    };
    match destroyed() {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        // Those without privileges may empty a subvolume, and remove it as a directory (Linux 4.18).
        Err(Errno::PERM) => Ok(orlop_fs::remove_tree(path)?),
        Err(errno) => Err(Error::os("remove the subvolume", path)(errno)),
    }
}

/// Destroys `name` in `parent`. The kernel refuses while other subvolumes are below it.
fn destroy_at(parent: &impl AsFd, name: &[u8]) -> rustix::io::Result<()> {
    match unmake(parent, name) {
        Err(refused @ (Errno::NOTEMPTY | Errno::PERM)) => {
            let subvolume = open(parent, name)?;
            change_flags(&subvolume, false)?;
            for (directory, name) in nested(subvolume)? {
                match destroy_at(&directory, &name) {
                    Ok(()) | Err(Errno::NOENT | Errno::PERM) => {}
                    Err(errno) => return Err(errno),
                }
            }
            match refused {
                Errno::PERM => Err(refused),
                _ => unmake(parent, name),
            }
        }
        done => done,
    }
}

/// The outermost subvolumes below a directory: where they are, and their names.
fn nested(root: OwnedFd) -> rustix::io::Result<Vec<(Rc<OwnedFd>, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut pending = vec![(Rc::new(root), None::<Vec<u8>>)];
    while let Some((parent, name)) = pending.pop() {
        let directory = match name {
            Some(name) => Rc::new(open(&parent, &name)?),
            None => parent,
        };
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if entry.file_type() != FileType::Directory || matches!(name, b"." | b"..") {
                continue;
            }
            let stat = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let list = match is_root(&stat) {
                true => &mut found,
                false => {
                    pending.push((Rc::clone(&directory), Some(name.to_vec())));
                    continue;
                }
            };
            list.push((Rc::clone(&directory), name.to_vec()));
        }
    }
    Ok(found)
}

fn is_root(stat: &rustix::fs::Stat) -> bool {
    stat.st_ino == ROOT_INODE && FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// The directory in which `path` is, and its name there.
fn place(path: &Path) -> rustix::io::Result<(File, Vec<u8>)> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Errno::INVAL);
    };
    let parent = open(rustix::fs::CWD, parent.as_os_str().as_bytes())?;
    Ok((parent.into(), name.as_bytes().to_vec()))
}

fn open(at: impl AsFd, name: &[u8]) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let name = CString::new(name).map_err(|_| Errno::INVAL)?;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// A name with the zero byte that ends it.
fn fill<const N: usize>(name: &[u8]) -> rustix::io::Result<[u8; N]> {
    let mut field = [0; N];
    if name.len() >= N || name.contains(&0) {
        return Err(Errno::NAMETOOLONG);
    }
    field[..name.len()].copy_from_slice(name);
    Ok(field)
}

fn name_args(name: &[u8]) -> rustix::io::Result<NameArgs> {
    Ok(NameArgs {
        fd: 0,
        name: fill(name)?,
    })
}

#[expect(
    unsafe_code,
    reason = "an ioctl; see SAFETY and `subvolumes_come_and_go`"
)]
fn make(parent: &impl AsFd, name: &[u8]) -> rustix::io::Result<()> {
    let args = name_args(name)?;
    // SAFETY: the kernel reads one `btrfs_ioctl_vol_args`, which this is, with a name that ends by zero.
    // On another file system it doesn't know the number, and reads nothing.
    unsafe { rustix::ioctl::ioctl(parent, Setter::<CREATE, NameArgs>::new(args)) }
}

#[expect(
    unsafe_code,
    reason = "an ioctl; see SAFETY and `subvolumes_come_and_go`"
)]
fn unmake(parent: &impl AsFd, name: &[u8]) -> rustix::io::Result<()> {
    let args = name_args(name)?;
    // SAFETY: as `make`.
    unsafe { rustix::ioctl::ioctl(parent, Setter::<DESTROY, NameArgs>::new(args)) }
}

#[expect(
    unsafe_code,
    reason = "an ioctl; see SAFETY and `subvolumes_come_and_go`"
)]
fn take_snapshot(source: &OwnedFd, parent: &impl AsFd, name: &[u8]) -> rustix::io::Result<()> {
    use std::os::fd::AsRawFd as _;
    let args = SnapshotArgs {
        fd: source.as_raw_fd().into(),
        transaction: 0,
        flags: 0,
        unused: [0; 4],
        name: fill(name)?,
    };
    // SAFETY: the kernel reads one `btrfs_ioctl_vol_args_v2`, which this is; without a flag for it, it
    // takes no field for a pointer. The source is open until after the call.
    unsafe { rustix::ioctl::ioctl(parent, Setter::<SNAPSHOT, SnapshotArgs>::new(args)) }
}

#[expect(
    unsafe_code,
    reason = "an ioctl; see SAFETY and `subvolumes_come_and_go`"
)]
fn change_flags(subvolume: &OwnedFd, read_only: bool) -> rustix::io::Result<()> {
    // SAFETY: the kernel writes one 64-bit number.
    let flags = unsafe { rustix::ioctl::ioctl(subvolume, Getter::<GET_FLAGS, u64>::new()) }?;
    let wanted = match read_only {
        true => flags | READ_ONLY,
        false => flags & !READ_ONLY,
    };
    // SAFETY: the kernel reads one 64-bit number.
    unsafe { rustix::ioctl::ioctl(subvolume, Setter::<SET_FLAGS, u64>::new(wanted)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_as_large_as_the_kernel_wants() {
        assert_eq!(size_of::<NameArgs>(), 4096);
        assert_eq!(size_of::<SnapshotArgs>(), 4096);
        assert_eq!(fill::<4>(b"abc").unwrap(), *b"abc\0");
        assert_eq!(fill::<4>(b"abcd").unwrap_err(), Errno::NAMETOOLONG);
    }

    #[test]
    fn elsewhere_it_is_refused() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        assert!(!is_btrfs(dir.path()).unwrap());
        let error = create(&dir.path().join("x")).unwrap_err();
        assert!(error.to_string().contains("make the subvolume"), "{error}");
        assert!(!dir.path().join("x").exists());
    }
}
