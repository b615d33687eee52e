//! The database of advisories: from files, what it says of itself, and what is done about damage.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use orlop_testing::{Compression, Image, Layer, Orlop, PlatformName, Tarball};
use serde_json::Value;

use super::db_update::secdb;
use crate::orlop;

/// A record of OSV about a package of npm that the image has, fixed in 1.3.0.
const LEFT: &str = r#"{"id": "GHSA-left", "aliases": ["CVE-2024-1000"], "modified": "2024-03-01T00:00:00Z",
  "published": "2024-02-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "left"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.3.0"}]}]}]}"#;
/// The same of its second fault, of which nothing says when it was found.
pub(super) const RIGHT: &str = r#"{"id": "GHSA-right", "modified": "", "affected": [
  {"package": {"ecosystem": "npm", "name": "left"}, "versions": ["1.0.0"]}]}"#;
pub(super) const ALPINE: &str = r#"{"distroversion": "v3.20", "reponame": "main", "packages": [
  {"pkg": {"name": "musl", "secfixes": {"1.2.5-r1": ["CVE-2025-26519"]}}}]}"#;
const EPSS: &str = "#model_version:v2025,score_date:2026-01-02T00:00:00Z\ncve,epss,percentile\n\
                    CVE-2024-1000,0.5,0.9\n";
const KEV: &str = r#"{"catalogVersion": "2026", "dateReleased": "2026-01-02T00:00:00Z",
  "vulnerabilities": [{"cveID": "CVE-2024-1000", "dateAdded": "2024-05-01"}]}"#;

/// An image of Alpine 3.20 with `left` 1.0.0 in it, as a layout.
pub(super) fn image(orlop: &Orlop) -> String {
    let base = Tarball::new()
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .file(
            "lib/apk/db/installed",
            0o644,
            "P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\n\n",
        )
        .file(
            "srv/node_modules/left/package.json",
            0o644,
            r#"{"name":"left","version":"1.0.0"}"#,
        );
    let layer = Layer::new(&base.finish(), Compression::Gzip);
    let layout = orlop.folder().join("layout");
    Image::new(&PlatformName::host(), &[layer]).write_layout(&layout, "example.com/app:v1");
    format!("oci-dir://{}", layout.display())
}

/// A folder with all feeds.
fn feeds(orlop: &Orlop) -> PathBuf {
    let folder = orlop.folder().join("feeds");
    fs::create_dir_all(folder.join("npm")).expect("a folder is made");
    for (name, content) in [
        ("npm/GHSA-left.json", LEFT),
        ("npm/GHSA-right.json", RIGHT),
        ("main.json", ALPINE),
        ("epss.csv", EPSS),
        ("kev.json", KEV),
    ] {
        fs::write(folder.join(name), content).expect("a feed is written");
    }
    folder
}

pub(super) fn import(orlop: &Orlop, date: &str) -> String {
    let folder = feeds(orlop);
    let folder = folder.to_str().expect("a plain name");
    let done = orlop.ok(["scout", "db", "import", "-q", "--date", date, folder]);
    done.text().to_owned()
}

/// The ids that a scan finds, and the overall word for its coverage.
pub(super) fn found(orlop: &Orlop, image: &str, more: &[&str]) -> (Vec<String>, String) {
    let arguments = ["scout", "cves", "--format", "json", image];
    let report: Value = json(&orlop.ok(arguments.iter().chain(more)).stdout);
    let findings = report["findings"].as_array().expect("a list");
    let ids = findings.iter().map(|it| text(&it["id"]));
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    (ids, text(&report["coverage"]["advisories"]))
}

/// JSON that a command printed.
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn database(orlop: &Orlop) -> PathBuf {
    orlop.store().join("scout/advisories-v1.db")
}

/// Files beside the database that shouldn't be.
pub(super) fn left_behind(orlop: &Orlop) -> Vec<PathBuf> {
    let mut files = orlop.files_below("scout");
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        !["advisories-v1.db", "lock", "data", "state.json", "made"].contains(&&*name)
    });
    files
}

#[test]
fn what_is_imported_is_what_scans_judge_by() {
    let orlop = orlop();
    let image = image(&orlop);
    let none = orlop.fails(["scout", "cves", &image]);
    assert!(none.contains("there is no advisory database"), "{none}");
    assert!(none.contains("orlop scout db import"), "{none}");
    import(&orlop, "2026-01-03");
    let mode = fs::metadata(orlop.store())
        .expect("a root")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700, "a store will come into it");
    let (ids, coverage) = found(&orlop, &image, &[]);
    assert_eq!(ids, ["CVE-2024-1000", "CVE-2025-26519", "GHSA-right"]);
    assert_eq!(coverage, "partial", "it is stale");
    let fresh = ["--set", "scout.stale_after=\"100000d\""];
    assert_eq!(found(&orlop, &image, &fresh).1, "complete");
    assert_eq!(left_behind(&orlop), Vec::<PathBuf>::new());
}

