//! The catalogue of official images: one file in the store's root, replaced whole.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use orlop_distribution::{Client, Download, Validators};
use serde::{Deserialize, Serialize};

use super::library_file::LibraryFile;
use super::source::{CatalogueSource, Files, MAX_ARCHIVE, of_archive, of_path};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::pull::blocking;

/// Its name in the root.
const FILE: &str = "official.json";
/// The most that is read of it, in bytes.
const MAX_SIZE: u64 = 256 << 20;

/// The library files of all official images, as they were at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Where it came from.
    pub source: String,
    /// What the server called this state of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// When it was last found to be current.
    pub fetched: Timestamp,
    library: BTreeMap<String, String>,
}

/// What a refresh did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// How many official images there are.
    pub images: usize,
    /// Files that aren't library files, and why not.
    pub left_out: Vec<(String, String)>,
    /// The catalogue is another than before.
    pub changed: bool,
}

impl Catalogue {
    /// The one in a store's root, if there is one.
    ///
    /// # Errors
    /// When it can't be read or isn't one.
    pub fn read(root: &Path) -> Result<Option<Self>> {
        let path = root.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(format!("read {}", path.display()))(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_SIZE + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::io(format!("read {}", path.display())))?;
        let catalogue = serde_json::from_slice(&bytes).map_err(|error| {
            Error::Refused(format!(
                "{} is no catalogue of official images: {error}",
                path.display()
            ))
        })?;
        Ok(Some(catalogue))
    }

    /// The names of all official images, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.library.keys().map(String::as_str)
    }

    /// An official image.
    ///
    /// # Errors
    /// When its library file isn't one; it was when the catalogue was fetched.
    pub fn image(&self, name: &str) -> Result<Option<LibraryFile>> {
        let Some(text) = self.library.get(name) else {
            return Ok(None);
        };
        LibraryFile::parse(text)
            .map(Some)
            .map_err(|why| Error::Refused(format!("library file {name}: {why}")))
    }

    /// Fetches the catalogue anew and puts it into a store's root. The old one stays until the new one
    /// is whole.
    ///
    /// # Errors
    /// When it can't be fetched or read, or has no library files in it, or [`Error::Cancelled`].
    pub async fn refresh(
        root: &Path,
        source: &CatalogueSource,
        client: &Client,
        cancel: &Cancel,
    ) -> Result<Refreshed> {
        tokio::select! {
            refreshed = refresh(root, source, client) => refreshed,
            () = cancel.cancelled() => Err(Error::Cancelled),
        }
    }

    /// Puts it in place of the old one.
    fn write(&self, root: &Path) -> Result<()> {
        let path = root.join(FILE);
        let failed = || Error::io(format!("write {}", path.display()));
        let json = serde_json::to_vec(self).map_err(|error| failed()(error.into()))?;
        let mut new = tempfile::Builder::new()
            .prefix(".official-")
            .tempfile_in(root)
            .map_err(failed())?;
        new.write_all(&json)
            .and_then(|()| new.as_file().sync_all())
            .map_err(failed())?;
        new.persist(&path).map_err(|error| failed()(error.error))?;
        File::open(root)
            .and_then(|folder| folder.sync_all())
            .map_err(failed())
    }
}

async fn refresh(root: &Path, source: &CatalogueSource, client: &Client) -> Result<Refreshed> {
    // A store may come into it, which is nobody else's.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(root);
    made.map_err(Error::io(format!("create {}", root.display())))?;
    // A damaged one is as good as none: this is what replaces it.
    let before = Catalogue::read(root).ok().flatten();
    let (files, etag) = match source {
        CatalogueSource::Path(path) => {
            let path = path.clone();
            (blocking(move || of_path(&path)).await?, None)
        }
        CatalogueSource::Address(url) => {
            let same = before.as_ref().filter(|old| old.source == url.as_str());
            let known = same.map(|old| Validators {
                etag: old.etag.clone(),
                ..Validators::default()
            });
            match client.download(url, known.as_ref(), MAX_ARCHIVE).await? {
                Download::Unchanged => return unchanged(root, before),
                Download::File(file) => {
                    let etag = file.validators.etag.clone();
                    let what = url.to_string();
                    let archive = spool(root, *file).await?;
                    (blocking(move || of_archive(archive, &what)).await?, etag)
                }
            }
        }
    };
    let (library, left_out) = sift(files);
    if library.is_empty() {
        return Err(Error::Refused(format!("{source}: no library file in it")));
    }
    let changed = before.is_none_or(|old| old.library != library);
    let catalogue = Catalogue {
        source: source.to_string(),
        etag,
        fetched: Timestamp::now(),
        library,
    };
    catalogue.write(root)?;
    Ok(Refreshed {
        images: catalogue.library.len(),
        left_out,
        changed,
    })
}

/// The server says that nothing changed: only the time does.
fn unchanged(root: &Path, before: Option<Catalogue>) -> Result<Refreshed> {
    let Some(mut catalogue) = before else {
        return Err(Error::Refused(
            "the server has nothing new, but there is nothing old".into(),
        ));
    };
    catalogue.fetched = Timestamp::now();
    catalogue.write(root)?;
    Ok(Refreshed {
        images: catalogue.library.len(),
        left_out: Vec::new(),
        changed: false,
    })
}

/// Brings a download into a file without a name.
async fn spool(root: &Path, mut download: orlop_distribution::DownloadedFile) -> Result<File> {
    let root: PathBuf = root.to_owned();
    let failed = || Error::io(format!("write to {}", root.display()));
    let mut file = tokio::fs::File::from_std(tempfile::tempfile_in(&root).map_err(failed())?);
    while let Some(chunk) = download.chunk().await? {
        tokio::io::AsyncWriteExt::write_all(&mut file, &chunk)
            .await
            .map_err(failed())?;
    }
    tokio::io::AsyncWriteExt::flush(&mut file)
        .await
        .map_err(failed())?;
    let mut file = file.into_std().await;
    file.rewind().map_err(failed())?;
    Ok(file)
}

/// What is a library file, and what isn't.
fn sift(files: Files) -> (BTreeMap<String, String>, Vec<(String, String)>) {
    let mut library = BTreeMap::new();
    let mut left_out = Vec::new();
    for (name, text) in files {
        match LibraryFile::parse(&text) {
            Ok(_) => drop(library.insert(name, text)),
            Err(why) => left_out.push((name, why)),
        }
    }
    (library, left_out)
}
