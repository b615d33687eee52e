//! Lists of manifests that are written anew, as docker's client and BuildKit's `imagetools` write them: the
//! same list has the same digest, whoever made it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::EditError;
use super::document::{Document, json};
use crate::{Descriptor, Digest, Index, Manifest, MediaType, Platform, Raw, go_json};

/// A list as `docker manifest push` writes it. Its type follows the first manifest; only OCI's index has
/// a place for annotations.
pub fn docker_list(manifests: &[Descriptor]) -> Raw {
    let is_oci = |d: &Descriptor| d.media_type == MediaType::OciManifest;
    let noted = manifests.iter().any(|d| !d.annotations.is_empty());
    let media_type = match manifests.first().is_none_or(is_oci) || noted {
        true => MediaType::OciIndex,
        false => MediaType::DockerManifestList,
    };
    docker_list_of(media_type, manifests)
}

/// The same as a document of this type.
pub fn docker_list_of(media_type: MediaType, manifests: &[Descriptor]) -> Raw {
    let list = DockerList {
        schema_version: 2,
        media_type: &media_type,
        manifests: manifests.iter().map(DockerEntry::of).collect(),
    };
    let list = json(&list);
    written(media_type, &list, "   ")
}

/// The order of members is docker's.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DockerList<'a> {
    schema_version: u8,
    media_type: &'a MediaType,
    manifests: Vec<DockerEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DockerEntry<'a> {
    media_type: &'a MediaType,
    size: u64,
    digest: &'a Digest,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    urls: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
    platform: Platform,
}

impl<'a> DockerEntry<'a> {
    fn of(descriptor: &'a Descriptor) -> Self {
        Self {
            media_type: &descriptor.media_type,
            size: descriptor.size,
            digest: &descriptor.digest,
            urls: &descriptor.urls,
            annotations: &descriptor.annotations,
            platform: descriptor.platform.clone().unwrap_or_default(),
        }
    }
}

/// What is noted in a combined index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListAnnotations {
    /// On the index.
    pub index: BTreeMap<String, String>,
    /// On the descriptors of its manifests: those of a platform, or all.
    pub descriptors: Vec<(Option<Platform>, String, String)>,
}

impl ListAnnotations {
    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty() && self.descriptors.is_empty()
    }
}

/// An index of these manifests as `buildx imagetools create` writes it: each once, with what is said of it
/// anywhere. All Docker's manifests make Docker's list, unless something is noted in it, for which only
/// OCI's has a place.
pub fn combined(manifests: Vec<Descriptor>, annotations: &ListAnnotations) -> Raw {
    let mut manifests = merged(manifests);
    let is_docker = |d: &Descriptor| d.media_type.as_str().starts_with("application/vnd.docker.");
    let media_type = match annotations.is_empty() && manifests.iter().all(is_docker) {
        true => MediaType::DockerManifestList,
        false => MediaType::OciIndex,
    };
    for (platform, key, value) in &annotations.descriptors {
        for manifest in &mut manifests {
            let fits = platform.as_ref().is_none_or(|wanted| {
                let own = manifest.platform.as_ref();
                own.is_some_and(|own| own.to_string() == wanted.to_string())
            });
            if fits {
                manifest.annotations.insert(key.clone(), value.clone());
            }
        }
    }
    let index = Index {
        schema_version: 2,
        media_type: Some(media_type.clone()),
        artifact_type: None,
        manifests,
        subject: None,
        annotations: annotations.index.clone(),
    };
    written(media_type, &json(&index), "  ")
}

fn merged(manifests: Vec<Descriptor>) -> Vec<Descriptor> {
    let mut merged: Vec<Descriptor> = Vec::with_capacity(manifests.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for manifest in manifests {
        match places.get(manifest.digest.as_str()) {
            Some(&place) => {
                let before = &mut merged[place];
                before.annotations.extend(manifest.annotations);
                before.platform = manifest.platform.or(before.platform.take());
            }
            None => {
                places.insert(manifest.digest.as_str().to_owned(), merged.len());
                merged.push(manifest);
            }
        }
    }
    merged
}

/// The part of an index that is for some platforms, with their attestations; the same index when that is
/// all of it.
///
/// # Errors
/// When it is no index, or nothing is left.
pub fn for_platforms(index: &Raw, platforms: &[Platform]) -> Result<Raw, EditError> {
    let Manifest::Index(view) = index.manifest()? else {
        return Err(EditError::Kind {
            wanted: "index",
            actual: index.media_type().clone(),
        });
    };
    let same = |a: &Platform, b: &Platform| {
        let (a, b) = (a.clone().normalized(), b.clone().normalized());
        (a.os, a.architecture, a.variant) == (b.os, b.architecture, b.variant)
    };
    let fits = |descriptor: &Descriptor| match &descriptor.platform {
        Some(own) => platforms.iter().any(|wanted| same(own, wanted)),
        None => true,
    };
    let wanted = |descriptor: &Descriptor| match descriptor.attests() {
        Some(of) => view.manifests.iter().any(|d| d.digest == of && fits(d)),
        None => fits(descriptor),
    };
    let mut document = Document::read(index)?;
    let entries = document.members.get("manifests").and_then(Value::as_array);
    let entries = entries.into_iter().flatten().zip(&view.manifests);
    let kept: Vec<Value> = entries
        .filter(|(_, descriptor)| wanted(descriptor))
        .map(|(entry, _)| entry.clone())
        .collect();
    if kept.is_empty() {
        let text = "none of the manifests match the provided platforms";
        return Err(EditError::Contradiction(text.to_owned()));
    }
    if kept.len() == view.manifests.len() {
        return Ok(index.clone());
    }
    document.members.insert("manifests".to_owned(), kept.into());
    let members: Map<String, Value> = document.members;
    Ok(written(index.media_type().clone(), &members.into(), "  "))
}

fn written(media_type: MediaType, document: &Value, unit: &str) -> Raw {
    let text = go_json::html_safe(&document.to_string());
    Raw::new(media_type, go_json::indented(&text, unit).into_bytes())
}
