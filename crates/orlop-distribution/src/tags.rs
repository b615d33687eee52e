//! Listing the tags of a repository (distribution-spec, "Listing Tags"), page by page.

use std::collections::HashSet;

use http::header::LINK;
use http::{HeaderMap, Method};
use serde::Deserialize;
use url::Url;

use crate::address::Origin;
use crate::error::{Error, RequestLine};
use crate::manifest::idle;
use crate::remote::{Place, Remote};
use crate::transport::{Call, Target};

/// How many tags a page should have. Registries give fewer when they like to.
const PAGE: usize = 1000;
/// The most that is read of a page, in bytes.
const MAX_PAGE: u64 = 8 << 20;
/// No more tags are listed than this.
const MAX_TAGS: usize = 2_000_000;

#[derive(Deserialize)]
struct Page {
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
    let purpose = place.pull();
    let first = place.path(&format!("tags/list?n={PAGE}"));
    let mut tags = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut next: Option<Url> = None;
    loop {
        let target = next.as_ref().map_or(Target::Path(&first), Target::Url);
        let answer = place
            .endpoint
            .send(&Call::new(Method::GET, target, &purpose))
            .await?;
        let (request, url) = (answer.request.clone(), answer.url.clone());
        let following = next_page(answer.headers(), &url);
        let bytes = answer.bytes(MAX_PAGE, idle(&place.endpoint)).await?;
        let page: Page = serde_json::from_slice(&bytes).map_err(|error| Error::Protocol {
            request: request.clone(),
            reason: format!("the list of tags is not understood: {error}"),
        })?;
        let before = tags.len();
        for tag in page.tags.unwrap_or_default() {
            // What isn't a tag can't be asked for; it must not reach a terminal either.
            if place.repository.with_tag(&tag).is_ok() && seen.insert(tag.clone()) {
                tags.push(tag);
            }
        }
        let Some(following) = following else {
            return Ok(tags);
        };
        check(place, &request, &following, tags.len(), before)?;
        next = Some(following);
    }
}

/// A next page must be on the same registry and the list must get on.
fn check(
    place: &Place,
    request: &RequestLine,
    next: &Url,
    found: usize,
    before: usize,
) -> Result<(), Error> {
    if Origin::of(next) != Origin::of(&place.endpoint.base()?) {
        return Err(Error::Refused {
            registry: place.endpoint.name.clone(),
            target: crate::error::redacted(next),
            reason: "the next page of tags is on another host",
        });
    }
    if found == before || found > MAX_TAGS {
        return Err(Error::Protocol {
            request: request.clone(),
            reason: format!("the list of tags doesn't end ({found} tags so far)"),
        });
    }
    Ok(())
}

/// The target of `Link: <…>; rel="next"` (RFC 8288), relative to `url`.
fn next_page(headers: &HeaderMap, url: &Url) -> Option<Url> {
    let links = headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok());
    links.flat_map(parse_links).find_map(|(target, relation)| {
        let is_next = relation
            .split_whitespace()
            .any(|word| word.eq_ignore_ascii_case("next"));
        is_next.then(|| url.join(target).ok()).flatten()
    })
}

/// Targets and relations of one header.
fn parse_links(text: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else {
            break;
        };
        // The parameters end where the next link begins; a comma in a quoted text with `<` after it
        // is nothing that a registry sends.
        let parameters = after.split(",<").next().unwrap_or(after);
        let parameters = parameters.split(", <").next().unwrap_or(parameters);
        let relation = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("rel")
                .then(|| value.trim().trim_matches(['"', ',', ' ']))
        });
        links.push((target, relation.unwrap_or_default()));
        rest = &after[parameters.len()..];
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        for (text, expected) in [
            (
                r#"</v2/a/tags/list?n=2&last=b>; rel="next""#,
                Some("https://r/v2/a/tags/list?n=2&last=b"),
            ),
            (
                r#"<https://r/x?y=1,2>; rel=next"#,
                Some("https://r/x?y=1,2"),
            ),
            (
                r#"</a>; rel="prev", </b>; title="x"; rel="next last""#,
                Some("https://r/b"),
            ),
            (r#"</a>; rel="prev""#, None),
            ("</a>", None),
            ("<", None),
            ("next", None),
        ] {
            let headers = HeaderMap::from_iter([(LINK, text.parse().unwrap())]);
            let next = next_page(&headers, &"https://r/v2/a/tags/list".parse().unwrap());
            assert_eq!(next.as_ref().map(Url::as_str), expected, "{text}");
        }
    }
}
