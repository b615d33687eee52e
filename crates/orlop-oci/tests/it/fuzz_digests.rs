//! Digests, media types and platforms, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/digests.rs`.

use orlop_oci::{ChainId, DiffId, Digest, MediaType, Platform, chain_ids};

/// One text as each of them: what is read is written as it was, or in its one normal form.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_digest(&text);
    check_media_type(&text);
    check_platform(&text);
    let digest = Digest::of(data);
    assert!(digest.matches(data));
    assert_eq!(digest.as_str().parse().as_ref(), Ok(&digest));
}

fn check_digest(text: &str) {
    let Ok(digest) = text.parse::<Digest>() else {
        assert!(text.parse::<DiffId>().is_err());
        return;
    };
    assert_eq!((digest.as_str(), &*digest.to_string()), (text, text));
    assert_eq!(digest.hex().len(), digest.algorithm().hex_len());
    assert_eq!(format!("{}:{}", digest.algorithm(), digest.hex()), text);
    assert!(digest.hex().starts_with(digest.short()));
    // One layer alone is its own chain.
    let layer = DiffId(digest.clone());
    assert_eq!(chain_ids(&[layer]), [ChainId(digest)]);
}

fn check_media_type(text: &str) {
    let media_type = MediaType::from_header(text);
    assert_eq!(MediaType::from_header(media_type.as_str()), media_type);
    assert_eq!(MediaType::from(media_type.as_str()), media_type);
    let kinds = [
        media_type.is_index(),
        media_type.is_manifest(),
        media_type.is_schema1(),
        media_type.is_config(),
        media_type.is_layer(),
    ];
    assert!(
        kinds.into_iter().filter(|kind| *kind).count() <= 1,
        "{text}"
    );
    assert!(media_type.is_layer() || media_type.layer_compression().is_none());
}

fn check_platform(text: &str) {
    let Ok(platform) = text.parse::<Platform>() else {
        return;
    };
    assert_eq!(platform.clone().normalized(), platform);
    assert_eq!(
        platform.to_string().parse().as_ref(),
        Ok(&platform),
        "{text}"
    );
    assert!(platform.matcher().matches(&platform));
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("digests", 1, check);
}
