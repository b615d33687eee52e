//! Users who aren't root: the namespace in which their images are unpacked.
//!
//! A store of `overlay2` needs one for all that touches files of layers, and a new store tries whether there
//! is one. Such a namespace ends with the process that made it. `orlop unshare` makes one for a shell and all
//! that is run in it, and says so by a variable; there no other is made.

use orlop_fs::Privilege;
use orlop_snapshot::{Overlay2, Vfs, remembered};
use orlop_userns::Entered;

use crate::config::Settings;
use crate::environment::Environment;
use crate::error::{CliError, CliResult, chain};

/// Takes the process into a namespace of the user's own, if the store's driver is better off there. To be
/// called before there is a second thread.
///
/// # Errors
/// When the driver that is wanted can't do without, and there is none.
pub(crate) fn prepare(env: &Environment, settings: &Settings) -> CliResult {
    // In `orlop unshare`, or when this was done before, the process is root.
    if env.is_root() || rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let remembered = remembered(&settings.root);
    let remembered = remembered.map_err(|error| CliError::new(chain(&error)))?;
    let driver = settings.storage_driver.as_deref();
    let driver = driver.or(remembered.as_deref());
    if driver == Some(Vfs::NAME) {
        return Ok(());
    }
    match orlop_userns::enter() {
        Ok(_) => Ok(()),
        // It is where it was, and others do without.
        Err(orlop_userns::Error::Refused(_)) if driver != Some(Overlay2::NAME) => Ok(()),
        Err(error) => Err(failure(&error).context("storage driver overlay2")),
    }
}

/// The privilege with which a driver's layers are unpacked. Those of `vfs` belong to the user, who needs no
/// namespace to remove them, also when they happen to be unpacked in one.
pub(crate) fn privilege(env: &Environment, driver: &str) -> Privilege {
    match !env.is_root() && driver == Vfs::NAME {
        true => Privilege::None,
        false => Privilege::of_process(),
    }
}

/// Takes the process into a namespace in any case.
///
/// # Errors
/// When there is none.
pub(crate) fn enter() -> CliResult<Entered> {
    orlop_userns::enter().map_err(|error| failure(&error))
}

fn failure(error: &orlop_userns::Error) -> CliError {
    let hint = error.hint();
    let error = CliError::new(chain(error));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Refuses what would be gone when the command ends.
///
/// # Errors
/// For users outside of `orlop unshare`.
pub(crate) fn refuse_mounting(env: &Environment) -> CliResult {
    if env.is_root() || env.is_unshared() {
        return Ok(());
    }
    Err(CliError::new(
        "what a user mounts lives in a namespace of the user's own, which would end with this command",
    )
    .hint("mount it and look at it in one: `orlop unshare` starts a shell there"))
}
