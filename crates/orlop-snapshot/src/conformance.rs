//! What every storage driver must do, as a suite to run against it: [`check`].
//!
//! A case makes stacks of small layers, looks at the mounted tree, and compares it with what the image
//! specification says (image-spec, layer.md). It is a part of the library rather than of its tests, so
//! that a driver in another crate can be held to it.

mod archive;
mod cases;
mod inheritance;
mod listing;

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use orlop_fs::{Position, Privilege, Settled, UnpackOptions, WhiteoutStyle};
use orlop_layer::{Bounds, TarReader};
use orlop_oci::{ChainId, DiffId, Digest, chain_ids};

use crate::error::Error;
use crate::{Driver, MountMode};

pub use archive::{Attributes, Layer};
pub use cases::CASES;
pub use listing::{Listing, list};

/// A case, by its name.
pub type Case = (&'static str, fn(&Bench<'_>) -> Result<(), Failure>);

/// What a driver does wrong.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It refuses what it must do.
    #[error(transparent)]
    Driver(#[from] Error),
    /// A layer can't be unpacked.
    #[error(transparent)]
    Tree(#[from] orlop_fs::Error),
    /// A file operation of the suite.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does something else than it must.
    #[error("{0}")]
    Differs(String),
}

/// Runs all cases; those that fail, by name. `scratch` is an empty directory for mount points.
///
/// # Errors
/// The names and reasons of the cases that fail.
pub fn check(driver: &dyn Driver, scratch: &Path) -> Result<(), Vec<(&'static str, Failure)>> {
    let bench = Bench::new(driver, scratch);
    let failures: Vec<_> = CASES
        .iter()
        .filter_map(|(name, case)| case(&bench).err().map(|failure| (*name, failure)))
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

/// A driver to be tried out.
pub struct Bench<'a> {
    driver: &'a dyn Driver,
    scratch: PathBuf,
    counter: AtomicU64,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench")
            .field("driver", &self.driver.name())
            .finish_non_exhaustive()
    }
}

impl<'a> Bench<'a> {
    /// A bench with mount points in `scratch`.
    pub fn new(driver: &'a dyn Driver, scratch: &Path) -> Self {
        Self {
            driver,
            scratch: scratch.to_owned(),
            counter: AtomicU64::new(0),
        }
    }

    /// The driver.
    pub fn driver(&self) -> &dyn Driver {
        self.driver
    }

    /// Mounting is allowed.
    pub fn may_mount(&self) -> bool {
        rustix::process::geteuid().is_root()
    }

    /// An empty directory.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn directory(&self) -> io::Result<PathBuf> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let path = self.scratch.join(format!("{number}"));
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Unpacks layers, bottom first, as a pull does; how many had to be applied on top.
    ///
    /// # Errors
    /// When one can't be unpacked.
    pub fn stack(&self, layers: &[Layer]) -> Result<(Vec<ChainId>, usize), Failure> {
        let archives: Vec<Vec<u8>> = layers.iter().map(Layer::finish).collect();
        let diff_ids: Vec<DiffId> = archives.iter().map(|a| DiffId(Digest::of(a))).collect();
        let chain = chain_ids(&diff_ids);
        let mut applied = 0;
        for (number, archive) in archives.iter().enumerate() {
            if !self.driver.exists(&chain[number]) {
                applied += usize::from(self.unpack(&chain[..=number], archive)?);
            }
        }
        Ok((chain, applied))
    }

    /// Unpacks the top layer of a chain; whether it had to be applied on top.
    fn unpack(&self, chain: &[ChainId], archive: &[u8]) -> Result<bool, Failure> {
        let Some((top, parents)) = chain.split_last() else {
            return Ok(false);
        };
        let position = match parents {
            [] => Position::Bottom,
            _ => Position::Above,
        };
        let staging = self.driver.begin(top, parents.last())?;
        let unpacked = unpack(staging.path(), archive, self.driver.whiteouts(), position)?;
        match self.driver.settle(&staging, parents, &unpacked)? {
            Settled::Done => {
                self.driver.publish(staging)?;
                Ok(false)
            }
            Settled::NeedsApply => {
                drop(staging);
                let staging = self.driver.begin(top, parents.last())?;
                self.driver
                    .apply_on_top(&staging, parents, &mut |directory| {
                        unpack(directory, archive, WhiteoutStyle::Apply, position).map(drop)
                    })?;
                self.driver.publish(staging)?;
                Ok(true)
            }
        }
    }

    /// Shows the tree of a stack to `look`: mounted, or where that isn't allowed, as the driver keeps it.
    ///
    /// # Errors
    /// When it can't be mounted or unmounted, and those of `look`.
    pub fn view<T>(
        &self,
        chain: &[ChainId],
        look: impl FnOnce(&Path) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match chain.last() {
            Some(top) if !self.may_mount() => look(&self.driver.layer_dir(top)),
            _ => self.mounted(chain, MountMode::ReadOnly, look),
        }
    }

    /// Shows the mounted tree of a stack to `look`, and unmounts it.
    ///
    /// # Errors
    /// When it can't be mounted or unmounted, and those of `look`.
    pub fn mounted<T>(
        &self,
        chain: &[ChainId],
        mode: MountMode,
        look: impl FnOnce(&Path) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let target = self.directory()?;
        self.driver.mount(chain, &target, mode)?;
        let seen = look(&target);
        self.driver.unmount(&target)?;
        seen
    }

    /// The listing of the tree that layers make.
    ///
    /// # Errors
    /// When one can't be unpacked or mounted.
    pub fn listing(&self, layers: &[Layer]) -> Result<Listing, Failure> {
        let (chain, _) = self.stack(layers)?;
        self.view(&chain, |tree| Ok(list(tree)?))
    }
}

fn unpack(
    directory: &Path,
    archive: &[u8],
    whiteouts: WhiteoutStyle,
    position: Position,
) -> orlop_fs::Result<orlop_fs::Unpacked> {
    let mut tar = TarReader::new(Cursor::new(archive), Bounds::default());
    let options = UnpackOptions::new(whiteouts, position, Privilege::of_process());
    orlop_fs::unpack(
        directory,
        &mut tar,
        &options,
        &mut [],
        &AtomicBool::new(false),
    )
}
