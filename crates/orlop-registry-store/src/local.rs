//! Blobs and uploads in a folder.
//!
//! An upload is a directory, so that what is known of it and its bytes come and go together, and its
//! file `data` is locked (`flock`) by whoever writes. A blob is that same file under another name:
//! placing is a link, whatever its size, and until the upload is removed the file has both names. So a
//! crash before the commit costs the upload nothing; who goes on with it then gets a copy, since
//! nobody may write to what is a blob.

mod upload;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::{self, BoxFuture, FutureExt as _};
use orlop_oci::{Algorithm, Digest};

use crate::{
    BlobContent, BlobEntry, BlobInfo, BlobStore, OpenBlob, Resumed, Staged, StorageError,
    UploadAbout, UploadData, UploadId, UploadState,
};

type Result<T> = std::result::Result<T, StorageError>;

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

/// Blobs up to this length are read where the caller runs; longer ones on a thread.
const READ_INLINE: u64 = 64 << 10;

/// Blobs and uploads in a folder: `blobs/`, `uploads/` and `trash/` of the module comment of the crate.
#[derive(Debug)]
pub struct LocalBlobs {
    root: PathBuf,
    /// By algorithm: the directory of its blobs, and whether something was renamed in or out.
    directories: [(File, AtomicBool); 2],
}

impl LocalBlobs {
    /// Opens the folder, and makes what isn't there.
    ///
    /// # Errors
    /// `NoSpace`, `Internal`.
    pub fn open(root: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .map_err(|e| failed("make", root, e))?;
        for directory in ["blobs/sha256", "blobs/sha512", "uploads", "trash"] {
            let path = root.join(directory);
            fs::create_dir_all(&path).map_err(|e| failed("make", &path, e))?;
        }
        for parent in ["blobs", ""] {
            let path = root.join(parent);
            let synced = File::open(&path).and_then(|directory| directory.sync_all());
            synced.map_err(|e| failed("sync", &path, e))?;
        }
        let directory = |algorithm: Algorithm| -> Result<(File, AtomicBool)> {
            let path = root.join("blobs").join(algorithm.as_str());
            let file = File::open(&path).map_err(|e| failed("open", &path, e))?;
            Ok((file, AtomicBool::new(false)))
        };
        let directories = [directory(ALGORITHMS[0])?, directory(ALGORITHMS[1])?];
        Ok(Self {
            root: root.to_owned(),
            directories,
        })
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        let mut path = self.root.join("blobs");
        path.push(digest.algorithm().as_str());
        path.push(digest.hex());
        path
    }

    fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    fn changed(&self, algorithm: Algorithm) {
        let index = usize::from(algorithm == Algorithm::Sha512);
        self.directories[index].1.store(true, Ordering::Release);
    }

    fn open_file(&self, digest: &Digest) -> Result<Option<(File, u64)>> {
        let path = self.blob(digest);
        let opened = File::open(&path).and_then(|file| {
            let size = file.metadata()?.len();
            Ok((file, size))
        });
        match opened {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open", &path, error)),
        }
    }

    fn stat(&self, digest: &Digest) -> Result<Option<u64>> {
        let path = self.blob(digest);
        match fs::metadata(&path) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("look at", &path, error)),
        }
    }
}

impl BlobStore for LocalBlobs {
    fn size<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<u64>>> {
        future::ready(self.stat(digest)).boxed()
    }

    fn open<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<Option<OpenBlob>>> {
        let opened = self.open_file(digest).map(|found| {
            found.map(|(file, size)| OpenBlob {
                info: BlobInfo {
                    digest: digest.clone(),
                    size,
                },
                content: BlobContent::File(file),
            })
        });
        future::ready(opened).boxed()
    }

    fn read<'a>(&'a self, digest: &'a Digest, limit: u64) -> BoxFuture<'a, Result<Option<Bytes>>> {
        async move {
            let Some((file, size)) = self.open_file(digest)? else {
                return Ok(None);
            };
            if size > limit {
                return Err(StorageError::Damaged {
                    digest: digest.clone(),
                    reason: format!("it has {size} bytes, at most {limit} were expected"),
                });
            }
            let path = self.blob(digest);
            if size <= READ_INLINE {
                return read_all(&file, size, &path).map(Some);
            }
            tokio::task::spawn_blocking(move || read_all(&file, size, &path))
                .await
                .map_err(|e| StorageError::Internal(format!("reading a blob: {e}")))?
                .map(Some)
        }
        .boxed()
    }

