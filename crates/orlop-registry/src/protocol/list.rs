//! Lists by pages: tags (distribution-spec, "Listing Tags") and repositories.

use http::Response;
use http::header::LINK;
use orlop_registry_store::{Listing, Page, RepositoryName, StorageError};
use serde::Serialize;
use url::form_urlencoded;

use super::{Answer, Ask, json, set};
use crate::payload::Payload;
use crate::route::ListQuery;

/// How many names of repositories are looked at in one step.
const STEP: usize = 1000;

/// How many entries a page may have: what the client wants, within our bound.
pub(super) fn page_size(ask: &Ask<'_>, query: &ListQuery) -> usize {
    let bound = ask.registry.options.limits.page.max(1);
    query.n.map_or(bound, |n| {
        usize::try_from(n).map_or(bound, |n| n.min(bound))
    })
}

/// Adds a link to the page behind `last`.
pub(super) fn link(
    response: &mut Response<Payload>,
    path: &str,
    size: usize,
    last: &str,
    more: &[(&str, &str)],
) {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("n", &size.to_string());
    query.append_pair("last", last);
    query.extend_pairs(more);
    let target = format!("<{path}?{}>; rel=\"next\"", query.finish());
    set(response, LINK, &target);
}

/// end-8.
pub(super) async fn tags(ask: &Ask<'_>, name: &RepositoryName, query: &ListQuery) -> Answer {
    #[derive(Serialize)]
    struct Document<'a> {
        name: &'a str,
        tags: &'a [String],
    }
    let size = page_size(ask, query);
    let page = Page {
        after: query.last.clone(),
        // Even for none of the tags, the repository has to be there.
        limit: size.max(1),
    };
    let mut listing = ask.storage().tags(name, &page).await?;
    if size == 0 {
        listing.entries.clear();
    }
    let mut response = json(&Document {
        name: name.as_str(),
        tags: &listing.entries,
    });
    if let Some(last) = listing.entries.last().filter(|_| listing.more) {
        let path = format!("/v2/{name}/tags/list");
        link(&mut response, &path, size, last, &[]);
    }
    Ok(response)
}

/// Looks for `wanted` names that are visible, in steps of one size: who asks for few among many that
/// are hidden doesn't make us ask the storage more often.
async fn search<F>(
    wanted: usize,
    mut after: Option<String>,
    mut fetch: impl FnMut(Page) -> F,
    visible: impl Fn(&RepositoryName) -> bool,
) -> Result<Vec<RepositoryName>, StorageError>
where
    F: Future<Output = Result<Listing<RepositoryName>, StorageError>>,
{
    let mut found = Vec::new();
    while found.len() < wanted {
        let page = Page {
            after: after.take(),
            limit: STEP,
        };
        let listing = fetch(page).await?;
        after = listing.entries.last().map(ToString::to_string);
        let missing = wanted - found.len();
        let names = listing.entries.into_iter();
        found.extend(names.filter(|name| visible(name)).take(missing));
        if !listing.more {
            break;
        }
        // A long search lets others have their turn.
        tokio::task::yield_now().await;
    }
    Ok(found)
}

/// Docker's catalog: the repositories that the caller may pull from, and no trace of others.
pub(super) async fn catalog(ask: &Ask<'_>, query: &ListQuery) -> Answer {
    #[derive(Serialize)]
    struct Document<'a> {
        repositories: &'a [&'a str],
    }

    let size = page_size(ask, query);
    let visible = |name: &RepositoryName| {
        let access = &ask.registry.access;
        access.visible(&ask.caller.identity, name.as_str())
    };
    let storage = ask.storage();
    let fetch = |page: Page| async move { storage.repositories(&page).await };
    // One more than fits is looked for, so that there is a link only when there is a next page.
    let wanted = if size == 0 { 0 } else { size + 1 };
    let mut shown = search(wanted, query.last.clone(), fetch, visible).await?;
    let next = shown.len() > size;
    shown.truncate(size);
    let names: Vec<&str> = shown.iter().map(RepositoryName::as_str).collect();
    let mut response = json(&Document {
        repositories: &names,
    });
    if let Some(last) = names.last().filter(|_| next) {
        link(&mut response, "/v2/_catalog", size, last, &[]);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_search_takes_the_same_steps_whatever_is_wanted() {
        let all: Vec<RepositoryName> = (0..5000)
            .map(|i| format!("r{i:04}").parse().unwrap())
            .collect();
        for (wanted, steps) in [(0, 0), (1, 3), (2, 3), (3, 5), (4, 5)] {
            let mut taken = 0;
            let fetch = |page: Page| {
                taken += 1;
                let after = |name: &RepositoryName| Some(name.as_str()) > page.after.as_deref();
                let behind = all.iter().filter(|name| after(name));
                let mut entries: Vec<_> = behind.take(page.limit + 1).cloned().collect();
                let more = entries.len() > page.limit;
                entries.truncate(page.limit);
                std::future::ready(Ok(Listing { entries, more }))
            };
            let hits = ["r2998", "r2999", "r4999"];
            let visible = |name: &RepositoryName| hits.contains(&name.as_str());
            let found = search(wanted, None, fetch, visible).await.unwrap();
            let found: Vec<&str> = found.iter().map(RepositoryName::as_str).collect();
            assert_eq!(found, hits[..wanted.min(3)]);
            assert_eq!(taken, steps, "{wanted} wanted");
        }
    }
}
