//! Validate: whether an image is what it says of itself, wherever it is.
//!
//! ```text
//! target ─▶ walk (each manifest, its subject, what speaks of it) ─▶ image (its configuration's word)
//!                │                                                     │
//!                └──────────────▶ blobs, side by side ◀────────────────┘
//!                                 digest, size, diff ID, archive
//! ```
//!
//! Nothing stops at the first fault: what is wrong is a [`Finding`], and the rest is looked at all the
//! same. What keeps from looking (no connection, no login) is an error.

mod blobs;
mod image;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use orlop_layer::Bounds;
use orlop_oci::{Descriptor, Digest, Platform};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::event::EventSink;
use crate::origin::Origin;

use blobs::{Blob, BlobKey};

/// What to look at.
#[derive(Clone, Debug)]
pub struct ValidateOptions {
    /// Only the manifest of this platform.
    pub platform: Option<Platform>,
    /// Read every blob. Without it they are only asked for, and their sizes compared.
    pub contents: bool,
    /// How many blobs are read at once.
    pub parallel: usize,
    /// What a layer may be.
    pub bounds: Bounds,
}

/// Something that isn't as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The document or blob.
    pub digest: Digest,
    /// What it is: `index`, `manifest`, `config`, `layer`, `blob`, `referrers`.
    pub what: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The image.
    pub target: Descriptor,
    /// Manifests and indexes.
    pub manifests: usize,
    /// Image configurations.
    pub configs: usize,
    /// Layers.
    pub layers: usize,
    /// Other blobs.
    pub blobs: usize,
    /// Manifests that speak of others by a subject.
    pub referrers: usize,
    /// Manifests of an index that aren't in an archive, a layout or the store, which needn't have all
    /// platforms.
    pub absent: usize,
    /// Bytes of all blobs.
    pub bytes: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Looks at all of an image.
///
/// # Errors
/// When it can't be looked at: the origin can't be asked, it has nothing for the platform; and
/// [`Error::Cancelled`].
pub async fn validate(
    origin: &Origin,
    target: &Descriptor,
    options: &ValidateOptions,
    events: &Arc<dyn EventSink>,
    cancel: &Cancel,
) -> Result<Validated> {
    let work = async {
        let mut validator = Validator {
            origin,
            options,
            seen: HashSet::new(),
            manifests: Vec::new(),
            blobs: Vec::new(),
            noted: HashSet::new(),
            report: Validated::of(target),
        };
        validator.walk(target).await?;
        validator.check_blobs(events, cancel).await?;
        Ok(validator.report)
    };
    tokio::select! {
        report = work => report,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

impl Validated {
    fn of(target: &Descriptor) -> Self {
        Self {
            target: target.clone(),
            manifests: 0,
            configs: 0,
            layers: 0,
            blobs: 0,
            referrers: 0,
            absent: 0,
            bytes: 0,
            findings: Vec::new(),
        }
    }
}

/// One validation under way.
struct Validator<'a> {
    origin: &'a Origin,
    options: &'a ValidateOptions,
    /// All documents that were looked at or are known to be missing.
    seen: HashSet<Digest>,
    /// Manifests whose referrers are still to be asked for.
    manifests: Vec<Digest>,
    /// What is still to be read, each once for each diff ID that it should have.
    blobs: Vec<Blob>,
    /// Which these are.
    noted: HashSet<BlobKey>,
    report: Validated,
}

impl Validator<'_> {
    fn find(&mut self, digest: &Digest, what: &'static str, problem: impl Into<String>) {
        self.report.findings.push(Finding {
            digest: digest.clone(),
            what,
            problem: problem.into(),
        });
    }

    /// An error that says something of the image is a finding; any other is given back.
    fn fault(&mut self, digest: &Digest, what: &'static str, error: Error) -> Result<()> {
        let problem = problem_of(error)?;
        self.find(digest, what, problem);
        Ok(())
    }
}

/// What an error says of the image, without repeating what it is about; the error itself when it says
/// nothing of it.
fn problem_of(error: Error) -> Result<String> {
    use orlop_distribution::Error as Wire;
    Ok(match error {
        Error::Document { source, .. } => source.to_string(),
        Error::Invalid { why, .. } => why,
        Error::Layer { source, .. } => source.to_string(),
        Error::Damaged { reason, .. } => format!("the stored copy is damaged: {reason}"),
        Error::Registry(Wire::Manifest { source, .. }) => source.to_string(),
        Error::Registry(error) if error.is_not_found() => "it isn't there".to_owned(),
        Error::Registry(
            error @ (Wire::DigestMismatch { .. }
            | Wire::BlobDigest { .. }
            | Wire::BlobSize { .. }
            | Wire::Protocol { .. }),
        ) => error.to_string(),
        Error::Archive(orlop_archive::Error::NoBlob { .. }) => "it isn't there".to_owned(),
        error @ (Error::Archive(_) | Error::Store(_)) => error.to_string(),
        error => return Err(error),
    })
}