#[test]
fn the_same_files_make_the_same_bytes() {
    let (first, second) = (orlop(), orlop());
    let name = import(&first, "2026-01-03");
    // By its path, so from the same place.
    let folder = feeds(&first);
    let folder = folder.to_str().expect("a plain name");
    let again = ["scout", "db", "import", "--date", "2026-01-03", folder];
    let other = second.ok(again);
    assert!(
        other
            .stdout
            .starts_with("Built: 5 records of 1 source, 2 ecosystems, "),
        "{other}"
    );
    assert!(
        other.stdout.ends_with(&format!("Digest: {name}\n")),
        "{other}"
    );
    let read = |orlop: &Orlop| fs::read(database(orlop)).expect("a database");
    assert!(read(&first) == read(&second));
    assert!(first.ok(again).stdout.starts_with("Unchanged: 5 records"));
    // Without a date it is that of the newest file.
    let dated = first.ok(["scout", "db", "import", folder]);
    assert!(dated.stdout.starts_with("Built: "), "{dated}");
    let stale = first.ok([
        "scout",
        "db",
        "status",
        "--format",
        "{{(index .Ecosystems 0).State}}",
    ]);
    assert_eq!(stale.text(), "current");
}

#[test]
fn since_when_a_record_is_known_outlives_the_next_import() {
    let orlop = orlop();
    let image = image(&orlop);
    import(&orlop, "2026-01-03");
    import(&orlop, "2026-06-01");
    let (then, _) = found(&orlop, &image, &["--as-of", "2026-02-01"]);
    assert!(then.contains(&"GHSA-right".to_owned()), "{then:?}");
    let (before, _) = found(&orlop, &image, &["--as-of", "2026-01-01"]);
    assert_eq!(before, ["CVE-2024-1000"]);
}

#[test]
fn what_is_no_feed_changes_nothing() {
    let orlop = orlop();
    let name = import(&orlop, "2026-01-03");
    let folder = feeds(&orlop);
    let page = orlop.folder().join("page.json");
    fs::write(&page, "<html>not found</html>").expect("written");
    let empty = orlop.folder().join("empty");
    fs::create_dir(&empty).expect("a folder");
    for wrong in [page, empty, orlop.folder().join("nothing")] {
        let import = ["scout", "db", "import"].map(std::ffi::OsStr::new);
        let paths = [folder.as_os_str(), wrong.as_os_str()];
        let said = orlop.fails(import.iter().chain(&paths));
        assert!(said.contains(&wrong.display().to_string()), "{said}");
        assert!(said.contains("hint: "), "{said}");
        let status = orlop.ok(["scout", "db", "status", "--format", "{{.Digest}}"]);
        assert_eq!(status.text(), name);
    }
    assert_eq!(left_behind(&orlop), Vec::<PathBuf>::new());
}

#[test]
fn records_that_are_left_out_are_told() {
    let orlop = orlop();
    let folder = feeds(&orlop);
    for number in 0..5 {
        fs::write(
            folder.join(format!("npm/bad-{number}.json")),
            "{\"id\": 7, \"affected\": []}",
        )
        .expect("written");
    }
    let folder = folder.to_str().expect("a plain name");
    let said = orlop.ok(["scout", "db", "import", folder]);
    let warning = said.stderr.lines().find(|line| line.contains("left out"));
    let warning = warning.expect("a warning");
    assert!(
        warning.contains(&format!(
            "{folder}: 5 records were left out: npm/bad-0.json: "
        )),
        "{warning}"
    );
    assert!(warning.ends_with("; …"), "{warning}");
    assert!(said.stdout.starts_with("Built: 5 records"), "{said}");
}

#[test]
fn status_shows_sources_and_ecosystems() {
    let orlop = orlop();
    let none = orlop.fails(["scout", "db", "status"]);
    assert!(none.contains("there is no advisory database in "), "{none}");
    assert!(none.contains("hint: `orlop scout db update`"), "{none}");
    let name = import(&orlop, "2026-01-03");
    let table = orlop.ok(["scout", "db", "status"]).stdout;
    for line in [
        format!("Digest:        {name}"),
        "EPSS:          1 score, 2026-01-02".to_owned(),
        "KEV:           1 CVE".to_owned(),
        "Base images:   0 images".to_owned(),
        "Alpine:v3.20   1          1            2026-01-03   stale".to_owned(),
        "npm            1          2            2026-01-03   stale".to_owned(),
    ] {
        assert!(table.lines().any(|it| it == line), "{line}\n{table}");
    }
    let object: Value = json(
        &orlop
            .ok(["scout", "db", "status", "--format", "json"])
            .stdout,
    );
    assert_eq!(object["Digest"], name);
    assert_eq!(object["Sources"][0]["Records"], 5);
    assert_eq!(object["Ecosystems"][1]["Name"], "npm");
    assert_eq!(object["Built"], "2026-01-03T23:59:59Z");
    let template = "{{range .Ecosystems}}{{.Name}}={{.Packages}} {{end}}";
    let line = orlop.ok(["scout", "db", "status", "--format", template]);
    assert_eq!(line.text(), "Alpine:v3.20=1 npm=1");
}