    fn start(&self, id: &UploadId, about: Option<&UploadAbout>) -> Result<Box<dyn UploadData>> {
        upload::start(&self.root, id, about)
    }

    fn link(
        &self,
        id: &UploadId,
        folder: BorrowedFd<'_>,
        name: &str,
    ) -> Result<Option<Box<dyn UploadData>>> {
        upload::link(&self.root, id, folder, name)
    }

    fn about(&self, id: &UploadId) -> Result<Option<(UploadAbout, u64)>> {
        upload::about(&self.root, id)
    }

    fn resume(&self, id: &UploadId) -> Result<Resumed> {
        upload::resume(&self.root, id)
    }

    fn cancel(&self, id: &UploadId) -> Result<()> {
        upload::cancel(&self.root, id)
    }

    fn uploads(&self) -> Result<Vec<UploadState>> {
        upload::list(&self.root)
    }

    fn place(&self, staged: &Staged) -> Result<()> {
        upload::place(&self.root, &staged.upload, &self.blob(&staged.digest))?;
        self.changed(staged.digest.algorithm());
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        for (algorithm, (directory, changed)) in ALGORITHMS.iter().zip(&self.directories) {
            if changed.swap(false, Ordering::AcqRel) {
                directory.sync_all().map_err(|e| {
                    changed.store(true, Ordering::Release);
                    failed("sync", &self.root.join("blobs").join(algorithm.as_str()), e)
                })?;
            }
        }
        Ok(())
    }

    fn discard(&self, digest: &Digest) -> Result<bool> {
        let from = self.blob(digest);
        let name = format!("{}-{}", digest.algorithm(), digest.hex());
        match fs::rename(&from, self.trash().join(name)) {
            Ok(()) => {
                self.changed(digest.algorithm());
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("discard", &from, error)),
        }
    }

    fn empty_trash(&self) -> Result<u64> {
        let path = self.trash();
        let mut freed = 0;
        for entry in fs::read_dir(&path).map_err(|e| failed("read", &path, e))? {
            let entry = entry.map_err(|e| failed("read", &path, e))?;
            let size = entry.metadata().map_or(0, |meta| meta.len());
            match fs::remove_file(entry.path()) {
                Ok(()) => freed += size,
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed("remove", &entry.path(), error)),
            }
        }
        Ok(freed)
    }

    fn each(&self, each: &mut dyn FnMut(BlobEntry) -> Result<()>) -> Result<()> {
        for algorithm in ALGORITHMS {
            let path = self.root.join("blobs").join(algorithm.as_str());
            for entry in fs::read_dir(&path).map_err(|e| failed("read", &path, e))? {
                let entry = entry.map_err(|e| failed("read", &path, e))?;
                let name = entry.file_name();
                // What isn't named by a digest isn't ours.
                let digest = name
                    .to_str()
                    .and_then(|hex| format!("{algorithm}:{hex}").parse::<Digest>().ok());
                let (Some(digest), Ok(meta)) = (digest, entry.metadata()) else {
                    continue;
                };
                each(BlobEntry {
                    digest,
                    size: meta.len(),
                })?;
            }
        }
        Ok(())
    }

    fn probe(&self) -> Result<()> {
        // `access` with effective rights also says when the file system is mounted read-only.
        for directory in ["uploads", "blobs/sha256", "blobs/sha512", "trash"] {
            let path = self.root.join(directory);
            let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
            rustix::fs::accessat(rustix::fs::CWD, &path, access, rustix::fs::AtFlags::EACCESS)
                .map_err(|e| failed("write to", &path, e.into()))?;
        }
        Ok(())
    }
}

fn read_all(file: &File, size: u64, path: &Path) -> Result<Bytes> {
    use std::io::Read as _;
    let mut bytes = Vec::with_capacity(size as usize);
    let read = file.take(size).read_to_end(&mut bytes);
    read.map_err(|e| failed("read", path, e))?;
    Ok(bytes.into())
}

/// An error of the machine: what was tried, where, and why it failed.
pub(crate) fn failed(verb: &str, path: &Path, error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::NoSpace,
        _ => StorageError::Internal(format!("can't {verb} {}: {error}", path.display())),
    }
}
