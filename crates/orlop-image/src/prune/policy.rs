//! Which images a prune removes and why: a pure function of what is known of them.
//!
//! An image goes when nothing keeps it. What keeps one is asked for in a fixed order, the strongest
//! reason first, so that the reason that is told is the one that a person can do something about:
//! a container, a mount, a filter, its name, its tag, the newest of a repository, a recent use. What is
//! left is removed, the least recently used first; with [`PrunePolicy::free`] only as many as it takes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orlop_oci::{Digest, Reference, Repository};
use orlop_pattern::TagPatterns;

use crate::model::ImageSummary;

/// What a prune removes.
#[derive(Clone, Debug, Default)]
pub struct PrunePolicy {
    /// Images with a name too, not only dangling ones. Each of `keep_last`, `keep_tags`, `unused_for`
    /// and `free` asks for that by itself.
    pub all: bool,
    /// In each repository the newest so many images stay, counted by digest. An image stays when any
    /// of its repositories keeps it.
    pub keep_last: Option<usize>,
    /// Images with a tag that matches stay; `None` keeps none of them. A tag alone is looked at,
    /// whatever the repository.
    pub keep_tags: Option<TagPatterns>,
    /// Images that were used within this time stay.
    pub unused_for: Option<Duration>,
    /// Only as much is removed as it takes to have so many bytes free on the disk.
    pub free: Option<u64>,
}

/// An image, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The image.
    pub image: &'a ImageSummary,
    /// Where it is mounted.
    pub mounted: Option<PathBuf>,
    /// The filters agree that it may go.
    pub wanted: bool,
}

/// What becomes of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Keep(Keep),
    /// It goes.
    Remove(Vec<Reason>),
}

/// Why an image stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// So many containers are made of it.
    Containers(usize),
    /// It is mounted there.
    Mounted(PathBuf),
    /// A filter leaves it out.
    Filtered,
    /// It has a name, and only dangling images were asked for.
    Named,
    /// A tag of it is to be kept.
    Tagged(Reference),
    /// It is among the newest of this repository.
    Last(Repository),
    /// It was used then.
    Used(Timestamp),
    /// Enough is free without it.
    Enough,
}

/// Why an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It has no name.
    Dangling,
    /// No container uses it.
    Unused,
    /// So many newer ones are in each of its repositories.
    Superseded(usize),
    /// Nobody used it since.
    UnusedSince(Timestamp),
    /// Its space is needed, and it was least recently used.
    Space,
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Containers(1) => f.write_str("a container uses it"),
            Self::Containers(count) => write!(f, "{count} containers use it"),
            Self::Mounted(target) => write!(f, "mounted on {}", target.display()),
            Self::Filtered => f.write_str("filtered out"),
            Self::Named => f.write_str("it has a name"),
            Self::Tagged(name) => write!(f, "{} is to be kept", name.familiar()),
            Self::Last(repository) => {
                write!(f, "among the newest of {}", repository.familiar_name())
            }
            Self::Used(_) => f.write_str("used recently"),
            Self::Enough => f.write_str("enough is free without it"),
        }
    }
}

impl PrunePolicy {
    /// Images with a name may go too.
    pub fn takes_named(&self) -> bool {
        self.all || !self.is_dockers()
    }

    /// Nothing is asked for that docker's prune doesn't have.
    pub fn is_dockers(&self) -> bool {
        self.keep_last.is_none()
            && self.keep_tags.is_none()
            && self.unused_for.is_none()
            && self.free.is_none()
    }

    /// What becomes of each image, in the order given, as long as space doesn't matter: then
    /// [`PrunePolicy::spare`] has a word.
    pub fn judge(&self, candidates: &[Candidate<'_>], now: Timestamp) -> Vec<Verdict> {
        let newest = self.newest(candidates);
        let judge = |candidate: &Candidate<'_>| match self.keep(candidate, &newest, now) {
            Some(keep) => Verdict::Keep(keep),
            None => Verdict::Remove(self.reasons(candidate.image)),
        };
        candidates.iter().map(judge).collect()
    }

    fn keep(
        &self,
        candidate: &Candidate<'_>,
        newest: &HashMap<&Digest, &Repository>,
        now: Timestamp,
    ) -> Option<Keep> {
        let image = candidate.image;
        if image.containers > 0 {
            return Some(Keep::Containers(image.containers));
        }
        if let Some(target) = &candidate.mounted {
            return Some(Keep::Mounted(target.clone()));
        }
        if !candidate.wanted {
            return Some(Keep::Filtered);
        }
        if !self.takes_named() && !is_nameless(image) {
            return Some(Keep::Named);
        }
        if let Some(patterns) = &self.keep_tags {
            let is_kept = |name: &&Reference| name.tag().is_some_and(|tag| patterns.matches(tag));
            if let Some(name) = image.tags.iter().find(is_kept) {
                return Some(Keep::Tagged(name.clone()));
            }
        }
        if let Some(repository) = newest.get(&image.id) {
            return Some(Keep::Last((*repository).clone()));
        }
        let since = self.unused_for.map(|time| before(now, time))?;
        (image.used > since).then_some(Keep::Used(image.used))
    }

