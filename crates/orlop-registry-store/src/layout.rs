//! An OCI image layout for each repository (image-spec, image-layout.md), derived from the metadata.
//!
//! It is there for tools and for people; nothing in the registry reads it. It is written within about
//! a second after a change, so that a hundred pushes of tags cost it once.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orlop_oci::{Descriptor, annotation};
use serde::Serialize;

use crate::local::failed;
use crate::meta_store::StaleLayout;
use crate::{MetaStore, RepositoryName, StorageError};

type Result<T> = std::result::Result<T, StorageError>;

const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// How many repositories are written between two looks into the database.
const AT_ONCE: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexJson {
    schema_version: u8,
    media_type: &'static str,
    manifests: Vec<Descriptor>,
}

/// The folder of all layouts.
#[derive(Clone, Debug)]
pub(crate) struct Layouts {
    directory: PathBuf,
}

impl Layouts {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let directory = root.join("repositories");
        fs::create_dir_all(&directory).map_err(|e| failed("make", &directory, e))?;
        Ok(Self { directory })
    }

    /// Where the layout of a repository is. No name has a `+`.
    fn path(&self, repository: &RepositoryName) -> PathBuf {
        self.directory.join(repository.as_str().replace('/', "+"))
    }

    /// Writes all layouts that are behind. When another process is at it, that one does.
    pub(crate) async fn refresh(&self, meta: &Arc<dyn MetaStore>) -> Result<()> {
        let folder = File::open(&self.directory)
            .and_then(|folder| match folder.try_lock() {
                Ok(()) => Ok(Some(folder)),
                Err(fs::TryLockError::WouldBlock) => Ok(None),
                Err(fs::TryLockError::Error(error)) => Err(error),
            })
            .map_err(|e| failed("lock", &self.directory, e))?;
        let Some(_locked) = folder else {
            return Ok(());
        };
        loop {
            let stale = meta.stale_layouts(AT_ONCE).await?;
            let last = stale.len() < AT_ONCE;
            if stale.is_empty() {
                return Ok(());
            }
            let layouts = self.clone();
            let written = tokio::task::spawn_blocking(move || layouts.write_all(stale))
                .await
                .map_err(|e| StorageError::Internal(format!("writing layouts: {e}")))??;
            meta.layouts_written(written).await?;
            if last {
                return Ok(());
            }
        }
    }

    fn write_all(&self, stale: Vec<StaleLayout>) -> Result<Vec<(RepositoryName, u64)>> {
        stale
            .into_iter()
            .map(|layout| {
                let path = self.path(&layout.repository);
                write(&path, layout.entries).map_err(|e| failed("write", &path, e))?;
                Ok((layout.repository, layout.changes))
            })
            .collect()
    }

    /// Removes the layout of a repository that is gone. Waits for who writes layouts, so that it
    /// doesn't come back: whoever writes one after this sees that the repository is gone.
    pub(crate) async fn remove(&self, repository: &RepositoryName) -> Result<()> {
        let (layouts, path) = (self.clone(), self.path(repository));
        let removed = move || {
            let folder = File::open(&layouts.directory)?;
            folder.lock()?;
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        };
        let directory = self.directory.clone();
        tokio::task::spawn_blocking(removed)
            .await
            .map_err(|e| StorageError::Internal(format!("removing a layout: {e}")))?
            .map_err(|e| failed("remove a layout in", &directory, e))
    }
}

fn write(path: &Path, entries: Vec<(Descriptor, Option<String>)>) -> io::Result<()> {
    let manifests = entries.into_iter().map(|(mut descriptor, tag)| {
        if let Some(tag) = tag {
            descriptor
                .annotations
                .insert(annotation::REF_NAME.to_owned(), tag);
        }
        descriptor
    });
    let index = IndexJson {
        schema_version: 2,
        media_type: "application/vnd.oci.image.index.v1+json",
        manifests: manifests.collect(),
    };
    fs::create_dir_all(path)?;
    match symlink("../../blobs", path.join("blobs")) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if fs::read(path.join("oci-layout")).is_ok_and(|text| text == OCI_LAYOUT) {
        // As it should be, since the first time.
    } else {
        replace(&path.join("oci-layout"), OCI_LAYOUT)?;
    }
    replace(&path.join("index.json"), &serde_json::to_vec(&index)?)
}

/// Readers see the old file or the new one; so does who looks after the power was lost, and then
/// the database knows whether it was to be written again.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    file.sync_data()?;
    fs::rename(new, path)
}
