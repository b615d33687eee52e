//! The blobs of an image: their bytes, and for layers what these unpack to.

use std::io::{self, BufRead as _, BufReader};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orlop_layer::{
    BUFFER_SIZE, BoundedReader, Bounds, Decompressor, DigestReader, Error as LayerError, TarReader,
    sniff,
};
use orlop_oci::{Algorithm, Compression, Descriptor, DiffId, Digest};

use super::{Finding, Validator, problem_of};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::EventSink;
use crate::origin::Origin;
use crate::passing::Passing;
use crate::pull::buffered::drain;
use crate::pull::wire::WireReader;

/// See [`Blob::key`].
pub(super) type BlobKey = (Digest, u64, bool, Option<DiffId>);

/// A blob that is to be looked at.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    descriptor: Descriptor,
    is_layer: bool,
    diff_id: Option<DiffId>,
}

impl Blob {
    /// Of which only its bytes count.
    pub(super) fn plain(descriptor: &Descriptor) -> Self {
        Self {
            descriptor: descriptor.clone(),
            is_layer: false,
            diff_id: None,
        }
    }

    /// An archive, and the diff ID that the configuration gives it.
    pub(super) fn layer(descriptor: &Descriptor, diff_id: Option<DiffId>) -> Self {
        Self {
            descriptor: descriptor.clone(),
            is_layer: true,
            diff_id,
        }
    }

    /// What is looked at once: the same bytes may be said to have two sizes or diff IDs.
    pub(super) fn key(&self) -> BlobKey {
        let Descriptor { digest, size, .. } = &self.descriptor;
        (digest.clone(), *size, self.is_layer, self.diff_id.clone())
    }

    fn word(&self) -> &'static str {
        match self.is_layer {
            true => "layer",
            false => "blob",
        }
    }
}

impl Validator<'_> {
    /// Looks at all blobs that were noted.
    pub(super) async fn check_blobs(
        &mut self,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<()> {
        let blobs = std::mem::take(&mut self.blobs);
        for blob in &blobs {
            match blob.is_layer {
                true => self.report.layers += 1,
                false => self.report.blobs += 1,
            }
            self.report.bytes += blob.descriptor.size;
        }
        let check = |blob| check(self.origin, blob, self.options, events, cancel);
        let problems = stream::iter(blobs.iter().cloned())
            .map(check)
            .buffered(self.options.parallel.max(1));
        let problems: Vec<Vec<String>> = problems.try_collect().await?;
        for (blob, problems) in blobs.iter().zip(problems) {
            let finding = |problem| Finding {
                digest: blob.descriptor.digest.clone(),
                what: blob.word(),
                problem,
            };
            self.report
                .findings
                .extend(problems.into_iter().map(finding));
        }
        Ok(())
    }
}

/// What is wrong with a blob.
async fn check(
    origin: &Origin,
    blob: Blob,
    options: &super::ValidateOptions,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> Result<Vec<String>> {
    let descriptor = &blob.descriptor;
    let is_foreign = descriptor.media_type.is_foreign_layer();
    if is_foreign || !options.contents {
        return Ok(match origin.blob_size(&descriptor.digest).await? {
            // It is elsewhere, and needn't be here.
            None if is_foreign => Vec::new(),
            None => vec!["it isn't there".to_owned()],
            Some(size) => wrong_size(size, descriptor).into_iter().collect(),
        });
    }
    match read(origin, &blob, &options.bounds, events, cancel).await {
        Ok(passed) => Ok(passed.problems(&blob)),
        Err(error) => Ok(vec![problem_of(error)?]),
    }
}

fn wrong_size(size: u64, descriptor: &Descriptor) -> Option<String> {
    let said = descriptor.size;
    (size != said).then(|| format!("it has {size} bytes, its descriptor says {said}"))
}

/// What a blob was seen to be.
struct Passed {
    digest: Digest,
    size: u64,
    /// How it is compressed, and the digest of what it unpacks to; or why it doesn't.
    unpacked: Option<Result<(Compression, Digest), LayerError>>,
}

impl Passed {
    fn problems(self, blob: &Blob) -> Vec<String> {
        let descriptor = &blob.descriptor;
        let mut problems: Vec<String> = wrong_size(self.size, descriptor).into_iter().collect();
        if self.digest != descriptor.digest {
            problems.push(format!("its bytes have the digest {}", self.digest));
        }
        if !problems.is_empty() {
            // It explains everything else.
            return problems;
        }
        match self.unpacked {
            None => {}
            Some(Err(error)) => problems.push(error.to_string()),
            Some(Ok((compression, digest))) => {
                let said = descriptor.media_type.layer_compression();
                if said.is_some_and(|said| said != compression) {
                    problems.push(format!(
                        "its type says {}, but it is {}",
                        descriptor.media_type,
                        word(compression)
                    ));
                }
                if let Some(diff_id) = &blob.diff_id
                    && diff_id.0 != digest
                {
                    problems.push(format!(
                        "wrong diff ID: the configuration says {diff_id}, its content has {digest}"
                    ));
                }
            }
        }
        problems
    }
}

fn word(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "not compressed",
        Compression::Gzip => "compressed with gzip",
        Compression::Zstd => "compressed with zstd",
    }
}

/// Reads all of it on a thread.
async fn read(
    origin: &Origin,
    blob: &Blob,
    bounds: &Bounds,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> Result<Passed> {
    let passing = Passing {
        origin,
        descriptor: &blob.descriptor,
        is_layer: blob.is_layer,
        events,
        cancel,
    };
    let (blob, bounds, cancelled) = (blob.clone(), bounds.clone(), cancel.clone());
    let work = move |wire| {
        let passed = pass(wire, &blob, &bounds);
        match cancelled.is_cancelled() {
            true => Err(Error::Cancelled),
            false => passed,
        }
    };
    passing.through(work).await
}

fn pass(mut wire: WireReader, blob: &Blob, bounds: &Bounds) -> Result<Passed> {
    let unpacked = blob.is_layer.then(|| unpack(&mut wire, blob, bounds));
    if let Err(error) = drain(&mut wire) {
        // The network's own words are worth more than those of the reader.
        return Err(wire
            .take_failure()
            .unwrap_or_else(|| Error::layer(&blob.descriptor.digest, error)));
    }
    let drained = wire.finish();
    Ok(Passed {
        digest: drained.digest,
        size: drained.size,
        unpacked,
    })
}

/// Inflates it and reads the headers of its archive; nothing is kept.
fn unpack(
    wire: &mut WireReader,
    blob: &Blob,
    bounds: &Bounds,
) -> Result<(Compression, Digest), LayerError> {
    let algorithm = blob
        .diff_id
        .as_ref()
        .map_or(Algorithm::Sha256, |diff_id| diff_id.0.algorithm());
    let compression = sniff(wire.fill_buf()?);
    let inflated = Decompressor::new(compression, wire)?;
    let inflated = BoundedReader::new(inflated, bounds, blob.descriptor.size);
    let hashed = DigestReader::with_algorithm(inflated, algorithm);
    let mut tar = TarReader::new(
        BufReader::with_capacity(BUFFER_SIZE, hashed),
        bounds.clone(),
    );
    while tar.next_entry()?.is_some() {}
    let mut reader = tar.into_inner();
    io::copy(&mut reader, &mut io::sink())?;
    Ok((compression, reader.into_inner().finish().0))
}
