//! Documents of feeds, whatever is in them. Also a fuzz target: `fuzz/src/bin/feeds.rs`.

use jiff::Timestamp;
use jiff::civil::Date;
use orlop_sbom::{Package, PackageKind};
use orlop_vuln::database::{Builder, BuilderOptions, Database};
use orlop_vuln::feeds::{EpssScore, Feed, Sink, read_document};
use orlop_vuln::{Advisory, BaseImage, Question, Subject};

/// Keeps what advisories are about, and what is wrong.
#[derive(Default)]
struct Names {
    affected: Vec<(String, String)>,
    count: usize,
}

impl Sink for Names {
    fn advisory(&mut self, _feed: Feed, advisory: Advisory) {
        assert!(!advisory.id.is_empty());
        for affected in &advisory.affected {
            let first = affected
                .ranges
                .first()
                .and_then(|range| range.events.last());
            let version = first.map_or("1", |event| event.version());
            let pair = (affected.package.clone(), version.to_owned());
            self.affected.push(pair);
        }
        self.count += 1;
    }

    fn covers(&mut self, _feed: Feed, _ecosystem: &str) {}

    fn score(&mut self, _cve: &str, score: EpssScore) {
        assert!(score.probability <= EpssScore::ONE && score.percentile <= EpssScore::ONE);
    }

    fn exploited(&mut self, _cve: &str, _added: Date) {}

    fn base_image(&mut self, image: BaseImage) {
        assert!(!image.diff_ids.is_empty() && image.name.tag().is_some());
    }

    fn dated(&mut self, _feed: Feed, _date: Date) {}

    fn fault(&mut self, _record: &str, _what: String) {}
}

/// What is read makes a database that is whole, the same one twice, in which can be looked for what the
/// document is about. What isn't read is told in one line.
pub(crate) fn check(data: &[u8]) {
    let mut names = Names::default();
    if let Err(what) = read_document("document", data, &mut names) {
        check_clause(&what);
        return;
    }
    // No advisory takes less than a few bytes.
    assert!(names.count <= data.len());
    let built = build(data);
    assert!(built == build(data), "not twice the same");
    let database = Database::from_bytes(built).unwrap();
    database.verify().unwrap();
    let kinds = [PackageKind::Python, PackageKind::Cargo, PackageKind::Go];
    let packages: Vec<Package> = names
        .affected
        .iter()
        .take(8)
        .flat_map(|(name, version)| kinds.map(|kind| Package::new(kind, name, version, "fuzz")))
        .collect();
    let subjects: Vec<Subject<'_>> = packages
        .iter()
        .map(|package| Subject {
            package,
            is_owned_by_distribution: false,
        })
        .collect();
    let answer = database.find(&Question {
        release: None,
        packages: &subjects,
        as_of: None,
        stale_before: None,
    });
    for found in answer.unwrap().findings {
        assert!(!found.id.is_empty() && !found.evidence.is_empty());
        for evidence in &found.evidence {
            database.text(evidence.record).unwrap();
        }
    }
}

fn check_clause(what: &str) {
    assert!(
        !what.is_empty() && !what.contains(char::is_control),
        "{what:?}"
    );
}

fn build(data: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    builder.begin("fuzz", Timestamp::UNIX_EPOCH);
    read_document("document", data, &mut builder).unwrap();
    for fault in builder.faults() {
        check_clause(&fault.what);
    }
    builder.finish().unwrap()
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("feeds", 13, check);
}
