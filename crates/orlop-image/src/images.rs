//! What every use-case works on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orlop_fs::Privilege;
use orlop_snapshot::{Driver, Space};
use orlop_store::{Release, Store};

use crate::error::Result;

/// A store and the storage driver that stacks its layers. Cheap to clone.
#[derive(Clone)]
pub struct Images {
    pub(crate) store: Store,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) privilege: Privilege,
}

impl Images {
    /// Puts the two together. What dead processes were unpacking when they died is removed, and so is
    /// what was held for an undo whose time is over.
    pub fn new(store: Store, driver: Arc<dyn Driver>) -> Self {
        let images = Self {
            store,
            driver,
            privilege: Privilege::of_process(),
        };
        if images.store.is_writable() {
            // Who came to do something else needn't know of rubbish that can't be removed.
            let _ = images.sweep_staging();
            let _ = images.let_go_of_what_is_over();
        }
        images
    }

    /// The same, unpacking with another privilege than that of the process.
    #[must_use]
    pub fn with_privilege(self, privilege: Privilege) -> Self {
        Self { privilege, ..self }
    }

    fn sweep_staging(&self) -> Result<()> {
        Ok(self.space()?.sweep_staging()?)
    }

    fn let_go_of_what_is_over(&self) -> Result<()> {
        self.store.release(&Release::Over, &self.space()?)?;
        Ok(())
    }

    /// The same; what is removed through it can be taken back, as one, by [`Images::undo`]. The content
    /// of removed images is held for that long, and freed at once when that is no time. `command` is
    /// what was typed.
    #[must_use]
    pub fn undoable(&self, command: &str, hold: Duration) -> Self {
        Self {
            store: self.store.undoable(command, hold),
            driver: Arc::clone(&self.driver),
            privilege: self.privilege.clone(),
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The snapshots of all drivers, for verbs of the store that remove something.
    pub(crate) fn space(&self) -> Result<Space> {
        Ok(Space::new(&self.store)?)
    }

    /// The storage driver.
    pub fn driver(&self) -> &Arc<dyn Driver> {
        &self.driver
    }
}

impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("root", &self.store.root())
            .field("driver", &self.driver.name())
            .finish()
    }
}
