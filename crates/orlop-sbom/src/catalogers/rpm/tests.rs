//! The databases in `tests/data/rpm` were made by rpm's own tools of packages built for this purpose:
//! see the README there.

use std::io::Read;

use super::*;
use crate::{Finding, Package, SourcePackage};

const SQLITE: &[u8] = include_bytes!("../../../tests/data/rpm/rpmdb.sqlite.gz");
const NDB: &[u8] = include_bytes!("../../../tests/data/rpm/Packages.db.gz");
const BDB: &[u8] = include_bytes!("../../../tests/data/rpm/Packages.gz");
const BDB_BIG_ENDIAN: &[u8] = include_bytes!("../../../tests/data/rpm/Packages-big-endian.gz");

/// Each with where it is, and a word that its beginning must have.
const DATABASES: [(&str, &[u8]); 4] = [
    ("var/lib/rpm/rpmdb.sqlite", SQLITE),
    ("usr/lib/sysimage/rpm/Packages.db", NDB),
    ("var/lib/rpm/Packages", BDB),
    ("usr/share/rpm/Packages", BDB_BIG_ENDIAN),
];

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn read(path: &str, bytes: &[u8]) -> (Found, Result<(), Fault>) {
    let file = FileInfo {
        path,
        size: bytes.len() as u64,
        is_executable: false,
    };
    assert!(Rpm.wants(&file), "{path}");
    let mut found = Found::default();
    let read = Rpm.catalog(&file, &bytes, &mut found);
    (found, read)
}

