//! What speaks of an image and goes with it: manifests that name it as their subject
//! (distribution-spec, "Listing Referrers"), and tags that are made of its digest (cosign).

use orlop_archive::Name;
use orlop_distribution::referrers_tag;
use orlop_oci::{Descriptor, Digest, MAX_INDEX_DEPTH};

use crate::copy::{Copier, lock};
use crate::error::{Error, Result};
use crate::origin::Origin;

impl Copier<'_> {
    /// Copies what speaks of these manifests, and what speaks of that. Gives how many there were.
    pub(crate) async fn referrers_of(&self, subjects: &[Digest]) -> Result<usize> {
        let mut count = 0;
        let mut round: Vec<Digest> = subjects.to_vec();
        for _ in 0..MAX_INDEX_DEPTH {
            let mut next = Vec::new();
            for subject in &round {
                for referrer in self.from.referrers(subject, None).await? {
                    count += 1;
                    next.push(referrer.digest.clone());
                    self.referrer(&referrer).await?;
                }
            }
            if next.is_empty() {
                return Ok(count);
            }
            round = next;
        }
        Err(Error::invalid(
            &round[0],
            format!("referrers of referrers deeper than {MAX_INDEX_DEPTH}"),
        ))
    }

    async fn referrer(&self, referrer: &Descriptor) -> Result<()> {
        if lock(&self.there).contains(&referrer.digest) {
            return Ok(());
        }
        if !self.options.recheck && self.to.has_manifest(referrer).await? {
            lock(&self.there).insert(referrer.digest.clone());
            return Ok(());
        }
        let bare = Descriptor::new(
            referrer.media_type.clone(),
            referrer.digest.clone(),
            referrer.size,
        );
        let raw = self.from.described(&bare).await?;
        let load = self.load(&raw, false).await?;
        self.send(&load).await?;
        self.put(&raw, None).await
    }

    /// Copies the tags that are made of these digests. The one of the specification's own tag schema
    /// is an index that whoever puts a referrer keeps, and is left to that.
    pub(crate) async fn digest_tags_of(&self, subjects: &[Digest]) -> Result<usize> {
        let Origin::Registry(remote) = &self.from else {
            return Ok(0);
        };
        let tags = self
            .tags
            .get_or_try_init(|| async { remote.tags().await })
            .await?;
        let mut count = 0;
        for subject in subjects {
            let stem = referrers_tag(subject);
            let of_subject = tags.iter().filter(|tag| {
                tag.strip_prefix(stem.as_str())
                    .is_some_and(|r| r.starts_with(['.', '-']))
            });
            for tag in of_subject {
                let target = remote
                    .resolve(orlop_distribution::ManifestRef::Tag(tag))
                    .await?;
                let raw = self.from.described(&target).await?;
                let name = Name::Bare(tag.clone());
                let load = self.load(&raw, false).await?;
                self.send(&load).await?;
                self.put(&raw, Some(&name)).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}
