//! `[[package]]` tables with a name and a version, which several package managers have in their lock
//! files.

use orlop_oci::json::Object;
use serde::Deserialize;

use super::bounds::read_text;
use super::json::{List, Members, Text};
use crate::{Content, Fault};

/// Bytes of a lock file in TOML.
const BOUND: u64 = 8 << 20;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock {
    package: List<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    name: Text,
    version: Text,
    source: Members<Text>,
}

/// The packages of a file, less those that `source` says are the project itself (`{ editable = "." }`):
/// name and version.
pub(super) fn read(content: &dyn Content) -> Result<Vec<(String, String)>, Fault> {
    let text = read_text(content, BOUND)?;
    let Object(lock): Object<Lock> = toml::from_str(&text)
        .map_err(|error| Fault::new(format!("it can't be read as TOML: {}", error.message())))?;
    let packages = lock.package.0.into_iter().filter(|entry| {
        let mut source = entry.source.0.iter();
        !source.any(|(kind, _)| matches!(kind.as_str(), "editable" | "virtual"))
    });
    Ok(packages
        .map(|entry| (entry.name.0, entry.version.0))
        .collect())
}
