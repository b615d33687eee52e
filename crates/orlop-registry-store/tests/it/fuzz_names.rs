//! Names of repositories, tags and uploads, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/names.rs`.

use orlop_oci::Reference;
use orlop_registry_store::{RepositoryName, TagName, TagOrDigest, UploadId};

/// One text as each of them: what is taken is written as it came, can't leave a folder, and is what
/// a client of any registry takes, too.
pub(crate) fn check(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    check_repository(text);
    check_tag(text);
    if let Some(id) = UploadId::parse(text) {
        assert_eq!(id.as_str(), text);
        assert!(text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}

fn check_repository(text: &str) {
    let name: Result<RepositoryName, _> = text.parse();
    let client: Result<Reference, _> = format!("host.example/{text}").parse();
    let client = client.ok().filter(|reference| reference.is_name_only());
    let path = client
        .as_ref()
        .map(|reference| reference.repository().path());
    let Ok(name) = name else {
        assert!(path != Some(text), "{text:?}: a client takes it");
        return;
    };
    assert_eq!((name.as_str(), &*name.to_string()), (text, text));
    assert!((1..=255).contains(&text.len()) && !text.contains("..") && !text.contains("//"));
    // The host counts for a client.
    if text.len() + "host.example/".len() <= 255 {
        assert_eq!(path, Some(text), "a client doesn't take it");
    }
}

fn check_tag(text: &str) {
    let tag: Result<TagName, _> = text.parse();
    let client: Result<Reference, _> = format!("host.example/a:{text}").parse();
    let client = client.as_ref().ok().and_then(|reference| reference.tag());
    match &tag {
        Ok(tag) => assert_eq!((tag.as_str(), client), (text, Some(text))),
        Err(_) => assert!(client != Some(text), "{text:?}: a client takes it"),
    }
    match text.parse() {
        Ok(TagOrDigest::Tag(same)) => assert_eq!(Ok(same), tag),
        Ok(TagOrDigest::Digest(digest)) => assert!(tag.is_err() && digest.as_str() == text),
        Err(_) => assert!(tag.is_err()),
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("names", 1, check);
}
