//! An archive or layout, opened.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use orlop_layer::Bounds;
use orlop_oci::{DEFAULT_TAG, Descriptor, Digest, MediaType, Raw, Reference};

use crate::blob::BlobAt;
use crate::compression::{HEAD, Outer};
use crate::contents::Contents;
use crate::docker::Synthesis;
use crate::error::{Error, Result};
use crate::image::{Archived, Name};
use crate::place::{Files, Place};
use crate::spool::{fill, spool};
use crate::{docker, docker_names, legacy, oci};

/// An archive file or a layout directory, whatever its format: names, targets, and blobs at offsets of
/// files. Cheap to clone. Nothing is kept of a directory but its path: what is written there later is
/// seen.
#[derive(Clone, Debug)]
pub struct Local {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    images: Vec<Archived>,
    made: Synthesis,
}

/// An image whose parts were made elsewhere, to be taken where archives are.
#[derive(Debug)]
pub struct Made {
    /// What to call it in messages.
    pub label: String,
    /// Manifests and configurations.
    pub documents: Vec<Raw>,
    /// Blobs, each the whole of a file of so many bytes.
    pub blobs: Vec<(Digest, File, u64)>,
    /// The image itself.
    pub image: Archived,
}

impl Local {
    /// Opens the layout directory or archive file at `path`.
    ///
    /// A file that is compressed as a whole (gzip, zstd, xz, bzip2), or a pipe, is first unpacked into
    /// an unlinked file in the directory `scratch`, as far as `bounds` allow.
    ///
    /// # Errors
    /// When it can't be read, is no image archive, or breaks a rule.
    pub fn open(path: &Path, scratch: &Path, bounds: &Bounds) -> Result<Self> {
        let label = path.display().to_string();
        let opened = || Error::io(format!("open {label}"));
        let meta = std::fs::metadata(path).map_err(opened())?;
        if meta.is_dir() {
            return Self::with(Place::new(label.clone(), Files::Directory(path.to_owned())));
        }
        let file = File::open(path).map_err(opened())?;
        Self::file(file, &label, scratch, bounds)
    }

    /// Reads the archive in an open file, from its beginning when it is a regular one. `label` is what
    /// messages call it.
    ///
    /// # Errors
    /// As [`Local::open`].
    pub fn file(file: File, label: &str, scratch: &Path, bounds: &Bounds) -> Result<Self> {
        let read = || Error::io(format!("read {label}"));
        if !file.metadata().map_err(read())?.is_file() {
            return Self::read(file, label, scratch, bounds);
        }
        let file = Arc::new(file);
        let length = file.metadata().map_err(read())?.len();
        let whole = BlobAt::part(&file, 0, length);
        let mut head = [0; HEAD];
        let count = fill(&mut whole.reader(0), &mut head).map_err(read())?;
        if count == 0 || Outer::sniff(&head[..count]) != Outer::None {
            return Self::read(whole.reader(0), label, scratch, bounds);
        }
        drop(whole);
        let file = Arc::into_inner(file).expect("nobody else has it");
        Self::archive(file, label, bounds)
    }

    /// Reads an archive from a stream, of which all is first written to an unlinked file in `scratch`.
    ///
    /// # Errors
    /// As [`Local::open`].
    pub fn read(reader: impl Read, label: &str, scratch: &Path, bounds: &Bounds) -> Result<Self> {
        let file = spool(reader, label, scratch, bounds)?;
        Self::archive(file, label, bounds)
    }

    fn archive(file: File, label: &str, bounds: &Bounds) -> Result<Self> {
        let contents = Contents::read(file, label, bounds)?;
        Self::with(Place::new(label.to_owned(), Files::Archive(contents)))
    }

