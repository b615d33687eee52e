//! One layer: from its bytes to what it says of which path, on two threads.

use std::hash::RandomState;
use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use orlop_layer::{
    BoundedReader, Bounds, Decompressor, Entry, Error as LayerError, TarReader, sniff,
};
use orlop_oci::{Descriptor, DiffId, Digest};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::EventSink;
use crate::look::record::{ContentHash, FileKind, Record, RecordKind};
use crate::origin::Origin;
use crate::passing::Passing;
use crate::pull::buffered::drain;
use crate::pull::stage::{BeltReader, BeltWriter, belt};
use crate::pull::wire::WireReader;

/// Bytes of paths and link targets that all layers of what is looked at may have together. A million
/// files have a hundred million of them.
const MAX_NAME_BYTES: u64 = 1 << 30;
/// Components of all paths together: no more nodes can a tree have. A million files have six million.
const MAX_COMPONENTS: u64 = 32_000_000;

/// What a layer says, in the order of its archive.
#[derive(Clone, Debug)]
pub struct LayerFiles {
    /// The stored blob.
    pub descriptor: Descriptor,
    /// The digest of its archive.
    pub diff_id: DiffId,
    /// Bytes of its files, each entry counted.
    pub size: u64,
    /// What it says.
    pub records: Vec<Record>,
}

/// A layer that is still to be read.
#[derive(Clone, Debug)]
pub struct LayerToRead {
    /// The blob.
    pub descriptor: Descriptor,
    /// The digest that its archive must have.
    pub diff_id: DiffId,
}

/// The key of all hashes of one look, and whether contents are hashed.
#[derive(Clone, Debug)]
pub(super) struct Hashing {
    key: RandomState,
    contents: bool,
}

impl Hashing {
    pub(super) fn new(contents: bool) -> Self {
        Self {
            key: RandomState::new(),
            contents,
        }
    }
}

/// What all layers together may still take of memory.
#[derive(Debug)]
pub(super) struct Budget {
    max_entries: u64,
    entries: AtomicU64,
    name_bytes: AtomicU64,
    components: AtomicU64,
}

impl Budget {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            max_entries: bounds.max_entries,
            entries: AtomicU64::new(0),
            name_bytes: AtomicU64::new(0),
            components: AtomicU64::new(0),
        }
    }

    /// Takes the room of one entry.
    fn take(&self, entry: &Entry) -> Result<(), LayerError> {
        let names = entry.path.len() + entry.link.len();
        let components = entry.path.iter().filter(|&&byte| byte == b'/').count() + 1;
        let take = |counter: &AtomicU64, count: usize, limit, what, key| {
            let count = count as u64;
            match counter.fetch_add(count, Ordering::Relaxed) + count > limit {
                true => Err(LayerError::TooMany { limit, what, key }),
                false => Ok(()),
            }
        };
        take(
            &self.entries,
            1,
            self.max_entries,
            "entries, those of the image's other layers included",
            Some("limits.layer_entries"),
        )?;
        take(
            &self.name_bytes,
            names,
            MAX_NAME_BYTES,
            "bytes of names, those of the image's other layers included",
            None,
        )?;
        take(
            &self.components,
            components,
            MAX_COMPONENTS,
            "components of paths, those of the image's other layers included",
            None,
        )
    }
}

