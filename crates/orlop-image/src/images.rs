//! What every use-case works on.

use std::fmt;
use std::sync::Arc;

use orlop_snapshot::Driver;
use orlop_store::Store;

/// A store and the storage driver that stacks its layers. Cheap to clone.
#[derive(Clone)]
pub struct Images {
    pub(crate) store: Store,
    pub(crate) driver: Arc<dyn Driver>,
}

impl Images {
    /// Puts the two together.
    pub fn new(store: Store, driver: Arc<dyn Driver>) -> Self {
        Self { store, driver }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
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
