//! Save: from images in the store to an archive or a layout.
//!
//! What is there of an index is saved, and the index itself with it, so that the image keeps its digest.
//! Blobs go out in the order of their digests: the same images become the same bytes.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use orlop_archive::{ArchiveWriter, Archived, LayoutWriter, Name};
use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH, Platform, Raw, Reference};
use orlop_store::Lease;

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::{BlobState, Event, EventSink};
use crate::find::Found;
use crate::images::Images;
use crate::model::{ManifestKind, ManifestSummary};
use crate::progress::progress;
use crate::survey::Survey;

/// Where images are saved to.
#[derive(Debug)]
pub enum SaveTo<W: Write> {
    /// An archive.
    Archive(Box<ArchiveWriter<W>>),
    /// A layout directory.
    Layout(LayoutWriter),
}

/// All that is saved.
#[derive(Default)]
struct Content {
    images: Vec<Archived>,
    /// Manifests and indexes.
    documents: BTreeMap<Digest, Raw>,
    /// All other blobs, and whether each is a layer.
    blobs: BTreeMap<Digest, (Descriptor, bool)>,
}

impl Images {
    /// Saves images, each with the names that it was asked for by; an image that was asked for by its ID
    /// has none. A repository without a tag means all of its tags, as docker has it. Of `platforms`
    /// one is saved as an image of its own, several within their index; none means all that are here.
    ///
    /// Blocks. Gives back what an archive was written to, with everything written.
    ///
    /// # Errors
    /// When an image or a platform isn't here, [`Error::Damaged`] when the store's copy is wrong, when
    /// writing fails, or [`Error::Cancelled`]. An archive is of no use then.
    pub fn save<W: Write>(
        &self,
        names: &[String],
        platforms: &[Platform],
        to: SaveTo<W>,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Option<W>> {
        let lease = self.store.lease_for_reading("save")?;
        let content = self.content_of(names, platforms, &lease)?;
        let saver = Saver {
            images: self,
            events,
            cancel,
        };
        match to {
            SaveTo::Archive(writer) => saver.archive(&content, *writer).map(Some),
            SaveTo::Layout(writer) => saver.layout(&content, &writer).map(|()| None),
        }
    }

    fn content_of(
        &self,
        names: &[String],
        platforms: &[Platform],
        lease: &Lease,
    ) -> Result<Content> {
        let mut chosen: Vec<(Digest, String, Vec<Reference>)> = Vec::new();
        for (target, title, reference) in self.asked_for(names)? {
            lease.hold_blob(&target)?;
            match chosen.iter_mut().find(|(known, ..)| *known == target) {
                Some((_, _, names)) => names.extend(reference),
                None => chosen.push((target, title, reference.into_iter().collect())),
            }
        }
        let survey = Survey::some(&self.store)?;
        let mut content = Content::default();
        for (target, title, names) in chosen {
            let record = self
                .store
                .image(&target)?
                .ok_or_else(|| Error::NoSuchImage(title.clone()))?;
            let root = self.gather(&record.target, &title, platforms, &survey, &mut content)?;
            content.images.push(Archived {
                names: names.into_iter().map(Name::from).collect(),
                target: root,
            });
        }
        Ok(content)
    }

    /// What each text means: an image, what people call it, and the name under which it is saved.
    fn asked_for(&self, names: &[String]) -> Result<Vec<(Digest, String, Option<Reference>)>> {
        let mut all = Vec::new();
        for text in names {
            if let Ok(reference) = text.parse::<Reference>()
                && reference.is_name_only()
            {
                let tags = self.tags_of(reference.repository())?;
                for tag in &tags {
                    let target = self.find(&tag.to_string())?.target().clone();
                    all.push((target, tag.familiar(), Some(tag.clone())));
                }
                if !tags.is_empty() {
                    continue;
                }
            }
            let found = self.find(text)?;
            let target = found.target().clone();
            let name = match found {
                Found::Name { reference, .. } => Some(reference),
                Found::Pinned { repository, target } => Some(repository.with_digest(target)),
                Found::Id(_) => None,
            };
            all.push((target, text.clone(), name));
        }
        Ok(all)
    }

    /// Adds what is to be saved of one image. Says what the archive names.
    fn gather(
        &self,
        target: &Descriptor,
        title: &str,
        platforms: &[Platform],
        survey: &Survey<'_>,
        content: &mut Content,
    ) -> Result<Descriptor> {
        let manifests = self.manifests(target, survey)?;
        let mut wanted = Vec::new();
        for platform in platforms {
            wanted.push(export_target(&manifests, platform)?);
        }
        if let [only] = &wanted[..] {
            let mut root = only.descriptor.clone();
            if let ManifestKind::Image { platform } = &only.kind {
                root.platform = Some(platform.clone());
            }
            root.annotations.clear();
            let whole = HashSet::from([root.digest.clone()]);
            self.gather_below(&root, &whole, 0, content)?;
            return Ok(root);
        }
        let available = manifests.iter().filter(|manifest| manifest.available);
        let digests: HashSet<Digest> = available
            .filter(|manifest| wanted.is_empty() || is_wanted(manifest, &wanted))
            .map(|manifest| manifest.descriptor.digest.clone())
            .collect();
        if digests.is_empty() && !manifests.is_empty() {
            return Err(Error::NotPulled {
                image: title.to_owned(),
                platform: Platform::host().to_string(),
            });
        }
        self.gather_below(target, &digests, 0, content)?;
        Ok(target.clone())
    }

    /// Adds a document and what hangs below it: of manifests those in `whole`, of indexes what is here.
    fn gather_below(
        &self,
        descriptor: &Descriptor,
        whole: &HashSet<Digest>,
        depth: usize,
        content: &mut Content,
    ) -> Result<()> {
        if depth > MAX_INDEX_DEPTH {
            return Err(Error::invalid(
                &descriptor.digest,
                format!("indexes nested deeper than {MAX_INDEX_DEPTH}"),
            ));
        }
        if content.documents.contains_key(&descriptor.digest) {
            return Ok(());
        }
        let raw = self.document(descriptor)?;
        let manifest = raw
            .manifest()
            .map_err(Error::document("manifest", raw.digest()))?;
        for child in manifest.children() {
            if child.media_type.is_index() {
                if self.store.blob(&child.digest)?.is_some() {
                    self.gather_below(child, whole, depth + 1, content)?;
                }
            } else if matches!(manifest, orlop_oci::Manifest::Index(_)) {
                if whole.contains(&child.digest) {
                    self.gather_below(child, whole, depth + 1, content)?;
                }
            } else {
                let blob = (child.clone(), child.media_type.is_layer());
                content.blobs.insert(child.digest.clone(), blob);
            }
        }
        content.documents.insert(raw.digest().clone(), raw);
        Ok(())
    }
}

/// The manifest that is saved for a platform.
fn export_target<'a>(
    manifests: &'a [ManifestSummary],
    platform: &Platform,
) -> Result<&'a ManifestSummary> {
    let matcher = platform.matcher();
    let ranked = manifests
        .iter()
        .filter(|manifest| manifest.available)
        .filter_map(|manifest| match &manifest.kind {
            ManifestKind::Image { platform } => Some((matcher.rank(platform)?, manifest)),
            _ => None,
        });
    ranked
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, manifest)| manifest)
        .ok_or_else(|| {
            // docker's words.
            Error::Refused(format!(
                "no suitable export target found for platform {platform}"
            ))
        })
}

