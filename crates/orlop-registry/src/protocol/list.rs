//! Lists by pages: tags (distribution-spec, "Listing Tags") and repositories.

use http::Response;
use http::header::LINK;
use orlop_registry_store::{Page, RepositoryName};
use serde::Serialize;
use url::form_urlencoded;

use super::{Answer, Ask, json, set};
use crate::payload::Payload;
use crate::route::ListQuery;

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

/// Docker's catalog: the repositories that the caller may pull from, and no trace of others.
pub(super) async fn catalog(ask: &Ask<'_>, query: &ListQuery) -> Answer {
    #[derive(Serialize)]
    struct Document<'a> {
        repositories: &'a [&'a str],
    }

    let size = page_size(ask, query);
    let mut shown: Vec<RepositoryName> = Vec::new();
    let mut after = query.last.clone();
    let mut more = size > 0;
    // One more than fits is looked for, so that there is a link only when there is a next page.
    while more && shown.len() <= size {
        let limit = size + 1;
        let page = Page {
            after: after.take(),
            limit,
        };
        let listing = ask.storage().repositories(&page).await?;
        more = listing.more;
        after = listing.entries.last().map(ToString::to_string);
        let visible = listing.entries.into_iter().filter(|name| {
            let access = &ask.registry.access;
            access.visible(&ask.caller.identity, name.as_str())
        });
        shown.extend(visible);
    }
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
