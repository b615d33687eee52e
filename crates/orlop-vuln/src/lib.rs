//! What is wrong with packages: advisories, the database made of them, and the versions they mean.
//!
//! Every ecosystem orders versions by rules of its own ([`Order`]); no rule here is a compromise
//! between two of them. An advisory says in which ranges of such an order a package is affected.
//! Feeds are read once, when the database is built; a scan opens the database read-only and looks up
//! no more than the packages it was given.

mod advisory;
mod base_image;
mod cvss;
pub mod database;
pub mod feeds;
mod matching;
mod order;
mod range;
mod releases;
mod severity;

pub use advisory::{Advisory, Affected, Event, Form, Range, RangeKind, Rating, State};
pub use base_image::{BaseImage, CatalogueImage};
pub use cvss::{Assessment, CvssScore, CvssVersion, MalformedVector};
pub use matching::{
    Answer, Coverage, CoverageState, CoverageWord, EcosystemCoverage, Evidence, FixState, Match,
    Outcome, Question, Subject, Undecidable, Verdict,
};
pub use order::{MalformedVersion, Order};
pub use range::{Comparison, End, Interval, Judgement, Reason, Undecided, explain, judge};
pub use releases::end_of_life;
pub use severity::Severity;