#[test]
fn a_database_that_is_cut_short_is_one_error() {
    let orlop = orlop();
    let image = image(&orlop);
    import(&orlop, "2026-01-03");
    let whole = fs::read(database(&orlop)).expect("a database");
    for length in [0, 7, 8, 100, 136, whole.len() / 2, whole.len() - 1] {
        fs::write(database(&orlop), &whole[..length]).expect("written");
        for command in [
            vec!["cves", &image],
            vec!["db", "verify"],
            vec!["db", "status"],
        ] {
            let said = orlop.run(["scout"].iter().chain(&command)).expect_code(1);
            assert_eq!(said.stdout, "", "{length} {command:?}");
            let errors = said
                .stderr
                .lines()
                .filter(|line| line.starts_with("Error: "));
            assert_eq!(errors.count(), 1, "{length}: {said}");
            let named = said.stderr.contains("advisory database");
            assert!(named && said.stderr.contains("hint: "), "{length}: {said}");
        }
    }
    // A new one is made all the same, and says what is lost.
    let folder = feeds(&orlop);
    let said = orlop.ok([
        "scout",
        "db",
        "import",
        folder.to_str().expect("a plain name"),
    ]);
    assert!(
        said.stderr
            .contains("the database before it couldn't be read"),
        "{said}"
    );
    orlop.ok(["scout", "db", "verify"]);
}

#[test]
fn a_byte_that_is_another_is_found() {
    let orlop = orlop();
    let image = image(&orlop);
    import(&orlop, "2026-01-03");
    let whole = fs::read(database(&orlop)).expect("a database");
    let right = found(&orlop, &image, &[]);
    let mut named = Vec::new();
    // Every few bytes: of the header, frames, indexes, contents.
    for place in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x20;
        fs::write(database(&orlop), &bytes).expect("written");
        let said = orlop.run(["scout", "db", "verify"]).expect_code(1).stderr;
        assert!(said.contains("advisory database"), "{place}: {said}");
        named.extend(
            said.split_once("lost are ")
                .map(|(_, what)| what.to_owned()),
        );
        // A scan may not have read that byte; but it finds the same or fails.
        let scan = orlop.run(["scout", "cves", "--format", "json", &image]);
        match scan.code() {
            0 => {
                let report: Value = json(&scan.stdout);
                let ids = report["findings"].as_array().expect("a list").len();
                assert_eq!(ids, right.0.len(), "{place}");
            }
            _ => {
                let scan = scan.expect_code(1);
                assert!(scan.stderr.contains("advisory database"), "{scan}");
                assert_eq!(scan.stdout, "", "{place}");
            }
        }
    }
    for what in ["the packages of npm", "the advisories of Alpine"] {
        assert!(
            named.iter().any(|it| it.contains(what)),
            "{what}: {named:?}"
        );
    }
}

#[test]
fn ctrl_c_stops_an_import_within_a_second() {
    let orlop = orlop();
    let feed = orlop.folder().join("main.json");
    // Some seconds of work.
    fs::write(&feed, secdb(600_000)).expect("written");
    let mut import = orlop.spawn([
        "scout",
        "db",
        "import",
        feed.to_str().expect("a plain name"),
    ]);
    std::thread::sleep(Duration::from_millis(500));
    assert!(import.is_running(), "it takes longer: {}", import.stdout());
    let start = Instant::now();
    import.signal(rustix::process::Signal::INT);
    let ended = import.wait(Duration::from_secs(10));
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(ended.code(), 130, "{ended}");
    assert!(
        ended
            .stderr
            .contains("interrupted: the database is what it was"),
        "{ended}"
    );
    assert!(!database(&orlop).exists());
    assert_eq!(left_behind(&orlop), Vec::<PathBuf>::new());
}

#[test]
fn another_process_is_waited_for() {
    let orlop = orlop();
    import(&orlop, "2026-01-03");
    let lock = fs::File::open(orlop.store().join("scout/lock")).expect("a lock");
    lock.lock().expect("locked");
    let folder = feeds(&orlop);
    let mut waiting = orlop.spawn([
        "scout",
        "db",
        "import",
        folder.to_str().expect("a plain name"),
    ]);
    let start = Instant::now();
    while !waiting.stderr().contains("waiting for another process") {
        assert!(
            waiting.is_running() && start.elapsed().as_secs() < 20,
            "{}",
            waiting.stderr()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(lock);
    waiting.wait(Duration::from_secs(20)).expect_success();
}
