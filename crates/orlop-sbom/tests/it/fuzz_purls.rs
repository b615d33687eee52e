//! Package URLs, whatever is in them. Also a fuzz target: `fuzz/src/bin/purls.rs`.

use orlop_sbom::{purl, read_purl};

/// A package URL that is read is written, with the same version again. Names aren't compared: types have
/// rules about their case, and a separator may stand where none belongs.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((package, release)) = read_purl(&text, "fuzz") else {
        return;
    };
    let source = package.source.as_ref();
    assert!(
        source.is_none_or(|source| !source.name.is_empty()),
        "{text:?}"
    );
    let written = purl(&package, release.as_ref());
    // Of other letters the library doesn't quote each that it would have to.
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._+:".contains(&byte))
    };
    let texts = [&package.name, &package.version];
    if !release.is_none_or(|release| is_plain(&release.id))
        || !texts.into_iter().all(|text| is_plain(text))
    {
        return;
    }
    if let Some((again, _)) = read_purl(&written, "fuzz") {
        let versions = (&again.version, &package.version);
        assert_eq!(versions.0, versions.1, "{text:?} as {written:?}");
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("purls", 1, check);
}
