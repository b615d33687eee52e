//! Finding repositories by a word: the search of Docker Hub's index, or the list of a registry.
//!
//! The search is of docker's first protocol (`GET /v1/search?q=TERM&n=LIMIT`), and all that is left of
//! it: Docker Hub, Quay and Artifactory still answer. The registry protocol itself has no search; what
//! comes nearest is `/v2/_catalog` (CNCF distribution, "Listing Repositories"), which is read page by
//! page and filtered by name here.

use std::ops::ControlFlow;

use http::{Method, StatusCode};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use crate::auth::{Purpose, Scopes};
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::{Error, printable};
use crate::manifest::idle;
use crate::pages::Pages;
use crate::quirks;
use crate::transport::{Call, Target};

/// The most that is read of an answer, in bytes.
const MAX_ANSWER: u64 = 8 << 20;
/// How many repositories a page of a list should have. Registries give fewer when they like to.
const PAGE: usize = 1000;

/// A repository that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRepository {
    /// Its name as the registry says it: without a host, on Docker Hub without `library/`.
    pub name: String,
    /// What its owner says of it, in one line; empty where only names are known.
    pub description: String,
    /// How many people marked it.
    pub stars: u64,
    /// It is a Docker Official Image.
    pub official: bool,
    /// It is built by the registry from its source (which Docker Hub no longer tells).
    pub automated: bool,
}

/// What was found, best first, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchAnswer {
    /// The repositories.
    pub repositories: Vec<FoundRepository>,
    /// The registry has no search: these are the names in its list that have the term in them.
    pub by_list: bool,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    results: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    star_count: Option<i64>,
    #[serde(default)]
    is_official: Option<bool>,
    #[serde(default)]
    is_automated: Option<bool>,
}

impl From<Entry> for FoundRepository {
    fn from(entry: Entry) -> Self {
        Self {
            name: printable(&entry.name.unwrap_or_default()),
            description: printable(&entry.description.unwrap_or_default()),
            stars: u64::try_from(entry.star_count.unwrap_or(0)).unwrap_or(0),
            official: entry.is_official.unwrap_or(false),
            automated: entry.is_automated.unwrap_or(false),
        }
    }
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    repositories: Option<Vec<String>>,
}

impl Client {
    /// Searches `registry` (`docker.io`, `quay.io`) for repositories by `term`; at most `limit`. A
    /// registry that has no search is asked for the list of its repositories.
    ///
    /// # Errors
    /// When the registry can't be asked, has neither, or doesn't let this user.
    pub async fn search(
        &self,
        registry: &str,
        term: &str,
        limit: usize,
    ) -> Result<SearchAnswer, Error> {
        let endpoint = self.index_of(registry);
        let found = search(&endpoint, term, limit).await;
        match found {
            Ok(Some(repositories)) => {
                return Ok(SearchAnswer {
                    repositories,
                    by_list: false,
                });
            }
            // Docker Hub has no list.
            Err(error) if quirks::is_hub(registry) || !has_no_search(&error) => return Err(error),
            _ => {}
        }
        Ok(SearchAnswer {
            repositories: filter_list(&self.endpoint(registry), term, limit).await?,
            by_list: true,
        })
    }
}

/// The answer says that there is no such thing as a search.
fn has_no_search(error: &Error) -> bool {
    match error {
        Error::Registry(answer) => {
            let status = answer.status;
            status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
        }
        // What a page for people says to a program.
        Error::Protocol { .. } | Error::Refused { .. } => true,
        // Who isn't let into the search may still be let into the list.
        Error::Unauthorized { .. } => true,
        _ => false,
    }
}

/// `None` when the answer is none of a search: many registries have a page for people there.
async fn search(
    endpoint: &Endpoint,
    term: &str,
    limit: usize,
) -> Result<Option<Vec<FoundRepository>>, Error> {
    let purpose = purpose(Scopes::none());
    let term: String = byte_serialize(term.as_bytes()).collect();
    let path = format!("{}v1/search?q={term}&n={limit}", endpoint.index_path());
    let call = Call::new(Method::GET, Target::Path(&path), &purpose);
    let answer = endpoint.send(&call).await?;
    let request = answer.request.clone();
    let bytes = answer.bytes(MAX_ANSWER, idle(endpoint)).await?;
    match serde_json::from_slice::<Page>(&bytes) {
        Ok(Page {
            results: Some(results),
        }) => Ok(Some(
            results
                .into_iter()
                .map(FoundRepository::from)
                .filter(|found| !found.name.is_empty())
                .take(limit)
                .collect(),
        )),
        Err(error) if quirks::is_hub(&endpoint.name) => Err(Error::Protocol {
            request,
            reason: format!("the results of the search are not understood: {error}"),
        }),
        _ if quirks::is_hub(&endpoint.name) => Ok(Some(Vec::new())),
        _ => Ok(None),
    }
}

/// Reads the list of a registry's repositories until enough of them fit.
async fn filter_list(
    endpoint: &Endpoint,
    term: &str,
    limit: usize,
) -> Result<Vec<FoundRepository>, Error> {
    let term = term.to_lowercase();
    let mut found: Vec<FoundRepository> = Vec::new();
    let mut read = 0;
    let pages = Pages {
        endpoint,
        purpose: &purpose(Scopes::catalogue()),
        path: format!("v2/_catalog?n={PAGE}"),
        what: "repositories",
        accept: None,
    };
    pages
        .until(|page| {
            let list: List = serde_json::from_slice(page).map_err(|error| error.to_string())?;
            let names = list.repositories.unwrap_or_default();
            read += names.len();
            let fitting = names.iter().filter(|name| name.contains(&term));
            found.extend(fitting.filter_map(|name| named(endpoint, name)));
            found.truncate(limit);
            Ok(if found.len() == limit {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(read)
            })
        })
        .await?;
    Ok(found)
}

/// What isn't a repository can't be asked for; it must not reach a terminal either.
fn named(endpoint: &Endpoint, name: &str) -> Option<FoundRepository> {
    format!("{}/{name}", endpoint.name)
        .parse::<orlop_oci::Repository>()
        .ok()?;
    Some(FoundRepository {
        name: name.to_owned(),
        description: String::new(),
        stars: 0,
        official: false,
        automated: false,
    })
}

fn purpose(scopes: Scopes) -> Purpose {
    Purpose {
        repository: None,
        scopes,
        push: false,
    }
}
