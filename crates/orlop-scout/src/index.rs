//! What is in an image, or in anything else that can be scanned.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::{StreamExt as _, stream};
use orlop_archive::Local;
use orlop_distribution::Client;
use orlop_image::event::{BlobState, Event, EventSink};
use orlop_image::look::{Chosen, LayerToRead, choose, pass_layer};
use orlop_image::{Cancel, Error as ImageError, Images, Origin};
use orlop_layer::Bounds;
use orlop_oci::{ChainId, Descriptor, DiffId, Digest, Platform, Reference, chain_ids};
use orlop_sbom::{Layer, LayerSbom, MAX_DOCUMENT_SIZE, Sbom, ScanOptions, Subject, read_document};
use orlop_snapshot::Overlay2;

use crate::archive_scan::scan_archive;
use crate::directory_scan::{Tree, scan_directory, scan_file};
use crate::error::{Error, Result, blocking, cancelled};
use crate::source::{STANDARD_INPUT, Source};

/// Records that are made at once: each takes a core.
const PARALLEL: usize = 2;

/// Finds out what is in images. Its fields are what it works with.
#[derive(Clone, Debug)]
pub struct Indexer {
    /// The store, for its images and for the records of layers. Without it nothing is kept.
    pub images: Option<Images>,
    /// Registries.
    pub client: Client,
    /// For which platform; the one that runs here when none is named, or else whatever there is.
    pub platform: Option<Platform>,
    /// Which image of an archive or layout, where there are several.
    pub reference: Option<Reference>,
    /// What to look for.
    pub scan: ScanOptions,
    /// What a layer may ask of the machine.
    pub bounds: Bounds,
    /// Where unnamed temporary files may be made.
    pub scratch: PathBuf,
}

/// What is in it.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// What was scanned.
    pub subject: Subject,
    /// The image; none of a directory or document.
    pub image: Option<Chosen>,
    /// Its packages.
    pub sbom: Sbom,
    /// Whether nothing of it had to be read, as it was read before.
    pub was_cached: bool,
    /// Where the image is, and what its name stands for there.
    pub place: Option<(Origin, Descriptor)>,
}

