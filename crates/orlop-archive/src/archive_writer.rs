//! Writes one tar that every tool reads: an OCI layout, and beside it docker's `manifest.json` and
//! `repositories`.
//!
//! It streams: nothing is kept but digests and the outlines of manifests. It is deterministic: times are 0,
//! owners are root, lists are sorted, and blobs stand in the order in which they were given; who
//! gives them sorted gets the same bytes from the same images.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read, Write};

use orlop_layer::{Entry, EntryKind, TarWriter, Time};
use orlop_oci::{Algorithm, Descriptor, Digest, Index, MediaType, Raw, annotation};
use serde::Serialize;

use crate::checked::Checked;
use crate::docker::MANIFEST_JSON;
use crate::error::{Error, Result};
use crate::image::{Archived, Name};
use crate::oci::{INDEX_JSON, OCI_LAYOUT};
use crate::outline::Outline;

/// image-spec, image-layout.md, "oci-layout file".
pub(crate) const LAYOUT_VERSION: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Whose archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// Docker's, which is an OCI layout too.
    Docker,
    /// OCI's alone.
    Oci,
}

/// An archive being written. What was written is of no use before [`finish`](Self::finish).
#[derive(Debug)]
pub struct ArchiveWriter<W: Write> {
    tar: TarWriter<W>,
    format: ArchiveFormat,
    written: HashSet<Digest>,
    folders: Vec<Algorithm>,
    outline: Outline,
}