    fn with(place: Place) -> Result<Self> {
        let mut made = Synthesis::default();
        let images = match oci::images(&place)? {
            Some(mut images) => {
                docker_names::add(&place, &mut images)?;
                images
            }
            None => match docker::images(&place, &mut made)? {
                Some(images) => images,
                None => legacy::images(&place, &mut made)?.ok_or_else(|| unrecognized(&place))?,
            },
        };
        Ok(Self {
            inner: Arc::new(Inner {
                place,
                images: images.finish(),
                made,
            }),
        })
    }

    /// An image whose parts were made elsewhere.
    pub fn made(made: Made) -> Self {
        let mut synthesis = Synthesis::default();
        for (digest, file, length) in made.blobs {
            let blob = BlobAt::part(&Arc::new(file), 0, length);
            synthesis.blobs.insert(digest, blob);
        }
        let documents = made.documents.into_iter();
        synthesis.documents = documents.map(|raw| (raw.digest().clone(), raw)).collect();
        Self {
            inner: Arc::new(Inner {
                place: Place::new(made.label, Files::Nothing),
                images: vec![made.image],
                made: synthesis,
            }),
        }
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        self.inner.place.label()
    }

    /// Its images in order.
    pub fn images(&self) -> &[Archived] {
        &self.inner.images
    }

    /// The image that `reference` names: by its digest, by its whole name, or by its bare tag.
    pub fn find(&self, reference: &Reference) -> Option<&Archived> {
        let images = self.images();
        if let Some(digest) = reference.digest() {
            return images.iter().find(|image| image.target.digest == *digest);
        }
        let full = Name::Full(reference.clone().with_default_tag());
        let tag = reference.tag().unwrap_or(DEFAULT_TAG);
        let named = |name: &Name| images.iter().find(|image| image.names.contains(name));
        named(&full).or_else(|| named(&Name::Bare(tag.to_owned())))
    }

    /// Where the bytes of a blob are; `None` when it isn't here. They are not verified: whoever reads
    /// them hashes them.
    ///
    /// # Errors
    /// When a file of the layout can't be opened.
    pub fn blob(&self, digest: &Digest) -> Result<Option<BlobAt>> {
        let made = &self.inner.made;
        if let Some(raw) = made.documents.get(digest) {
            return Ok(Some(BlobAt::memory(raw.bytes())));
        }
        match made.blobs.get(digest) {
            Some(blob) => Ok(Some(blob.clone())),
            None => self.inner.place.blob(digest),
        }
    }

    /// The document that `descriptor` describes, of at most `max` bytes, its digest and size verified.
    ///
    /// # Errors
    /// [`Error::NoBlob`] when it isn't here, or when it isn't what it is said to be.
    pub fn document(&self, descriptor: &Descriptor, max: u64) -> Result<Raw> {
        let raw = self.by_digest(&descriptor.digest, &descriptor.media_type, max)?;
        let described = raw.as_described(descriptor);
        described.map_err(Error::document(self.label(), descriptor.digest.as_str()))
    }

    /// The document of this digest, of at most `max` bytes, verified. `media_type` is what names it says
    /// of it.
    ///
    /// # Errors
    /// As [`Local::document`].
    pub fn by_digest(&self, digest: &Digest, media_type: &MediaType, max: u64) -> Result<Raw> {
        let blob = self.blob(digest)?.ok_or_else(|| Error::NoBlob {
            place: self.label().to_owned(),
            digest: digest.clone(),
        })?;
        let bytes = self.inner.place.bytes(&blob, digest.as_str(), max)?;
        let verified = Raw::verified(media_type.clone(), digest, bytes);
        verified.map_err(Error::document(self.label(), digest.as_str()))
    }
}

fn unrecognized(place: &Place) -> Error {
    let looked_for = match place.archive() {
        Some(_) => "it has neither oci-layout and index.json nor manifest.json nor repositories",
        None => "the directory has no oci-layout and index.json",
    };
    Error::Unrecognized {
        place: place.label().to_owned(),
        reason: looked_for.to_owned(),
    }
}