    /// The newest of each repository, with one that keeps them.
    fn newest<'a>(&self, candidates: &[Candidate<'a>]) -> HashMap<&'a Digest, &'a Repository> {
        let Some(count) = self.keep_last else {
            return HashMap::new();
        };
        let mut repositories: BTreeMap<&Repository, Vec<&ImageSummary>> = BTreeMap::new();
        for candidate in candidates {
            let names = candidate.image.tags.iter().chain(&candidate.image.digests);
            let mut own: Vec<&Repository> = names.map(Reference::repository).collect();
            own.sort();
            own.dedup();
            for repository in own {
                repositories
                    .entry(repository)
                    .or_default()
                    .push(candidate.image);
            }
        }
        let mut newest = HashMap::new();
        for (repository, mut images) in repositories {
            images.sort_by(|a, b| age(b).cmp(&age(a)));
            for image in images.into_iter().take(count) {
                newest.entry(&image.id).or_insert(repository);
            }
        }
        newest
    }

    fn reasons(&self, image: &ImageSummary) -> Vec<Reason> {
        if is_nameless(image) {
            return vec![Reason::Dangling];
        }
        let mut reasons = Vec::new();
        reasons.extend(self.keep_last.map(Reason::Superseded));
        reasons.extend(self.unused_for.map(|_| Reason::UnusedSince(image.used)));
        reasons.extend(self.free.map(|_| Reason::Space));
        if reasons.is_empty() {
            reasons.push(Reason::Unused);
        }
        reasons
    }

    /// How many of the images that would go, in the order in which they would, have to when `missing`
    /// bytes must be freed. `frees` is what each frees after those before it are gone.
    pub fn spare(missing: u64, frees: &[u64]) -> usize {
        let mut freed = 0_u64;
        frees
            .iter()
            .take_while(|bytes| {
                let is_needed = freed < missing;
                freed = freed.saturating_add(**bytes);
                is_needed
            })
            .count()
    }
}

/// It has no name at all, not even one with a digest.
fn is_nameless(image: &ImageSummary) -> bool {
    image.tags.is_empty() && image.digests.is_empty()
}

