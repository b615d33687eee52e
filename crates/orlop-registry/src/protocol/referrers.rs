//! Referrers (distribution-spec, "Listing Referrers").

use http::header::{CONTENT_TYPE, HeaderValue};
use orlop_oci::{Descriptor, Digest, MediaType};
use orlop_registry_store::{Page, RepositoryName};
use serde::Serialize;

use super::list::{link, page_size};
use super::{Answer, Ask, OCI_FILTERS, json, set};
use crate::route::ListQuery;

/// How many are asked for at once. Each may carry annotations as large as a manifest.
const STEP: usize = 32;
/// A page ends when it has so many bytes: a client reads it as it reads a manifest.
const PAGE_BYTES: usize = 3 * 1024 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    media_type: &'static str,
    manifests: &'a [Descriptor],
}

/// end-12. The subject needn't be there, and neither need the repository: "no referrers" is the
/// answer that a client can work with, and a 404 would tell it that we can't list any.
pub(super) async fn list(
    ask: &Ask<'_>,
    name: &RepositoryName,
    subject: &Digest,
    artifact_type: Option<&str>,
    query: &ListQuery,
) -> Answer {
    let size = page_size(ask, query);
    let mut manifests: Vec<Descriptor> = Vec::new();
    let (mut more, mut bytes) = (true, 0);
    while more && manifests.len() < size && bytes < PAGE_BYTES {
        let last = manifests.last().map(|last| last.digest.to_string());
        let page = Page {
            after: last.or_else(|| query.last.clone()),
            limit: STEP.min(size - manifests.len()),
        };
        let storage = ask.storage();
        let listing = storage
            .referrers(name, subject, artifact_type, &page)
            .await?;
        more = listing.more;
        for entry in listing.entries {
            bytes += weight(&entry);
            // One that is larger than a page has a page of its own.
            if bytes > PAGE_BYTES && !manifests.is_empty() {
                more = true;
                break;
            }
            manifests.push(entry);
        }
    }
    let mut response = json(&Document {
        schema_version: 2,
        media_type: "application/vnd.oci.image.index.v1+json",
        manifests: &manifests,
    });
    let kind = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
    debug_assert_eq!(kind, MediaType::OciIndex.as_str());
    response.headers_mut().insert(CONTENT_TYPE, kind);
    if artifact_type.is_some() {
        set(&mut response, OCI_FILTERS, "artifactType");
    }
    if let Some(last) = manifests.last().filter(|_| more) {
        let path = format!("/v2/{name}/referrers/{subject}");
        let filter: Vec<_> = artifact_type
            .map(|kind| ("artifactType", kind))
            .into_iter()
            .collect();
        link(&mut response, &path, size, last.digest.as_str(), &filter);
    }
    Ok(response)
}

fn weight(descriptor: &Descriptor) -> usize {
    let annotations = descriptor.annotations.iter();
    300 + annotations
        .map(|(key, value)| key.len() + value.len() + 8)
        .sum::<usize>()
}
