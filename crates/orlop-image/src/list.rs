//! `images`: what is in the store.

use std::collections::HashMap;

use orlop_oci::{Digest, PlatformMatcher, Reference, Repository};
use orlop_store::ImageRecord;

use crate::error::Result;
use crate::facts::Fact;
use crate::images::Images;
use crate::model::{ImageSummary, ManifestKind, ManifestSummary};
use crate::survey::Survey;

impl Images {
    /// All images, dangling ones included, the newest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn list(&self) -> Result<Vec<ImageSummary>> {
        self.survey().map(|(_, images)| images)
    }

    /// As [`Images::list`], each image with what it shares with others.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn list_with_shared_sizes(&self) -> Result<Vec<ImageSummary>> {
        let (survey, mut images) = self.survey()?;
        let targets: Vec<Digest> = images.iter().map(|image| image.id.clone()).collect();
        let targets: Vec<&Digest> = targets.iter().collect();
        let shared = survey.graph.shared_sizes(&targets);
        for image in &mut images {
            image.shared_size = Some(shared.get(&image.id).copied().unwrap_or_default());
        }
        Ok(images)
    }

    fn survey(&self) -> Result<(Survey<'_>, Vec<ImageSummary>)> {
        let (survey, (records, mut names)) = Survey::all_and(&self.store, |store| {
            let mut names: HashMap<Digest, Vec<Reference>> = HashMap::new();
            for name in store.names()? {
                names.entry(name.target).or_default().push(name.reference);
            }
            Ok((store.images()?, names))
        })?;
        let mut images = Vec::with_capacity(records.len());
        for record in &records {
            let digest = &record.target.digest;
            let names = names.remove(digest).unwrap_or_default();
            images.push(self.summary(record, names, &survey)?);
        }
        images.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.tags.cmp(&b.tags)));
        Ok((survey, images))
    }

    /// One image.
    pub(crate) fn summary_of(&self, record: &ImageRecord) -> Result<ImageSummary> {
        let names = self.store.names_of(&record.target.digest)?;
        self.summary(record, names, &Survey::some(&self.store)?)
    }

    fn summary(
        &self,
        record: &ImageRecord,
        names: Vec<Reference>,
        survey: &Survey<'_>,
    ) -> Result<ImageSummary> {
        let id = record.target.digest.clone();
        let manifests = self.manifests(&record.target, survey)?;
        // An image without an index is its own only manifest: it was added up a line before.
        let (content_size, unpacked_size) = match manifests.as_slice() {
            [only] if only.descriptor.digest == id => (only.content_size, only.unpacked_size),
            _ => (
                survey.graph.content_size([&id]),
                survey.graph.unpacked_size([&id]),
            ),
        };
        let (tags, digests) = split_names(names, &id);
        let mut summary = ImageSummary {
            containers: survey.containers(&id),
            disk_usage: content_size + unpacked_size,
            content_size,
            stored: record.stored,
            used: record.used,
            created: None,
            labels: Default::default(),
            shared_size: None,
            tags,
            digests,
            manifests,
            id,
        };
        if let Some(shown) = shown(&summary.manifests, &survey.host)
            && let Some(Fact::Image {
                created, labels, ..
            }) = survey.fact(&shown.descriptor)?
        {
            summary.created = created;
            summary.labels = labels;
        }
        Ok(summary)
    }
}

/// Names with a tag, and one name with the digest for each repository.
fn split_names(names: Vec<Reference>, target: &Digest) -> (Vec<Reference>, Vec<Reference>) {
    let mut repositories: Vec<&Repository> = names.iter().map(Reference::repository).collect();
    repositories.sort();
    repositories.dedup();
    let digests = repositories
        .iter()
        .map(|r| r.with_digest(target.clone()))
        .collect();
    let mut tags: Vec<Reference> = names
        .into_iter()
        .filter(|name| name.tag().is_some())
        .collect();
    tags.sort();
    (tags, digests)
}

/// The manifest that stands for the image: the one that would run here, else the first that is here.
fn shown<'a>(
    manifests: &'a [ManifestSummary],
    host: &PlatformMatcher,
) -> Option<&'a ManifestSummary> {
    let here = || {
        manifests.iter().filter_map(|m| match &m.kind {
            ManifestKind::Image { platform } if m.available => Some((m, platform)),
            _ => None,
        })
    };
    if let [only] = manifests {
        return here().next().map(|_| only);
    }
    here()
        .filter_map(|(m, platform)| Some((host.rank(platform)?, m)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, m)| m)
        .or_else(|| here().next().map(|(m, _)| m))
}
