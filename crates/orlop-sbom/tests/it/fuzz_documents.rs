//! SBOMs that others wrote, whatever is in them. Also a fuzz target: `fuzz/src/bin/documents.rs`.

use orlop_sbom::{DocumentFormat, read_document, write_document};

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

#[test]
fn documents_near_the_seeds() {
    crate::seeds::replay("documents", 17, check);
}
