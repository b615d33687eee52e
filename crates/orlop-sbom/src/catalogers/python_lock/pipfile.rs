//! Pipenv's lock file: packages by name, with a version after `==`.

use orlop_oci::json::Object;
use serde::Deserialize;

use super::super::bounds::LIST;
use super::super::json::{Members, Text, read};
use crate::{Content, Fault};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock {
    default: Members<Object<Entry>>,
    develop: Members<Object<Entry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    version: Text,
}

/// Those from a folder or a repository have no version.
pub(super) fn packages(content: &dyn Content) -> Result<Vec<(String, String)>, Fault> {
    let lock: Lock = read(content, LIST)?;
    let all = lock.default.0.into_iter().chain(lock.develop.0);
    let packages = all.filter_map(|(name, Object(entry))| {
        let version = entry.version.0.strip_prefix("==")?;
        Some((name, version.to_owned()))
    });
    Ok(packages.collect())
}
