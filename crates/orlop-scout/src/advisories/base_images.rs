//! The catalogue of base images: what repositories have now under the tags that are wanted.

use std::collections::BTreeSet;
use std::fs;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use orlop_distribution::{Client, TagRange};
use orlop_image::Origin;
use orlop_image::look::choose_all;
use orlop_oci::{DEFAULT_TAG, Reference, Repository};
use orlop_pattern::{TagPattern, TagPatterns, is_plain};
use orlop_vuln::BaseImage;
use orlop_vuln::feeds::{MAX_BASE_IMAGE_LAYERS, base_images, read_base_images};

use super::fetch::Kept;
use super::update::{SourceOutcome, SourceState, UpdateOptions};
use crate::error::{Error, Result};

/// The source that the catalogue is.
pub(super) const SOURCE: &str = "base-images";
/// So many tags of a repository are looked at.
const LISTED: usize = 100_000;
/// So many of them may be wanted.
const WANTED: usize = 1_000;

/// Tags of a repository that base images have: `alpine`, `debian:1*`, `registry.example.com/base:/v[0-9]+/`.
#[derive(Clone, Debug)]
pub struct BaseImages {
    text: String,
    repository: Repository,
    tags: Tags,
}

#[derive(Clone, Debug)]
enum Tags {
    One(String),
    Matching(TagPatterns),
}

impl PartialEq for BaseImages {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for BaseImages {}

impl FromStr for BaseImages {
    type Err = String;

    /// A repository, and behind a colon a tag, a glob or `/REGEX/`. Without it `latest` is meant.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let path = text.find("/").map_or(0, |_| last_slash(text));
        let (name, tag) = match text[path..].find(':') {
            Some(colon) => text.split_at(path + colon),
            None => (text, ""),
        };
        let tag = tag.strip_prefix(':').unwrap_or(DEFAULT_TAG);
        let reference: Reference = name
            .parse()
            .map_err(|error: orlop_oci::ReferenceError| error.to_string())?;
        if !reference.is_name_only() {
            return Err("it has a digest: a tag, a glob or /REGEX/ is meant".to_owned());
        }
        let tags = match is_plain(tag) && !tag.starts_with('/') {
            true => {
                let named = reference.repository().with_tag(tag);
                named.map_err(|error| error.to_string())?;
                Tags::One(tag.to_owned())
            }
            false => Tags::Matching(TagPatterns::new(&[TagPattern::of(tag)])?),
        };
        Ok(Self {
            text: text.to_owned(),
            repository: reference.repository().clone(),
            tags,
        })
    }
}

/// Where the last part of a repository's path begins: a slash of a `/REGEX/` is none of it.
fn last_slash(text: &str) -> usize {
    let path = text.split_once(":/").map_or(text, |(path, _)| path);
    path.rfind('/').map_or(0, |slash| slash + 1)
}

impl BaseImages {
    fn wants(&self, name: &Reference) -> bool {
        let tag = name.tag().unwrap_or(DEFAULT_TAG);
        *name.repository() == self.repository
            && match &self.tags {
                Tags::One(wanted) => wanted == tag,
                Tags::Matching(patterns) => patterns.matches(tag),
            }
    }

    /// What the repository has now; images of `known` whose tags stand for what they stood for aren't
    /// fetched again.
    async fn fetch(
        &self,
        client: &Client,
        known: &[BaseImage],
        parallel: usize,
    ) -> Result<Vec<BaseImage>> {
        let remote = client.repository(&self.repository);
        let tags = match &self.tags {
            Tags::One(tag) => vec![tag.clone()],
            Tags::Matching(patterns) => {
                let range = TagRange {
                    limit: Some(LISTED),
                    ..TagRange::default()
                };
                let listed = remote.tags_in(&range).await;
                let mut tags = listed.map_err(orlop_image::Error::from)?;
                tags.retain(|tag| patterns.matches(tag));
                tags
            }
        };
        if tags.len() > WANTED {
            return Err(Error::TooManyTags {
                wanted: self.text.clone(),
                count: tags.len(),
                allowed: WANTED,
            });
        }
        let origin = Origin::Registry(remote);
        let images = stream::iter(tags).map(|tag| {
            let origin = &origin;
            async move {
                let name = self.repository.with_tag(&tag);
                let name = name.map_err(orlop_image::Error::from)?;
                images_of(origin, name, known).await
            }
        });
        let images: Vec<Vec<BaseImage>> = images.buffered(parallel.max(1)).try_collect().await?;
        Ok(images.into_iter().flatten().collect())
    }
}

