//! Reading a file of any kind, and writing digests into it.

use std::collections::HashMap;

use orlop_oci::Digest;

use crate::edit::{Edit, apply};
use crate::error::{Error, Result};
use crate::image::{End, Image, State};
use crate::kind::Kind;
use crate::{dockerfile, yaml};

/// The most that is read of a file, in bytes.
pub const MAX_FILE_SIZE: usize = 4 << 20;

/// The most references that a file may have.
const MAX_IMAGES: usize = 10_000;

/// The image references of a file, in the order in which they stand there.
///
/// # Errors
/// When the file is not of this kind, or larger than [`MAX_FILE_SIZE`].
pub fn find(kind: Kind, text: &str) -> Result<Vec<Image>> {
    if text.len() > MAX_FILE_SIZE {
        return Err(Error::TooLarge {
            size: text.len(),
            max: MAX_FILE_SIZE,
        });
    }
    let mut images = match kind {
        Kind::Dockerfile => dockerfile::images(text)?,
        Kind::Compose => yaml::compose::images(text)?,
        Kind::Kubernetes => yaml::kubernetes::images(text)?,
        Kind::Workflow => yaml::workflow::images(text)?,
    };
    if let Some(beyond) = images.get(MAX_IMAGES) {
        return Err(Error::Excessive {
            at: beyond.at,
            what: "larger",
        });
    }
    refuse_shared_ends(&mut images);
    images.sort_by_key(|image| image.at);
    Ok(images)
}

/// The file with the digests that `digest_of` gives for its references; those for which it gives none
/// stay as they are.
///
/// # Errors
/// As [`find`]; and [`Error::Unsafe`] when the result doesn't read as the same references with these
/// digests.
pub fn rewrite(
    kind: Kind,
    text: &str,
    digest_of: impl Fn(&Image) -> Option<Digest>,
) -> Result<String> {
    let images = find(kind, text)?;
    let wanted: Vec<Option<Digest>> = images.iter().map(&digest_of).collect();
    let edits: Vec<Edit> = images
        .iter()
        .zip(&wanted)
        .filter_map(|(image, digest)| image.pin(digest.as_ref()?))
        .collect();
    let rewritten = apply(text, &edits);
    verify(kind, &images, &wanted, &rewritten)?;
    Ok(rewritten)
}

/// Reads the result again: there must be the same references, with the digests that they were to get.
fn verify(kind: Kind, before: &[Image], wanted: &[Option<Digest>], text: &str) -> Result<()> {
    let after = find(kind, text)?;
    for (index, image) in before.iter().enumerate() {
        let fits = after
            .get(index)
            .is_some_and(|now| is_expected(image, wanted[index].as_ref(), now));
        if !fits || after.len() != before.len() {
            return Err(Error::Unsafe {
                at: image.at,
                reference: image.text.clone(),
            });
        }
    }
    Ok(())
}

fn is_expected(before: &Image, wanted: Option<&Digest>, now: &Image) -> bool {
    let (Some(old), Some(digest)) = (before.reference(), wanted) else {
        return before.state == now.state;
    };
    now.reference().is_some_and(|new| {
        new.repository() == old.repository()
            && new.digest() == Some(digest)
            && now.tagged() == before.tagged()
    })
}

/// Two references that end in the same place can only be pinned when they are the same.
fn refuse_shared_ends(images: &mut [Image]) {
    let mut known: HashMap<End, State> = HashMap::new();
    let mut shared: Vec<End> = Vec::new();
    for image in images.iter() {
        let Some(end) = &image.end else { continue };
        let state = known
            .entry(end.clone())
            .or_insert_with(|| image.state.clone());
        if *state != image.state {
            shared.push(end.clone());
        }
    }
    for image in images.iter_mut() {
        if image.end.as_ref().is_some_and(|end| shared.contains(end)) {
            image.end = None;
            image.state = State::unresolved("the same variable ends several images");
        }
    }
}
