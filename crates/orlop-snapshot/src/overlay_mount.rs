//! Mounting the kernel's overlay file system (kernel documentation, filesystems/overlayfs.rst).
//!
//! Options go through `fsconfig`, one call for each directory (`lowerdir+`, since Linux 6.5), so there
//! is no page-size limit on their sum and no separator that a path could contain. Older kernels take
//! all of them in one string of at most a page; there, directories are named by numbers of open file
//! descriptors relative to `/proc/self/fd`, which keeps the string short and free of separators too.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, UnmountFlags,
};

use crate::error::{Error, Result};

/// How many lower directories the kernel takes (`OVL_MAX_STACK`).
pub(crate) const MAX_LAYERS: usize = 500;
/// `fsconfig` takes strings of less than this (`fs/fsopen.c`).
const LONGEST_VALUE: usize = 256;
/// What the mount table shows as the source; the store knows our mounts by it.
const SOURCE: &str = "orlop";

/// What to mount.
#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    /// The top first; at least two, unless there is an upper directory.
    pub(crate) lowers: Vec<PathBuf>,
    pub(crate) upper: Option<Upper>,
    /// For people to use: nothing in it gets privileges or is a device.
    pub(crate) harmless: bool,
    /// Where overlayfs notes what it hides.
    pub(crate) notes: Notes,
}

/// Where changes go.
#[derive(Clone, Debug)]
pub(crate) struct Upper {
    pub(crate) upper: PathBuf,
    pub(crate) work: PathBuf,
}

/// Where overlayfs notes what it hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notes {
    /// In attributes `trusted.overlay.*`, which only root of the machine may set.
    Trusted,
    /// In attributes `user.overlay.*` (since Linux 5.11).
    User,
}

/// Which of the kernel's interfaces to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    /// `fsconfig`, and `mount` where that lacks `lowerdir+`.
    Best,
    /// `mount`.
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests ask for it"))]
    Classic,
}

/// Why the kernel refuses, and what it says beside that.
#[derive(Debug)]
struct Refusal {
    errno: Errno,
    detail: String,
    /// An interface that this kernel doesn't have.
    unsupported: bool,
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self {
            errno,
            detail: String::new(),
            unsupported: errno == Errno::NOSYS,
        }
    }
}

impl Overlay {
    /// Mounts it on a directory.
    pub(crate) fn attach(&self, target: &Path, interface: Interface) -> Result<()> {
        let refused = |refusal: Refusal| Error::mount(target, refusal.errno, refusal.detail);
        let mount = match interface {
            Interface::Classic => None,
            Interface::Best => match self.build() {
                Ok(mount) => Some(mount),
                Err(refusal) if refusal.unsupported => None,
                Err(refusal) => return Err(refused(refusal)),
            },
        };
        match mount {
            None => self.classic(target).map_err(refused),
            Some(mount) => rustix::mount::move_mount(
                &mount,
                "",
                CWD,
                target,
                MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
            )
            .map_err(|errno| refused(errno.into())),
        }
    }

    /// Mounts it nowhere: the mount is reached by the path that is given to `work`, and goes away
    /// afterwards, also when the process is killed meanwhile. `scratch` is an empty directory.
    pub(crate) fn with_detached<T>(
        &self,
        scratch: &Path,
        interface: Interface,
        work: impl FnOnce(&Path) -> T,
    ) -> Result<T> {
        let refused = |refusal: Refusal| Error::mount(scratch, refusal.errno, refusal.detail);
        let mount = match interface {
            Interface::Classic => None,
            Interface::Best => match self.build() {
                Ok(mount) => Some(mount),
                Err(refusal) if refusal.unsupported => None,
                Err(refusal) => return Err(refused(refusal)),
            },
        };
        let mount = match mount {
            Some(mount) => mount,
            None => {
                self.classic(scratch).map_err(refused)?;
                let root = File::open(scratch).map_err(Error::io("open", scratch));
                rustix::mount::unmount(scratch, UnmountFlags::DETACH)
                    .map_err(Error::os("unmount", scratch))?;
                root?.into()
            }
        };
        Ok(work(
            &Path::new("/proc/self/fd").join(mount.as_raw_fd().to_string()),
        ))
    }

    fn options(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let redirection = (self.notes == Notes::Trusted).then_some(NO_REDIRECTION);
        redirection.into_iter().chain(OPTIONS)
    }

