//! The configuration: one TOML file, the environment and flags, laid over each other.
//!
//! Layers, each over the one before: built-in defaults, `/etc/orlop/config.toml`, the user's
//! `orlop/config.toml` in the configuration folder, `ORLOP_*` variables, flags. A file named with
//! `--config` or `ORLOP_CONFIG` takes the place of both files. Every layer is a TOML table and is
//! checked by itself, so that an error can name the file, the line and the key; the merged table
//! remembers for each value where it came from, which `orlop config show` prints.

mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod keys;
mod layers;
mod serve_keys;
mod settings;

pub use file::{FileConfig, LimitsConfig};
pub use keys::{KEYS, Key, Kind, describe, describe_registry};
pub use layers::{Layers, Origin, Overrides};
pub use serve_keys::describe_serve;
pub use settings::{ProgressMode, Settings};
