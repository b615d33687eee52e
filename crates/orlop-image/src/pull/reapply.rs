//! The slow way for the rare layer that goes through a link of the layers below, such as `lib/x`
//! where `lib` is a link to `usr/lib` in another layer: it is unpacked again, on top of them.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use orlop_fs::{UnpackOptions, WhiteoutStyle};
use orlop_layer::{BoundedReader, Decompressor, Observer, TarReader, sniff};
use orlop_snapshot::{Driver, Staging};

use crate::error::{Error, Result};
use crate::pull::PlannedLayer;
use crate::pull::layer::store;
use crate::pull::wire::{Source, WireReader};

/// Unpacks the blob `file` of `layer` on top of the stack below it, where whiteouts are applied whatever
/// `options` say, and shows it to `observers`. It is read again, and so it is hashed again.
pub(crate) fn reapply(
    driver: &dyn Driver,
    layer: &PlannedLayer,
    file: File,
    options: &UnpackOptions,
    mut observers: Vec<Box<dyn Observer>>,
    cancelled: &Arc<AtomicBool>,
) -> Result<Staging> {
    let digest = &layer.descriptor.digest;
    let bounds = &options.bounds;
    let mut blob = WireReader::new(
        Source::Stored(file),
        digest,
        Arc::clone(cancelled),
        Box::new(|_| {}),
    );
    let compression = sniff(blob.fill_buf().map_err(Error::io("read a layer"))?);
    let decompressor =
        Decompressor::new(compression, &mut blob).map_err(|e| Error::layer(digest, e))?;
    let bounded = BoundedReader::new(decompressor, bounds, layer.descriptor.size);
    let mut tar = TarReader::new(BufReader::with_capacity(256 << 10, bounded), bounds.clone());
    let staging = driver.begin(&layer.chain, layer.parent())?;
    let options = &UnpackOptions {
        whiteouts: WhiteoutStyle::Apply,
        ..options.clone()
    };
    let applied = driver.apply_on_top(&staging, &layer.below, &mut |directory| {
        orlop_fs::unpack(directory, &mut tar, options, &mut observers, cancelled).map(drop)
    });
    drop(tar);
    // A blob that isn't what it should be explains everything else.
    store(blob, &layer.descriptor, cancelled)?;
    applied?;
    for observer in &mut observers {
        observer.finish(&layer.diff_id);
    }
    Ok(staging)
}