impl Indexer {
    /// Finds out what is in `source`. What was found in a layer is kept in the store, by diff ID.
    ///
    /// # Errors
    /// It isn't there, isn't what its digests promise, breaks a bound; or somebody wished to stop.
    pub async fn index(
        &self,
        source: &Source,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Indexed> {
        match source {
            Source::Directory(path) => self.directory(path, cancel).await,
            Source::Document(path) => {
                let path = path.clone();
                // Standard input may never come.
                tokio::select! {
                    read = blocking(move || document(&path)) => read,
                    () = cancel.cancelled() => Err(cancelled()),
                }
            }
            Source::Image(name) | Source::Local(name) | Source::Registry(name) => {
                let found = tokio::select! {
                    found = self.find(source, name) => found?,
                    () = cancel.cancelled() => return Err(cancelled()),
                };
                self.image(found, name, events, cancel).await
            }
            Source::Layout(path) | Source::Archive(path) => {
                let found = self.open(path)?;
                let name = path.display().to_string();
                self.image(found, &name, events, cancel).await
            }
        }
    }

    /// Where an image is that has a name, and what the name stands for.
    async fn find(&self, source: &Source, name: &str) -> Result<(Origin, Descriptor)> {
        if !matches!(source, Source::Registry(_)) {
            let local = self.images.as_ref().map(|images| {
                let target = images.target_of(name)?;
                Ok((Origin::Store(images.store().clone()), target))
            });
            let absent = || Err(ImageError::NoSuchImage(name.to_owned()));
            match (local.unwrap_or_else(absent), source) {
                (Ok(found), _) => return Ok(found),
                (Err(ImageError::NoSuchImage(_) | ImageError::Reference(_)), Source::Image(_)) => {}
                (Err(error), _) => return Err(error.into()),
            }
        }
        let reference: Reference = name.parse().map_err(ImageError::from)?;
        let reference = reference.with_default_tag();
        let origin = Origin::Registry(self.client.repository(reference.repository()));
        let target = origin.resolve(&reference).await?;
        Ok((origin, target))
    }

    /// The image of an archive or layout.
    fn open(&self, path: &Path) -> Result<(Origin, Descriptor)> {
        let local = Local::open(path, &self.scratch, &self.bounds)?;
        let target = match (&self.reference, local.images()) {
            (Some(reference), _) => {
                let found = local.find(reference);
                let missing = || format!("{} in {}", reference.familiar(), local.label());
                let missing = || Error::from(ImageError::NoSuchImage(missing()));
                found.ok_or_else(missing)?.target.clone()
            }
            (None, []) => return Err(Error::NoImages(local.label().to_owned())),
            (None, [first, others @ ..]) => {
                if others.iter().any(|other| other.target != first.target) {
                    return Err(Error::SeveralImages {
                        place: local.label().to_owned(),
                        names: local
                            .images()
                            .iter()
                            .flat_map(|image| image.names.iter().map(orlop_archive::Name::text))
                            .collect(),
                    });
                }
                first.target.clone()
            }
        };
        Ok((Origin::Local(local), target))
    }

    async fn image(
        &self,
        (origin, target): (Origin, Descriptor),
        name: &str,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Indexed> {
        let chosen = tokio::select! {
            chosen = choose(&origin, &target, name, self.platform.as_ref()) => chosen?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        let (sbom, was_cached) = self.sbom(&origin, &chosen, events, cancel).await?;
        let diff_ids = chosen.config.rootfs.diff_ids.clone();
        let platform = &chosen.config.platform;
        Ok(Indexed {
            subject: Subject {
                name: name.to_owned(),
                target: Some(target.digest.clone()),
                manifest: Some(chosen.digest.clone()),
                platform: (!platform.is_empty()).then(|| platform.to_string()),
                layers: diff_ids,
            },
            image: Some(chosen),
            sbom,
            was_cached,
            place: Some((origin, target)),
        })
    }

    /// What is in an image, and whether it was known.
    pub(crate) async fn sbom(
        &self,
        origin: &Origin,
        chosen: &Chosen,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<(Sbom, bool)> {
        let Some(sbom) = self.kept(chosen)? else {
            return self.stacked(origin, chosen, events, cancel).await;
        };
        for layer in &chosen.manifest.layers {
            emit(events, &layer.digest, BlobState::Exists);
        }
        Ok((sbom, true))
    }

    /// What was found in all layers of the image together before.
    fn kept(&self, chosen: &Chosen) -> Result<Option<Sbom>> {
        let Some(images) = &self.images else {
            return Ok(None);
        };
        let diff_ids = &chosen.config.rootfs.diff_ids;
        let kept = images.store().stack_record(variant(self.scan), diff_ids)?;
        Ok(kept.and_then(|bytes| Sbom::from_bytes(&bytes, diff_ids)))
    }

    /// What the records of the image's layers are together, and whether all of them were kept.
    async fn stacked(
        &self,
        origin: &Origin,
        chosen: &Chosen,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<(Sbom, bool)> {
        let diff_ids = chosen.config.rootfs.diff_ids.clone();
        let mut records = self.known(&diff_ids)?;
        let work = self.missing(origin, chosen, &records, events)?;
        let was_cached = work.is_empty();
        let mut making = stream::iter(work)
            .map(|work| self.make(origin, work, events, cancel))
            .buffer_unordered(PARALLEL);
        while let Some(made) = making.next().await {
            let (diff_id, record) = made?;
            records.insert(diff_id, record);
        }
        drop(making);
        let store = self.images.as_ref().map(|images| images.store().clone());
        let variant = variant(self.scan);
        blocking(move || {
            let layers: Vec<Layer<'_>> = diff_ids
                .iter()
                .filter_map(|diff_id| {
                    let record = records.get(diff_id)?;
                    Some(Layer { diff_id, record })
                })
                .collect();
            let sbom = Sbom::of(&layers);
            if let Some(store) = store
                && let Some(bytes) = sbom.to_bytes(&diff_ids)
            {
                store.set_stack_record(variant, &diff_ids, &bytes)?;
            }
            Ok((sbom, was_cached))
        })
        .await
    }

    /// The records that are kept.
    fn known(&self, diff_ids: &[DiffId]) -> Result<HashMap<DiffId, LayerSbom>> {
        let Some(images) = &self.images else {
            return Ok(HashMap::new());
        };
        let kept = images.store().layer_records(variant(self.scan), diff_ids)?;
        let read = kept.into_iter().filter_map(|(diff_id, bytes)| {
            let record = LayerSbom::from_bytes(&bytes)?;
            Some((diff_id, record))
        });
        Ok(read.collect())
    }

    /// The layers whose records are to be made, each once.
    fn missing(
        &self,
        origin: &Origin,
        chosen: &Chosen,
        known: &HashMap<DiffId, LayerSbom>,
        events: &Arc<dyn EventSink>,
    ) -> Result<Vec<Work>> {
        let diff_ids = &chosen.config.rootfs.diff_ids;
        let chains = chain_ids(diff_ids);
        let mut work: Vec<Work> = Vec::new();
        let layers = chosen.manifest.layers.iter().zip(diff_ids).zip(chains);
        for ((descriptor, diff_id), chain) in layers {
            let is_known = known.contains_key(diff_id);
            if !is_known && work.iter().any(|work| work.layer.diff_id == *diff_id) {
                continue;
            }
            let state = match is_known {
                true => BlobState::Exists,
                false => BlobState::Pending,
            };
            emit(events, &descriptor.digest, state);
            if is_known {
                continue;
            }
            work.push(Work {
                directory: self.snapshot(origin, &chosen.digest, chain)?,
                layer: LayerToRead {
                    descriptor: descriptor.clone(),
                    diff_id: diff_id.clone(),
                },
            });
        }
        Ok(work)
    }

    /// The directory that holds a layer alone, if it is unpacked in such a way, and what keeps it there.
    fn snapshot(
        &self,
        origin: &Origin,
        manifest: &Digest,
        chain: ChainId,
    ) -> Result<Option<Snapshot>> {
        let (Origin::Store(store), Some(images)) = (origin, &self.images) else {
            return Ok(None);
        };
        let driver = images.driver();
        // The snapshots of the others are whole trees.
        if driver.name() != Overlay2::NAME || !store.is_writable() {
            return Ok(None);
        }
        let lease = store.lease("scan")?;
        lease.hold(std::slice::from_ref(manifest), std::slice::from_ref(&chain))?;
        let is_there = store.snapshot(driver.name(), &chain)?.is_some();
        Ok(is_there.then(|| Snapshot {
            directory: driver.layer_dir(&chain),
            _lease: lease,
        }))
    }

    async fn make(
        &self,
        origin: &Origin,
        work: Work,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<(DiffId, LayerSbom)> {
        let Work { layer, directory } = work;
        let (options, scratch) = (self.scan, self.scratch.clone());
        let (diff_id, digest) = (layer.diff_id.clone(), layer.descriptor.digest.clone());
        let record = match directory {
            Some(snapshot) => {
                let flag = Arc::clone(cancel.flag());
                let record = blocking(move || {
                    scan_directory(&snapshot.directory, Tree::OverlayLayer, options, &flag)
                });
                let record = record.await?;
                emit(events, &digest, BlobState::Loaded);
                record
            }
            None => {
                let bounds = self.bounds.clone();
                pass_layer(origin, layer, bounds, events, cancel, move |tar| {
                    scan_archive(tar, options, &scratch)
                })
                .await?
            }
        };
        self.keep(&diff_id, record).await
    }

    async fn keep(&self, diff_id: &DiffId, record: LayerSbom) -> Result<(DiffId, LayerSbom)> {
        let (store, variant) = (
            self.images.as_ref().map(|images| images.store().clone()),
            variant(self.scan),
        );
        let diff_id = diff_id.clone();
        blocking(move || {
            if let Some(store) = store {
                store.set_layer_record(variant, &diff_id, &record.to_bytes())?;
            }
            Ok((diff_id, record))
        })
        .await
    }

    async fn directory(&self, path: &Path, cancel: &Cancel) -> Result<Indexed> {
        let name = path.display().to_string();
        let (root, options, flag) = (path.to_owned(), self.scan, Arc::clone(cancel.flag()));
        let sbom = blocking(move || plain(&root, options, &flag)).await?;
        Ok(Indexed {
            subject: Subject {
                name,
                ..Subject::default()
            },
            image: None,
            sbom,
            was_cached: false,
            place: None,
        })
    }
}

/// How records are called that were made in this way.
pub(crate) fn variant(scan: ScanOptions) -> &'static str {
    match scan.declared {
        true => "packages, declared ones too",
        false => "packages",
    }
}

/// A layer whose record is to be made.
struct Work {
    layer: LayerToRead,
    directory: Option<Snapshot>,
}

/// An unpacked layer.
struct Snapshot {
    directory: PathBuf,
    _lease: orlop_store::Lease,
}

fn emit(events: &Arc<dyn EventSink>, digest: &Digest, state: BlobState) {
    events.emit(Event::Blob {
        digest: digest.clone(),
        layer: true,
        state,
    });
}

/// A directory as if it were an image's only layer, which has no diff ID.
fn plain(root: &Path, options: ScanOptions, is_cancelled: &AtomicBool) -> Result<Sbom> {
    let record = match root.is_file() {
        true => scan_file(root)?,
        false => scan_directory(root, Tree::Plain, options, is_cancelled)?,
    };
    let diff_id = DiffId(Digest::of(b""));
    let mut sbom = Sbom::of(&[Layer {
        diff_id: &diff_id,
        record: &record,
    }]);
    sbom.forget_layers();
    Ok(sbom)
}

fn document(path: &Path) -> Result<Indexed> {
    let mut bytes = Vec::new();
    // One byte more tells that it is too large.
    let bound = MAX_DOCUMENT_SIZE + 1;
    let read = match path == Path::new(STANDARD_INPUT) {
        true => std::io::stdin().take(bound).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(bound).read_to_end(&mut bytes)),
    };
    read.map_err(Error::io(path))?;
    let (mut subject, sbom) = read_document(&bytes).map_err(|error| Error::Document {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    if subject.name.is_empty() {
        subject.name = path.display().to_string();
    }
    Ok(Indexed {
        subject,
        image: None,
        sbom,
        was_cached: false,
        place: None,
    })
}
