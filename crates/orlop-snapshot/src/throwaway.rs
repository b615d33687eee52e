//! The writable part of a mount that is thrown away with it. It outlives the process that mounted, so
//! it notes where it is mounted.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use orlop_store::MountTable;

use crate::error::{Error, Result};
use crate::home::Home;
use crate::staging::LockedDirectory;

/// The file that says where it is mounted.
const TARGET: &str = "target";

/// Makes one for a mount on `target`; removed unless it is kept once it is mounted.
pub(crate) fn create(home: &Home, target: &Path) -> Result<LockedDirectory> {
    let directory = home.locked_directory(&home.throwaway())?;
    let note = directory.path().join(TARGET);
    fs::write(&note, target.as_os_str().as_bytes()).map_err(Error::io("write", &note))?;
    Ok(directory)
}

/// Removes those of mounts on `target`, which is no more.
pub(crate) fn remove(home: &Home, target: &Path) -> Result<()> {
    home.sweep_directory(&home.throwaway(), |path| {
        target_of(path).as_deref() != Some(target)
    })
}

/// Removes those whose mount is gone.
pub(crate) fn sweep(home: &Home, mounted: &[PathBuf]) -> Result<()> {
    let table = MountTable::read()?;
    home.sweep_directory(&home.throwaway(), |path| {
        target_of(path).is_some_and(|target| mounted.contains(&target) || table.is_mounted(&target))
    })
}

/// Nothing for one whose maker died before it was mounted.
fn target_of(directory: &Path) -> Option<PathBuf> {
    let bytes = fs::read(directory.join(TARGET)).ok()?;
    Some(OsString::from_vec(bytes).into())
}
