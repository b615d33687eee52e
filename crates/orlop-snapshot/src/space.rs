//! The snapshots of all drivers of a store, as its collection sees them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use orlop_oci::ChainId;
use orlop_store::{SnapshotSpace, Store};

use crate::Driver;
use crate::choose::{DRIVERS, driver_of};
use crate::error::{Error, Result};

/// Hand this to the verbs of the store that remove something.
pub struct Space {
    store: Store,
    drivers: Vec<Arc<dyn Driver>>,
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Space {
    /// The snapshots of a store, whichever driver made them.
    ///
    /// # Errors
    /// Never, as long as all drivers of [`DRIVERS`] are known.
    pub fn new(store: &Store) -> Result<Self> {
        let drivers = DRIVERS
            .iter()
            .map(|name| driver_of(store.root(), name))
            .collect::<Result<_>>()?;
        Ok(Self {
            store: store.clone(),
            drivers,
        })
    }

    /// Removes what dead processes were making or taking apart, and nothing else.
    ///
    /// # Errors
    /// When files can't be removed.
    pub fn sweep_staging(&self) -> Result<()> {
        self.drivers
            .iter()
            .try_for_each(|driver| driver.sweep_staging())
    }
}

impl SnapshotSpace for Space {
    fn remove(&self, driver: &str, chain: &ChainId) -> io::Result<()> {
        match self.drivers.iter().find(|d| d.name() == driver) {
            Some(driver) => driver.remove(chain).map_err(as_io),
            None => Err(as_io(Error::UnknownDriver(driver.to_owned()))),
        }
    }

    fn present(&self) -> io::Result<Vec<(String, ChainId)>> {
        let mut all = Vec::new();
        for driver in &self.drivers {
            let chains = driver.present().map_err(as_io)?;
            all.extend(chains.into_iter().map(|c| (driver.name().to_owned(), c)));
        }
        Ok(all)
    }

    fn sweep(&self) -> io::Result<()> {
        let mounts = self.store.mounts().map_err(io::Error::other)?;
        let mounted: Vec<PathBuf> = mounts.into_iter().map(|m| m.target).collect();
        for driver in &self.drivers {
            driver.sweep(&mounted).map_err(as_io)?;
        }
        Ok(())
    }
}

/// Keeps the kind, by which the store gives hints.
fn as_io(error: Error) -> io::Error {
    match error {
        Error::Io { source, .. } => source,
        other => io::Error::other(other),
    }
}
