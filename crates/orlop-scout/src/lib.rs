//! The use-cases of scanning: what is in an image ([`Indexer`]), and what is wrong with it ([`Report`]).
//!
//! ```text
//! Source ─▶ manifest, configuration ─▶ a record for each layer ─▶ stacked, joined ─▶ Indexed
//!                                       │ kept by diff ID, or
//!                                       │ made from the snapshot's directory, or
//!                                       └ made from the blob as it passes
//! ```
//!
//! Where it is wished for, a pull makes the records on its way ([`observers`]), and nothing is read twice.
//!
//! Records are made two at a time, one for each core that a small machine has. An unpacked layer is walked
//! rather than inflated, because nearly all files need no more than a look at their inode. No file is read into
//! memory because it is large: catalogers read at offsets, from the file itself or, where a layer
//! only passes, from an unnamed temporary one.

mod advisories;
mod archive_scan;
mod base_image;
mod cache;
mod directory_scan;
mod error;
mod file_content;
mod filter;
pub mod formats;
mod index;
mod observer;
mod report;
mod source;
mod stages;

pub use advisories::{
    ARTIFACT_TYPE, Advisories, BaseImages, Built, DEFAULT_ECOSYSTEMS, DEFAULT_RELEASES,
    DEFAULT_URLS, FeedSource, Pulled, SourceOutcome, SourceState, SourcesWanted, UpdateOptions,
    Updated,
};
pub use base_image::{Base, Confidence, Evidence};
pub use cache::{Cache, CacheUsage};
pub use directory_scan::{Tree, scan_directory};
pub use error::{Error, Result};
pub use filter::{Filter, FixWanted, LayersWanted};
pub use index::{Indexed, Indexer};
pub use observer::observers;
pub use report::{
    DatabaseFacts, JudgeOptions, LayerStep, PackageFindings, Report, SeverityCounts, url,
};
pub use source::{Source, SourceError};
pub use stages::StageSbom;
