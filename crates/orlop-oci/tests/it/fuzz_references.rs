//! References, whatever they say. Also a fuzz target: `fuzz/src/bin/references.rs`.

use orlop_oci::{Reference, Repository};

/// What is read is written in two ways that both mean it.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(reference) = text.parse::<Reference>() else {
        return;
    };
    check_parts(&reference);
    for written in [reference.to_string(), reference.familiar()] {
        assert_eq!(written.parse().as_ref(), Ok(&reference), "{written}");
    }
    let repository = reference.repository();
    for written in [repository.to_string(), repository.familiar_name()] {
        assert_eq!(
            written.parse::<Repository>().as_ref(),
            Ok(repository),
            "{written}"
        );
    }
    assert!(!reference.clone().with_default_tag().is_name_only());
    let pinned = reference.clone().pinned();
    assert_eq!(pinned.digest(), reference.digest());
    assert!(pinned.digest().is_none() || pinned.tag().is_none());
}

fn check_parts(reference: &Reference) {
    let repository = reference.repository();
    assert!(!repository.registry().is_empty() && !repository.registry().contains('/'));
    let path = repository.path();
    assert!((1..=255).contains(&path.len()));
    assert!(path.bytes().all(|byte| matches!(byte,
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/')));
    assert!(
        path.split('/')
            .all(|part| !part.is_empty() && !part.contains(".."))
    );
    if let Some(tag) = reference.tag() {
        assert!((1..=128).contains(&tag.len()) && !tag.contains(['/', ':', '@']));
        assert_eq!(
            repository.with_tag(tag).as_ref().map(Reference::tag),
            Ok(Some(tag))
        );
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("references", 1, check);
}
