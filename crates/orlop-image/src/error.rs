//! What can go wrong in a use-case.
//!
//! Errors of the rooms below come through with their own words; what is added here is the image or
//! layer that was being worked on, and docker's words where docker has them.

use orlop_oci::{Descriptor, Digest, ManifestError, MediaType, ReferenceError};

/// The result of a use-case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use-case stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name isn't one.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No image has this name or ID.
    #[error("No such image: {0}")]
    NoSuchImage(String),
    /// An ID is the beginning of several images' IDs.
    #[error("ambiguous image ID {0}: several images begin with it, give more digits")]
    AmbiguousId(String),
    /// Nothing on the disk is called so, or begins so.
    #[error("nothing in the store is called {0}, or has a digest that begins so")]
    NotOnDisk(String),
    /// A digest's beginning is that of several.
    #[error("ambiguous digest {text}: {count} begin with it: {some}")]
    AmbiguousDigest {
        /// What was given.
        text: String,
        /// How many.
        count: usize,
        /// Some of them.
        some: String,
    },
    /// A push of a name that no image has.
    #[error("An image does not exist locally with the tag: {0}")]
    NotLocal(String),
    /// A push of a tag that the repository doesn't have locally.
    #[error("tag does not exist: {0}")]
    TagMissing(String),
    /// None of the image's manifests runs on the platform.
    #[error(
        "no matching manifest for {wanted} in the manifest list entries: no match for platform in manifest: not found (available: {available})"
    )]
    NoMatchingPlatform {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: String,
    },
    /// A single-platform image isn't for the platform that was asked for.
    #[error(
        "image with reference {reference} was found but its platform ({actual}) does not match the specified platform ({wanted})"
    )]
    WrongPlatform {
        /// The image's name.
        reference: String,
        /// The platform of its configuration.
        actual: String,
        /// What was asked for.
        wanted: String,
    },
    /// Something isn't in the store that an operation needs.
    #[error(
        "content of {image} for {platform} is not in the store: pull it with --platform {platform}"
    )]
    NotPulled {
        /// The image.
        image: String,
        /// The platform.
        platform: String,
    },
    /// A conflict that docker answers with 409.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Something that isn't done, in docker's words.
    #[error("{0}")]
    Refused(String),
    /// A document breaks a rule.
    #[error("{what} {digest}: {source}")]
    Document {
        /// `manifest` or `config`.
        what: &'static str,
        /// Which.
        digest: Digest,
        /// Which rule.
        source: ManifestError,
    },
    /// A manifest and its configuration, or a layer and its description, contradict each other.
    #[error("invalid image {digest}: {why}")]
    Invalid {
        /// The manifest or layer.
        digest: Digest,
        /// The contradiction.
        why: String,
    },
    /// A layer could not be unpacked.
    #[error("layer {digest}: {source}")]
    Layer {
        /// Which.
        digest: Digest,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What the store has isn't what came in once.
    #[error("{what} {digest}: the stored copy is damaged: {reason}")]
    Damaged {
        /// `layer`, `config`, `manifest`, or another `blob`.
        what: &'static str,
        /// Which.
        digest: Digest,
        /// How it is seen.
        reason: String,
    },
    /// The registry.
    #[error(transparent)]
    Registry(#[from] orlop_distribution::Error),
    /// An archive or layout.
    #[error(transparent)]
    Archive(#[from] orlop_archive::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] orlop_store::Error),
    /// The storage driver.
    #[error(transparent)]
    Driver(#[from] orlop_snapshot::Error),
    /// Reading or writing a file.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { .. } => Some(
                "remove every image that has it (`orlop rmi`) and pull it again; if it happens again, check the disk"
                    .to_owned(),
            ),
            Self::Registry(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Driver(error) => error.hint(),
            Self::Layer { source, .. } => source.downcast_ref::<orlop_fs::Error>()?.hint(),
            _ => None,
        }
    }

    /// The store's own copy of what `descriptor` describes is wrong.
    pub(crate) fn damaged(descriptor: &Descriptor, reason: impl Into<String>) -> Self {
        Self::Damaged {
            what: kind(&descriptor.media_type),
            digest: descriptor.digest.clone(),
            reason: reason.into(),
        }
    }

    /// What the store answered about a blob of this type.
    pub(crate) fn stored(media_type: &MediaType) -> impl FnOnce(orlop_store::Error) -> Self {
        let what = kind(media_type);
        move |error| match error {
            orlop_store::Error::DamagedBlob { digest, reason } => Self::Damaged {
                what,
                digest,
                reason,
            },
            error => error.into(),
        }
    }

    pub(crate) fn document(
        what: &'static str,
        digest: &Digest,
    ) -> impl FnOnce(ManifestError) -> Self {
        let digest = digest.clone();
        move |source| Self::Document {
            what,
            digest,
            source,
        }
    }

    pub(crate) fn invalid(digest: &Digest, why: impl Into<String>) -> Self {
        Self::Invalid {
            digest: digest.clone(),
            why: why.into(),
        }
    }

    pub(crate) fn layer(
        digest: &Digest,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Layer {
            digest: digest.clone(),
            source: source.into(),
        }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// The word for what a blob is.
fn kind(media_type: &MediaType) -> &'static str {
    if media_type.is_layer() {
        "layer"
    } else if media_type.is_config() {
        "config"
    } else if media_type.is_manifest() || media_type.is_index() {
        "manifest"
    } else {
        "blob"
    }
}
