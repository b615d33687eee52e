//! What speaks of a manifest by naming it as its subject, and what speaks of that.

use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH};

use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// So many are listed in all; a registry may list as many as it likes.
const MAX_REFERRERS: usize = 10_000;

/// A manifest that speaks of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// It, with its kind and its annotations as the list of referrers has them.
    pub descriptor: Descriptor,
    /// What speaks of it.
    pub referrers: Vec<Self>,
}

/// All that speaks of `subject`, and what speaks of that. With a kind only those of it, and all that
/// speaks of those.
///
/// # Errors
/// When the origin can't be asked, when there are too many or they are nested too deeply, and
/// [`Error::Cancelled`].
pub async fn referrers(
    origin: &Origin,
    subject: &Digest,
    artifact_type: Option<&str>,
    cancel: &Cancel,
) -> Result<Vec<Referrer>> {
    let mut count = 0;
    tokio::select! {
        found = below(origin, subject, artifact_type, 0, &mut count) => found,
        () = cancel.cancelled() => Err(Error::Cancelled),
    }
}

async fn below(
    origin: &Origin,
    subject: &Digest,
    artifact_type: Option<&str>,
    depth: usize,
    count: &mut usize,
) -> Result<Vec<Referrer>> {
    let list = origin.referrers(subject, artifact_type).await?;
    *count += list.len();
    let too_many = match () {
        () if *count > MAX_REFERRERS => Some(format!("more than {MAX_REFERRERS} referrers")),
        () if depth >= MAX_INDEX_DEPTH && !list.is_empty() => Some(format!(
            "referrers of referrers deeper than {MAX_INDEX_DEPTH}"
        )),
        () => None,
    };
    if let Some(why) = too_many {
        return Err(Error::invalid(subject, why));
    }
    let mut found = Vec::with_capacity(list.len());
    for descriptor in list {
        let referrers = Box::pin(below(origin, &descriptor.digest, None, depth + 1, count)).await?;
        found.push(Referrer {
            descriptor,
            referrers,
        });
    }
    Ok(found)
}
