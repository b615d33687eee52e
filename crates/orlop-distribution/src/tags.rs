//! Listing the tags of a repository (distribution-spec, "Listing Tags").

use std::collections::HashSet;

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

impl Remote {
    /// All tags, in the registry's order.
    ///
    /// # Errors
    /// When the repository isn't there or can't be read, or the registry's pages never end.
    pub async fn tags(&self) -> Result<Vec<String>, Error> {
        self.first(async |place: &Place| tags(place).await).await
    }
}

async fn tags(place: &Place) -> Result<Vec<String>, Error> {
    let mut tags = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let pages = Pages {
        endpoint: &place.endpoint,
        purpose: &place.pull(),
        path: place.path(&format!("tags/list?n={PAGE}")),
        what: "tags",
        accept: None,
    };
    pages
        .each(|page| {
            let list: TagList = json::from_slice(page).map_err(|error| error.to_string())?;
            for tag in list.tags.unwrap_or_default() {
                // What isn't a tag can't be asked for; it must not reach a terminal either.
                if place.repository.with_tag(&tag).is_ok() && seen.insert(tag.clone()) {
                    tags.push(tag);
                }
            }
            Ok(tags.len())
        })
        .await?;
    Ok(tags)
}
