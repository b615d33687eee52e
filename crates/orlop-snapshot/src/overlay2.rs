//! Each layer in a directory of its own; the kernel stacks them.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orlop_fs::{Privilege, Settled, Unpacked, Usage, WhiteoutStyle};
use orlop_oci::{ChainId, Digest};
use orlop_store::MountTable;
use rustix::fs::{Mode, Timestamps};
use rustix::mount::UnmountFlags;

use crate::error::{Error, Result};
use crate::home::{Home, drop_acls, make_directory};
use crate::overlay_mount::{Interface, MAX_LAYERS, Notes, Overlay, Upper};
use crate::prune::prune;
use crate::staging::Staging;
use crate::{Below, Driver, MountMode, backing, throwaway};

/// The driver on the kernel's overlay file system. Needs root, of the machine or of a user namespace.
///
/// In a user namespace overlayfs notes what it hides in other attributes, and can't read those of root. A
/// store that was begun there says so by a file `userxattr`, and stays so, whoever uses it.
#[derive(Clone, Debug)]
pub struct Overlay2 {
    home: Home,
    interface: Interface,
}

/// The file by which a store of a user namespace is known.
const USER_NOTES: &str = "userxattr";

impl Overlay2 {
    /// The driver's name.
    pub const NAME: &'static str = "overlay2";

    /// The driver of a store.
    pub fn new(store_root: &Path) -> Self {
        Self {
            home: Home::new(store_root, Self::NAME),
            interface: Interface::Best,
        }
    }

    /// The same with the kernel's old interface.
    #[cfg(test)]
    pub(crate) fn classic(store_root: &Path) -> Self {
        Self {
            interface: Interface::Classic,
            ..Self::new(store_root)
        }
    }

    /// Tries whether it works in this store: makes two layers with a whiteout and mounts them.
    ///
    /// # Errors
    /// [`Error::Unusable`] with the reason.
    pub fn probe(&self) -> Result<()> {
        self.try_out().map_err(|error| Error::Unusable {
            driver: Self::NAME,
            reason: match error {
                Error::NeedsRoot(_) => "overlay mounts need root".to_owned(),
                other => other.to_string(),
            },
        })
    }

    /// Where overlayfs notes in this store what it hides.
    fn notes(&self) -> Notes {
        let is_marked = self.home.path().join(USER_NOTES).exists();
        match is_marked || (is_in_namespace() && !self.has_layers()) {
            true => Notes::User,
            false => Notes::Trusted,
        }
    }

    fn has_layers(&self) -> bool {
        self.home.present().is_ok_and(|layers| !layers.is_empty())
    }