/// What "newer" means, as `images` sorts: built later; where that says nothing, here later.
fn age(image: &ImageSummary) -> (Option<Timestamp>, Timestamp, &Digest) {
    (image.created, image.stored, &image.id)
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.saturating_sub(time).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use orlop_pattern::TagPattern;
    use proptest::prelude::*;

    use super::*;

    const REPOSITORIES: [&str; 3] = ["app", "team/app", "ghcr.io/me/app"];

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn image(number: usize, names: &[(usize, u8)], created: i64, used: i64) -> ImageSummary {
        let id = Digest::of(number.to_string().as_bytes());
        let day = |days: i64| now() - SignedDuration::from_hours(24 * days);
        let mut tags: Vec<Reference> = names
            .iter()
            .map(|(r, tag)| format!("{}:v{tag}", REPOSITORIES[*r]).parse().unwrap())
            .collect();
        tags.sort();
        tags.dedup();
        let mut digests: Vec<Reference> = tags
            .iter()
            .map(|name| name.repository().with_digest(id.clone()))
            .collect();
        digests.sort();
        digests.dedup();
        ImageSummary {
            tags,
            digests,
            created: Some(day(created)),
            stored: day(used),
            used: day(used),
            disk_usage: 0,
            content_size: 0,
            shared_size: None,
            containers: 0,
            labels: BTreeMap::new(),
            manifests: Vec::new(),
            id,
        }
    }

    fn candidates(images: &[ImageSummary]) -> Vec<Candidate<'_>> {
        let candidate = |image| Candidate {
            image,
            mounted: None,
            wanted: true,
        };
        images.iter().map(candidate).collect()
    }

    /// The numbers of the images that go.
    fn goes(policy: &PrunePolicy, images: &[ImageSummary]) -> Vec<usize> {
        let verdicts = policy.judge(&candidates(images), now());
        let numbered = verdicts.iter().enumerate();
        numbered
            .filter(|(_, v)| matches!(v, Verdict::Remove(_)))
            .map(|(n, _)| n)
            .collect()
    }

    fn some() -> Vec<ImageSummary> {
        vec![
            image(0, &[(0, 1)], 30, 20),
            image(1, &[(0, 2), (1, 2)], 20, 10),
            image(2, &[(0, 3)], 10, 30),
            image(3, &[], 40, 1),
        ]
    }

    fn policy(edit: impl FnOnce(&mut PrunePolicy)) -> PrunePolicy {
        let mut policy = PrunePolicy::default();
        edit(&mut policy);
        policy
    }

    #[test]
    fn each_option_alone() {
        let keep_last = |count| policy(|p| p.keep_last = Some(count));
        let unused_for = |time| policy(|p| p.unused_for = Some(time));
        let day = Duration::from_secs(24 * 3600);
        for (policy, expected) in [
            (PrunePolicy::default(), &[3][..]),
            (policy(|p| p.all = true), &[0, 1, 2, 3]),
            (keep_last(0), &[0, 1, 2, 3]),
            (keep_last(1), &[0, 3]),
            (keep_last(9), &[3]),
            (unused_for(15 * day), &[0, 2]),
            (unused_for(Duration::MAX), &[]),
        ] {
            assert_eq!(goes(&policy, &some()), expected, "{policy:?}");
        }
    }

    #[test]
    fn tags_to_be_kept_keep_their_image_under_all_names() {
        let keep = |patterns: &[&str]| {
            let patterns: Vec<TagPattern> = patterns.iter().map(|t| TagPattern::of(t)).collect();
            policy(|p| p.keep_tags = Some(TagPatterns::new(&patterns).unwrap()))
        };
        for (patterns, expected) in [
            (&["v2"][..], &[0, 2, 3][..]),
            (&["v[13]"], &[1, 3]),
            (&["/v\\d/"], &[3]),
            (&["v1", "v3"], &[1, 3]),
            (&["latest"], &[0, 1, 2, 3]),
        ] {
            assert_eq!(goes(&keep(patterns), &some()), expected, "{patterns:?}");
        }
        let images = some();
        let verdict = &keep(&["v1"]).judge(&candidates(&images), now())[0];
        assert_eq!(
            *verdict,
            Verdict::Keep(Keep::Tagged("app:v1".parse().unwrap()))
        );
        let newest_too = policy(|p| {
            p.keep_last = Some(1);
            p.keep_tags = keep(&["v1"]).keep_tags;
        });
        assert_eq!(goes(&newest_too, &images), [3]);
    }

    #[test]
    fn what_is_used_stays_whatever_is_asked() {
        let images = some();
        let policy = PrunePolicy {
            all: true,
            ..PrunePolicy::default()
        };
        let mut used = images.clone();
        used[0].containers = 1;
        let mut candidates = candidates(&used);
        candidates[1].mounted = Some("/mnt".into());
        candidates[2].wanted = false;
        assert_eq!(
            policy.judge(&candidates, now()),
            [
                Verdict::Keep(Keep::Containers(1)),
                Verdict::Keep(Keep::Mounted("/mnt".into())),
                Verdict::Keep(Keep::Filtered),
                Verdict::Remove(vec![Reason::Dangling]),
            ]
        );
    }

    #[test]
    fn no_more_is_removed_than_is_needed() {
        for (missing, frees, count) in [
            (0, &[5, 5][..], 0),
            (1, &[5, 5], 1),
            (5, &[5, 5], 1),
            (6, &[5, 5], 2),
            (99, &[5, 5], 2),
            // What frees nothing by itself may be what holds the next one's content.
            (4, &[0, 5, 5], 2),
            (1, &[], 0),
        ] {
            assert_eq!(
                PrunePolicy::spare(missing, frees),
                count,
                "{missing} of {frees:?}"
            );
        }
    }

    /// The rules said again in the slowest and plainest way.
    fn model(policy: &PrunePolicy, images: &[ImageSummary], number: usize) -> bool {
        let image = &images[number];
        let nameless = image.tags.is_empty();
        if !nameless && !policy.takes_named() {
            return false;
        }
        for name in &image.tags {
            let newer = images.iter().filter(|other| {
                let here = other
                    .tags
                    .iter()
                    .any(|n| n.repository() == name.repository());
                here && (other.created, other.stored, &other.id)
                    > (image.created, image.stored, &image.id)
            });
            if policy.keep_last.is_some_and(|count| newer.count() < count) {
                return false;
            }
        }
        let age = now().duration_since(image.used);
        let spares = |time| age >= SignedDuration::try_from(time).unwrap();
        policy.unused_for.is_none_or(spares)
    }

    prop_compose! {
        fn any_image()(
            names in prop::collection::vec((0..3_usize, 0..4_u8), 0..4),
            created in 0..6_i64,
            used in 0..6_i64,
        ) -> (Vec<(usize, u8)>, i64, i64) {
            (names, created, used)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_what_the_model_says(
            drawn in prop::collection::vec(any_image(), 0..12),
            all: bool,
            keep_last in prop::option::of(0..4_usize),
            unused_days in prop::option::of(0..6_u64),
        ) {
            let images: Vec<ImageSummary> = drawn
                .iter()
                .enumerate()
                .map(|(n, (names, created, used))| image(n, names, *created, *used))
                .collect();
            let policy = PrunePolicy {
                all,
                keep_last,
                unused_for: unused_days.map(|days| Duration::from_secs(days * 24 * 3600)),
                ..PrunePolicy::default()
            };
            let expected: Vec<usize> =
                (0..images.len()).filter(|n| model(&policy, &images, *n)).collect();
            prop_assert_eq!(goes(&policy, &images), expected);
        }

        #[test]
        fn the_shortest_prefix_is_spared(
            missing in 0..40_u64,
            frees in prop::collection::vec(0..9_u64, 0..9),
        ) {
            let count = PrunePolicy::spare(missing, &frees);
            let sum = |n: usize| frees[..n].iter().sum::<u64>();
            prop_assert!(count == frees.len() || sum(count) >= missing);
            prop_assert!(count == 0 || sum(count - 1) < missing);
        }
    }
}
