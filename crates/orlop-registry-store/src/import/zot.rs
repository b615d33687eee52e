//! The folder of zot: an OCI image layout for each repository (image-spec, image-layout.md), with
//! its own `blobs`, which may be hard links to those of other repositories.

use std::collections::HashSet;
use std::io;

use orlop_oci::{Algorithm, Descriptor, Digest, annotation, json};
use serde::Deserialize;

use super::folder::Folder;
use super::source::{Claims, Place};
use crate::{Extent, TagName};

/// Longest `index.json`: some hundred thousand entries.
const MAX_INDEX: u64 = 64 << 20;

#[derive(Deserialize)]
struct IndexJson {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

pub(super) fn claims(repository: &Folder) -> io::Result<Claims> {
    let mut claims = Claims::default();
    let mut strange = |why: String| claims.strange.push(("index.json".into(), why));
    let (bytes, time) = match repository.read("index.json", MAX_INDEX) {
        Ok(Some(read)) => read,
        Ok(None) => {
            strange("it is no file".into());
            return Ok(claims);
        }
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            strange(error.to_string());
            return Ok(claims);
        }
        Err(error) => return Err(error),
    };
    let index: IndexJson = match json::from_slice(&bytes) {
        Ok(index) => index,
        Err(error) => {
            strange(error.to_string());
            return Ok(claims);
        }
    };
    // It lists in the order of pushes, and has no times.
    for entry in index.manifests {
        let media_type = entry.media_type.as_str();
        let media_type = (!media_type.is_empty()).then(|| media_type.to_owned());
        if let Some(name) = entry.annotations.get(annotation::REF_NAME) {
            match name.parse::<TagName>() {
                Ok(tag) => claims.tags.push((tag, entry.digest.clone(), time)),
                Err(_) => {
                    let why = "its name is no tag".to_owned();
                    claims.strange.push((format!("tag {name}"), why));
                }
            }
        }
        claims.manifests.push((entry.digest, media_type));
    }
    Ok(claims)
}

/// Counts the content of a repository that none before it had.
pub(super) fn count(
    repository: &Folder,
    seen: &mut HashSet<String>,
    extent: &mut Extent,
) -> io::Result<()> {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let Some(blobs) = repository.below(&["blobs", algorithm.as_str()])? else {
            continue;
        };
        for hex in blobs.names()? {
            if let Some(size) = blobs.size(&hex)
                && seen.insert(hex)
            {
                extent.blobs += 1;
                extent.bytes += size;
            }
        }
    }
    Ok(())
}

pub(super) fn place(repository: &Folder, digest: &Digest) -> io::Result<Option<Place>> {
    let folder = repository.below(&["blobs", digest.algorithm().as_str()])?;
    Ok(folder
        .filter(|folder| folder.has(digest.hex()))
        .map(|folder| Place {
            folder,
            name: digest.hex().to_owned(),
        }))
}
