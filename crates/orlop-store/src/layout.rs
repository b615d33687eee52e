//! Where things lie below the root, and how the empty store is made.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use orlop_oci::{Algorithm, ChainId, Digest};

use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::locks::FileLock;

/// image-spec, image-layout.md, "oci-layout file".
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const EMPTY_INDEX: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// The paths of a store.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("orlop.db")
    }

    pub(crate) fn oci(&self) -> PathBuf {
        self.root.join("oci")
    }

    pub(crate) fn index_json(&self) -> PathBuf {
        self.oci().join("index.json")
    }

    pub(crate) fn blobs(&self, algorithm: Algorithm) -> PathBuf {
        self.oci().join("blobs").join(algorithm.as_str())
    }

    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs(digest.algorithm()).join(digest.hex())
    }

    pub(crate) fn ingest(&self) -> PathBuf {
        self.root.join("ingest")
    }

    pub(crate) fn ingest_of(&self, digest: &Digest) -> PathBuf {
        self.ingest().join(file_name(digest))
    }

    pub(crate) fn snapshots(&self, driver: &str) -> PathBuf {
        self.root.join("snapshots").join(driver)
    }

    pub(crate) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    pub(crate) fn blob_lock(&self, digest: &Digest) -> PathBuf {
        self.locks().join(format!("blob-{}", file_name(digest)))
    }

    pub(crate) fn chain_lock(&self, chain: &ChainId) -> PathBuf {
        self.locks().join(format!("chain-{}", file_name(&chain.0)))
    }

    pub(crate) fn lease(&self, id: &str) -> PathBuf {
        self.locks().join(format!("lease-{id}"))
    }

    /// Makes the directories that every store has. Does no harm to one that is there.
    pub(crate) fn create_directories(&self) -> Result<()> {
        for path in [
            self.root.clone(),
            self.blobs(Algorithm::Sha256),
            self.blobs(Algorithm::Sha512),
            self.ingest(),
            self.root.join("snapshots"),
            self.locks(),
        ] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(Error::io("create", &path))?;
        }
        Ok(())
    }

    /// Makes the files that an OCI image layout must have. `lock` is that of the schema.
    pub(crate) fn create_oci_files(&self, lock: &FileLock) -> Result<()> {
        for (path, content) in [
            (self.oci().join("oci-layout"), OCI_LAYOUT),
            (self.index_json(), EMPTY_INDEX),
        ] {
            if !path.try_exists().map_err(Error::io("look at", &path))? {
                self.replace(&path, content, lock)?;
            }
        }
        Ok(())
    }

    /// Writes a file so that a reader, or whoever comes after a crash, sees the old or the new one.
    /// `lock` is what keeps others from writing it.
    pub(crate) fn replace(&self, path: &Path, content: &[u8], lock: &FileLock) -> Result<()> {
        let mut draft = Draft::write(self, lock, content)?;
        draft.sync()?;
        draft.place(path)
    }

    /// Where a small file is written before it gets its name; see [`Draft`].
    pub(crate) fn draft(&self, lock: &OsStr) -> PathBuf {
        let mut name = OsString::from(DRAFT);
        name.push(lock);
        self.ingest().join(name)
    }

    /// The lock of a draft, when this is the name of one.
    pub(crate) fn lock_of_draft(&self, name: &str) -> Option<PathBuf> {
        name.strip_prefix(DRAFT).map(|lock| self.locks().join(lock))
    }
}

/// What the names of drafts begin with.
const DRAFT: &str = "draft-";

/// `fsync` of a directory: the names in it survive a crash.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::io("sync", path))
}

/// `sha256-HEX`: a digest as a file name.
pub(crate) fn file_name(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm(), digest.hex())
}

/// The digest that [`file_name`] was made of.
pub(crate) fn digest_of_file_name(name: &str) -> Option<Digest> {
    let (algorithm, hex) = name.split_once('-')?;
    format!("{algorithm}:{hex}").parse().ok()
}

/// A text that no other caller on this machine gets: process, time, and a counter. Where it names a
/// file, creating that file exclusively is what makes it safe.
pub(crate) fn unique() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| d.as_nanos());
    format!(
        "{}-{nanos:x}-{}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_and_digests() {
        let digest = Digest::of(b"x");
        assert_eq!(digest_of_file_name(&file_name(&digest)), Some(digest));
        for bad in ["", "sha256", "sha256-", "sha256-zz", "draft-1-2-3", "../x"] {
            assert_eq!(digest_of_file_name(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_draft_tells_its_lock() {
        let layout = Layout::new(Path::new("/root"));
        let lock = layout.blob_lock(&Digest::of(b"x"));
        let draft = layout.draft(lock.file_name().unwrap());
        let name = draft.file_name().unwrap().to_str().unwrap();
        assert_eq!(layout.lock_of_draft(name), Some(lock));
        assert_eq!(layout.lock_of_draft(&file_name(&Digest::of(b"x"))), None);
    }

    #[test]
    fn unique_is() {
        assert_ne!(unique(), unique());
    }
}
