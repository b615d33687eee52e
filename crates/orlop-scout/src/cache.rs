//! What scans keep to save time, what it takes, and how to be rid of it.

use orlop_oci::Digest;
use orlop_sbom::{LayerSbom, Sbom};
use orlop_store::Store;

use crate::advisories::Advisories;
use crate::error::Result;

/// What a store keeps of scans.
#[derive(Clone, Debug)]
pub struct Cache {
    store: Store,
    advisories: Advisories,
}

/// What takes how many bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// What nobody needs any more: its name, and its size.
    pub temporary: Vec<(String, u64)>,
    /// What was found in images that are in the store, by the digest of their manifest.
    pub images: Vec<(Digest, u64)>,
    /// How many other images there is something of, and the bytes of it.
    pub others: (u64, u64),
    /// How many layers there is something of, and the bytes of it.
    pub layers: (u64, u64),
}

impl CacheUsage {
    /// Bytes of what nobody needs any more.
    pub fn temporary_bytes(&self) -> u64 {
        self.temporary.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Bytes of what was found in images and layers.
    pub fn sbom_bytes(&self) -> u64 {
        let images: u64 = self.images.iter().map(|(_, bytes)| bytes).sum();
        images + self.others.1 + self.layers.1
    }
}

impl Cache {
    /// What `store` keeps.
    pub fn of(store: &Store) -> Self {
        Self {
            store: store.clone(),
            advisories: Advisories::of(store.root()),
        }
    }

    /// What takes how much.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn usage(&self) -> Result<CacheUsage> {
        let mut usage = CacheUsage::default();
        for (path, bytes) in self.advisories.leftovers() {
            usage.temporary.push((path.display().to_string(), bytes));
        }
        let unread = self.store.unread_record_usage(is_read)?;
        if unread.count > 0 {
            let what = format!("{} SBOMs that an older version made", unread.count);
            usage.temporary.push((what, unread.bytes));
        }
        let (mut count, mut bytes) = (0, 0);
        for record in self.store.stack_record_sizes()? {
            count += 1;
            bytes += record.bytes;
            match record.manifest {
                Some(manifest) => usage.images.push((manifest, record.bytes)),
                None => {
                    usage.others.0 += 1;
                    usage.others.1 += record.bytes;
                }
            }
        }
        let all = self.store.layer_record_usage()?;
        usage.layers = (
            all.count.saturating_sub(count),
            all.bytes.saturating_sub(bytes),
        );
        Ok(usage)
    }

    /// Removes what nobody needs any more, and tells its bytes.
    ///
    /// # Errors
    /// The store can't be changed.
    pub fn prune_temporary(&self) -> Result<u64> {
        let mut removed = self.store.prune_unread_records(is_read)?.bytes;
        for (path, bytes) in self.advisories.leftovers() {
            // Another process may have been quicker.
            if std::fs::remove_file(path).is_ok() {
                removed += bytes;
            }
        }
        Ok(removed)
    }

    /// Removes what was found in images and layers, and tells its bytes.
    ///
    /// # Errors
    /// The store can't be changed.
    pub fn prune_sboms(&self) -> Result<u64> {
        Ok(self.store.prune_layer_records(0)?.bytes)
    }
}

/// Whether this program reads a record that begins so.
fn is_read(head: &[u8]) -> bool {
    LayerSbom::is_of_this_version(head) || Sbom::is_of_this_version(head)
}
