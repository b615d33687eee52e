//! The database's file: the same from the same input, whole or refused.

use jiff::Timestamp;
use orlop_oci::{ChainId, DiffId, Digest as OciDigest, chain_ids};
use orlop_sbom::{Package, PackageKind};
use orlop_vuln::database::{Builder, BuilderOptions, Database, DatabaseError, save};
use orlop_vuln::feeds::read_document;
use orlop_vuln::{Question, Subject};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// RustSec and PyPA advisories in OSV's form, shortened.
const RECORDS: &[&str] = &[
    r#"{"id": "RUSTSEC-2019-0014", "modified": "2023-06-13T13:10:24Z",
        "published": "2019-08-21T12:00:00Z", "aliases": ["CVE-2019-16138", "GHSA-m2pf-hprp-3vqm"],
        "summary": "Flaw in interface may drop uninitialized instance of arbitrary types",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{"package": {"ecosystem": "crates.io", "name": "image"}, "versions": [],
          "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.10.2"}, {"fixed": "0.21.3"}]}]}],
        "references": [{"type": "WEB", "url": "https://github.com/image-rs/image/pull/985"}]}"#,
    r#"{"id": "PYSEC-2010-29", "modified": "2021-08-27T03:22:10.125815Z",
        "published": "2010-11-06T00:00:00Z", "aliases": ["CVE-2010-2477"],
        "affected": [{"package": {"ecosystem": "PyPI", "name": "paste"},
          "versions": ["0.3", "1.7", "1.7.5-local-build"],
          "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.7.4"}]}]}]}"#,
];

pub(crate) fn built(records: &[&str]) -> Vec<u8> {
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    builder.begin("test", Timestamp::UNIX_EPOCH);
    for record in records {
        read_document("record", record.as_bytes(), &mut builder).unwrap();
    }
    assert_eq!(builder.faults(), []);
    builder.finish().unwrap()
}

#[test]
fn what_is_renewed_is_what_would_be_built_anew() {
    // Without dates: since when it is known is told by the database before it.
    let undated = r#"{"id": "X-1", "modified": "", "affected": [
        {"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]}"#;
    let now = Timestamp::from_second(2_000_000_000).unwrap();
    let records = [RECORDS[0], undated, RECORDS[1]];
    let before = Database::from_bytes(built(&records)).unwrap();
    let mut builder = Builder::new(BuilderOptions {
        built: now,
        previous: Some(&before),
    })
    .unwrap();
    builder.begin("test", now);
    for record in records {
        read_document("record", record.as_bytes(), &mut builder).unwrap();
    }
    let anew = builder.finish().unwrap();
    assert!(before.renewed(now).unwrap() == anew);
    // What is damaged gets no checksum that is right.
    let mut bytes = built(&records);
    bytes[200] ^= 1;
    let damaged = Database::from_bytes(bytes).unwrap();
    assert!(matches!(
        damaged.renewed(now),
        Err(DatabaseError::Damaged(_))
    ));
}

/// Everything that can be asked of it.
fn exercise(database: &Database) -> Result<usize, DatabaseError> {
    database.epss("CVE-2019-16138")?;
    database.exploited("CVE-2019-16138")?;
    let packages = [
        Package::new(PackageKind::Cargo, "image", "0.21.2", "test"),
        Package::new(PackageKind::Python, "paste", "1.7", "test"),
    ];
    let subjects = [0, 1].map(|at| Subject {
        package: &packages[at],
        is_owned_by_distribution: false,
    });
    let answer = database.find(&Question {
        release: None,
        packages: &subjects,
        as_of: None,
        stale_before: None,
    })?;
    for found in &answer.findings {
        for evidence in &found.evidence {
            database.text(evidence.record)?;
            database.head(evidence.record)?;
        }
    }
    Ok(answer.findings.len())
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    assert_eq!(built(RECORDS), built(RECORDS));
    let database = Database::from_bytes(built(RECORDS)).unwrap();
    assert_eq!(exercise(&database).unwrap(), 2);
    database.verify().unwrap();
    assert_eq!(database.digest().len(), 64);
}

#[test]
fn no_changed_byte_is_a_silent_zero() {
    let whole = built(RECORDS);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        let Ok(database) = Database::from_bytes(bytes) else {
            continue;
        };
        assert!(database.verify().is_err(), "byte {at}");
        // What matching doesn't read may be wrong; what it reads may not.
        if let Ok(found) = exercise(&database) {
            assert_eq!(found, 2, "byte {at}");
        }
    }
}

/// The header's places: where the contents are, and the checksums.
const HEADER: usize = 136;

