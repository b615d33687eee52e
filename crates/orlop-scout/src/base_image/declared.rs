//! What annotations and labels say an image stands on (image-spec, annotations.md, "Pre-Defined Annotation
//! Keys").

use std::collections::BTreeMap;

use orlop_oci::{Digest, Reference, annotation};

use super::Claim;

/// What annotations, or labels of the same names, say. A digest without a name is of no image that could be
/// named; what breaks the grammar is no word at all.
pub(super) fn claim(annotations: &BTreeMap<String, String>) -> Option<Claim> {
    let name: Reference = annotations.get(annotation::BASE_NAME)?.parse().ok()?;
    let said: Option<Digest> = annotations
        .get(annotation::BASE_DIGEST)
        .and_then(|digest| digest.parse().ok());
    Some(Claim::new(name, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_digest() {
        let digest = Digest::of(b"base").to_string();
        let said = |name: Option<&str>, digest: Option<&str>| {
            let pairs = [
                (annotation::BASE_NAME, name),
                (annotation::BASE_DIGEST, digest),
            ];
            let pairs = pairs
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
            let claim = claim(&pairs.collect())?;
            Some((claim.name.familiar(), claim.digest.is_some()))
        };
        let told = |name: &str, has_digest| Some((name.to_owned(), has_digest));
        let digest = Some(digest.as_str());
        let full = "docker.io/library/alpine:3.20";
        assert_eq!(said(Some(full), None), told("alpine:3.20", false));
        assert_eq!(said(Some("alpine"), digest), told("alpine:latest", true));
        assert_eq!(
            said(Some("alpine"), Some("new")),
            told("alpine:latest", false)
        );
        let pinned = format!("{full}@{}", Digest::of(b"base"));
        assert_eq!(said(Some(&pinned), None), told("alpine:3.20", true));
        assert_eq!(said(Some("NOT A NAME"), digest), None);
        assert_eq!(said(None, digest), None);
    }
}