    /// A mount that has no place yet.
    fn build(&self) -> std::result::Result<OwnedFd, Refusal> {
        let fs = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let mut open = Vec::new();
        let set = |key: &str, value: &[u8]| rustix::mount::fsconfig_set_string(&fs, key, value);
        set("source", SOURCE.as_bytes())?;
        for lower in &self.lowers {
            let value = plain(lower, &mut open)?;
            // An older kernel doesn't know this one. If it is the directory that is wrong, the other
            // interface will say so too.
            set("lowerdir+", value.as_os_str().as_bytes()).map_err(|errno| Refusal {
                unsupported: errno == Errno::INVAL,
                detail: String::new(),
                errno,
            })?;
        }
        if let Some(Upper { upper, work }) = &self.upper {
            set("upperdir", plain(upper, &mut open)?.as_os_str().as_bytes())?;
            set("workdir", plain(work, &mut open)?.as_os_str().as_bytes())?;
        }
        if self.notes == Notes::User {
            rustix::mount::fsconfig_set_flag(&fs, "userxattr")?;
        }
        for (key, value) in self.options() {
            set(key, value.as_bytes())?;
        }
        rustix::mount::fsconfig_create(&fs).map_err(|errno| Refusal {
            errno,
            detail: kernel_log(&fs),
            unsupported: false,
        })?;
        let mut attributes = MountAttrFlags::empty();
        if self.harmless {
            attributes |= MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        }
        if self.upper.is_none() {
            attributes |= MountAttrFlags::MOUNT_ATTR_RDONLY;
        }
        Ok(rustix::mount::fsmount(
            &fs,
            FsMountFlags::FSMOUNT_CLOEXEC,
            attributes,
        )?)
    }

    /// One call of `mount`, in a thread whose working directory is its own.
    fn classic(&self, target: &Path) -> std::result::Result<(), Refusal> {
        let mut open = Vec::new();
        let mut number = |path: &Path| -> rustix::io::Result<String> {
            let file = open_path(path)?;
            let number = file.as_raw_fd().to_string();
            open.push(file);
            Ok(number)
        };
        let lowers: Vec<String> = self
            .lowers
            .iter()
            .map(|lower| number(lower))
            .collect::<rustix::io::Result<_>>()?;
        let mut options = format!("lowerdir={}", lowers.join(":"));
        if let Some(Upper { upper, work }) = &self.upper {
            options += &format!(",upperdir={},workdir={}", number(upper)?, number(work)?);
        }
        if self.notes == Notes::User {
            options += ",userxattr";
        }
        for (key, value) in self.options() {
            options += &format!(",{key}={value}");
        }
        let options = CString::new(options).map_err(|_| Errno::INVAL)?;
        let target = open_path(target)?;
        let mut flags = MountFlags::empty();
        if self.harmless {
            flags |= MountFlags::NOSUID | MountFlags::NODEV;
        }
        if self.upper.is_none() {
            flags |= MountFlags::RDONLY;
        }
        let mount = || -> rustix::io::Result<()> {
            own_working_directory()?;
            rustix::process::chdir("/proc/self/fd")?;
            let target = target.as_raw_fd().to_string();
            rustix::mount::mount(SOURCE, target, "overlay", flags, options.as_c_str())
        };
        std::thread::scope(|scope| scope.spawn(mount).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        drop(open);
        Ok(())
    }
}

/// A layer has to mean the same on every machine: no metadata apart from its data, …
const OPTIONS: [(&str, &str); 2] = [("metacopy", "off"), ("index", "off")];
/// … and no reference to a directory's old place. With `userxattr` there is none anyway, and saying so
/// isn't allowed.
const NO_REDIRECTION: (&str, &str) = ("redirect_dir", "off");

#[expect(
    unsafe_code,
    reason = "see SAFETY; the tests of the classic interface go through it"
)]
fn own_working_directory() -> rustix::io::Result<()> {
    // SAFETY: only the table of file descriptors must not be taken apart from that of other threads;
    // this takes the working directory and the umask, in a thread that ends right after.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::FS) }
}

fn open_path(path: &Path) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )
}

/// The path as `fsconfig` can take it: one that is too long, or that has a backslash, which overlayfs
/// takes for an escape, is reached through an open file.
fn plain(path: &Path, open: &mut Vec<OwnedFd>) -> rustix::io::Result<PathBuf> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() < LONGEST_VALUE && !bytes.contains(&b'\\') {
        return Ok(path.to_owned());
    }
    let file = open_path(path)?;
    let plain = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
    open.push(file);
    Ok(plain)
}

/// What the kernel says about a failed mount: lines such as `e overlay: …`.
fn kernel_log(fs: &OwnedFd) -> String {
    let mut log = String::new();
    let mut buffer = [0_u8; 1024];
    while let Ok(length @ 1..) = rustix::io::read(fs.as_fd(), &mut buffer[..]) {
        let line = String::from_utf8_lossy(&buffer[..length]);
        log += "; ";
        log += line.trim().trim_start_matches(['e', 'w', 'i']).trim();
    }
    log
}
