//! Which driver a store uses.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::home::{Home, make_directory};
use crate::{Btrfs, Driver, Overlay2, Vfs, Zfs};

/// The names of all drivers.
pub const DRIVERS: &[&str] = &[Overlay2::NAME, Btrfs::NAME, Zfs::NAME, Vfs::NAME];

/// What a user wants of storage drivers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// This driver, and no other.
    pub driver: Option<&'a str>,
    /// Where `zfs` makes its datasets, if not on the one that the store lies on.
    pub zfs_dataset: Option<&'a str>,
}

/// The driver of a store: the one that is wanted, or else the one that was chosen before, or else the
/// one of the file system that the store is on, or else the best one that works here; in a store that can
/// only be read, one that has been used there. What was chosen is
/// remembered, because snapshots of one driver are of no use to another; what was wanted is not, so that
/// trying one out doesn't change the store.
///
/// # Errors
/// [`Error::UnknownDriver`]; [`Error::Unusable`] when the wanted one doesn't work here.
pub fn choose(store_root: &Path, wishes: &Wishes<'_>) -> Result<Arc<dyn Driver>> {
    let read_only = is_read_only(store_root);
    if let Some(wanted) = wishes.driver {
        return match read_only {
            true => named(store_root, wanted, wishes),
            false => probed(store_root, wanted, wishes),
        };
    }
    if let Some(name) = remembered(store_root)? {
        return named(store_root, &name, wishes);
    }
    if read_only {
        let home = |name: &&&str| store_root.join("snapshots").join(name).is_dir();
        let used = DRIVERS.iter().find(home).unwrap_or(&Vfs::NAME);
        return named(store_root, used, wishes);
    }
    let chosen = best(store_root, wishes)?;
    remember(store_root, chosen.name())?;
    Ok(chosen)
}

/// A store that can only be read: nothing can be tried there, and only what is there is asked for.
fn is_read_only(store_root: &Path) -> bool {
    use rustix::io::Errno;
    let folder = store_root.join("snapshots");
    let asked = rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK);
    matches!(asked, Err(Errno::ROFS | Errno::ACCESS))
}

/// The driver of this name, whether it works here or not: enough to remove what it has.
///
/// # Errors
/// [`Error::UnknownDriver`].
pub fn driver_of(store_root: &Path, name: &str) -> Result<Arc<dyn Driver>> {
    named(store_root, name, &Wishes::default())
}

/// The name of the driver that was chosen before; nothing for a new store.
///
/// # Errors
/// When it can't be read.
pub fn remembered(store_root: &Path) -> Result<Option<String>> {
    let note = note(store_root);
    match fs::read_to_string(&note) {
        Ok(name) => Ok(Some(name.trim().to_owned())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", &note)(e)),
    }
}

fn named(store_root: &Path, name: &str, wishes: &Wishes<'_>) -> Result<Arc<dyn Driver>> {
    match name {
        Overlay2::NAME => Ok(Arc::new(Overlay2::new(store_root))),
        Btrfs::NAME => Ok(Arc::new(Btrfs::new(store_root))),
        Zfs::NAME => Ok(Arc::new(Zfs::new(store_root, wishes.zfs_dataset))),
        Vfs::NAME => Ok(Arc::new(Vfs::new(store_root))),
        other => Err(Error::UnknownDriver(other.to_owned())),
    }
}

/// The driver of this name, if it works here.
fn probed(store_root: &Path, name: &str, wishes: &Wishes<'_>) -> Result<Arc<dyn Driver>> {
    match name {
        Overlay2::NAME => Overlay2::new(store_root).probe()?,
        Btrfs::NAME => Btrfs::new(store_root).probe()?,
        Zfs::NAME => Zfs::new(store_root, wishes.zfs_dataset).probe()?,
        _ => {}
    }
    named(store_root, name, wishes)
}

/// The best driver that works here.
fn best(store_root: &Path, wishes: &Wishes<'_>) -> Result<Arc<dyn Driver>> {
    if wishes.zfs_dataset.is_some() {
        // Whoever names a dataset wants it used, or wants to know why not.
        return probed(store_root, Zfs::NAME, wishes);
    }
    for name in [Btrfs::NAME, Zfs::NAME, Overlay2::NAME] {
        if let Ok(driver) = probed(store_root, name, wishes) {
            return Ok(driver);
        }
    }
    named(store_root, Vfs::NAME, wishes)
}

fn note(store_root: &Path) -> std::path::PathBuf {
    store_root.join("snapshots").join("driver")
}

fn remember(store_root: &Path, name: &'static str) -> Result<()> {
    let note = note(store_root);
    if let Some(directory) = note.parent() {
        make_directory(directory)?;
    }
    // In a directory that is swept when we die before the note has its name.
    let home = Home::new(store_root, name);
    let directory = home.locked_directory(&home.staging())?;
    let draft = directory.path().join("driver");
    fs::write(&draft, format!("{name}\n")).map_err(Error::io("write", &draft))?;
    fs::rename(&draft, &note).map_err(Error::io("write", &note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str) -> Wishes<'_> {
        Wishes {
            driver: Some(name),
            ..Wishes::default()
        }
    }

    #[test]
    fn what_was_chosen_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let any = Wishes::default();
        assert_eq!(choose(dir.path(), &wanted("vfs")).unwrap().name(), "vfs");
        assert!(!dir.path().join("snapshots/driver").exists());
        assert_eq!(remembered(dir.path()).unwrap(), None);
        let first = choose(dir.path(), &any).unwrap().name();
        let note = dir.path().join("snapshots/driver");
        assert_eq!(fs::read_to_string(&note).unwrap(), format!("{first}\n"));
        fs::write(&note, "vfs\n").unwrap();
        assert_eq!(choose(dir.path(), &any).unwrap().name(), "vfs");
        fs::write(&note, "zfs9\n").unwrap();
        assert!(choose(dir.path(), &any).is_err());
        let Err(error) = choose(dir.path(), &wanted("btrfs9")) else {
            panic!("taken");
        };
        assert_eq!(error.to_string(), "unknown storage driver \"btrfs9\"");
        assert_eq!(
            error.hint().unwrap(),
            "choose one of: overlay2, btrfs, zfs, vfs"
        );
    }

    #[test]
    fn a_named_dataset_is_used_or_the_reason_told() {
        let dir = tempfile::tempdir().unwrap();
        let wishes = Wishes {
            zfs_dataset: Some("no-such-pool-of-ours/data"),
            ..Wishes::default()
        };
        let Err(error) = choose(dir.path(), &wishes) else {
            panic!("taken");
        };
        let error = error.to_string();
        assert!(
            error.starts_with("storage driver zfs doesn't work here: "),
            "{error}"
        );
        assert_eq!(remembered(dir.path()).unwrap(), None);
    }

    #[test]
    fn root_overlay_is_preferred() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED root_overlay_is_preferred: needs root");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let chosen = choose(dir.path(), &Wishes::default()).unwrap();
        match crate::backing::file_system(dir.path()) {
            "btrfs" => assert_eq!(chosen.name(), "btrfs"),
            "zfs" => {}
            _ => {
                Overlay2::new(dir.path()).probe().unwrap();
                Overlay2::classic(dir.path()).probe().unwrap();
                assert_eq!(chosen.name(), "overlay2");
                assert!(!dir.path().join("snapshots/zfs").exists());
            }
        }
    }
}