fn contents_of(bytes: &[u8]) -> (usize, Value) {
    let start = u64::from_le_bytes(bytes[24..32].try_into().unwrap()) as usize;
    let contents = serde_json::from_slice(&bytes[start..]).unwrap();
    (start, contents)
}

/// Puts right every checksum of a file that was changed, as somebody would who means harm.
fn sealed(mut bytes: Vec<u8>, start: usize, mut contents: Value) -> Vec<u8> {
    fn seal(value: &mut Value, file: &[u8]) {
        match value {
            Value::Object(object) => {
                let number = |key: &str| Some(object.get(key)?.as_u64()? as usize);
                let range = number("offset").zip(number("length"));
                let bytes = range.and_then(|(at, length)| file.get(at..at.checked_add(length)?));
                if let (Some(bytes), true) = (bytes, object.contains_key("sha256")) {
                    object.insert("sha256".into(), hex(&Sha256::digest(bytes)).into());
                }
                object.values_mut().for_each(|value| seal(value, file));
            }
            Value::Array(list) => list.iter_mut().for_each(|value| seal(value, file)),
            _ => {}
        }
    }
    seal(&mut contents, &bytes[..start]);
    bytes.truncate(start);
    bytes.extend(contents.to_string().into_bytes());
    let length = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&length.to_le_bytes());
    let checksum = Sha256::digest(&bytes[start..]);
    bytes[32..64].copy_from_slice(&checksum);
    let digest = Sha256::digest(&bytes[HEADER..]);
    bytes[64..96].copy_from_slice(&digest);
    let header = Sha256::digest(&bytes[..104]);
    bytes[104..HEADER].copy_from_slice(&header);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that is done with a database from elsewhere; whatever it says.
fn survived(bytes: Vec<u8>) {
    let Ok(database) = Database::from_bytes(bytes) else {
        return;
    };
    database.verify().unwrap();
    let _ = exercise(&database);
    let _ = database.damages();
    let _ = database.base_images(&ChainId(OciDigest::of(b"a")));
    let previous = Some(&database);
    let _ = Builder::new(BuilderOptions {
        previous,
        ..BuilderOptions::default()
    });
}

#[test]
fn a_file_that_lies_with_right_checksums_does_no_harm() {
    let whole = built(RECORDS);
    let (start, contents) = contents_of(&whole);
    let honest = Database::from_bytes(sealed(whole.clone(), start, contents.clone())).unwrap();
    assert_eq!(exercise(&honest).unwrap(), 2);
    for at in HEADER..start {
        for byte in [0x00, 0x01, 0x7f, 0xff, whole[at] ^ 0x41] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            survived(sealed(bytes, start, contents.clone()));
        }
    }
    // And with places that aren't there, or are something else.
    let text = contents.to_string();
    for (at, _) in text.match_indices("\":") {
        let rest = &text[at + 2..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        for lie in ["0", "1", "137", "4294967295", "18446744073709551615"] {
            if digits > 0 {
                let text = format!("{}{lie}{}", &text[..at + 2], &rest[digits..]);
                let lies = serde_json::from_str(&text).unwrap();
                survived(sealed(whole.clone(), start, lies));
            }
        }
    }
}

#[test]
fn no_part_of_a_file_is_a_database() {
    let whole = built(RECORDS);
    for length in 0..whole.len() {
        Database::from_bytes(whole[..length].to_vec()).unwrap_err();
    }
    let mut longer = whole;
    longer.push(0);
    Database::from_bytes(longer).unwrap_err();
}

#[test]
fn another_file_is_called_foreign_and_another_format_by_its_number() {
    for bytes in [&b""[..], b"SQLite format 3\0", b"{}"] {
        let error = Database::from_bytes(bytes.to_vec()).unwrap_err();
        assert_eq!(error.to_string(), "this is no advisory database");
    }
    let mut newer = built(RECORDS);
    newer[8] = 9;
    let error = Database::from_bytes(newer).unwrap_err().to_string();
    assert_eq!(
        error,
        "the advisory database has format 9, and this program reads format 1"
    );
}

#[test]
fn an_open_database_outlives_its_replacement() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories");
    save(&built(RECORDS), &path).unwrap();
    let old = Database::open(&path).unwrap();
    save(&built(&RECORDS[..1]), &path).unwrap();
    let new = Database::open(&path).unwrap();
    assert_eq!(exercise(&old).unwrap(), 2);
    assert_eq!(exercise(&new).unwrap(), 1);
    assert_ne!(old.digest(), new.digest());
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn a_listed_version_outside_of_the_ranges_counts() {
    let database = Database::from_bytes(built(RECORDS)).unwrap();
    let package = Package::new(PackageKind::Python, "Paste", "1.7.5-local-build", "test");
    let subjects = [Subject {
        package: &package,
        is_owned_by_distribution: false,
    }];
    let answer = database
        .find(&Question {
            release: None,
            packages: &subjects,
            as_of: None,
            stale_before: None,
        })
        .unwrap();
    assert_eq!(
        answer.findings[0].affected_range.as_deref(),
        Some("=1.7.5-local-build")
    );
}

