//! Listing the tags of a repository (distribution-spec, "Listing Tags").

use std::collections::HashSet;
use std::ops::ControlFlow;

use orlop_oci::json;
use serde::Deserialize;

use crate::error::Error;
use crate::pages::Pages;
use crate::remote::{Place, Remote};

/// How many tags a page should have. Registries give fewer when they like to.
const PAGE: usize = 1000;

#[derive(Deserialize)]
struct TagList {
    /// Null in an empty repository (distribution before 2.8).
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// Which of a repository's tags are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRange {
    /// Only those behind this one, in the registry's order.
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl Remote {
    /// All tags, in the registry's order.
    ///
    /// # Errors
    /// When the repository isn't there or can't be read, or the registry's pages never end.
    pub async fn tags(&self) -> Result<Vec<String>, Error> {
        self.tags_in(&TagRange::default()).await
    }

    /// Some of the tags, in the registry's order. No more pages are asked for than they need.
    ///
    /// # Errors
    /// As [`Self::tags`].
    pub async fn tags_in(&self, range: &TagRange) -> Result<Vec<String>, Error> {
        self.first(async |place: &Place| tags(place, range).await)
            .await
    }
}

async fn tags(place: &Place, range: &TagRange) -> Result<Vec<String>, Error> {
    let limit = range.limit.unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut tags = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let last = range.after.as_ref().map(|tag| {
        let tag: String = url::form_urlencoded::byte_serialize(tag.as_bytes()).collect();
        format!("&last={tag}")
    });
    let page_size = limit.min(PAGE);
    let pages = Pages {
        endpoint: &place.endpoint,
        purpose: &place.pull(),
        path: place.path(&format!(
            "tags/list?n={page_size}{}",
            last.unwrap_or_default()
        )),
        what: "tags",
        accept: None,
    };
    pages
        .until(|page| {
            let list: TagList = json::from_slice(page).map_err(|error| error.to_string())?;
            for tag in list.tags.unwrap_or_default() {
                // What isn't a tag can't be asked for; it must not reach a terminal either.
                if place.repository.with_tag(&tag).is_ok() && seen.insert(tag.clone()) {
                    tags.push(tag);
                }
            }
            if let Some(after) = &range.after
                && let Some(at) = tags.iter().position(|tag| tag == after)
            {
                // The registry doesn't know `last`.
                tags.drain(..=at);
            }
            Ok(match tags.len() >= limit {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(seen.len()),
            })
        })
        .await?;
    tags.truncate(limit);
    Ok(tags)
}
