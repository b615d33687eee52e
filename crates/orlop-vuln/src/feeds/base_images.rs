//! A catalogue of base images: Orlop's own form, JSON.
//!
//! ```json
//! {"base_images": [{
//!   "name": "docker.io/library/alpine:3.20",
//!   "digest": "sha256:…",
//!   "manifest": "sha256:…",
//!   "platform": "linux/amd64",
//!   "created": "2024-09-06T12:05:36Z",
//!   "steps": 2,
//!   "diff_ids": ["sha256:…"]
//! }]}
//! ```
//!
//! `digest` is what the name stands for, `manifest` what it means for the platform, `steps` how many
//! entries its history has.

use jiff::Timestamp;
use orlop_oci::{DiffId, Digest, Platform, Reference};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sink;
use crate::BaseImage;

/// More layers than this no base image has.
pub const MAX_BASE_IMAGE_LAYERS: usize = 512;

#[derive(Deserialize)]
struct Document {
    base_images: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    digest: Digest,
    manifest: Digest,
    platform: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    steps: usize,
    diff_ids: Vec<Digest>,
}

/// Reads the catalogue.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(json: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let document: Document = serde_json::from_slice(json)
        .map_err(|error| format!("it is no catalogue of base images: {error}"))?;
    for (number, entry) in document.base_images.into_iter().enumerate() {
        let named = entry["name"].as_str().map(str::to_owned);
        match image(entry) {
            Ok(image) => sink.base_image(image),
            Err(what) => {
                let record = named.unwrap_or_else(|| format!("entry {}", number + 1));
                sink.fault(&record, what);
            }
        }
    }
    Ok(())
}

fn image(entry: Value) -> Result<BaseImage, String> {
    let entry: Entry = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let name: Reference = entry
        .name
        .parse()
        .map_err(|error: orlop_oci::ReferenceError| error.to_string())?;
    let platform: Platform = entry
        .platform
        .parse()
        .map_err(|error| format!("its platform: {error}"))?;
    match entry.diff_ids.len() {
        0 => return Err("it has no layers".to_owned()),
        1..=MAX_BASE_IMAGE_LAYERS => {}
        _ => return Err(format!("it has more than {MAX_BASE_IMAGE_LAYERS} layers")),
    }
    Ok(BaseImage {
        name: name.with_default_tag(),
        digest: entry.digest,
        manifest: entry.manifest,
        platform,
        created: entry.created,
        steps: entry.steps,
        diff_ids: entry.diff_ids.into_iter().map(DiffId).collect(),
    })
}

/// The images of a catalogue that can be read; none of what is no catalogue.
pub fn read_base_images(json: &[u8]) -> Vec<BaseImage> {
    let document: Option<Document> = serde_json::from_slice(json).ok();
    let entries = document.into_iter().flat_map(|it| it.base_images);
    entries.filter_map(|entry| image(entry).ok()).collect()
}

/// Writes a catalogue that is read as it was given.
pub fn base_images(images: &[BaseImage]) -> String {
    let entries = images.iter().map(|image| Entry {
        name: image.name.to_string(),
        digest: image.digest.clone(),
        manifest: image.manifest.clone(),
        platform: image.platform.to_string(),
        created: image.created,
        steps: image.steps,
        diff_ids: image.diff_ids.iter().map(|it| it.0.clone()).collect(),
    });
    let entries: Vec<Entry> = entries.collect();
    format!("{:#}\n", serde_json::json!({ "base_images": entries }))
}
