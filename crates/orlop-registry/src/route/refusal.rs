//! Why a request's line is no route.

/// A refusal, before anybody is asked who they are: it depends on the request's text alone and
/// tells nothing of what the registry keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such path. 404.
    NotFound,
    /// The path is known, the method isn't. 405, with what it allows.
    Method(&'static str),
    /// A repository's name breaks the grammar. 400 `NAME_INVALID`.
    Name,
    /// A digest is malformed, or of an algorithm that can't be verified. 400 `DIGEST_INVALID`.
    Digest,
    /// A tag breaks the grammar, so it can't be put. 400 `MANIFEST_INVALID`.
    Tag,
    /// A reference that can't exist is asked for. 404 `MANIFEST_UNKNOWN`.
    ManifestUnknown,
    /// An upload's ID that was never given out. 404 `BLOB_UPLOAD_UNKNOWN`.
    UploadUnknown,
    /// A page's bounds that are no number. 400.
    Page,
    /// The path or the query isn't what a URL may hold. 400.
    Malformed,
}