/// One image of `manifest.json`, with its fields in docker's order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Writes to `out`, which should have a buffer.
    pub fn new(out: W, format: ArchiveFormat) -> Self {
        Self {
            tar: TarWriter::new(out),
            format,
            written: HashSet::new(),
            folders: Vec::new(),
            outline: Outline::new(),
        }
    }

    /// Whether this blob was written.
    pub fn has(&self, digest: &Digest) -> bool {
        self.written.contains(digest)
    }

    /// Writes the blob that `descriptor` describes, unless it was written before. `progress` is told how
    /// many bytes of it have passed.
    ///
    /// # Errors
    /// [`Error::WrongBlob`] when the bytes have another digest or size, or when reading or writing
    /// fails. The archive is spoiled then.
    pub fn blob(
        &mut self,
        descriptor: &Descriptor,
        reader: impl Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        if !self.written.insert(descriptor.digest.clone()) {
            return Ok(());
        }
        self.folder(descriptor.digest.algorithm())?;
        let path = blob_path(&descriptor.digest);
        self.entry(&path, EntryKind::File, descriptor.size)?;
        let mut checked = Checked::new(reader, descriptor);
        let mut passed = 0;
        while let Some(bytes) = checked.next_piece()? {
            self.tar.content(bytes).map_err(writing())?;
            passed += bytes.len() as u64;
            progress(passed);
        }
        Ok(())
    }

    /// Writes a document, and remembers what docker's list needs of it.
    ///
    /// # Errors
    /// When writing fails.
    pub fn document(&mut self, raw: &Raw) -> Result<()> {
        self.outline.note(raw);
        self.blob(&raw.descriptor(), raw.bytes(), &mut |_| {})
    }

    /// Writes the lists of images, and ends the archive.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(mut self, images: &[Archived]) -> Result<W> {
        let index = Index {
            schema_version: 2,
            media_type: Some(MediaType::OciIndex),
            artifact_type: None,
            manifests: self.index_entries(images),
            subject: None,
            annotations: BTreeMap::new(),
        };
        self.file(INDEX_JSON, &json(&index))?;
        if self.format == ArchiveFormat::Docker {
            let (entries, repositories) = self.docker_lists(images);
            self.file(MANIFEST_JSON, &json(&entries))?;
            self.file(OCI_LAYOUT, LAYOUT_VERSION)?;
            if !repositories.is_empty() {
                self.file("repositories", &json(&repositories))?;
            }
        } else {
            self.file(OCI_LAYOUT, LAYOUT_VERSION)?;
        }
        self.tar.finish().map_err(writing())
    }

    /// Entries of `index.json`, sorted by their names.
    fn index_entries(&self, images: &[Archived]) -> Vec<Descriptor> {
        let mut entries = Vec::new();
        for image in images {
            if image.names.is_empty() {
                entries.push((String::new(), image.target.clone()));
            }
            for name in &image.names {
                let mut entry = image.target.clone();
                annotate(&mut entry, name, self.format == ArchiveFormat::Docker);
                entries.push((name.text(), entry));
            }
        }
        entries.sort_by(|(a, one), (b, other)| (a, &one.digest).cmp(&(b, &other.digest)));
        entries.dedup();
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    /// `manifest.json` and `repositories`.
    fn docker_lists(
        &self,
        images: &[Archived],
    ) -> (Vec<DockerEntry>, BTreeMap<String, BTreeMap<String, String>>) {
        let is_whole = |image: &crate::outline::DockerImage| {
            self.written.contains(&image.config)
                && image
                    .layers
                    .iter()
                    .all(|layer| self.written.contains(layer))
        };
        let mut repositories: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut by_target: HashMap<&Digest, Vec<String>> = HashMap::new();
        let mut entries = Vec::new();
        for archived in images {
            let Some(image) = self.outline.docker(&archived.target, &is_whole) else {
                continue;
            };
            let tags = by_target.entry(&archived.target.digest).or_default();
            let names = archived.names.iter().filter_map(|name| match name {
                Name::Full(reference) => Some((reference, reference.tag()?)),
                Name::Bare(_) => None,
            });
            for (reference, tag) in names {
                tags.push(reference.familiar());
                if let Some(top) = image.layers.last() {
                    let repository = reference.repository().familiar_name();
                    let tags = repositories.entry(repository).or_default();
                    tags.insert(tag.to_owned(), top.hex().to_owned());
                }
            }
            tags.sort();
            tags.dedup();
            entries.push((&archived.target.digest, image));
        }
        entries.sort_by_key(|(target, _)| (by_target[target].clone(), (*target).clone()));
        entries.dedup_by_key(|(target, _)| *target);
        let entries = entries.into_iter().map(|(target, image)| DockerEntry {
            config: blob_path(&image.config),
            repo_tags: Some(by_target[target].clone()).filter(|tags| !tags.is_empty()),
            layers: image.layers.iter().map(blob_path).collect(),
        });
        (entries.collect(), repositories)
    }

    /// The directories before the first blob in them.
    fn folder(&mut self, algorithm: Algorithm) -> Result<()> {
        if self.folders.is_empty() {
            self.entry("blobs", EntryKind::Directory, 0)?;
        }
        if !self.folders.contains(&algorithm) {
            self.folders.push(algorithm);
            let path = format!("blobs/{}", algorithm.as_str());
            self.entry(&path, EntryKind::Directory, 0)?;
        }
        Ok(())
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.entry(name, EntryKind::File, bytes.len() as u64)?;
        self.tar.content(bytes).map_err(writing())
    }

    fn entry(&mut self, path: &str, kind: EntryKind, size: u64) -> Result<()> {
        let entry = Entry {
            path: path.as_bytes().to_vec(),
            kind,
            mode: match kind {
                EntryKind::Directory => 0o755,
                _ => 0o644,
            },
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            size,
            link: Vec::new(),
            device: (0, 0),
            xattrs: Vec::new(),
            sparse: None,
        };
        self.tar.entry(&entry).map_err(writing())
    }
}

/// Gives an entry of `index.json` its name. Docker's own archives have the bare tag beside containerd's
/// whole name; all others have the whole name twice, so that it can be asked for.
pub(crate) fn annotate(entry: &mut Descriptor, name: &Name, bare_tag: bool) {
    let text = name.text();
    let mut short = text.clone();
    if let Name::Full(reference) = name {
        if let Some(tag) = reference.tag().filter(|_| bare_tag) {
            short = tag.to_owned();
        }
        entry
            .annotations
            .insert(annotation::CONTAINERD_IMAGE_NAME.to_owned(), text);
    }
    entry
        .annotations
        .insert(annotation::REF_NAME.to_owned(), short);
}

fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("lists have only texts for keys")
}

fn writing() -> impl FnOnce(io::Error) -> Error {
    Error::io("write the archive")
}
