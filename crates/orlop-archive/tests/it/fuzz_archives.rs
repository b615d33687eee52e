//! Image archives, whatever they hold. Also a fuzz target: `fuzz/src/bin/archives.rs`.

use std::io::{copy, sink};

use orlop_archive::{Local, Name};
use orlop_layer::Bounds;
use orlop_oci::MAX_MANIFEST_SIZE;

#[path = "../../../../fuzz/headers.rs"]
mod headers;

/// As it came and with checksums that are right: what is named can be read, from within the archive,
/// and documents have the digests that they are found by.
pub(crate) fn check(data: &[u8]) {
    check_archive(data);
    check_archive(&headers::repaired(data));
}

fn check_archive(data: &[u8]) {
    let bounds = Bounds {
        max_uncompressed: 1 << 20,
        ratio_floor: 1 << 20,
        max_entries: 64,
        ..Bounds::default()
    };
    let local = match Local::read(data, "archive", &std::env::temp_dir(), &bounds) {
        Ok(local) => local,
        Err(error) => {
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            return;
        }
    };
    for image in local.images() {
        for name in &image.names {
            check_name(name);
        }
        let Ok(raw) = local.document(&image.target, MAX_MANIFEST_SIZE) else {
            continue;
        };
        assert!(image.target.digest.matches(raw.bytes()));
        let Ok(manifest) = raw.manifest() else {
            continue;
        };
        for child in manifest.children() {
            let Ok(Some(blob)) = local.blob(&child.digest) else {
                continue;
            };
            assert!(blob.length() <= bounds.max_uncompressed);
            let length = copy(&mut blob.reader(0), &mut sink()).expect("the archive is there");
            assert_eq!(length, blob.length());
        }
    }
}

/// It means the same when it is read again.
fn check_name(name: &Name) {
    let reference = name.reference();
    match name {
        Name::Full(full) => {
            assert_eq!(reference.as_ref(), Some(full));
            assert_eq!(name.text().parse().as_ref(), Ok(full));
            assert!(!full.is_name_only());
        }
        Name::Bare(text) => assert!(text.bytes().all(|byte| byte.is_ascii_graphic())),
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("archives", 199, check);
}
