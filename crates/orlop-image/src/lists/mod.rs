//! Lists of manifests that are made by hand: docker's local lists (`docker manifest`), and indexes combined
//! from what registries have (`docker buildx imagetools create`).
//!
//! docker keeps a list as a directory with a file for each manifest, and half of one when it is interrupted.
//! Here a list is one file ([`Lists`]), which is replaced as a whole.

mod combine;
mod details;
mod entries;
mod files;

pub use combine::{Combined, Source, combine};
pub use details::{PlatformDetails, Wanted, platform_details};
pub(crate) use entries::configuration;
pub use entries::{ListEntry, fetch_entries, list_of, pushable};
pub use files::{List, Lists};
