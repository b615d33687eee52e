//! An index some of whose images were edited.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::changes::{note, set_platform};
use super::document::{Document, object, point_to};
use super::{EditError, Setting};
use crate::{Digest, Index, Manifest, Platform, Raw};

/// What stands in the place of a child of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChild {
    /// The manifest or index.
    pub raw: Raw,
    /// Where it runs, when that is different now.
    pub platform: Option<Platform>,
}

/// What becomes of a child of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Another one takes its place.
    New(NewChild),
    /// It goes.
    Gone,
}

/// An index that was rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// It.
    pub raw: Raw,
    /// The attestations that spoke of images which it has no more, and are gone with them.
    pub dropped: Vec<Digest>,
}

/// Puts new children in the places of old ones, or takes them away. What is said of a child in the index
/// stays, beside its digest, size and platform; attestations of what is no more in it go.
///
/// # Errors
/// When it is no index.
pub fn rebuild(
    index: &Raw,
    children: &HashMap<Digest, Fate>,
    annotations: &[Setting],
) -> Result<Rebuilt, EditError> {
    let Index { manifests, .. } = match index.manifest()? {
        Manifest::Index(index) => index,
        Manifest::Image(_) => {
            return Err(EditError::Kind {
                wanted: "index",
                actual: index.media_type().clone(),
            });
        }
    };
    let changed = |digest: &Digest| match children.get(digest) {
        Some(Fate::New(child)) => child.raw.digest() != digest,
        Some(Fate::Gone) => true,
        None => false,
    };
    let mut document = Document::read(index)?;
    let entries = document.members.get_mut("manifests");
    let entries = std::mem::take(
        entries
            .and_then(Value::as_array_mut)
            .unwrap_or(&mut Vec::new()),
    );
    let mut kept = Vec::with_capacity(entries.len());
    let mut dropped = Vec::new();
    // The list was read twice, strictly and as it is: both have the same entries in the same order.
    for (mut entry, descriptor) in entries.into_iter().zip(manifests) {
        if descriptor.attests().is_some_and(|of| changed(&of)) {
            dropped.push(descriptor.digest);
            continue;
        }
        match (children.get(&descriptor.digest), &mut entry) {
            (Some(Fate::Gone), _) => continue,
            (Some(Fate::New(child)), Value::Object(entry)) => replace(entry, child),
            _ => {}
        }
        kept.push(entry);
    }
    document.members.insert("manifests".to_owned(), kept.into());
    note(&mut document.members, "annotations", annotations);
    Ok(Rebuilt {
        raw: document.finish(),
        dropped,
    })
}

fn replace(entry: &mut Map<String, Value>, child: &NewChild) {
    point_to(entry, &child.raw);
    if let Some(platform) = &child.platform {
        set_platform(object(entry, "platform"), platform);
    }
}
