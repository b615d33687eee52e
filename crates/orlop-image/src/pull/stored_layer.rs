//! A layer on top of those below it: the last step of a pull, and, for a layer whose blob is in the
//! store, all of its way once more.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use orlop_fs::{Privilege, Settled, UnpackOptions, Unpacked, Usage};
use orlop_layer::{Bounds, Observer};
use orlop_snapshot::{Below, Driver, Staging};
use orlop_store::Store;

use crate::error::{Error, Result};
use crate::pull::PlannedLayer;
use crate::pull::layer::{LayerInput, UnpackTo, process};
use crate::pull::reapply::reapply;
use crate::pull::wire::Source;

/// Has an unpacked layer take from those below what it needs of them; unpacks it again, on top of
/// them, when that can't be done. `file` is its blob, `observers` see it if it is unpacked again.
///
/// What it takes is said when that was counted while it was written: a walk over all files would only
/// say it again, and of files that are shared with the layers below it can't tell whose they are. Else
/// the driver knows it, once the layer is in its place.
pub(crate) fn settle_layer(
    driver: &dyn Driver,
    (staging, unpacked): (Staging, Unpacked),
    layer: &PlannedLayer,
    file: File,
    options: &UnpackOptions,
    observers: impl FnOnce() -> Vec<Box<dyn Observer>>,
    cancelled: &Arc<AtomicBool>,
) -> Result<(Staging, Option<Usage>)> {
    let counted = Usage {
        bytes: unpacked.bytes,
        inodes: unpacked.entries,
    };
    let settled = driver.settle(&staging, &layer.below, &unpacked)?;
    match settled {
        Settled::Done => Ok((
            staging,
            (driver.below() != Below::Copied).then_some(counted),
        )),
        Settled::NeedsApply => {
            drop(staging);
            // Who has seen the whole layer needn't see it again.
            let seers = if unpacked.needs_apply {
                observers()
            } else {
                Vec::new()
            };
            let staging = reapply(driver, layer, file, options, seers, cancelled)?;
            Ok((staging, None))
        }
    }
}

/// Unpacks a layer whose blob is in the store, and whose layers below are in their places, into a
/// directory of its own. The blob is hashed meanwhile. What it takes is said as by [`settle_layer`].
pub(crate) fn unpack_stored(
    store: &Store,
    driver: &dyn Driver,
    layer: &PlannedLayer,
    (privilege, bounds): (&Privilege, &Bounds),
    cancelled: &Arc<AtomicBool>,
) -> Result<(Staging, Option<Usage>)> {
    let open = || {
        let file = store.open_blob(&layer.descriptor.digest);
        file.map_err(Error::stored(&layer.descriptor.media_type))
    };
    let options = UnpackOptions {
        bounds: bounds.clone(),
        ..UnpackOptions::new(driver.whiteouts(), layer.position(), privilege.clone())
    };
    let output = process(LayerInput {
        descriptor: layer.descriptor.clone(),
        source: Source::Stored(open()?),
        unpack: Some(UnpackTo {
            staging: driver.begin(&layer.chain, layer.parent())?,
            diff_id: layer.diff_id.clone(),
            options: options.clone(),
            observers: Vec::new(),
        }),
        cancelled: Arc::clone(cancelled),
        progress: Box::new(|_| {}),
    })?;
    let unpacked = output
        .unpacked
        .ok_or_else(|| Error::invalid(&layer.descriptor.digest, "it was not unpacked"))?;
    let file = open()?;
    settle_layer(driver, unpacked, layer, file, &options, Vec::new, cancelled)
}
