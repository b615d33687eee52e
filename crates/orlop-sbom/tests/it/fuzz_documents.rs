//! SBOMs that others wrote, and package URLs, whatever is in them. Also fuzz targets:
//! `fuzz/src/bin/{documents,purls}.rs`.

use orlop_sbom::{DocumentFormat, purl, read_document, read_purl, write_document};

/// What is read can be written in every form, and Orlop's own is read again as it was.
pub(crate) fn check(data: &[u8]) {
    let (subject, sbom) = match read_document(data) {
        Ok(read) => read,
        Err(error) => {
            let what = error.to_string();
            assert!(!what.contains('\n'), "{what:?}");
            return;
        }
    };
    // No package takes less than a few bytes.
    assert!(sbom.packages.len() <= data.len());
    for format in [
        DocumentFormat::List,
        DocumentFormat::Spdx,
        DocumentFormat::CycloneDx,
        DocumentFormat::Syft,
    ] {
        let written = write_document(format, &subject, &sbom, None);
        assert_eq!(written, write_document(format, &subject, &sbom, None));
        if format != DocumentFormat::List {
            read_document(written.as_bytes()).unwrap();
        }
    }
    let written = write_document(DocumentFormat::Orlop, &subject, &sbom, None);
    let (subject_again, again) = read_document(written.as_bytes()).unwrap();
    assert_eq!((subject_again, again.packages), (subject, sbom.packages));
}

/// A package URL that is read is written, with the same version again. Names aren't compared: types have
/// rules about their case, and a separator may stand where none belongs.
pub(crate) fn check_purl(data: &[u8]) {
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
fn documents_near_the_seeds() {
    crate::seeds::replay("documents", 17, check);
}

#[test]
fn purls_near_the_seeds() {
    crate::seeds::replay("purls", 1, check_purl);
}
