//! Readers of what others publish about vulnerabilities.
//!
//! ```text
//! a path ─▶ files in order of their names ─▶ unpacked (zip, tar, gzip, zstd, bzip2, xz)
//!        ─▶ documents, recognised by what they hold ─▶ one reader for each form ─▶ a `Sink`
//! ```
//!
//! A document is recognised by its own content and never by its name, because mirrors rename. Records
//! leave one by one, so an archive with half a million of them needs the memory of one. A record that
//! is damaged, or says what can't be, is a fault with its name, and the rest goes on; fields that a
//! reader doesn't know are left alone.

mod base_images;
mod csaf;
mod debian_tracker;
mod document;
mod epss;
mod kev;
mod osv;
mod oval;
mod red_hat;
mod secdb;
mod unpack;
mod yaml;

use std::path::PathBuf;

use crate::{Advisory, BaseImage};

pub use base_images::{MAX_BASE_IMAGE_LAYERS, base_images, read_base_images};
pub(crate) use document::one_line;
pub use document::{changed, read_document, read_path};

/// The form of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feed {
    /// Records of OSV, in JSON or YAML: osv.dev, GitHub, RustSec, Go, PyPA, Ubuntu and others.
    Osv,
    /// The security database of Alpine, Wolfi and Chainguard.
    Secdb,
    /// The Debian security tracker's JSON.
    DebianTracker,
    /// CSAF 2.0 security advisories and VEX, as Red Hat publishes them.
    Csaf,
    /// Red Hat's definitions in OVAL, version 2.
    Oval,
    /// FIRST's Exploit Prediction Scoring System.
    Epss,
    /// CISA's Known Exploited Vulnerabilities.
    Kev,
    /// A catalogue of base images, in Orlop's own form.
    BaseImages,
}

impl Feed {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::Osv,
        Self::Secdb,
        Self::DebianTracker,
        Self::Csaf,
        Self::Oval,
        Self::Epss,
        Self::Kev,
        Self::BaseImages,
    ];

    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Osv => "osv",
            Self::Secdb => "secdb",
            Self::DebianTracker => "debian-tracker",
            Self::Csaf => "csaf",
            Self::Oval => "oval",
            Self::Epss => "epss",
            Self::Kev => "kev",
            Self::BaseImages => "base-images",
        }
    }
}

/// Takes what a feed says, in the feed's order.
pub trait Sink {
    /// An advisory.
    fn advisory(&mut self, feed: Feed, advisory: Advisory);

    /// The feed has the data of an ecosystem and release, even if there is no advisory for it.
    fn covers(&mut self, feed: Feed, ecosystem: &str);

    /// How likely it is that a fault is exploited.
    fn score(&mut self, cve: &str, score: EpssScore);

    /// A fault is exploited; since when that is known.
    fn exploited(&mut self, cve: &str, added: jiff::civil::Date);

    /// An image that others may stand on.
    fn base_image(&mut self, image: BaseImage);

    /// The day as of which a feed speaks, where it says so.
    fn dated(&mut self, feed: Feed, date: jiff::civil::Date);

    /// A record can't be read. What was left out is said by `what`, a clause about the record.
    fn fault(&mut self, record: &str, what: String);
}

/// A score of EPSS, in hundred-thousandths: as exact as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpssScore {
    /// The probability of exploitation within 30 days.
    pub probability: u32,
    /// The share of all scored faults with the same or a lower probability.
    pub percentile: u32,
}

impl EpssScore {
    /// One, as the numbers here count.
    pub const ONE: u32 = 100_000;
}

/// Why a path can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// A file or folder can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It isn't, or doesn't hold, a feed that is known.
    #[error("{}: {what}", path.display())]
    Unknown {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}