/// Reads a layer of `origin`.
pub(super) async fn read(
    origin: &Origin,
    layer: LayerToRead,
    bounds: Bounds,
    hashing: Hashing,
    budget: Arc<Budget>,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> Result<LayerFiles> {
    let (descriptor, diff_id) = (layer.descriptor.clone(), layer.diff_id.clone());
    let work = move |tar: &mut PassingTar<'_>| records(tar, &hashing, &budget);
    let records = pass_layer(origin, layer, bounds, events, cancel, work).await?;
    let sizes = records
        .iter()
        .filter_map(|record| Some(record.file()?.size));
    Ok(LayerFiles {
        size: sizes.fold(0, u64::saturating_add),
        descriptor,
        diff_id,
        records,
    })
}

/// The archive of a layer that passes.
pub type PassingTar<'a> = TarReader<&'a mut dyn BufRead>;

/// Has `work` read the archive of a layer of `origin`, on a thread. What a pull checks is checked: digest,
/// size, bounds, diff ID. Nothing of the layer is kept. What `work` doesn't read is read afterwards.
///
/// # Errors
/// The layer isn't what it should be, `work` fails, or [`Error::Cancelled`].
pub async fn pass_layer<T, W>(
    origin: &Origin,
    layer: LayerToRead,
    bounds: Bounds,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
    work: W,
) -> Result<T>
where
    T: Send + 'static,
    W: FnOnce(&mut PassingTar<'_>) -> Result<T, LayerError> + Send + 'static,
{
    let descriptor = layer.descriptor.clone();
    let reading = Reading {
        is_stored: matches!(origin, Origin::Store(_)),
        layer,
        bounds,
        cancelled: Arc::clone(cancel.flag()),
    };
    let passing = Passing {
        origin,
        descriptor: &descriptor,
        is_layer: true,
        events,
        cancel,
    };
    passing.through(move |wire| reading.run(wire, work)).await
}

/// The blocking half.
struct Reading {
    /// It comes from the store, where a wrong digest is damage.
    is_stored: bool,
    layer: LayerToRead,
    bounds: Bounds,
    cancelled: Arc<AtomicBool>,
}

impl Reading {
    fn run<T, W>(self, wire: WireReader, work: W) -> Result<T>
    where
        W: FnOnce(&mut PassingTar<'_>) -> Result<T, LayerError>,
    {
        let Self {
            is_stored,
            layer,
            bounds,
            cancelled,
        } = self;
        let (writer, reader) = belt();
        let descriptor = &layer.descriptor;
        let (passed, worked) = std::thread::scope(|scope| {
            let inflater = std::thread::Builder::new()
                .name("inflate".to_owned())
                .spawn_scoped(scope, || {
                    inflate(wire, writer, descriptor, &bounds, &cancelled, is_stored)
                })
                .map_err(Error::io("start a thread"))?;
            let worked = pass(reader, &bounds, work);
            let passed = inflater
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, Error>((passed, worked))
        })?;
        // A blob that isn't what it should be explains everything that comes after it.
        passed?;
        let (made, actual) = match worked {
            Ok(worked) => worked,
            Err(_) if cancelled.load(Ordering::Relaxed) => return Err(Error::Cancelled),
            Err(error) => return Err(Error::layer(&descriptor.digest, error)),
        };
        if actual != layer.diff_id {
            let said = &layer.diff_id;
            let why = format!(
                "wrong diff ID: the configuration says {said}, the layer's content has {actual}"
            );
            return Err(Error::layer(&descriptor.digest, why));
        }
        Ok(made)
    }
}

/// Has `work` read, and lets the rest pass for the diff ID.
fn pass<T>(
    mut reader: BeltReader,
    bounds: &Bounds,
    work: impl FnOnce(&mut PassingTar<'_>) -> Result<T, LayerError>,
) -> Result<(T, DiffId), LayerError> {
    let mut tar: PassingTar<'_> = TarReader::new(&mut reader, bounds.clone());
    let made = work(&mut tar)?;
    drop(tar);
    drain(&mut reader)?;
    Ok((made, reader.finish()))
}

/// Inflates onto the belt, and lets the rest of the blob pass to check it.
fn inflate(
    mut wire: WireReader,
    writer: BeltWriter,
    descriptor: &Descriptor,
    bounds: &Bounds,
    cancelled: &AtomicBool,
    is_stored: bool,
) -> Result<()> {
    let pumped = pump(&mut wire, writer, descriptor, bounds);
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
    let actual = wire.finish().digest;
    if actual != descriptor.digest {
        return Err(wrong_digest(descriptor, &actual, is_stored));
    }
    pumped.map_err(|error| Error::layer(&descriptor.digest, error))
}

fn wrong_digest(descriptor: &Descriptor, actual: &Digest, is_stored: bool) -> Error {
    let why = format!("its bytes have the digest {actual}");
    match is_stored {
        true => Error::damaged(descriptor, why),
        false => Error::layer(&descriptor.digest, why),
    }
}

fn pump(
    wire: &mut WireReader,
    writer: BeltWriter,
    descriptor: &Descriptor,
    bounds: &Bounds,
) -> io::Result<()> {
    // As in a pull, the bytes say how they are compressed.
    let compression = sniff(wire.fill_buf()?);
    let decompressor = Decompressor::new(compression, wire)?;
    writer.pump(&mut BoundedReader::new(
        decompressor,
        bounds,
        descriptor.size,
    ))
}

/// What the entries say.
fn records(
    tar: &mut PassingTar<'_>,
    hashing: &Hashing,
    budget: &Budget,
) -> Result<Vec<Record>, LayerError> {
    let mut records = Vec::new();
    while let Some(entry) = tar.next_entry()? {
        budget.take(&entry)?;
        let read = Record::of(&entry, &hashing.key);
        let read = read.map_err(|why| LayerError::Entry {
            path: entry.printable_path(),
            reason: why.to_string(),
        })?;
        let Some(mut record) = read else { continue };
        if let RecordKind::File(file) = &mut record.kind
            && hashing.contents
            && file.kind == FileKind::File
        {
            let mut hash = ContentHash::new(&hashing.key);
            while let Some(bytes) = tar.read_chunk()? {
                hash.update(bytes);
            }
            file.content = Some(hash.finish());
        }
        records.push(record);
    }
    records.shrink_to_fit();
    Ok(records)
}
