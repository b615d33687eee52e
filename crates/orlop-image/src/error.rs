//! What can go wrong in a use-case.
//!
//! Errors of the rooms below come through with their own words; what is added here is the image or
//! layer that was being worked on, and docker's words where docker has them.

use orlop_oci::{Digest, ManifestError, ReferenceError};

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
    /// The registry.
    #[error(transparent)]
    Registry(#[from] orlop_distribution::Error),
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
