//! The folder of CNCF distribution.
//!
//! ```text
//! docker/registry/v2/
//!   blobs/sha256/ab/abcd…/data
//!   repositories/NAME/
//!     _layers/sha256/HEX/link               the repository has this blob
//!     _manifests/revisions/sha256/HEX/link  … this manifest
//!     _manifests/tags/TAG/current/link      … this tag, which names what the file says
//! ```
//!
//! A file `link` holds a digest; what was deleted has lost it, while its folder may still be there.

use std::io;
use std::time::SystemTime;

use orlop_oci::{Algorithm, Digest};

use super::folder::Folder;
use super::source::{Claims, Place};
use crate::{Extent, TagName};

/// Longest content of a file `link`: a digest, and some blanks.
const MAX_LINK: u64 = 256;

pub(super) fn claims(repository: &Folder) -> io::Result<Claims> {
    let mut claims = Claims::default();
    let Some(manifests) = repository.sub("_manifests")? else {
        return Ok(claims);
    };
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let path = ["revisions", algorithm.as_str()];
        let Some(revisions) = manifests.below(&path)? else {
            continue;
        };
        for hex in revisions.names()? {
            let Ok(digest) = format!("{algorithm}:{hex}").parse::<Digest>() else {
                let why = "its name is no digest".to_owned();
                claims.strange.push((format!("revision {hex}"), why));
                continue;
            };
            if has_revision(repository, &digest)? {
                claims.manifests.push((digest, None));
            }
        }
    }
    if let Some(tags) = manifests.sub("tags")? {
        for name in tags.names()? {
            tag(&tags, &name, &mut claims)?;
        }
    }
    Ok(claims)
}

fn tag(tags: &Folder, name: &str, claims: &mut Claims) -> io::Result<()> {
    let Ok(tag) = name.parse::<TagName>() else {
        let why = "its name is no tag".to_owned();
        claims.strange.push((format!("tag {name}"), why));
        return Ok(());
    };
    let current = tags.below(&[name, "current"])?;
    match current.map(|current| link(&current)).transpose()?.flatten() {
        Some((digest, time)) => claims.tags.push((tag, digest, time)),
        None => {
            let why = "it names nothing".to_owned();
            claims.strange.push((format!("tag {name}"), why));
        }
    }
    Ok(())
}

/// The digest in the file `link` of a folder.
fn link(folder: &Folder) -> io::Result<Option<(Digest, SystemTime)>> {
    let read = match folder.read("link", MAX_LINK) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
        read => read?,
    };
    Ok(read.and_then(|(bytes, time)| {
        let text = String::from_utf8(bytes).ok()?;
        Some((text.trim().parse().ok()?, time))
    }))
}

fn links(repository: &Folder, path: &[&str], digest: &Digest) -> io::Result<bool> {
    let mut names = path.to_vec();
    names.extend([digest.algorithm().as_str(), digest.hex()]);
    let Some(folder) = repository.below(&names)? else {
        return Ok(false);
    };
    Ok(link(&folder)?.is_some_and(|(named, _)| named == *digest))
}

pub(super) fn has_layer(repository: &Folder, digest: &Digest) -> io::Result<bool> {
    links(repository, &["_layers"], digest)
}

pub(super) fn has_revision(repository: &Folder, digest: &Digest) -> io::Result<bool> {
    links(repository, &["_manifests", "revisions"], digest)
}

/// Counts all content.
pub(super) fn count(root: &Folder, extent: &mut Extent) -> io::Result<()> {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let Some(blobs) = root.below(&["blobs", algorithm.as_str()])? else {
            continue;
        };
        for two in blobs.names()? {
            let Some(folder) = blobs.sub(&two)? else {
                continue;
            };
            for hex in folder.names()? {
                let size = folder.sub(&hex)?.and_then(|blob| blob.size("data"));
                if let Some(size) = size {
                    extent.blobs += 1;
                    extent.bytes += size;
                }
            }
        }
    }
    Ok(())
}

pub(super) fn place(root: &Folder, digest: &Digest) -> io::Result<Option<Place>> {
    let hex = digest.hex();
    let path = ["blobs", digest.algorithm().as_str(), &hex[..2], hex];
    let folder = root.below(&path)?;
    Ok(folder.map(|folder| Place {
        folder,
        name: "data".into(),
    }))
}
