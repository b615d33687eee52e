//! The layers of an image on another base.

use serde_json::Value;

use super::changes::{Setting, note, set_platform};
use super::document::{Document, json};
use super::layers::{Stack, fitted, makes_layer};
use super::{EditError, Parts};
use crate::{DiffId, Platform, annotation};

/// A base, as annotations name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its name, in full.
    pub name: String,
    /// What it stands for: the index where there is one.
    pub digest: String,
}

/// Takes `old` from below an image and puts `new` in its place. How the image starts stays; where it runs
/// is what `new` says. The annotations `org.opencontainers.image.base.*` say `base` afterwards.
///
/// Layers are compared by what they unpack to: the same base compressed anew is the same base.
///
/// # Errors
/// When the image doesn't begin with the layers of `old`, `old_name` in the words, or isn't right.
pub fn rebase(
    image: &Parts,
    old: &Parts,
    old_name: &str,
    new: &Parts,
    base: &Base,
) -> Result<Parts, EditError> {
    check_base(image, old, old_name)?;
    let count = old.layers().len();
    let own = Stack::of(image)?;
    let mut stack = Stack::of(new)?;
    if new.is_docker() != image.is_docker() {
        let layers = new.layers().iter().cloned();
        let fitted = layers.map(|layer| json(&fitted(layer, image.is_docker())));
        stack.layers = fitted.collect();
    }
    stack.layers.extend_from_slice(&own.layers[count..]);
    stack.diff_ids.extend_from_slice(&own.diff_ids[count..]);
    let below = Stack::of(old)?.history;
    stack
        .history
        .extend_from_slice(own_history(&own.history, &below, count));
    let platform = Platform {
        // What the base doesn't say of the variant the image may.
        variant: (new.settings().platform.variant.clone())
            .or_else(|| image.settings().platform.variant.clone()),
        ..new.settings().platform.clone()
    };
    let rebased = stack.put(image, |config| set_platform(config, &platform))?;
    annotated(&rebased, base)
}

fn check_base(image: &Parts, old: &Parts, old_name: &str) -> Result<(), EditError> {
    let not_based = |why: String| EditError::NotBased {
        base: old_name.to_owned(),
        why,
    };
    let (own, below): (&[DiffId], &[DiffId]) = (
        &image.settings().rootfs.diff_ids,
        &old.settings().rootfs.diff_ids,
    );
    if below.len() > own.len() {
        return Err(not_based("too few layers".to_owned()));
    }
    match own.iter().zip(below).position(|(own, below)| own != below) {
        Some(layer) => Err(not_based(format!("layer {} mismatch", layer + 1))),
        None => Ok(()),
    }
}

/// The steps that came after the base: where the history begins with the base's, all behind it; else
/// all behind the last step that made one of its layers.
fn own_history<'a>(own: &'a [Value], below: &[Value], layers: usize) -> &'a [Value] {
    if own.starts_with(below) && below.iter().filter(|step| makes_layer(step)).count() == layers {
        return &own[below.len()..];
    }
    let mut left = layers;
    let mut at = 0;
    while left > 0 && at < own.len() {
        left -= usize::from(makes_layer(&own[at]));
        at += 1;
    }
    &own[at..]
}

fn annotated(image: &Parts, base: &Base) -> Result<Parts, EditError> {
    let mut manifest = Document::read(image.manifest())?;
    let set = |key: &str, value: &str| Setting::Set(key.to_owned(), value.to_owned());
    let settings = [
        set(annotation::BASE_DIGEST, &base.digest),
        set(annotation::BASE_NAME, &base.name),
    ];
    note(&mut manifest.members, "annotations", &settings);
    image.with(manifest, Document::read(image.config())?)
}
