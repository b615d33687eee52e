//! The database as an OCI artifact: built once, and fetched from any registry.
//!
//! ```text
//! manifest   artifactType, the empty configuration, annotations
//!   layer    the file as it is: what it holds is compressed already
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use orlop_distribution::{BlobOptions, ManifestRef, Remote};
use orlop_image::event::{BlobState, Event, EventSink};
use orlop_image::{Artifact, AttachedFile, Cancel, put_artifact};
use orlop_oci::{Descriptor, Digest, Digester, ImageManifest, Manifest, MediaType, Raw, Reference};
use orlop_vuln::database::{Database, DatabaseError, FORMAT};

use super::{Advisories, name_of};
use crate::error::{Error, Result, blocking, cancelled};

/// The kind of artifact.
pub const ARTIFACT_TYPE: &str = "application/vnd.orlop.advisories.v1";
/// The type of its layer.
const LAYER_TYPE: &str = "application/vnd.orlop.advisories.v1.db";
/// The digest of the database in it, as `db status` shows it.
const DIGEST: &str = "vnd.orlop.advisories.digest";
/// The version of the database's format.
const DATABASE_FORMAT: &str = "vnd.orlop.advisories.format";
const CREATED: &str = "org.opencontainers.image.created";
const TITLE: &str = "org.opencontainers.image.title";
/// The largest database that is fetched, in bytes.
const MAX: u64 = 4 << 30;
/// Between two events.
const PAUSE: Duration = Duration::from_millis(80);

/// What a pull did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The artifact's manifest.
    pub manifest: Digest,
    /// The name of the database: `sha256:` and the digest of what it holds.
    pub digest: String,
    /// When it was built.
    pub built: Timestamp,
    /// It is another than before.
    pub is_new: bool,
}

