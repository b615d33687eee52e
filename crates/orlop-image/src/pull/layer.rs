//! One layer's way: bytes → stored and hashed → inflated → hashed → unpacked, on two threads.

use std::io::{self, BufRead as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orlop_fs::{UnpackOptions, Unpacked};
use orlop_layer::{BoundedReader, Bounds, Decompressor, Observer, TarReader, sniff};
use orlop_oci::{Descriptor, DiffId};
use orlop_snapshot::Staging;
use orlop_store::IngestedBlob;

use crate::error::{Error, Result};
use crate::pull::buffered::drain;
use crate::pull::stage::{BeltReader, BeltWriter, belt};
use crate::pull::wire::{Drained, OnProgress, Source, WireReader};

/// What one layer needs.
pub(crate) struct LayerInput {
    pub(crate) descriptor: Descriptor,
    pub(crate) source: Source,
    pub(crate) unpack: Option<UnpackTo>,
    pub(crate) cancelled: Arc<AtomicBool>,
    pub(crate) progress: OnProgress,
}

/// Where a layer is unpacked. The directory goes with whoever writes to it, so that nobody takes it
/// away below them.
pub(crate) struct UnpackTo {
    pub(crate) staging: Staging,
    pub(crate) diff_id: DiffId,
    pub(crate) options: UnpackOptions,
    pub(crate) observers: Vec<Box<dyn Observer>>,
}

/// What came of it.
pub(crate) struct LayerOutput {
    /// The blob, when it wasn't in the store.
    pub(crate) blob: Option<IngestedBlob>,
    pub(crate) unpacked: Option<(Staging, Unpacked)>,
}

/// Runs a layer to its end. Blocks.
pub(crate) fn process(input: LayerInput) -> Result<LayerOutput> {
    let LayerInput {
        descriptor,
        source,
        unpack,
        cancelled,
        progress,
    } = input;
    let wire = WireReader::new(source, &descriptor.digest, Arc::clone(&cancelled), progress);
    let Some(target) = unpack else {
        let blob = store(wire, &descriptor, &cancelled)?;
        return Ok(LayerOutput {
            blob,
            unpacked: None,
        });
    };
    let (writer, reader) = belt();
    let bounds = target.options.bounds.clone();
    let (stored, unpacked) = std::thread::scope(|scope| {
        let inflater = std::thread::Builder::new()
            .name("inflate".to_owned())
            .spawn_scoped(scope, || {
                inflate(wire, writer, &descriptor, &bounds, &cancelled)
            })
            .map_err(Error::io("start a thread"))?;
        let unpacked = unpack_from(reader, target, &descriptor, &cancelled);
        let stored = inflater
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, Error>((stored, unpacked))
    })?;
    // A blob that isn't what it should be explains everything that comes after it.
    let blob = stored?;
    Ok(LayerOutput {
        blob,
        unpacked: Some(unpacked?),
    })
}

fn inflate(
    mut wire: WireReader,
    writer: BeltWriter,
    descriptor: &Descriptor,
    bounds: &Bounds,
    cancelled: &AtomicBool,
) -> Result<Option<IngestedBlob>> {
    let pumped = pump(&mut wire, writer, descriptor, bounds);
    let blob = store(wire, descriptor, cancelled)?;
    match pumped {
        Ok(()) => Ok(blob),
        Err(error) => Err(Error::layer(&descriptor.digest, error)),
    }
}

fn pump(
    wire: &mut WireReader,
    writer: BeltWriter,
    descriptor: &Descriptor,
    bounds: &Bounds,
) -> io::Result<()> {
    // The bytes, not the media type, say how a layer is compressed: Docker always looked at them,
    // and registries hold images whose type is wrong.
    let compression = sniff(wire.fill_buf()?);
    let decompressor = Decompressor::new(compression, wire)?;
    writer.pump(&mut BoundedReader::new(
        decompressor,
        bounds,
        descriptor.size,
    ))
}

/// Lets the rest of the blob pass and checks it.
pub(crate) fn store(
    mut wire: WireReader,
    descriptor: &Descriptor,
    cancelled: &AtomicBool,
) -> Result<Option<IngestedBlob>> {
    let drained = drain(&mut wire);
    if cancelled.load(Ordering::Relaxed) {
        return Err(Error::Cancelled);
    }
    if let Err(error) = drained {
        // The network's own words are worth more than those of the reader.
        return Err(wire
            .take_failure()
            .unwrap_or_else(|| Error::layer(&descriptor.digest, error)));
    }
    let Drained { digest, ingest, .. } = wire.finish();
    match ingest {
        Some(ingest) => Ok(Some(ingest.finish(&digest)?)),
        None if digest == descriptor.digest => Ok(None),
        None => Err(Error::damaged(
            descriptor,
            format!("its bytes have the digest {digest}"),
        )),
    }
}

fn unpack_from(
    reader: BeltReader,
    target: UnpackTo,
    descriptor: &Descriptor,
    cancelled: &AtomicBool,
) -> Result<(Staging, Unpacked)> {
    let UnpackTo {
        staging,
        diff_id,
        options,
        mut observers,
    } = target;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        if cancelled.load(Ordering::Relaxed) {
            Error::Cancelled
        } else {
            Error::layer(&descriptor.digest, error)
        }
    };
    let mut tar = TarReader::new(reader, options.bounds.clone());
    let unpacked = orlop_fs::unpack(
        staging.path(),
        &mut tar,
        &options,
        &mut observers,
        cancelled,
    )
    .map_err(|e| failed(e.into()))?;
    let mut reader = tar.into_inner();
    drain(&mut reader).map_err(|e| failed(e.into()))?;
    let actual = reader.finish();
    if actual != diff_id {
        return Err(Error::layer(
            &descriptor.digest,
            format!(
                "wrong diff ID: the configuration says {diff_id}, the layer's content has {actual}"
            ),
        ));
    }
    // Half a layer was seen when it has to be unpacked again: `reapply` shows it to new observers.
    if !unpacked.needs_apply {
        for observer in &mut observers {
            observer.finish(&diff_id);
        }
    }
    Ok((staging, unpacked))
}
