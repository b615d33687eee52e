//! Lists that a registry gives page by page (distribution-spec, "Listing Tags", "Listing
//! Referrers"): following `Link: <…>; rel="next"` on the same registry until there is no next page.

use std::ops::ControlFlow;

use http::header::LINK;
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use crate::address::Origin;
use crate::auth::Purpose;
use crate::endpoint::Endpoint;
use crate::error::{Error, RequestLine, redacted};
use crate::manifest::idle;
use crate::transport::{Call, Target};

/// The most that is read of a page, in bytes.
const MAX_PAGE: u64 = 8 << 20;
/// No list is read further than this.
const MAX_ENTRIES: usize = 2_000_000;

/// A list to be read.
pub(crate) struct Pages<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) purpose: &'a Purpose,
    /// The first page, below the endpoint's base.
    pub(crate) path: String,
    /// What it is a list of, for errors: `tags`.
    pub(crate) what: &'static str,
    /// The type that is asked for, where the end-point has several.
    pub(crate) accept: Option<HeaderValue>,
}

impl Pages<'_> {
    /// Gives each page to `take`, which answers how many entries it has found in all, or why it
    /// doesn't understand the page. A list that doesn't get on from one page to the next is an error.
    pub(crate) async fn each(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<usize, String>,
    ) -> Result<(), Error> {
        self.until(|page| take(page).map(ControlFlow::Continue))
            .await
    }

    /// The same until `take` has enough.
    pub(crate) async fn until(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<ControlFlow<(), usize>, String>,
    ) -> Result<(), Error> {
        let mut next: Option<Url> = None;
        let mut found = 0;
        loop {
            let target = next.as_ref().map_or(Target::Path(&self.path), Target::Url);
            let mut call = Call::new(Method::GET, target, self.purpose);
            if let Some(accept) = &self.accept {
                call = call.header(http::header::ACCEPT, accept.clone());
            }
            let answer = self.endpoint.send(&call).await?;
            let request = answer.request.clone();
            let following = next_page(answer.headers(), &answer.url);
            let bytes = answer.bytes(MAX_PAGE, idle(self.endpoint)).await?;
            let before = found;
            let taken = take(&bytes).map_err(|reason| Error::Protocol {
                request: request.clone(),
                reason: format!("the list of {} is not understood: {reason}", self.what),
            })?;
            match taken {
                ControlFlow::Continue(so_far) => found = so_far,
                ControlFlow::Break(()) => return Ok(()),
            }
            let Some(following) = following else {
                return Ok(());
            };
            self.check(&request, &following, found, before)?;
            next = Some(following);
        }
    }

    /// A next page must be on the same registry and the list must get on.
    fn check(
        &self,
        request: &RequestLine,
        next: &Url,
        found: usize,
        before: usize,
    ) -> Result<(), Error> {
        let endpoint = self.endpoint;
        if Origin::of(next) != Origin::of(&endpoint.base()?) {
            return Err(Error::Refused {
                registry: endpoint.name.clone(),
                target: redacted(next),
                reason: "the next page of a list is on another host",
            });
        }
        if found == before || found > MAX_ENTRIES {
            let what = self.what;
            return Err(Error::Protocol {
                request: request.clone(),
                reason: format!("the list of {what} doesn't end ({found} {what} so far)"),
            });
        }
        Ok(())
    }
}

/// The target of `Link: <…>; rel="next"` (RFC 8288), relative to `url`.
pub(crate) fn next_page(headers: &HeaderMap, url: &Url) -> Option<Url> {
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
