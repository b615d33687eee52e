//! `mount` and `umount`: an image's files as a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_layer::Bounds;
use orlop_oci::{ChainId, Platform, chain_ids};
use orlop_snapshot::MountMode;
use orlop_store::MountRecord;

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::{EventSink, NoEvents};
use crate::images::Images;
use crate::pull::{Planner, Platforms, PullOptions, Rounds, publish};

/// How to mount.
#[derive(Clone, Debug)]
pub struct MountOptions {
    /// Which platform, if not the one that runs here.
    pub platform: Option<Platform>,
    /// Allow writing, into an upper layer that is thrown away when it is unmounted.
    pub writable: bool,
    /// How many layers are unpacked at once, of those that aren't yet.
    pub parallel: usize,
    /// What such a layer may ask of the machine.
    pub bounds: Bounds,
}

impl Default for MountOptions {
    fn default() -> Self {
        let PullOptions {
            parallel, bounds, ..
        } = PullOptions::default();
        Self {
            platform: None,
            writable: false,
            parallel,
            bounds,
        }
    }
}

impl Images {
    /// Mounts an image at `target`. Layers that aren't unpacked yet are unpacked now.
    ///
    /// # Errors
    /// When there is no such image or platform, or when the mount isn't allowed.
    pub async fn mount(
        &self,
        name: &str,
        target: &Path,
        options: &MountOptions,
        cancel: &Cancel,
    ) -> Result<()> {
        let platform = options.platform.as_ref();
        let lease = self.store.lease(&format!("mount {name}"))?;
        let details = self.inspect(name, platform)?;
        let (Some(manifest), Some(config)) = (&details.manifest, &details.config) else {
            return Err(Error::NotPulled {
                image: name.to_owned(),
                platform: platform.cloned().unwrap_or_else(Platform::host).to_string(),
            });
        };
        let chains = chain_ids(&config.rootfs.diff_ids);
        lease.hold(std::slice::from_ref(&manifest.digest), &chains)?;
        self.unpack(name, manifest, options, cancel).await?;
        let target = absolute(target)?;
        let mode = if options.writable {
            MountMode::Throwaway
        } else {
            MountMode::ReadOnly
        };
        let images = self.clone();
        let record = MountRecord {
            target: target.clone(),
            driver: self.driver.name().to_owned(),
            image: Some(details.summary.id.clone()),
            chain: chains.last().cloned(),
            writable: options.writable,
        };
        crate::pull::blocking(move || images.mount_chains(&chains, &target, mode, &record)).await
    }

    fn mount_chains(
        &self,
        chains: &[ChainId],
        target: &Path,
        mode: MountMode,
        record: &MountRecord,
    ) -> Result<()> {
        // The record comes first: a mount that nothing knows of could lose its layers.
        self.store.add_mount(record)?;
        if let Err(error) = self.driver.mount(chains, target, mode) {
            let _ = self.store.remove_mount(target);
            return Err(error.into());
        }
        // Only now is it in the mount table, by which stale records are told from living ones.
        self.store.add_mount(record)?;
        let image = record.image.as_ref();
        Ok(self
            .store
            .mark_used(image.map_or(&[], std::slice::from_ref))?)
    }

    /// Undoes [`Images::mount`].
    ///
    /// # Errors
    /// When nothing of ours is mounted there, or it is busy.
    pub fn unmount(&self, target: &Path) -> Result<()> {
        let target = absolute(target)?;
        let record = self
            .store
            .mounts()?
            .into_iter()
            .find(|mount| mount.target == target);
        match record {
            // It may have been made while another driver was chosen.
            Some(record) => {
                orlop_snapshot::driver_of(self.store.root(), &record.driver)?.unmount(&target)?
            }
            None => self.driver.unmount(&target)?,
        }
        Ok(self.store.remove_mount(&target)?)
    }

    /// Unmounts all that is mounted in this mount namespace, which is about to end.
    ///
    /// # Errors
    /// When something is busy; what is not is unmounted.
    pub fn unmount_all(&self) -> Result<()> {
        let mut outcome = Ok(());
        for mount in self.store.mounts_here()? {
            outcome = outcome.and(self.unmount(&mount.target));
        }
        outcome
    }

    /// Unpacks the layers of a manifest whose blobs are in the store.
    async fn unpack(
        &self,
        name: &str,
        manifest: &orlop_oci::Descriptor,
        options: &MountOptions,
        cancel: &Cancel,
    ) -> Result<()> {
        let raw = self.document(manifest)?;
        let plan = Planner::new(self, None)
            .plan(raw, &Platforms::Host, name)
            .await?;
        let options = PullOptions {
            parallel: options.parallel,
            bounds: options.bounds.clone(),
            ..PullOptions::default()
        };
        let events: Arc<dyn EventSink> = Arc::new(NoEvents);
        let mut publication = Rounds::new(self, None, &options, &events, cancel)
            .run(&plan)
            .await?;
        if !publication.snapshots.is_empty() {
            publication.chains = vec![(manifest.digest.clone(), plan.chains())];
            publish(&self.store, publication).await?;
        }
        Ok(())
    }
}

fn absolute(target: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(target).map_err(Error::io(target.display().to_string()))
}
