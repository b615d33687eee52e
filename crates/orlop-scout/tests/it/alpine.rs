//! Real Alpine images: the packages are those of the database, read here in another way.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::Path;

use orlop_layer::{Bounds, Decompressor, TarReader, sniff};

use crate::world::World;

/// Names and versions of apk's database, line by line.
fn expected(blob: &Path) -> BTreeSet<String> {
    let bytes = std::fs::read(blob).unwrap();
    let inflated = Decompressor::new(sniff(&bytes), &bytes[..]).unwrap();
    let mut tar = TarReader::new(BufReader::new(inflated), Bounds::default());
    while let Some(entry) = tar.next_entry().unwrap() {
        if entry.path != b"lib/apk/db/installed" {
            continue;
        }
        let mut text = Vec::new();
        while let Some(chunk) = tar.read_chunk().unwrap() {
            text.extend_from_slice(chunk);
        }
        let text = String::from_utf8(text).unwrap();
        let records = text
            .split("\n\n")
            .filter(|record| !record.trim().is_empty());
        let field = |record: &str, key: &str| {
            let line = record.lines().find(|line| line.starts_with(key)).unwrap();
            line[key.len()..].to_owned()
        };
        let named = records.map(|r| format!("{} {}", field(r, "P:"), field(r, "V:")));
        return named.collect();
    }
    panic!("{} has no database", blob.display());
}

#[test]
fn every_package_of_alpine_is_found() {
    let Some(fixtures) = orlop_testing::fixtures() else {
        return;
    };
    let world = World::new();
    let images = [
        ("alpine-3.9", "3.9.0"),
        ("alpine-3.10", "3.10.9"),
        ("alpine-3.12", "3.12.12"),
        ("alpine-3.20", "3.20.3"),
    ];
    for (folder, release) in images {
        let layout = fixtures.join("images").join(folder);
        let indexed = world
            .index(&format!("oci-dir://{}", layout.display()))
            .unwrap();
        let found: BTreeSet<String> = indexed
            .sbom
            .packages
            .iter()
            .map(|p| format!("{} {}", p.package.name, p.package.version))
            .collect();
        let layer = &indexed.image.as_ref().unwrap().manifest.layers[0];
        let blob = layout.join("blobs/sha256").join(layer.digest.hex());
        assert_eq!(found, expected(&blob), "{folder}");
        let said = indexed.sbom.release.unwrap();
        assert_eq!(
            (said.id.as_str(), said.version.as_str()),
            ("alpine", release)
        );
        assert_eq!(indexed.sbom.faults, [], "{folder}");
        let coverage = indexed.sbom.coverage;
        assert!(coverage.program_bytes > 500_000, "{folder}: {coverage:?}");
        assert_eq!(coverage.explained_bytes, coverage.program_bytes, "{folder}");
    }
}
