//! npm's own lock file: since npm 7 the folders of `node_modules`, before it a tree of what each
//! package needs (npm's "package-lock.json").

use orlop_oci::json::Object;
use serde::Deserialize;

use super::super::bounds::LIST;
use super::super::json::{Members, Text, read};
use super::split;
use crate::{Content, Fault};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock {
    packages: Members<Object<Folder>>,
    dependencies: Members<Object<Needed>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Folder {
    name: Text,
    version: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Needed {
    version: Text,
    dependencies: Members<Object<Needed>>,
}

pub(super) fn packages(content: &dyn Content) -> Result<Vec<(String, String)>, Fault> {
    let lock: Lock = read(content, LIST)?;
    let mut packages = Vec::new();
    for (path, Object(folder)) in lock.packages.0 {
        // Of a link only the other end has a version; what has no version is no package.
        let (Text(mut name), Text(version)) = (folder.name, folder.version);
        if name.is_empty()
            && let Some((_, installed)) = path.rsplit_once("node_modules/")
        {
            installed.clone_into(&mut name);
        }
        if !name.is_empty() && !version.is_empty() {
            packages.push((name, version));
        }
    }
    if packages.is_empty() {
        tree(lock.dependencies, &mut packages);
    }
    Ok(packages)
}

/// As deep as JSON may nest.
fn tree(needed: Members<Object<Needed>>, packages: &mut Vec<(String, String)>) {
    for (name, Object(needed)) in needed.0 {
        let Text(version) = needed.version;
        match version.strip_prefix("npm:").map(split) {
            // Another name for it.
            Some(Some((name, version))) => packages.push((name.to_owned(), version.to_owned())),
            // From a folder or a repository.
            None if version.contains([':', '/']) || version.is_empty() => {}
            None => packages.push((name, version)),
            Some(None) => {}
        }
        tree(needed.dependencies, packages);
    }
}