    /// Refuses layers whose notes can't be read here: what they hide would be seen.
    fn check_notes(&self) -> Result<()> {
        match self.notes() == Notes::Trusted && is_in_namespace() {
            true => Err(Error::Unusable {
                driver: Self::NAME,
                reason:
                    "the layers of this store were unpacked by root of the machine, and in a user \
                         namespace it isn't seen what they hide"
                        .to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Has the store remember it.
    fn mark(&self) -> Result<()> {
        self.check_notes()?;
        if self.notes() == Notes::User {
            let mark = self.home.path().join(USER_NOTES);
            make_directory(self.home.path())?;
            fs::write(&mark, "").map_err(Error::io("write", &mark))?;
        }
        Ok(())
    }

    fn try_out(&self) -> Result<()> {
        self.check_notes()?;
        let notes = self.notes();
        let staging = self.home.begin(&ChainId(Digest::of(b"probe")))?;
        let directory = |name: &str| -> Result<PathBuf> {
            let path = staging.beside(name);
            make_directory(&path)?;
            Ok(path)
        };
        let (lower, top) = (directory("lower")?, directory("top")?);
        let (upper, work, scratch) = (directory("upper")?, directory("work")?, directory("at")?);
        let hidden = lower.join("hidden");
        fs::write(&hidden, "").map_err(Error::io("write", &hidden))?;
        let whiteout = top.join("hidden");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &whiteout,
            rustix::fs::FileType::CharacterDevice,
            Mode::empty(),
            0,
        )
        .map_err(|errno| Error::mount(&whiteout, errno, String::new()))?;
        let opaque = match notes {
            Notes::Trusted => "trusted.overlay.opaque",
            Notes::User => "user.overlay.opaque",
        };
        let opened = top.join("opaque");
        make_directory(&opened)?;
        make_directory(&lower.join("opaque/hidden"))?;
        rustix::fs::setxattr(&opened, opaque, b"y", rustix::fs::XattrFlags::empty())
            .map_err(|errno| Error::mount(&opened, errno, String::new()))?;
        let overlay = Overlay {
            lowers: vec![top, lower],
            upper: Some(Upper { upper, work }),
            harmless: true,
            notes,
        };
        overlay.with_detached(&scratch, self.interface, |union| {
            let probe = union.join("written");
            fs::write(&probe, "").map_err(Error::io("write", &probe))?;
            let hides = |name: &str| matches!(union.join(name).try_exists(), Ok(false));
            match hides("hidden") && hides("opaque/hidden") {
                true => Ok(()),
                false => Err(Error::io("hide by a whiteout", &whiteout)(
                    std::io::ErrorKind::Unsupported.into(),
                )),
            }
        })?
    }

    /// The directories of a stack, the top first.
    fn lowers(&self, chain: &[ChainId]) -> Result<Vec<PathBuf>> {
        if chain.len() > MAX_LAYERS {
            return Err(Error::TooManyLayers {
                layers: chain.len(),
                max: MAX_LAYERS,
            });
        }
        let mut lowers = self.home.stack(chain)?;
        lowers.reverse();
        Ok(lowers)
    }
}

impl Driver for Overlay2 {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn below(&self) -> Below {
        Below::Apart
    }

    fn status(&self) -> Vec<(&'static str, String)> {
        let backing = backing::file_system(self.home.path()).to_owned();
        vec![
            ("Backing Filesystem", backing),
            // Where it isn't so, files are asked one by one.
            ("Supports d_type", "true".to_owned()),
            ("Using metacopy", "false".to_owned()),
            // The layer is in the directory as it came, with no comparing of trees.
            ("Native Overlay Diff", "true".to_owned()),
            ("userxattr", (self.notes() == Notes::User).to_string()),
        ]
    }

    fn whiteouts(&self) -> WhiteoutStyle {
        match self.notes() {
            Notes::Trusted => WhiteoutStyle::Overlay,
            Notes::User => WhiteoutStyle::OverlayUser,
        }
    }

    fn begin(&self, chain: &ChainId, _parent: Option<&ChainId>) -> Result<Staging> {
        self.mark()?;
        self.home.begin(chain)
    }

    fn apply_on_top(
        &self,
        staging: &Staging,
        parents: &[ChainId],
        work: &mut dyn FnMut(&Path) -> orlop_fs::Result<()>,
    ) -> Result<()> {
        let mut lowers = self.lowers(parents)?;
        let (scratch, workdir) = (staging.beside("at"), staging.beside("work"));
        make_directory(&scratch)?;
        make_directory(&workdir)?;
        match lowers.first() {
            Some(top) => like_root_of(top, staging.path())?,
            None => lowers.push(self.home.empty(0)?),
        }
        let overlay = Overlay {
            lowers,
            upper: Some(Upper {
                upper: staging.path().to_owned(),
                work: workdir,
            }),
            harmless: false,
            notes: self.notes(),
        };
        overlay.with_detached(&scratch, self.interface, |union| work(union))??;
        Ok(())
    }

    fn settle(
        &self,
        staging: &Staging,
        parents: &[ChainId],
        unpacked: &Unpacked,
    ) -> Result<Settled> {
        let lowers = self.lowers(parents)?;
        let settled = orlop_fs::settle(staging.path(), &lowers, self.whiteouts(), unpacked)?;
        // Most layers hide nothing, and needn't be walked through.
        if settled == Settled::Done && (unpacked.has_whiteouts || unpacked.opaque_root) {
            prune(staging.path(), &lowers)?;
        }
        Ok(settled)
    }

    fn publish(&self, staging: Staging) -> Result<()> {
        self.home.publish(&staging)
    }

    fn exists(&self, chain: &ChainId) -> bool {
        self.home.snapshot(chain).is_dir()
    }

    fn remove(&self, chain: &ChainId) -> Result<()> {
        self.home.remove(chain)
    }

    fn usage(&self, chain: &ChainId) -> Result<Usage> {
        Ok(orlop_fs::usage(&self.home.snapshot(chain))?)
    }

    fn layer_dir(&self, chain: &ChainId) -> PathBuf {
        self.home.snapshot(chain)
    }

    fn mount(&self, chain: &[ChainId], target: &Path, mode: MountMode) -> Result<()> {
        let target = existing_directory(target)?;
        if !chain.is_empty() {
            self.check_notes()?;
        }
        let mut lowers = self.lowers(chain)?;
        // A lower directory alone can't be mounted; and then its whiteouts, which hide nothing, would show.
        let least = if mode == MountMode::ReadOnly { 2 } else { 1 };
        while lowers.len() < least {
            lowers.push(self.home.empty(lowers.len())?);
        }
        let top = lowers[0].clone();
        let mut overlay = Overlay {
            lowers,
            upper: None,
            harmless: true,
            notes: self.notes(),
        };
        if mode == MountMode::ReadOnly {
            return overlay.attach(&target, self.interface);
        }
        let scratch = throwaway::create(&self.home, &target)?;
        let (upper, work) = (scratch.path().join("upper"), scratch.path().join("work"));
        make_directory(&upper)?;
        make_directory(&work)?;
        like_root_of(&top, &upper)?;
        overlay.upper = Some(Upper { upper, work });
        overlay.attach(&target, self.interface)?;
        scratch.keep();
        Ok(())
    }

    fn unmount(&self, target: &Path) -> Result<()> {
        let target = unmount(target, Self::NAME)?;
        throwaway::remove(&self.home, &target)
    }

    fn present(&self) -> Result<Vec<ChainId>> {
        self.home.present()
    }

    fn sweep_staging(&self) -> Result<()> {
        self.home.sweep_staging()
    }

    fn sweep(&self, mounted: &[PathBuf]) -> Result<()> {
        self.home.sweep(mounted)
    }
}

/// The absolute path, without links, of a directory to mount on.
pub(crate) fn existing_directory(target: &Path) -> Result<PathBuf> {
    let path = fs::canonicalize(target).map_err(Error::io("mount on", target))?;
    if !path.is_dir() {
        return Err(Error::NotADirectory(path));
    }
    Ok(path)
}

/// Unmounts what is busy for no longer than a moment: a program that is just being started has every file of
/// whoever starts it open until it runs, and indexers look at what is new.
fn unmount_when_free(target: &Path) -> rustix::io::Result<()> {
    const TRIES: u32 = 8;
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 0..TRIES {
        match rustix::mount::unmount(target, UnmountFlags::NOFOLLOW) {
            Err(rustix::io::Errno::BUSY) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    rustix::mount::unmount(target, UnmountFlags::NOFOLLOW)
}

/// Unmounts what a driver mounted, and nothing else. The absolute path where it was.
pub(crate) fn unmount(target: &Path, driver: &'static str) -> Result<PathBuf> {
    let target = fs::canonicalize(target).map_err(Error::io("unmount", target))?;
    let table = MountTable::read()?;
    if !table.is_mounted(&target) {
        return Err(Error::NotMounted(target));
    }
    if !table.is_ours(&target, driver) {
        return Err(Error::NotOurs(target));
    }
    match unmount_when_free(&target) {
        Ok(()) => Ok(target),
        Err(rustix::io::Errno::BUSY) => Err(Error::Busy(target)),
        Err(rustix::io::Errno::PERM) => Err(Error::NeedsRoot(target)),
        Err(errno) => Err(Error::os("unmount", &target)(errno)),
    }
}

/// Gives an upper directory what the root of the tree below it has: overlayfs shows the upper one's.
fn like_root_of(lower: &Path, upper: &Path) -> Result<()> {
    let meta = fs::metadata(lower).map_err(Error::io("look at", lower))?;
    let changed = Error::os("change", upper);
    drop_acls(upper)
        .and_then(|()| set_owner_and_mode(upper, &meta))
        .and_then(|()| copy_xattrs(lower, upper))
        .and_then(|()| set_times(upper, &meta))
        .map_err(changed)
}

fn set_owner_and_mode(path: &Path, meta: &Metadata) -> rustix::io::Result<()> {
    let owner = rustix::fs::Uid::from_raw(meta.uid());
    let group = rustix::fs::Gid::from_raw(meta.gid());
    rustix::fs::chown(path, Some(owner), Some(group))?;
    rustix::fs::chmod(path, Mode::from_raw_mode(meta.mode() & 0o7777))
}

fn set_times(path: &Path, meta: &Metadata) -> rustix::io::Result<()> {
    let time = rustix::fs::Timespec {
        tv_sec: meta.mtime(),
        tv_nsec: meta.mtime_nsec(),
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::utimensat(
        rustix::fs::CWD,
        path,
        &times,
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
}

/// Whether overlayfs keeps something in an attribute for itself.
fn is_private(name: &[u8]) -> bool {
    name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.")
}

/// Whether root of the machine is somebody else.
fn is_in_namespace() -> bool {
    Privilege::of_process() != Privilege::Full
}

fn copy_xattrs(from: &Path, to: &Path) -> rustix::io::Result<()> {
    let mut names = vec![0_u8; rustix::fs::listxattr_query(from)?];
    let length = rustix::fs::listxattr(from, &mut names[..])?;
    let names = names[..length].split(|b| *b == 0).filter(|n| !n.is_empty());
    for name in names.filter(|name| !is_private(name)) {
        let mut value = vec![0_u8; rustix::fs::getxattr_query(from, name)?];
        let length = rustix::fs::getxattr(from, name, &mut value[..])?;
        rustix::fs::setxattr(to, name, &value[..length], rustix::fs::XattrFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[test]
    fn root_the_old_interface_conforms() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED root_the_old_interface_conforms: needs root");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a,b:c\\d");
        fs::create_dir(&root).unwrap();
        let driver = Overlay2::classic(&root);
        if let Err(failures) = conformance::check(&driver, &root.join("scratch")) {
            panic!("{failures:#?}");
        }
    }
}