#[test]
fn records_without_a_date_keep_the_day_they_were_first_seen() {
    let secdb = r#"{"distroversion": "v3.9", "packages": [{"pkg": {"name": "musl",
        "secfixes": {"1.1.20-r5": ["CVE-2019-14697"]}}}]}"#;
    let build = |built: &str, previous: Option<&Database>| {
        let built: Timestamp = built.parse().unwrap();
        let mut builder = Builder::new(BuilderOptions { built, previous }).unwrap();
        builder.begin("secdb", built);
        read_document("main.json", secdb.as_bytes(), &mut builder).unwrap();
        Database::from_bytes(builder.finish().unwrap()).unwrap()
    };
    let first = build("2019-08-07T00:00:00Z", None);
    let second = build("2020-06-08T00:00:00Z", Some(&first));
    let (mut package, release) = (
        Package::new(PackageKind::Apk, "musl", "1.1.20-r4", "test"),
        orlop_sbom::Release {
            id: "alpine".into(),
            version: "3.9.0".into(),
            ..orlop_sbom::Release::default()
        },
    );
    package.architecture = Some("x86_64".into());
    let ask = |as_of: Option<&str>| {
        let subjects = [Subject {
            package: &package,
            is_owned_by_distribution: false,
        }];
        let question = Question {
            release: Some(&release),
            packages: &subjects,
            as_of: as_of.map(|time| time.parse().unwrap()),
            stale_before: None,
        };
        second.find(&question).unwrap().findings.len()
    };
    assert_eq!(ask(Some("2019-08-06T00:00:00Z")), 0);
    assert_eq!(ask(Some("2019-08-07T00:00:00Z")), 1);
    assert_eq!(ask(None), 1);
}

#[test]
fn base_images_are_found_by_the_chain_of_their_layers() {
    let image = |name: &str, layers: &[&str]| {
        let diff_ids: Vec<String> = layers
            .iter()
            .map(|layer| OciDigest::of(layer.as_bytes()).to_string())
            .collect();
        json!({
            "name": name,
            "digest": OciDigest::of(name.as_bytes()),
            "manifest": OciDigest::of(layers.concat().as_bytes()),
            "platform": "linux/amd64",
            "steps": 2,
            "diff_ids": diff_ids,
        })
    };
    let document = json!({"base_images": [
        image("docker.io/library/alpine:3.20", &["a"]),
        image("docker.io/library/alpine:latest", &["a"]),
        image("docker.io/library/alpine:3.19", &["b"]),
        image("example.com/base:v1", &["a", "c"]),
    ]});
    let mut builder = Builder::new(BuilderOptions::default()).unwrap();
    read_document("bases", document.to_string().as_bytes(), &mut builder).unwrap();
    assert_eq!(builder.faults(), []);
    let bytes = builder.finish().unwrap();
    let database = Database::from_bytes(bytes.clone()).unwrap();
    database.verify().unwrap();
    assert_eq!(database.contents().base_images, 3);
    let found = |layers: &[&str]| {
        let diff_ids = layers.iter().map(|it| DiffId(OciDigest::of(it.as_bytes())));
        let chain = chain_ids(&diff_ids.collect::<Vec<_>>()).pop().unwrap();
        let images = database.base_images(&chain).unwrap();
        let names = images.into_iter().flat_map(|image| image.names);
        names.map(|name| name.familiar()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["a"]), ["alpine:3.20", "alpine:latest"]);
    assert_eq!(found(&["a", "c"]), ["example.com/base:v1"]);
    assert_eq!(found(&["c"]), [""; 0]);
    assert_eq!(found(&["a", "b"]), [""; 0]);

    // A byte of the catalogue that was changed is no silent zero.
    let text = bytes.windows(6).position(|it| it == b"alpine").unwrap();
    let mut changed = bytes;
    changed[text] ^= 1;
    let damaged = Database::from_bytes(changed).unwrap();
    let chain = ChainId(OciDigest::of(b"a"));
    assert!(matches!(
        damaged.base_images(&chain),
        Err(DatabaseError::Damaged(_))
    ));
    assert_eq!(damaged.damages(), ["the catalogue of base images"]);
}