/// The images that a name stands for, for all platforms.
async fn images_of(
    origin: &Origin,
    name: Reference,
    known: &[BaseImage],
) -> Result<Vec<BaseImage>> {
    let target = origin.resolve(&name).await?;
    let same = known
        .iter()
        .filter(|it| it.name == name && it.digest == target.digest);
    let same: Vec<BaseImage> = same.cloned().collect();
    if !same.is_empty() {
        return Ok(same);
    }
    let all = choose_all(origin, &target).await?;
    let images = all.into_iter().map(|image| BaseImage {
        name: name.clone(),
        digest: target.digest.clone(),
        manifest: image.digest,
        platform: image.config.platform,
        created: image.config.created,
        steps: image.config.history.len(),
        diff_ids: image.config.rootfs.diff_ids,
    });
    let fits = |image: &BaseImage| (1..=MAX_BASE_IMAGE_LAYERS).contains(&image.diff_ids.len());
    Ok(images.filter(fits).collect())
}

/// Brings the catalogue up to date, and says what came of each of the repositories. What can't be fetched
/// stays as it was.
pub(super) async fn fetch(
    wanted: &[BaseImages],
    kept: &Kept,
    client: &Client,
    options: UpdateOptions,
) -> Result<Vec<SourceOutcome>> {
    let before = fs::read(kept.data()).unwrap_or_default();
    let known = read_base_images(&before);
    let checked = kept.state().map(|state| state.checked);
    let mut images = Vec::new();
    let mut outcomes = Vec::new();
    for wanted in wanted {
        let ours = || known.iter().filter(|image| wanted.wants(&image.name));
        let state = match wanted.fetch(client, &known, options.parallel).await {
            Ok(fetched) => {
                let is_same = same(&fetched, ours());
                let bytes = base_images(&fetched).len() as u64;
                images.extend(fetched);
                match is_same {
                    true => SourceState::Unchanged,
                    false => SourceState::Fetched(bytes),
                }
            }
            Err(error) => {
                let kept = checked.filter(|_| ours().next().is_some());
                images.extend(ours().cloned());
                SourceState::Failed {
                    error: Arc::new(error),
                    kept,
                }
            }
        };
        let name = format!("{SOURCE}/{}", wanted.text);
        outcomes.push(SourceOutcome { name, state });
    }
    let is_current = |outcome: &SourceOutcome| outcome.state.is_current();
    if outcomes.iter().any(is_current) {
        kept.put(&written(images), options.now)?;
    }
    Ok(outcomes)
}

fn same<'a>(fetched: &[BaseImage], known: impl Iterator<Item = &'a BaseImage>) -> bool {
    let key = |image: &BaseImage| (image.name.to_string(), image.manifest.to_string());
    let fetched: BTreeSet<_> = fetched.iter().map(key).collect();
    let known: BTreeSet<_> = known.map(key).collect();
    fetched == known
}

/// Each once, in an order of their own.
fn written(mut images: Vec<BaseImage>) -> Vec<u8> {
    images.sort_by_cached_key(|image| {
        let platform = image.platform.to_string();
        (image.name.to_string(), platform, image.manifest.to_string())
    });
    images.dedup();
    base_images(&images).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_repository() {
        let wants = |text: &str, name: &str| {
            let wanted: BaseImages = text.parse().expect(text);
            wanted.wants(&name.parse().expect(name))
        };
        for (text, name, expected) in [
            ("alpine", "docker.io/library/alpine:latest", true),
            ("alpine", "alpine:3.20", false),
            ("alpine:3.*", "alpine:3.20", true),
            ("alpine:3.*", "alpine:2.7", false),
            ("localhost:5000/base", "localhost:5000/base:latest", true),
            ("localhost:5000/base:v*", "localhost:5000/base:v1", true),
            ("x.example/a/b:/v[0-9]+/", "x.example/a/b:v12", true),
            ("x.example/a/b:/v[0-9]+/", "x.example/a/b:vx", false),
            ("debian:*", "ubuntu:22.04", false),
        ] {
            assert_eq!(wants(text, name), expected, "{text} {name}");
        }
    }

    #[test]
    fn what_names_no_tags_is_refused() {
        let digest = format!("alpine@sha256:{}", "0".repeat(64));
        for (text, why) in [
            ("", "invalid reference format"),
            ("UPPER", "must be lowercase"),
            ("alpine:/(/", "unclosed group"),
            ("alpine:a b", "invalid"),
            (digest.as_str(), ""),
        ] {
            let error = text.parse::<BaseImages>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
