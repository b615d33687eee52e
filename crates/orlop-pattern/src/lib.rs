//! Patterns of repositories and of tags, one meaning for all who have them: the rules of a registry, and
//! copies of whole repositories.
//!
//! Text in, yes or no out. Everything is bounded when it is compiled, because a user of a registry may
//! write its patterns: their length, and the size of what a regular expression becomes.

mod glob;
mod selection;
mod tags;
mod versions;

pub use glob::{check_glob, glob, is_plain};
pub use selection::TagSelection;
pub use semver::{Version, VersionReq};
pub use tags::{TagPattern, TagPatterns};
pub use versions::{range, version, versions};
