//! Builds and asks a database of advisories, for measurements and comparisons with other programs:
//!
//! ```text
//! advisories build DATABASE PATH...
//! advisories packages COUNT PATH... > packages
//! advisories find DATABASE [ID VERSION_ID] < packages
//! advisories time ROUNDS DATABASE [ID VERSION_ID] < packages
//! ```
//!
//! `time` opens the database and asks it, ROUNDS times: a line has the nanoseconds of both and the number of
//! findings. A line of packages is kind (as in a package URL), name, version, and name and version of the source
//! package where they differ; a line of findings is name, version, id, state, range and fix. Tabs are
//! between them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "it is a tool for tests"
)]

mod packages;

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use orlop_sbom::{Package, PackageKind, Release, SourcePackage};
use orlop_vuln::database::{Builder, BuilderOptions, Database, save};
use orlop_vuln::{Question, Subject};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["build", database, paths @ ..] => build(Path::new(database), paths),
        ["packages", count, paths @ ..] => print_packages(count.parse().unwrap(), paths),
        ["find", database, release @ ..] => find(Path::new(database), release),
        ["time", rounds, database, release @ ..] => {
            time(rounds.parse().unwrap(), Path::new(database), release);
        }
        _ => println!("advisories build|packages|find|time ARGUMENTS..."),
    }
}

fn build(database: &Path, paths: &[&str]) {
    let start = Instant::now();
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    for path in paths {
        let start = Instant::now();
        let feeds = builder
            .add_path(path, Timestamp::UNIX_EPOCH, Path::new(path))
            .unwrap();
        eprintln!("{path}: {feeds:?} in {:?}", start.elapsed());
    }
    for fault in builder.faults() {
        eprintln!("{}: {}: {}", fault.source, fault.record, fault.what);
    }
    let bytes = builder.finish().unwrap();
    save(&bytes, database).unwrap();
    eprintln!("{} bytes in {:?}", bytes.len(), start.elapsed());
    let start = Instant::now();
    Database::open(database).unwrap().verify().unwrap();
    eprintln!("verified in {:?}", start.elapsed());
}

fn print_packages(count: usize, paths: &[&str]) {
    for package in packages::packages_of(paths, count) {
        println!(
            "{}\t{}\t{}",
            package.kind.purl_type(),
            package.name,
            package.version
        );
    }
}

/// The packages on standard input.
fn read_packages() -> Vec<Package> {
    let lines = std::io::stdin().lines();
    lines.map(|line| package(&line.unwrap())).collect()
}

fn subjects(packages: &[Package]) -> Vec<Subject<'_>> {
    let subject = |package| Subject {
        package,
        is_owned_by_distribution: false,
    };
    packages.iter().map(subject).collect()
}

fn release_of(words: &[&str]) -> Option<Release> {
    match words {
        [id, version] => Some(Release {
            id: (*id).to_owned(),
            version: (*version).to_owned(),
            ..Release::default()
        }),
        _ => None,
    }
}

fn time(rounds: usize, path: &Path, release: &[&str]) {
    let (packages, release) = (read_packages(), release_of(release));
    let question = Question {
        release: release.as_ref(),
        packages: &subjects(&packages),
        as_of: None,
        stale_before: None,
    };
    for _ in 0..rounds {
        let start = Instant::now();
        let database = Database::open(path).unwrap();
        let opened = start.elapsed();
        let start = Instant::now();
        let answer = database.find(&question).unwrap();
        let (opened, found) = (opened.as_nanos(), start.elapsed().as_nanos());
        println!("{opened}\t{found}\t{}", answer.findings.len());
    }
}

fn find(database: &Path, release: &[&str]) {
    let (packages, release) = (read_packages(), release_of(release));
    let subjects = subjects(&packages);
    let start = Instant::now();
    let database = Database::open(database).unwrap();
    eprintln!("opened in {:?}", start.elapsed());
    let question = Question {
        release: release.as_ref(),
        packages: &subjects,
        as_of: None,
        stale_before: None,
    };
    for _ in 0..3 {
        let start = Instant::now();
        let answer = database.find(&question).unwrap();
        let found = answer.findings.len();
        eprintln!(
            "{} packages, {found} findings in {:?}",
            packages.len(),
            start.elapsed()
        );
    }
    let answer = database.find(&question).unwrap();
    for found in &answer.findings {
        let package = &packages[found.package];
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            package.name,
            package.version,
            found.id,
            found.state.name(),
            found.affected_range.as_deref().unwrap_or("-"),
            found.fixed_version.as_deref().unwrap_or("-"),
        );
    }
    for unknown in &answer.undecidable {
        let package = &packages[unknown.package];
        eprintln!(
            "{} {}: {} ({})",
            package.name,
            package.version,
            unknown.what,
            unknown.ids.join(" ")
        );
    }
    eprintln!("{:#?}", answer.coverage);
}

fn package(line: &str) -> Package {
    let mut fields = line.split('\t');
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let kind = match next().unwrap() {
        "apk" => PackageKind::Apk,
        "deb" => PackageKind::Deb,
        "rpm" => PackageKind::Rpm,
        "pypi" => PackageKind::Python,
        "npm" => PackageKind::Npm,
        "cargo" => PackageKind::Cargo,
        "golang" => PackageKind::Go,
        "maven" => PackageKind::Java,
        "gem" => PackageKind::Gem,
        other => unreachable!("{other} is no kind"),
    };
    let mut package = Package::new(kind, next().unwrap(), next().unwrap(), "example");
    package.source = next().map(|name| SourcePackage {
        name: name.to_owned(),
        version: next().unwrap_or(&package.version).to_owned(),
    });
    package
}