impl Advisories {
    /// Pushes the database. Gives the artifact's manifest; the same database has always the same.
    ///
    /// # Errors
    /// There is none or it is damaged, or the registry doesn't take it;
    /// [`orlop_image::Error::Cancelled`].
    pub async fn push(
        &self,
        remote: &Remote,
        reference: &Reference,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Raw> {
        // Before a folder is made for the lock.
        drop(self.open()?);
        // The file is read twice, and must be the same.
        let lock = self.lock(&**events, cancel).await?;
        let own = self.clone();
        let artifact = blocking(move || {
            let database = own.open()?;
            database.verify()?;
            Ok(artifact(own.path(), &database))
        });
        let artifact = artifact.await?;
        let name = ManifestRef::of(reference);
        let raw = put_artifact(remote, name, &artifact, events, cancel).await;
        drop(lock);
        Ok(raw?)
    }

    /// Pulls a database and puts it in the place of the one before, unless that is the same.
    ///
    /// # Errors
    /// It isn't there, is none, or is damaged ([`Error::NoAdvisories`]);
    /// [`orlop_image::Error::Cancelled`]. Then the database is what it was.
    pub async fn pull(
        &self,
        remote: &Remote,
        reference: &Reference,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Pulled> {
        let lock = self.lock(&**events, cancel).await?;
        let pulled = tokio::select! {
            pulled = self.pull_now(remote, reference, events) => pulled,
            () = cancel.cancelled() => Err(cancelled()),
        };
        drop(lock);
        pulled
    }

    async fn pull_now(
        &self,
        remote: &Remote,
        reference: &Reference,
        events: &Arc<dyn EventSink>,
    ) -> Result<Pulled> {
        let foreign = |why: String| Error::NoAdvisories {
            reference: reference.familiar().to_string(),
            why,
        };
        let raw = remote.manifest(ManifestRef::of(reference)).await;
        let raw = raw.map_err(orlop_image::Error::from)?;
        let (manifest, layer) = described(&raw).map_err(&foreign)?;
        let digest = manifest.annotations.get(DIGEST).cloned();
        let pulled = |facts: (String, Timestamp), is_new| Pulled {
            manifest: raw.digest().clone(),
            digest: facts.0,
            built: facts.1,
            is_new,
        };
        let own = self.clone();
        if let Some(facts) = blocking(move || Ok(own.is(digest.as_deref()))).await? {
            return Ok(pulled(facts, false));
        }
        // As of a database that is written: what is left of it is removed with those.
        let part = format!("advisories-v{FORMAT}.db.{}.new", std::process::id());
        let part = Part(self.folder.join(part));
        part.fetch(remote, &layer, events).await?;
        let digest = manifest.annotations.get(DIGEST).cloned();
        let (own, path) = (self.clone(), part.0.clone());
        let placed = blocking(move || own.place(&path, digest.as_deref())).await;
        let placed = placed.map_err(|error| match error {
            Error::Database(error) => foreign(error.to_string()),
            error => error,
        });
        Ok(pulled(placed?, true))
    }

    /// Digest and date of the database, if it is whole and the one that has this digest.
    fn is(&self, digest: Option<&str>) -> Option<(String, Timestamp)> {
        let database = self.open().ok()?;
        let is_same = Some(name_of(&database).as_str()) == digest;
        // What is damaged is to be replaced.
        (is_same && database.verify().is_ok())
            .then(|| (name_of(&database), database.contents().built))
    }

    /// Puts a file in the place of the database if it is one; gives its digest and date. An error of
    /// [`Error::Database`] is about the file.
    fn place(&self, path: &Path, digest: Option<&str>) -> Result<(String, Timestamp)> {
        let database = Database::open(path)?;
        database.verify()?;
        let facts = (name_of(&database), database.contents().built);
        if digest.is_some_and(|digest| digest != facts.0) {
            let why = "its digest isn't the one that its manifest says";
            return Err(DatabaseError::Damaged(why).into());
        }
        let placed =
            fs::rename(path, self.path()).and_then(|()| File::open(&self.folder)?.sync_all());
        placed.map_err(Error::io(&self.path()))?;
        Ok(facts)
    }
}

fn artifact(path: PathBuf, database: &Database) -> Artifact {
    let title = format!("advisories-v{FORMAT}.db");
    let created = database.contents().built.strftime("%Y-%m-%dT%H:%M:%SZ");
    let annotations = [
        (CREATED, created.to_string()),
        (TITLE, title.clone()),
        (DIGEST, name_of(database)),
        (DATABASE_FORMAT, FORMAT.to_string()),
    ];
    let annotations: BTreeMap<String, String> = annotations
        .map(|(key, value)| (key.to_owned(), value))
        .into();
    Artifact {
        artifact_type: ARTIFACT_TYPE.to_owned(),
        files: vec![AttachedFile {
            path,
            media_type: MediaType::from(LAYER_TYPE),
            title,
        }],
        annotations,
    }
}

/// The layer of an artifact that may be a database.
fn described(raw: &Raw) -> std::result::Result<(ImageManifest, Descriptor), String> {
    let manifest = match raw.manifest() {
        Ok(Manifest::Image(manifest)) => manifest,
        Ok(Manifest::Index(_)) => return Err("it is an index of images".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    match manifest.artifact_type.as_deref() {
        Some(ARTIFACT_TYPE) => {}
        Some(other) => return Err(format!("it is an artifact of the type {other:?}")),
        None => return Err("it is an image".to_owned()),
    }
    let format = manifest.annotations.get(DATABASE_FORMAT);
    if let Some(format) = format.filter(|format| **format != FORMAT.to_string()) {
        return Err(format!(
            "it has format {format:?}, and this program reads format {FORMAT}"
        ));
    }
    let layer = match manifest.layers.as_slice() {
        [layer] if layer.media_type.as_str() == LAYER_TYPE => layer.clone(),
        _ => return Err(format!("it hasn't one layer of the type {LAYER_TYPE}")),
    };
    match layer.size > MAX {
        true => Err(format!("it has {} bytes, more than {MAX}", layer.size)),
        false => Ok((manifest, layer)),
    }
}

/// A file on its way, which goes when it doesn't arrive.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After a success it isn't there any more.
        let _ = fs::remove_file(&self.0);
    }
}

impl Part {
    async fn fetch(
        &self,
        remote: &Remote,
        layer: &Descriptor,
        events: &Arc<dyn EventSink>,
    ) -> Result<()> {
        let tell = |state| {
            events.emit(Event::Blob {
                digest: layer.digest.clone(),
                layer: true,
                state,
            });
        };
        tell(BlobState::Pending);
        let mut file = File::create(&self.0).map_err(Error::io(&self.0))?;
        let mut digester = Digester::new(layer.digest.algorithm());
        let mut stream = remote.blob(layer, 0, BlobOptions::default());
        let (mut current, mut told) = (0, Instant::now());
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(orlop_image::Error::from)?;
            digester.update(&chunk);
            file.write_all(&chunk).map_err(Error::io(&self.0))?;
            current += chunk.len() as u64;
            if told.elapsed() > PAUSE {
                told = Instant::now();
                let total = layer.size;
                tell(BlobState::Downloading { current, total });
            }
        }
        let actual = digester.finish();
        if actual != layer.digest {
            let expected = layer.digest.clone();
            let error = orlop_distribution::Error::BlobDigest { expected, actual };
            return Err(orlop_image::Error::from(error).into());
        }
        file.sync_all().map_err(Error::io(&self.0))?;
        tell(BlobState::Pulled);
        Ok(())
    }
}