/// One of the manifests, or what attests one of them.
fn is_wanted(manifest: &ManifestSummary, wanted: &[&ManifestSummary]) -> bool {
    let about = match &manifest.kind {
        ManifestKind::Attestation { of } => of.as_ref(),
        _ => Some(&manifest.descriptor.digest),
    };
    about.is_some_and(|about| wanted.iter().any(|w| w.descriptor.digest == *about))
}

/// Moves blobs out of the store.
struct Saver<'a> {
    images: &'a Images,
    events: &'a Arc<dyn EventSink>,
    cancel: &'a Cancel,
}

/// One thing to write.
enum Item<'a> {
    Document(&'a Raw),
    Blob(&'a Descriptor, bool),
}

impl Saver<'_> {
    fn archive<W: Write>(&self, content: &Content, mut writer: ArchiveWriter<W>) -> Result<W> {
        for item in items(content) {
            match item {
                Item::Document(raw) => writer.document(raw)?,
                Item::Blob(descriptor, is_layer) => {
                    self.blob(descriptor, is_layer, |reader, progress| {
                        writer.blob(descriptor, reader, progress)
                    })?;
                }
            }
        }
        Ok(writer.finish(&content.images)?)
    }

    fn layout(&self, content: &Content, writer: &LayoutWriter) -> Result<()> {
        for item in items(content) {
            match item {
                Item::Document(raw) => writer.document(raw)?,
                Item::Blob(descriptor, is_layer) if writer.has(descriptor) => {
                    self.tell(descriptor, is_layer, BlobState::Exists);
                }
                Item::Blob(descriptor, is_layer) => {
                    self.blob(descriptor, is_layer, |reader, progress| {
                        writer.blob(descriptor, reader, progress)
                    })?;
                }
            }
        }
        Ok(writer.finish(&content.images)?)
    }

    fn blob(
        &self,
        descriptor: &Descriptor,
        is_layer: bool,
        write: impl FnOnce(&mut dyn Read, &mut dyn FnMut(u64)) -> orlop_archive::Result<()>,
    ) -> Result<()> {
        let file = self.images.store.open_blob(&descriptor.digest);
        let mut reader = Stoppable {
            inner: file.map_err(Error::stored(&descriptor.media_type))?,
            cancel: self.cancel,
        };
        let saving = |current, total| BlobState::Saving { current, total };
        let progress = progress(self.events, descriptor, is_layer, saving);
        let mut progress = |count| {
            if is_layer {
                progress(count);
            }
        };
        write(&mut reader, &mut progress).map_err(|error| match error {
            _ if self.cancel.is_cancelled() => Error::Cancelled,
            // The writer checks what the store gives it.
            orlop_archive::Error::WrongBlob { reason, .. } => Error::damaged(descriptor, reason),
            error => error.into(),
        })?;
        self.tell(descriptor, is_layer, BlobState::Saved);
        Ok(())
    }

    fn tell(&self, descriptor: &Descriptor, layer: bool, state: BlobState) {
        if layer {
            self.events.emit(Event::Blob {
                digest: descriptor.digest.clone(),
                layer,
                state,
            });
        }
    }
}

/// Documents and blobs together, in the order of their digests.
fn items(content: &Content) -> Vec<Item<'_>> {
    let documents = content.documents.iter();
    let blobs = content.blobs.iter();
    let mut all: BTreeMap<&Digest, Item<'_>> = blobs
        .map(|(digest, (descriptor, is_layer))| (digest, Item::Blob(descriptor, *is_layer)))
        .collect();
    all.extend(documents.map(|(digest, raw)| (digest, Item::Document(raw))));
    all.into_values().collect()
}

/// Reads until somebody wishes to stop.
pub(crate) struct Stoppable<'a, R> {
    pub(crate) inner: R,
    pub(crate) cancel: &'a Cancel,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.inner.read(buffer)
    }
}
