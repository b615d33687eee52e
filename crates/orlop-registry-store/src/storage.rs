//! The verbs of the storage.
#![expect(clippy::todo, unused_variables, reason = "being written")]

use orlop_oci::{Algorithm, Descriptor, Digest};

use crate::*;

type Result<T> = std::result::Result<T, StorageError>;

/// What a registry keeps, and every change to it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage {}

impl Storage {
    /// Looks for a blob. `pushing` says that the asker may push: collection then leaves the blob
    /// alone for the grace period, as a push that finds it won't send it.
    pub async fn blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        pushing: bool,
    ) -> Result<BlobInfo> {
        todo!()
    }
    /// Opens a blob to be sent.
    pub async fn open_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<OpenBlob> {
        todo!()
    }
    /// Removes a blob from a repository; the bytes go when no repository has it any more.
    pub async fn delete_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        origin: &Origin,
    ) -> Result<()> {
        todo!()
    }
    /// Repositories that have a blob (at most `limit`), to mount it from one that the asker may read.
    pub async fn holders(&self, digest: &Digest, limit: usize) -> Result<Vec<RepositoryName>> {
        todo!()
    }
    /// Gives `repository` a blob that `from` has. `BlobUnknown` when it hasn't.
    pub async fn mount_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        from: &RepositoryName,
        origin: &Origin,
    ) -> Result<BlobInfo> {
        todo!()
    }

    /// Begins an upload, hashed by `algorithm` as it arrives.
    pub async fn start_upload(
        &self,
        repository: &RepositoryName,
        algorithm: Algorithm,
    ) -> Result<UploadId> {
        todo!()
    }
    /// How many bytes of an upload have arrived.
    pub async fn upload_offset(&self, repository: &RepositoryName, id: &UploadId) -> Result<u64> {
        todo!()
    }
    /// Adds a chunk; returns how many bytes have arrived in all. When the body breaks off, what
    /// arrived is kept.
    pub async fn append(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        chunk: Chunk,
    ) -> Result<u64> {
        todo!()
    }
    /// Adds the last chunk (which may be empty), verifies the digest, and gives the blob to the
    /// repository. It is durable when this returns. A wrong digest ends the upload.
    pub async fn finish_upload(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        last: Chunk,
        digest: &Digest,
    ) -> Result<BlobInfo> {
        todo!()
    }
    /// Gives an upload up.
    pub async fn cancel_upload(&self, repository: &RepositoryName, id: &UploadId) -> Result<()> {
        todo!()
    }
    /// Takes a whole blob in one request.
    pub async fn put_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        content: Chunk,
    ) -> Result<BlobInfo> {
        todo!()
    }

    /// Finds a manifest. `ManifestUnknown`, or `NameUnknown` when there is no such repository.
    pub async fn manifest(
        &self,
        repository: &RepositoryName,
        reference: &TagOrDigest,
    ) -> Result<StoredManifest> {
        todo!()
    }
    /// Notes that a manifest was pulled (for retention; written in bulk, seconds later).
    pub fn pulled(
        &self,
        repository: &RepositoryName,
        reference: &TagOrDigest,
        digest: &Digest,
        origin: &Origin,
    ) {
        todo!()
    }
    /// Takes a manifest and names it.
    pub async fn put_manifest(
        &self,
        repository: &RepositoryName,
        manifest: NewManifest,
        origin: &Origin,
    ) -> Result<PutManifest> {
        todo!()
    }
    /// Deletes a tag; what it named stays.
    pub async fn delete_tag(
        &self,
        repository: &RepositoryName,
        tag: &TagName,
        origin: &Origin,
    ) -> Result<()> {
        todo!()
    }
    /// Deletes a manifest and all tags that name it.
    pub async fn delete_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        origin: &Origin,
    ) -> Result<()> {
        todo!()
    }

    /// The tags of a repository, in byte order.
    pub async fn tags(&self, repository: &RepositoryName, page: &Page) -> Result<Listing<String>> {
        todo!()
    }
    /// The repositories, in byte order.
    pub async fn repositories(&self, page: &Page) -> Result<Listing<RepositoryName>> {
        todo!()
    }
    /// The manifests whose subject is `subject` (with `artifactType` and annotations), in byte order
    /// of their digests. Empty when there are none; the subject needn't exist.
    pub async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        artifact_type: Option<&str>,
        page: &Page,
    ) -> Result<Listing<Descriptor>> {
        todo!()
    }

    /// Events after `after`, oldest first.
    pub async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        todo!()
    }
    /// Adds an event that isn't a change of content (accounts, keys).
    pub async fn record(&self, kind: EventKind, note: &str, origin: &Origin) -> Result<()> {
        todo!()
    }
    /// Fails unless content and metadata can be read and written.
    pub async fn ready(&self) -> Result<()> {
        todo!()
    }
}
