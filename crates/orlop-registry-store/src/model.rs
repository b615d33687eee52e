//! What passes between the storage and who uses it.

use std::fs::File;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use orlop_oci::{Descriptor, Digest};

use crate::{RepositoryName, TagName};

/// Who does something, as the event log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `alice`, `robot$ci`, `anonymous`, `system`.
    pub actor: String,
    /// The address that the request came from.
    pub address: Option<String>,
    /// The client's name for itself.
    pub user_agent: Option<String>,
    /// The request's ID, as in the access log.
    pub request_id: Option<String>,
}

impl Origin {
    /// The registry itself.
    pub fn system() -> Self {
        Self {
            actor: "system".into(),
            address: None,
            user_agent: None,
            request_id: None,
        }
    }
}

/// A blob of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// A blob, ready to be sent.
#[derive(Debug)]
pub struct OpenBlob {
    /// Digest and size.
    pub info: BlobInfo,
    /// Where the bytes are.
    pub content: BlobContent,
}

/// Where a blob's bytes are. An object store will add a place to redirect to, and a stream.
#[derive(Debug)]
pub enum BlobContent {
    /// A file, from its beginning.
    File(File),
}

/// A request's body: what arrives of it, in order. An error ends it.
pub type Body = BoxStream<'static, Result<Bytes, String>>;

/// The ID of an upload: 32 hex digits, made of random bits by the storage. Anything else from a
/// client is an unknown upload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(pub(crate) String);

impl UploadId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads one; `None` unless it is 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }
}

/// Uploads that aren't finished, and what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenUploads {
    /// How many there are.
    pub count: u64,
    /// The bytes that they have, or are about to have.
    pub bytes: u64,
}

/// A part of an upload, as the request describes it.
pub struct Chunk {
    /// From `Content-Range`: the offset of its first byte.
    pub start: Option<u64>,
    /// From `Content-Range` or `Content-Length`: how many bytes it has.
    pub length: Option<u64>,
    /// The bytes.
    pub body: Body,
}

/// A manifest or an index, as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// Its digest.
    pub digest: Digest,
    /// The type that it was pushed with.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A manifest to be put.
#[derive(Clone, Debug)]
pub struct NewManifest {
    /// The digest in the URL, where it is one. Else SHA-256 is used.
    pub digest: Option<Digest>,
    /// The tag in the URL, and those of `?tag=`.
    pub tags: Vec<TagName>,
    /// The `Content-Type`, without parameters.
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// What became of a manifest that was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutManifest {
    /// Its digest.
    pub digest: Digest,
    /// Its subject, where it has one.
    pub subject: Option<Digest>,
    /// The tags that now name it.
    pub tags: Vec<TagName>,
    /// What the client should hear (`Warning` header).
    pub warnings: Vec<String>,
}

/// Which part of a list: at most `limit` entries after `after`, in byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The last entry of the page before.
    pub after: Option<String>,
    /// How many at most.
    pub limit: usize,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// There are more behind it.
    pub more: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A manifest was put (with the tag, where it got one).
    Push,
    /// A manifest was fetched.
    Pull,
    /// A tag, a manifest or a blob was deleted.
    Delete,
    /// A blob was taken over from another repository.
    Mount,
    /// Collection removed something.
    Collect,
    /// Retention removed something.
    Retain,
    /// An account, a key or a token was made, changed or revoked.
    Account,
}

impl EventKind {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::Delete => "delete",
            Self::Mount => "mount",
            Self::Collect => "collect",
            Self::Retain => "retain",
            Self::Account => "account",
        }
    }
}

/// One line of the event log, which audit, webhooks and the portal read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Grows by one from event to event, without holes that matter.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// In which repository.
    pub repository: Option<RepositoryName>,
    /// Which tag.
    pub tag: Option<TagName>,
    /// Type, digest and size of what it happened to.
    pub target: Option<Descriptor>,
    /// Who did it.
    pub origin: Origin,
    /// Anything else, for people.
    pub note: Option<String>,
}
