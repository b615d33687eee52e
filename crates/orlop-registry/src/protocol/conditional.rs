//! Conditions of a request (RFC 9110, section 13) and what it accepts (12.5.1).
//!
//! Content never changes under its digest, so its digest is its entity tag, and a strong one.

use http::HeaderMap;
use http::header::{ACCEPT, IF_NONE_MATCH, IF_RANGE};
use orlop_oci::{Digest, MediaType};

/// The entity tag of content.
pub(crate) fn etag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

/// The client has it already: `If-None-Match` names it. Quoted as it should be, or bare as Docker's
/// registry takes it too.
pub(crate) fn is_known(headers: &HeaderMap, digest: &Digest) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == digest.as_str()
    })
}

/// A range may be sent: there is no `If-Range`, or it names this content. A date never does, since
/// content has none here.
pub(crate) fn range_applies(headers: &HeaderMap, digest: &Digest) -> bool {
    match headers.get(IF_RANGE) {
        None => true,
        Some(value) => value
            .to_str()
            .is_ok_and(|value| value.trim() == etag(digest)),
    }
}

/// The client takes a manifest of this type. As with Docker's registry, only OCI's types have to be
/// asked for, since only their absence means an old client; and unlike there, whoever names no
/// type, or takes anything, gets what there is. Nothing is ever converted.
pub(crate) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let stored = MediaType::from(media_type);
    if !matches!(stored, MediaType::OciManifest | MediaType::OciIndex) {
        return true;
    }
    let values = headers.get_all(ACCEPT).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut named = false;
    for range in values.flat_map(|value| value.split(',')) {
        let essence = range.split(';').next().unwrap_or_default().trim();
        match essence {
            "" => continue,
            "*/*" | "application/*" => return true,
            essence if essence.eq_ignore_ascii_case(media_type) => return true,
            _ => {}
        }
        let wanted = MediaType::from_header(essence);
        named |= wanted.is_manifest() || wanted.is_index() || wanted.is_schema1();
    }
    !named
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn known_content_is_recognised() {
        let digest = Digest::of(b"");
        let (quoted, bare) = (etag(&digest), digest.to_string());
        let weak = format!("W/{quoted}");
        let list = format!("\"x\", {quoted}");
        for value in [&*quoted, &bare, &weak, &list, "*"] {
            assert!(
                is_known(&headers(IF_NONE_MATCH, &[value]), &digest),
                "{value}"
            );
        }
        assert!(!is_known(&headers(IF_NONE_MATCH, &["\"x\""]), &digest));
        assert!(!is_known(&HeaderMap::new(), &digest));
        assert!(is_known(
            &headers(IF_NONE_MATCH, &["\"x\"", &quoted]),
            &digest
        ));
    }

    #[test]
    fn a_range_is_bound_to_its_content() {
        let digest = Digest::of(b"");
        assert!(range_applies(&HeaderMap::new(), &digest));
        assert!(range_applies(
            &headers(IF_RANGE, &[&etag(&digest)]),
            &digest
        ));
        for value in [
            "\"x\"",
            "Sat, 29 Oct 1994 19:43:31 GMT",
            &format!("W/{}", etag(&digest)),
        ] {
            assert!(!range_applies(&headers(IF_RANGE, &[value]), &digest));
        }
    }

    #[test]
    fn types_are_negotiated_as_clients_expect() {
        let (oci, index) = (MediaType::OciManifest, MediaType::OciIndex);
        let docker = MediaType::DockerManifest;
        let table: [(&[&str], &MediaType, bool); 11] = [
            (&[], &oci, true),
            (&["*/*"], &index, true),
            (&["application/json"], &oci, true),
            (&["application/json, */*;q=0.1"], &oci, true),
            (&["application/vnd.oci.image.manifest.v1+json"], &oci, true),
            (
                &["application/vnd.oci.image.manifest.v1+json;q=0.5"],
                &oci,
                true,
            ),
            (
                &["application/vnd.oci.image.manifest.v1+json"],
                &index,
                false,
            ),
            (
                &["application/vnd.docker.distribution.manifest.v2+json"],
                &oci,
                false,
            ),
            (
                &["application/vnd.oci.image.manifest.v1+json"],
                &docker,
                true,
            ),
            (
                &[
                    "application/vnd.docker.distribution.manifest.v2+json",
                    "application/vnd.oci.image.index.v1+json",
                ],
                &index,
                true,
            ),
            (
                &["application/vnd.docker.distribution.manifest.v1+prettyjws"],
                &index,
                false,
            ),
        ];
        for (accept, stored, expected) in table {
            let got = accepts(&headers(ACCEPT, accept), stored.as_str());
            assert_eq!(got, expected, "{accept:?} {stored}");
        }
        let artifact = "application/vnd.example+json";
        let only = headers(ACCEPT, &["application/vnd.oci.image.index.v1+json"]);
        assert!(accepts(&only, artifact));
    }
}
