//! Attach: files beside an image, in a manifest that names it as its subject (image-spec, "Guidelines
//! for Artifact Usage"; the form of `oras attach`), or by a name of their own (`oras push`).
//!
//! Blobs first, then the manifest by its digest: what is interrupted leaves blobs that nothing names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use orlop_distribution::{BlobSource, FileSource, ManifestRef, Remote};
use orlop_layer::DigestReader;
use orlop_oci::{Descriptor, ImageManifest, MediaType, Raw};

use crate::cancel::Cancel;
use crate::checked::{CheckedBlob, Fault, upload_error};
use crate::error::{Error, Result};
use crate::event::{BlobState, Event, EventSink, NoEvents};
use crate::progress::progress;
use crate::pull::blocking;

/// The type of a blob that says nothing, and its bytes (image-spec, "Guidance for an Empty
/// Descriptor").
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
const EMPTY: &[u8] = b"{}";
/// How a file is called where it is unpacked again.
const TITLE: &str = "org.opencontainers.image.title";

/// A file to attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub media_type: MediaType,
    /// What it is called in the artifact.
    pub title: String,
}

/// What is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Of which kind it is: `application/vnd.example.sbom.v1`.
    pub artifact_type: String,
    /// Its files, in order.
    pub files: Vec<AttachedFile>,
    /// Free notes.
    pub annotations: BTreeMap<String, String>,
}

/// Puts an artifact about `subject` into its repository. Where the registry keeps no list of
/// referrers, the list is kept for it. Gives the artifact's manifest.
///
/// # Errors
/// A file can't be read, or changes meanwhile; the registry doesn't take it; [`Error::Cancelled`].
pub async fn attach(
    remote: &Remote,
    subject: &Descriptor,
    artifact: &Artifact,
    cancel: &Cancel,
) -> Result<Raw> {
    let attached = async {
        let events: Arc<dyn EventSink> = Arc::new(NoEvents);
        let raw = upload_all(remote, Some(subject), artifact, &events).await?;
        let name = ManifestRef::Digest(raw.digest());
        remote.put_manifest(name, &raw).await?;
        Ok(raw)
    };
    tokio::select! {
        done = attached => done,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// Puts an artifact that is about nothing else into a repository, by a name. Gives its manifest.
///
/// # Errors
/// As [`attach`].
pub async fn put_artifact(
    remote: &Remote,
    name: ManifestRef<'_>,
    artifact: &Artifact,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> Result<Raw> {
    let put = async {
        let raw = upload_all(remote, None, artifact, events).await?;
        remote.put_manifest(name, &raw).await?;
        Ok(raw)
    };
    tokio::select! {
        done = put => done,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// Uploads what an artifact's manifest names; gives that.
async fn upload_all(
    remote: &Remote,
    subject: Option<&Descriptor>,
    artifact: &Artifact,
    events: &Arc<dyn EventSink>,
) -> Result<Raw> {
    let empty = Raw::new(MediaType::from(EMPTY_TYPE), EMPTY.to_vec()).descriptor();
    let mut layers = Vec::with_capacity(artifact.files.len());
    for file in &artifact.files {
        let descriptor = described(file).await?;
        let source = Arc::new(FileSource(file.path.clone()));
        upload(remote, &descriptor, source, events).await?;
        layers.push(descriptor);
    }
    if layers.is_empty() {
        // A manifest must have a layer; this one says nothing.
        layers.push(empty.clone());
    }
    let nothing = Arc::new(bytes::Bytes::from_static(EMPTY));
    let silent: Arc<dyn EventSink> = Arc::new(NoEvents);
    upload(remote, &empty, nothing, &silent).await?;
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(MediaType::OciManifest),
        artifact_type: Some(artifact.artifact_type.clone()),
        config: empty,
        layers,
        subject: subject.map(bare),
        annotations: artifact.annotations.clone(),
    };
    // A manifest of our own structures is always JSON.
    let bytes = serde_json::to_vec(&manifest).expect("a manifest can be written as JSON");
    Ok(Raw::new(MediaType::OciManifest, bytes))
}

/// Only what finds it: an index says more of its children than of themselves.
fn bare(subject: &Descriptor) -> Descriptor {
    Descriptor::new(
        subject.media_type.clone(),
        subject.digest.clone(),
        subject.size,
    )
}

async fn described(file: &AttachedFile) -> Result<Descriptor> {
    let (path, label) = (file.path.clone(), file.path.display().to_string());
    let hashed = blocking(move || {
        let hashed = File::open(&path).and_then(|file| {
            if file.metadata()?.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let mut reader = DigestReader::new(file);
            io::copy(&mut reader, &mut io::sink())?;
            Ok((reader.passed(), reader.finish().0))
        });
        hashed.map_err(Error::io(label))
    });
    let (size, digest) = hashed.await?;
    let mut descriptor = Descriptor::new(file.media_type.clone(), digest, size);
    descriptor
        .annotations
        .insert(TITLE.to_owned(), file.title.clone());
    Ok(descriptor)
}

async fn upload(
    remote: &Remote,
    descriptor: &Descriptor,
    source: Arc<dyn BlobSource>,
    events: &Arc<dyn EventSink>,
) -> Result<()> {
    let tell = |state| {
        events.emit(Event::Blob {
            digest: descriptor.digest.clone(),
            layer: true,
            state,
        });
    };
    if remote.has_blob(&descriptor.digest).await?.is_some() {
        tell(BlobState::LayerExists);
        return Ok(());
    }
    let source = CheckedBlob::new(source, descriptor, changed)?;
    let session = remote.start_upload().await?;
    let sent = progress(events, descriptor, true, |current, total| {
        BlobState::Pushing { current, total }
    });
    let uploaded = remote.upload_blob_into(session, descriptor, source, &sent);
    uploaded.await.map_err(upload_error)?;
    tell(BlobState::Pushed);
    Ok(())
}

fn changed(descriptor: &Descriptor, _: Fault) -> Error {
    let title = descriptor.annotations.get(TITLE);
    Error::Refused(format!(
        "{}: the file changed while it was sent",
        title.map_or("a file", String::as_str)
    ))
}
