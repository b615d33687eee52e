//! What a builder states about an image beside it in its index: BuildKit's attestation manifests
//! (docs/attestations/attestation-storage.md).

use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH, Manifest, MediaType, Raw};
use serde_json::Value;

use crate::budget::Budget;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// The largest statement that is read, in bytes.
const MAX_STATEMENT: u64 = 64 << 20;
/// What a layer of an attestation states.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
/// The predicate of an SBOM in SPDX.
pub(crate) const SPDX: &str = "https://spdx.dev/Document";
/// How predicates of SLSA provenance begin, of any version.
pub(crate) const SLSA: &str = "https://slsa.dev/provenance/";

/// How an image was built, in SLSA's words: the predicate of what its builder stated about it. `target` is
/// what the image's name stands for. None if nothing is stated, or the statement was left behind where the
/// image came from.
///
/// # Errors
/// When what is stated isn't what it is said to be, or can't be read; [`Error::Cancelled`].
pub async fn provenance(
    origin: &Origin,
    target: &Descriptor,
    manifest: &Digest,
    cancel: &Cancel,
) -> Result<Option<Value>> {
    let is_one = |kind: &str| kind.starts_with(SLSA);
    let found = stated(origin, target, manifest, is_one, cancel).await?;
    Ok(found.into_iter().next())
}

/// The SBOMs in SPDX that a builder attached to an image: of the image itself, and of stages of its build.
///
/// # Errors
/// As [`provenance`].
pub async fn attached_sboms(
    origin: &Origin,
    target: &Descriptor,
    manifest: &Digest,
    cancel: &Cancel,
) -> Result<Vec<Value>> {
    stated(origin, target, manifest, |kind| kind == SPDX, cancel).await
}

/// The predicates of a kind that are stated of an image.
async fn stated(
    origin: &Origin,
    target: &Descriptor,
    manifest: &Digest,
    is_wanted: impl Fn(&str) -> bool,
    cancel: &Cancel,
) -> Result<Vec<Value>> {
    let reading = async {
        let budget = Budget::default();
        let mut found = Vec::new();
        for attestation in attestations(origin, target, manifest).await? {
            let statements = match statements(origin, &attestation).await {
                Err(error) if is_missing(&error) => continue,
                statements => statements?,
            };
            for (kind, statement) in &statements {
                if is_wanted(kind) {
                    found.push(predicate(origin, statement, &budget).await?);
                }
            }
        }
        Ok(found)
    };
    tokio::select! {
        found = reading => found,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

/// A registry that has an index without all that it names: a copy of some of its platforms.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Registry(error) if error.is_not_found())
}

/// The attestation manifests about an image that can be had, wherever in the index they stand.
async fn attestations(
    origin: &Origin,
    target: &Descriptor,
    manifest: &Digest,
) -> Result<Vec<Descriptor>> {
    let mut found = Vec::new();
    let mut waiting = vec![(target.clone(), 0)];
    while let Some((descriptor, depth)) = waiting.pop() {
        if !descriptor.media_type.is_index() || depth >= MAX_INDEX_DEPTH {
            continue;
        }
        let raw = origin.described(&descriptor).await?;
        let parsed = raw
            .manifest()
            .map_err(Error::document("index", raw.digest()))?;
        let Manifest::Index(index) = parsed else {
            continue;
        };
        for child in index.manifests {
            if child.attests().as_ref() == Some(manifest) {
                if origin.has(&child.digest)? {
                    found.push(child);
                }
            } else if child.media_type.is_index() && origin.has(&child.digest)? {
                waiting.push((child, depth + 1));
            }
        }
    }
    Ok(found)
}

/// What an attestation manifest holds: the kinds of predicates, and the statements.
pub(crate) async fn statements(
    origin: &Origin,
    attestation: &Descriptor,
) -> Result<Vec<(String, Descriptor)>> {
    let raw = origin.described(attestation).await?;
    let manifest = raw
        .manifest()
        .map_err(Error::document("manifest", raw.digest()))?;
    let children = manifest.children();
    let statements = children.iter().map(|statement| {
        let kind = statement.annotations.get(PREDICATE_TYPE);
        (kind.cloned().unwrap_or_default(), (*statement).clone())
    });
    Ok(statements.collect())
}

/// What an in-toto statement says.
pub(crate) async fn predicate(
    origin: &Origin,
    statement: &Descriptor,
    budget: &Budget,
) -> Result<Value> {
    let wrong = |why: String| Error::invalid(&statement.digest, why);
    if statement.media_type != MediaType::InToto {
        let media_type = &statement.media_type;
        return Err(wrong(format!(
            "a statement of an unknown kind ({media_type})"
        )));
    }
    if statement.size > MAX_STATEMENT {
        let size = statement.size;
        return Err(wrong(format!(
            "a statement of {size} bytes is larger than the {MAX_STATEMENT} bytes allowed"
        )));
    }
    budget.take(statement.size, &statement.digest)?;
    let bytes = origin.small_blob(statement).await?;
    let raw = Raw::described(statement, bytes);
    let raw = raw.map_err(Error::document("statement", &statement.digest))?;
    let mut value: Value =
        serde_json::from_slice(raw.bytes()).map_err(|error| wrong(error.to_string()))?;
    Ok(value
        .get_mut("predicate")
        .map(Value::take)
        .unwrap_or_default())
}
