//! Files by their names, wherever they are: the entries of an archive, or the files of a layout directory.
//!
//! In a directory only the names that the image-spec gives are opened, never one that a document
//! speaks of.

use std::io::Read as _;
use std::path::PathBuf;

use orlop_oci::{Digest, ManifestError};
use serde::de::DeserializeOwned;

use crate::blob::BlobAt;
use crate::contents::Contents;
use crate::error::{Error, Result};

/// The largest document beside manifests and configurations: a list of images.
pub(crate) const MAX_LIST: u64 = 4 << 20;

/// Where files are.
#[derive(Debug)]
pub(crate) struct Place {
    /// What people call it.
    label: String,
    files: Files,
}

#[derive(Debug)]
pub(crate) enum Files {
    /// A layout directory.
    Directory(PathBuf),
    /// An archive.
    Archive(Contents),
    /// Nowhere: all is made.
    Nothing,
}

impl Place {
    pub(crate) fn new(label: String, files: Files) -> Self {
        Self { label, files }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The archive, when it is one.
    pub(crate) fn archive(&self) -> Option<&Contents> {
        match &self.files {
            Files::Archive(contents) => Some(contents),
            _ => None,
        }
    }

    /// The file of this name.
    pub(crate) fn find(&self, name: &str) -> Result<Option<BlobAt>> {
        match &self.files {
            Files::Archive(contents) => Ok(contents.find(name)),
            Files::Directory(directory) => {
                let path = directory.join(name);
                BlobAt::file(&path).map_err(Error::io(format!("read {}", path.display())))
            }
            Files::Nothing => Ok(None),
        }
    }

    /// The blob that a layout keeps under this digest.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Option<BlobAt>> {
        self.find(&format!("blobs/{}/{}", digest.algorithm(), digest.hex()))
    }

    /// All of a file of at most `max` bytes.
    pub(crate) fn read(&self, name: &str, max: u64) -> Result<Option<Vec<u8>>> {
        match self.find(name)? {
            Some(blob) => self.bytes(&blob, name, max).map(Some),
            None => Ok(None),
        }
    }

    /// All bytes of a blob of at most `max`.
    pub(crate) fn bytes(&self, blob: &BlobAt, name: &str, max: u64) -> Result<Vec<u8>> {
        if blob.length() > max {
            let size = blob.length();
            let error = ManifestError::TooLarge { size, max };
            return Err(Error::document(&self.label, name)(error));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(blob.length()).unwrap_or_default());
        let read = blob.reader(0).read_to_end(&mut bytes);
        read.map_err(Error::io(format!("read {name} of {}", self.label)))?;
        Ok(bytes)
    }

    /// A list in JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(bytes) = self.read(name, MAX_LIST)? else {
            return Ok(None);
        };
        let malformed = |error: serde_json::Error| ManifestError::Json(error.to_string());
        let parsed = serde_json::from_slice(&bytes).map_err(malformed);
        parsed.map(Some).map_err(Error::document(&self.label, name))
    }

    pub(crate) fn invalid(&self, reason: impl Into<String>) -> Error {
        Error::invalid(&self.label, reason)
    }
}