/// By name.
fn packages(found: &Found) -> Vec<&Package> {
    let findings = found.findings.iter();
    let mut packages: Vec<_> = findings
        .map(|finding| match finding {
            Finding::Package(package) => &**package,
            other => panic!("{other:?}"),
        })
        .collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

fn fault(path: &str, bytes: &[u8]) -> String {
    read(path, bytes).1.unwrap_err().to_string()
}

#[test]
fn every_form_holds_the_same_packages() {
    for (path, packed) in DATABASES {
        let (found, read) = read(path, &unpacked(packed));
        read.unwrap();
        assert_eq!(found.faults, [], "{path}");
        let packages = packages(&found);
        let [one, libs, two] = &packages[..] else {
            panic!("{path}: {packages:?}");
        };
        assert_eq!((&*one.name, &*one.version), ("orlop-one", "2:1.2-3.el9"));
        assert_eq!(one.architecture.as_deref(), Some("noarch"));
        assert_eq!(one.licences, ["MIT and GPLv2+"]);
        assert_eq!(one.maintainer.as_deref(), Some("Orlop Tests"));
        let module = "one:18:8060020220523160029:ad008a3a";
        assert_eq!(one.module.as_deref(), Some(module));
        assert_eq!(one.source, None, "it has the same name and version");
        let files = ["usr/bin/one", "usr/share/one/a", "usr/share/one/b c"];
        assert_eq!(one.files, files, "neither folders nor ghosts");
        assert_eq!(
            (&*libs.name, &*libs.version),
            ("orlop-one-libs", "2:4.5-3.el9")
        );
        let source = SourcePackage {
            name: "orlop-one".to_owned(),
            version: "1.2-3.el9".to_owned(),
        };
        assert_eq!(libs.source, Some(source));
        assert_eq!((&*two.name, &*two.version), ("orlop-two", "0.1~rc1-1"));
        assert_eq!((two.files.len(), &two.module), (40, &None));
    }
}

/// As `rpm -qa --qf` wrote it of the same database.
const MANIFEST: &str = "\
orlop-two\t0.1~rc1-1\t1796093556\t1796093555\t(none)\t(none)\t111\tnoarch\t0\torlop-two-0.1~rc1-1.src.rpm
orlop-one-libs\t4.5-3.el9\t1796093556\t1796093555\tOrlop Tests\t2\t2\tnoarch\t2\torlop-one-1.2-3.el9.src.rpm
orlop-one\t1.2-3.el9\t1796093556\t1796093555\tOrlop Tests\t2\t14\tnoarch\t2\torlop-one-1.2-3.el9.src.rpm
gpg-pubkey\t67274218-6b0e3674\t1796093556\t1796093556\t(none)\t(none)\t0\t(none)\t0\t(none)
";

#[test]
fn a_list_in_its_place_holds_the_same_packages() {
    let (whole, _) = read("var/lib/rpm/rpmdb.sqlite", &unpacked(SQLITE));
    let (listed, faults) = read(manifest::PATH, MANIFEST.as_bytes());
    faults.unwrap();
    assert_eq!(listed.faults, []);
    let listed = packages(&listed);
    assert_eq!(listed.len(), 3);
    for (whole, listed) in packages(&whole).into_iter().zip(listed) {
        let mut without = whole.clone();
        without.files.clear();
        without.licences.clear();
        without.module = None;
        assert_eq!(&without, listed);
    }
    let (short, _) = read(manifest::PATH, b"a\t1-1\n");
    assert_eq!(
        short.faults,
        [Fault::new("a line of it has too few columns")]
    );
}

#[test]
fn what_is_cut_short_is_a_fault() {
    for (path, packed) in DATABASES {
        let whole = unpacked(packed);
        for length in [1, 20, 100, 4096, whole.len() / 2] {
            let (found, read) = read(path, &whole[..length]);
            assert!(read.is_err(), "{path} of {length} bytes: {found:?}");
        }
    }
}

#[test]
fn what_is_another_file_is_a_fault() {
    let text = [b'x'; 5000];
    for (path, why) in [
        ("var/lib/rpm/Packages", "it is no hash of Berkeley DB"),
        (
            "var/lib/rpm/Packages.db",
            "it is no database of rpm's own form",
        ),
        (
            "var/lib/rpm/rpmdb.sqlite",
            "SQLite can't read it: file is not a database",
        ),
    ] {
        assert_eq!(fault(path, &text), why);
    }
}

#[test]
fn a_database_without_its_log_is_not_silently_old() {
    let path = "var/lib/rpm/rpmdb.sqlite-wal";
    let why = "it has changes that aren't in the database, which isn't read with them";
    assert_eq!(fault(path, b"x"), why);
    assert_eq!(read(path, b"").1, Ok(()));
    assert_eq!(read("var/lib/rpm/rpmdb.sqlite", b"").1, Ok(()));
}

#[test]
fn a_damaged_header_is_told_and_the_rest_is_read() {
    let mut bytes = unpacked(NDB);
    // Where the last header says that its name, tag 1000, is.
    let name = [0, 0, 0x03, 0xe8, 0, 0, 0, 6];
    let mut windows = bytes.windows(name.len());
    let at = windows.rposition(|window| window == name).unwrap();
    bytes[at + 8..at + 12].copy_from_slice(&[0xff; 4]);
    let (found, read) = read("var/lib/rpm/Packages.db", &bytes);
    read.unwrap();
    assert_eq!(
        found.faults,
        [Fault::new("a header of it points behind its end")]
    );
    assert_eq!(packages(&found).len(), 2);
}

#[test]
fn a_chain_of_pages_in_a_circle_has_an_end() {
    let mut bytes = unpacked(BDB);
    let page_size = 4096;
    let mut pages = 0;
    for (number, page) in bytes.chunks_exact_mut(page_size).enumerate() {
        // An overflow page whose next is itself.
        if page[25] == 7 {
            page[16..20].copy_from_slice(&u32::try_from(number).unwrap().to_le_bytes());
            pages += 1;
        }
    }
    assert!(pages > 3);
    let (_, read) = read("var/lib/rpm/Packages", &bytes);
    assert!(read.unwrap_err().to_string().ends_with("of it is damaged"));
}

#[test]
fn a_schema_that_would_run_for_ever_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db");
    for (schema, why) in [
        (
            "CREATE TABLE n (blob); CREATE VIEW Packages AS SELECT blob FROM n",
            "SQLite can't read it: access to view \"Packages\" prohibited",
        ),
        (
            "CREATE TABLE Packages (n, blob AS (zeroblob(1000000000))); INSERT INTO Packages (n) VALUES (1)",
            "SQLite can't read it: string or blob too big",
        ),
        (
            "CREATE TABLE Names (n)",
            "SQLite can't read it: no such table: Packages",
        ),
    ] {
        let _ = std::fs::remove_file(&file);
        let database = rusqlite::Connection::open(&file).unwrap();
        database.execute_batch(schema).unwrap();
        drop(database);
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(fault("var/lib/rpm/rpmdb.sqlite", &bytes), why, "{schema}");
    }
}
