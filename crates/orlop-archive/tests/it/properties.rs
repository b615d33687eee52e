//! The reader on what nobody wrote: it answers, whatever comes, and what it takes is whole.

use std::io::{Read as _, copy, sink};
use std::sync::LazyLock;

use orlop_archive::{ArchiveFormat, ArchiveWriter, Local};
use orlop_layer::Bounds;
use orlop_oci::MAX_MANIFEST_SIZE;
use orlop_testing::{Compression, Image};
use proptest::prelude::*;

use crate::legacy::{archive as legacy_archive, repositories};
use crate::support::{config, descriptor, docker_archive, image, layer, named, raw};

fn oci_archive(image: &Image) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Vec::new(), ArchiveFormat::Docker);
    for blob in &image.blobs {
        writer
            .blob(&descriptor(blob), &blob.bytes[..], &mut |_| {})
            .unwrap();
    }
    writer.document(&raw(&image.top)).unwrap();
    writer.finish(&[named(image, &["app:v1"])]).unwrap()
}

/// One archive of each age.
static ARCHIVES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (base, top) = (
        layer("base", Compression::None),
        layer("top", Compression::None),
    );
    let config = config(&[&base.diff_id, &top.diff_id]);
    vec![
        oci_archive(&image("x")),
        docker_archive(&config, &[("a", &base.blob), ("b", &top.blob)], &["a:b"]),
        legacy_archive(&base, &top, Some(&repositories())),
    ]
});

/// Opens it and reads all that it says it has.
fn explore(bytes: &[u8]) {
    let scratch = std::env::temp_dir();
    let Ok(local) = Local::read(bytes, "archive", &scratch, &Bounds::default()) else {
        return;
    };
    for image in local.images() {
        let Ok(raw) = local.document(&image.target, MAX_MANIFEST_SIZE) else {
            continue;
        };
        assert_eq!(raw.digest(), &image.target.digest);
        let Ok(manifest) = raw.manifest() else {
            continue;
        };
        for child in manifest.children() {
            if let Some(blob) = local.blob(&child.digest).unwrap() {
                let length = copy(&mut blob.reader(0).by_ref(), &mut sink()).unwrap();
                assert_eq!(length, blob.length());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        explore(&bytes);
    }

    #[test]
    fn any_change_of_an_archive_is_answered(
        which in 0..3usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = ARCHIVES[which].clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        explore(&bytes);
    }

    /// Text in the lists is changed, so that what is around it stays a good archive.
    #[test]
    fn any_list_is_answered(text in "[\\[\\]{}\",:a-zA-Z0-9./ ]{0,200}", name in 0..3usize) {
        let name = ["manifest.json", "repositories", "index.json"][name];
        let layout = br#"{"imageLayoutVersion":"1.0.0"}"#;
        let mut files = vec![(name, text.as_bytes())];
        if name == "index.json" {
            files.push(("oci-layout", layout));
        }
        explore(&crate::support::tar(&files));
    }
}
