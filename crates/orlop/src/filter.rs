//! `--filter KEY=VALUE` of lists and prunes of images (moby `daemon/containerd/image_list.go`).
//!
//! Different keys must all agree; of several values for one key one is enough, except for labels,
//! which must all be there.

mod glob;
mod until;

pub(crate) use glob::{matches, matches_reference};
use jiff::Timestamp;
use orlop_image::model::ImageSummary;

use crate::error::{CliError, CliResult};

/// Filters as they were typed, checked for keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pairs: Vec<(String, String)>,
}

/// The keys of `images`.
pub(crate) const LIST_KEYS: &[&str] =
    &["before", "dangling", "label", "reference", "since", "until"];

/// The keys of `image prune` and `system prune`.
pub(crate) const PRUNE_KEYS: &[&str] = &["label", "label!", "until"];

impl Filters {
    /// Reads them.
    ///
    /// # Errors
    /// In docker's words: no `KEY=VALUE`, or a key that isn't among `keys`.
    pub(crate) fn parse(texts: &[String], keys: &[&str]) -> CliResult<Self> {
        let mut filters = Self::default();
        for text in texts.iter().filter(|text| !text.is_empty()) {
            let Some((key, value)) = text.split_once('=') else {
                return Err(CliError::usage(format!(
                    "invalid argument {text:?} for \"-f, --filter\" flag: invalid filter '{text}': \
                     bad format of filter (expected name=value)"
                )));
            };
            let key = key.trim().to_lowercase();
            if !keys.contains(&key.as_str()) {
                return Err(CliError::new(format!("invalid filter '{key}'"))
                    .hint(format!("filters are {}", keys.join(", "))));
            }
            filters.add(&key, value.trim());
        }
        Ok(filters)
    }

    /// Adds one.
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.pairs.push((key.to_owned(), value.to_owned()));
    }

    /// The values of a key.
    pub(crate) fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |pair| pair.0 == key)
            .map(|pair| pair.1.as_str())
    }

    /// All of them, as they were typed, sorted.
    pub(crate) fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self
            .pairs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        texts.sort();
        texts
    }

    /// `dangling=true` or `dangling=false`, when it is said.
    ///
    /// # Errors
    /// The value is neither.
    pub(crate) fn dangling(&self) -> CliResult<Option<bool>> {
        let value = |text: &str| match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(CliError::new(format!("invalid filter 'dangling={text}'"))),
        };
        self.values("dangling").last().map(value).transpose()
    }

    /// What an image must be to stay, whatever it is called. `created_of` says when the image that
    /// `before` and `since` name was built.
    ///
    /// # Errors
    /// A value makes no sense, or names no image.
    pub(crate) fn predicate(
        &self,
        now: Timestamp,
        created_of: &dyn Fn(&str) -> CliResult<Option<Timestamp>>,
    ) -> CliResult<impl Fn(&ImageSummary) -> bool + use<>> {
        let dangling = self.dangling()?;
        let moment = |key: &str| -> CliResult<Option<Timestamp>> {
            let times = self
                .values(key)
                .map(created_of)
                .collect::<CliResult<Vec<_>>>()?;
            Ok(times.into_iter().flatten().last())
        };
        let (before, since) = (moment("before")?, moment("since")?);
        let until = self
            .values("until")
            .last()
            .map(|text| until::parse(text, now))
            .transpose()?;
        let owned = |key| self.values(key).map(str::to_owned).collect::<Vec<_>>();
        let (labels, not_labels) = (owned("label"), owned("label!"));
        Ok(move |image: &ImageSummary| {
            let created = image.created.unwrap_or(Timestamp::UNIX_EPOCH);
            dangling.is_none_or(|wanted| wanted == is_dangling(image))
                && before.is_none_or(|time| created < time)
                && since.is_none_or(|time| created > time)
                && until.is_none_or(|time| created < time)
                && labels.iter().all(|label| has_label(image, label))
                && !not_labels.iter().any(|label| has_label(image, label))
        })
    }

    /// Keeps the names that a `reference` filter agrees with, and says whether any is left. Without
    /// such a filter all are.
    pub(crate) fn keep_names(&self, image: &mut ImageSummary) -> bool {
        let patterns: Vec<&str> = self.values("reference").collect();
        if patterns.is_empty() {
            return true;
        }
        let wanted = |name: &orlop_oci::Reference| {
            patterns
                .iter()
                .any(|pattern| glob::matches_reference(pattern, name))
        };
        image.tags.retain(wanted);
        let tags = image.tags.clone();
        image.digests.retain(|name| {
            wanted(name) || tags.iter().any(|tag| tag.repository() == name.repository())
        });
        !image.tags.is_empty() || !image.digests.is_empty()
    }
}

