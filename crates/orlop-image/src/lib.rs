//! The use-cases of images: pull, push, copy, list, inspect, history, tag, remove, prune, mount, look
//! inside.
//!
//! [`Images`] is a store with a storage driver; each use-case is a method on it, in a file of its
//! own. Collaborators come as arguments (an [`Origin`] or a registry, an [`event::EventSink`], a
//! [`Cancel`]); nothing here prints, reads the environment, or knows of a terminal.

mod attach;
mod attestations;
mod budget;
mod cancel;
pub mod change;
mod checked;
mod content;
mod copy;
pub mod edit;
mod error;
pub mod event;
mod export;
mod facts;
mod find;
mod images;
mod import;
mod inspect;
mod list;
pub mod lists;
mod load;
pub mod look;
mod lookup;
pub mod model;
mod mount;
pub mod official;
mod origin;
mod passing;
mod progress;
pub mod prune;
mod pull;
mod push;
mod referrers;
mod remove;
pub mod repair;
mod save;
mod single;
mod stored;
mod survey;
mod tag;
mod undo;
mod usage;
mod validate;
pub mod why;

pub use attach::{Artifact, AttachedFile, attach, put_artifact};
pub use attestations::{attached_sboms, provenance};
pub use cancel::Cancel;
pub use copy::{Copied, Copier, CopyOptions, Destination, Moved};
pub use error::{Error, Result};
pub use export::Exporter;
pub use images::Images;
pub use import::ImportOptions;
pub use lookup::{Outline, look_up, outline};
pub use mount::MountOptions;
pub use origin::Origin;
pub use pull::{ObserverFactory, Platforms, PullOptions};
pub use push::PushOptions;
pub use referrers::{Referrer, referrers};
pub use remove::RemoveOptions;
pub use save::SaveTo;
pub use single::BlobBytes;
pub use undo::where_to_fetch;
pub use validate::{Finding, ValidateOptions, Validated, validate};
