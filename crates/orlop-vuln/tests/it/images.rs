//! Real images against real data: what `../shared/fixtures/expected` says, no more and no less.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use jiff::Timestamp;
use orlop_sbom::{FileInfo, Finding, Found, Package, Release, catalogers};
use orlop_testing::fixtures;
use orlop_vuln::database::{Builder, BuilderOptions, Database};
use orlop_vuln::{Answer, CoverageState, CoverageWord, FixState, Question, Subject};
use serde_json::Value;

/// A database of some of the fixtures' feeds.
fn database(fixtures: &Path, feeds: &[&str]) -> Database {
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    for feed in feeds {
        let path = fixtures.join("advisories").join(feed);
        builder
            .add_path(feed, Timestamp::UNIX_EPOCH, &path)
            .unwrap();
    }
    Database::from_bytes(builder.finish().unwrap()).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn blob(layout: &Path, digest: &Value) -> PathBuf {
    let digest = digest.as_str().unwrap().replace(':', "/");
    layout.join("blobs").join(digest)
}

/// The packages and the release of the image for an architecture, with the digest of its manifest.
fn read_image(layout: &Path, architecture: &str) -> (String, Vec<Package>, Release) {
    let index = json(&layout.join("index.json"));
    let index = json(&blob(layout, &index["manifests"][0]["digest"]));
    let manifests = index["manifests"].as_array().unwrap();
    let ours = |manifest: &&Value| manifest["platform"]["architecture"] == architecture;
    let digest = &manifests.iter().find(ours).unwrap()["digest"];
    let manifest = json(&blob(layout, digest));
    let (mut packages, mut release) = (Vec::new(), Release::default());
    for layer in manifest["layers"].as_array().unwrap() {
        let file = fs::File::open(blob(layout, &layer["digest"])).unwrap();
        for entry in tar::Archive::new(GzDecoder::new(file)).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let path = path.trim_start_matches("./").to_owned();
            if path != "lib/apk/db/installed" && !path.ends_with("os-release") {
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            for finding in catalogue(&path, &bytes).findings {
                match finding {
                    Finding::Package(package) => packages.push(*package),
                    Finding::Release(found) => release = found,
                    _ => {}
                }
            }
        }
    }
    (digest.as_str().unwrap().to_owned(), packages, release)
}

fn catalogue(path: &str, bytes: &[u8]) -> Found {
    let file = FileInfo {
        path,
        size: bytes.len() as u64,
        is_executable: false,
    };
    let mut found = Found::default();
    for cataloger in catalogers().iter().filter(|it| it.wants(&file)) {
        cataloger.catalog(&file, &bytes, &mut found).unwrap();
    }
    found
}

fn ask(database: &Database, packages: &[Package], release: &Release) -> Answer {
    let subjects: Vec<Subject<'_>> = packages
        .iter()
        .map(|package| Subject {
            package,
            is_owned_by_distribution: false,
        })
        .collect();
    let question = Question {
        release: Some(release),
        packages: &subjects,
        as_of: None,
        stale_before: None,
    };
    database.find(&question).unwrap()
}

#[test]
fn alpine_3_9_has_exactly_the_expected_findings() {
    let Some(fixtures) = fixtures() else {
        return;
    };
    let expected = json(&fixtures.join("expected/alpine-3.9.json"));
    // Each form of the data alone, and both together: one fault is told once.
    for feeds in [
        &["Alpine"][..],
        &["alpine-secdb"],
        &["Alpine", "alpine-secdb"],
    ] {
        let database = database(&fixtures, feeds);
        for image in expected["images"].as_array().unwrap() {
            let architecture = image["platform"]["architecture"].as_str().unwrap();
            let layout = fixtures.join("images/alpine-3.9");
            let (digest, packages, release) = read_image(&layout, architecture);
            assert_eq!(digest, image["manifest"]);
            assert_eq!(
                packages.len() as u64,
                image["packages_installed"].as_u64().unwrap()
            );
            let answer = ask(&database, &packages, &release);
            let wanted: BTreeSet<[String; 5]> = image["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| {
                    ["package", "source", "version", "id", "fixed"]
                        .map(|key| it[key].as_str().unwrap().to_owned())
                })
                .collect();
            let found: Vec<[String; 5]> = answer
                .findings
                .iter()
                .map(|found| {
                    assert_eq!(found.state, FixState::Fixed);
                    let package = &packages[found.package];
                    let evidence = &found.evidence[0];
                    [
                        package.name.clone(),
                        evidence.package.clone(),
                        package.version.clone(),
                        found.id.clone(),
                        found.fixed_version.clone().unwrap(),
                    ]
                })
                .collect();
            assert_eq!(found.len(), wanted.len(), "{feeds:?}");
            assert_eq!(
                found.into_iter().collect::<BTreeSet<_>>(),
                wanted,
                "{feeds:?}"
            );
            assert_eq!(answer.undecidable, []);
            assert_eq!(answer.coverage.word(), CoverageWord::Complete);
            let release = &answer.coverage.ecosystems[0];
            assert_eq!(release.name, "Alpine:v3.9");
            assert_eq!(release.end_of_life.unwrap().to_string(), "2020-11-01");
        }
    }
}

#[test]
fn no_data_for_a_release_is_not_the_same_as_nothing_found() {
    let Some(fixtures) = fixtures() else {
        return;
    };
    for feeds in [
        &["Alpine"][..],
        &["alpine-secdb"],
        &["Alpine", "alpine-secdb"],
    ] {
        let database = database(&fixtures, feeds);
        for (image, word, state) in [
            (
                "alpine-3.10",
                CoverageWord::Complete,
                CoverageState::Complete,
            ),
            ("alpine-3.12", CoverageWord::None, CoverageState::None),
            ("alpine-3.20", CoverageWord::None, CoverageState::None),
        ] {
            let layout = fixtures.join("images").join(image);
            let (_, packages, release) = read_image(&layout, "amd64");
            assert!(packages.len() > 10);
            let answer = ask(&database, &packages, &release);
            assert_eq!(answer.findings.len(), 0, "{image}");
            assert_eq!(answer.coverage.word(), word, "{image}");
            let ecosystem = &answer.coverage.ecosystems[0];
            assert_eq!(
                (ecosystem.state, ecosystem.packages),
                (state, packages.len())
            );
        }
    }
}