/// It has no name at all.
pub(crate) fn is_dangling(image: &ImageSummary) -> bool {
    image.tags.is_empty() && image.digests.is_empty()
}

fn has_label(image: &ImageSummary, wanted: &str) -> bool {
    match wanted.split_once('=') {
        Some((key, value)) => image.labels.get(key).is_some_and(|label| label == value),
        None => image.labels.contains_key(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::image_rows::tests::{NOW, image};

    fn keeps(texts: &[&str], image: &ImageSummary) -> bool {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let filters = Filters::parse(&texts, &[LIST_KEYS, PRUNE_KEYS].concat()).expect("filters");
        let created_of = |name: &str| Ok(Some(name.parse().expect("a time for a name")));
        let predicate = filters
            .predicate(NOW.parse().expect("a time"), &created_of)
            .expect("a predicate");
        let mut image = image.clone();
        predicate(&image) && filters.keep_names(&mut image)
    }

    #[test]
    fn each_key() {
        let mut tagged = image("a", &["alpine:3.20", "ghcr.io/me/alpine:v1"], &["alpine"]);
        tagged.labels.insert("stage".into(), "prod".into());
        let nameless = image("b", &[], &[]);
        for (filters, with_tag, without) in [
            (&[][..], true, true),
            (&["dangling=true"], false, true),
            (&["dangling=false"], true, false),
            (&["label=stage"], true, false),
            (&["label=stage=prod"], true, false),
            (&["label=stage=test"], false, false),
            (&["label!=stage"], false, true),
            (&["label=stage", "label=other"], false, false),
            (&["before=2026-11-11T00:00:00Z"], true, true),
            (&["before=2026-11-01T00:00:00Z"], false, false),
            (&["since=2026-11-01T00:00:00Z"], true, true),
            (&["until=24h"], true, true),
            (&["until=2026-11-01"], false, false),
            (&["reference=alpine"], true, false),
            (&["reference=nosuch", "reference=*:3.20"], true, false),
            (&["reference=ghcr.io/*/alpine"], true, false),
            (&["reference=ghcr.io/*", "dangling=false"], false, false),
        ] {
            assert_eq!(
                keeps(filters, &tagged),
                with_tag,
                "{filters:?} on a tagged image"
            );
            assert_eq!(
                keeps(filters, &nameless),
                without,
                "{filters:?} on a nameless image"
            );
        }
    }

    #[test]
    fn only_names_that_match_stay() {
        let mut tagged = image(
            "a",
            &["alpine:3.20", "ghcr.io/me/alpine:v1"],
            &["alpine", "ghcr.io/me/alpine"],
        );
        let mut filters = Filters::default();
        filters.add("reference", "alpine");
        assert!(filters.keep_names(&mut tagged));
        assert_eq!(tagged.tags.len(), 1);
        assert_eq!(tagged.digests.len(), 1);
    }

    #[test]
    fn mistakes_in_dockers_words() {
        let parse = |text: &str| Filters::parse(&[text.to_owned()], LIST_KEYS).expect_err(text);
        assert_eq!(parse("color=red").message(), "invalid filter 'color'");
        assert_eq!(
            parse("dangling").message(),
            "invalid argument \"dangling\" for \"-f, --filter\" flag: invalid filter 'dangling': \
             bad format of filter (expected name=value)"
        );
        let filters = Filters::parse(&["dangling=maybe".into()], LIST_KEYS).expect("a filter");
        assert_eq!(
            filters.dangling().expect_err("nonsense").message(),
            "invalid filter 'dangling=maybe'"
        );
    }
}
