//! `scout db update` against a mirror that has good days and bad ones.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use orlop_testing::{Fault, FaultProxy, FileServer, Orlop, OrlopRun, Rule};
use rustix::process::Signal;

use super::db::{ALPINE, RIGHT, found, image, left_behind};
use crate::orlop;

/// A mirror with two sources, and the program that fetches from it.
struct Scene {
    files: FileServer,
    proxy: FaultProxy,
    orlop: Orlop,
}

/// Many records, so that a half is worth telling from a whole: a list of one package's fixes.
pub(super) fn secdb(fixes: usize) -> String {
    let fix = |number| format!(r#""1.2.5-r{number}": ["CVE-2025-{}"]"#, 10_000 + number);
    let fixes: Vec<String> = (1..=fixes).map(fix).collect();
    ALPINE.replace(r#""1.2.5-r1": ["CVE-2025-26519"]"#, &fixes.join(", "))
}

fn scene() -> Scene {
    let files = FileServer::start();
    files.put("/osv/npm/all.zip", RIGHT);
    files.put("/secdb/v3.20/main.json", secdb(1));
    files.put("/secdb/v3.20/community.json", secdb(1));
    let proxy = FaultProxy::start(&files.host());
    let base = format!("http://{}", proxy.host());
    let orlop = orlop().config(&format!(
        "[scout]\nsources = [\"osv\", \"alpine\"]\necosystems = [\"npm\"]\nalpine_releases = [\"v3.20\"]\n\
         urls.osv = \"{base}/osv\"\nurls.alpine = \"{base}/secdb\"\n"
    ));
    Scene {
        files,
        proxy,
        orlop,
    }
}

const UPDATE: [&str; 3] = ["scout", "db", "update"];

impl Scene {
    fn update(&self) -> OrlopRun {
        self.orlop.ok(UPDATE)
    }

    fn ids(&self) -> Vec<String> {
        found(&self.orlop, &image(&self.orlop), &[]).0
    }

    fn digest(&self) -> String {
        let digest = ["scout", "db", "status", "--format", "{{.Digest}}"];
        self.orlop.ok(digest).text().to_owned()
    }

    /// Starts an update and waits until `bytes` of a file have come.
    fn update_until(&self, part: &str, bytes: u64) -> orlop_testing::Running {
        let mut update = self.orlop.spawn(UPDATE);
        let start = Instant::now();
        while self.proxy.received(part) < bytes {
            let waits = update.is_running() && start.elapsed() < Duration::from_secs(30);
            assert!(waits, "{}", update.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
        update
    }
}

#[test]
fn only_what_has_changed_is_fetched_again() {
    let scene = scene();
    let first = scene.update();
    assert!(
        first.stderr.contains("3 fetched, 0 unchanged, 0 failed"),
        "{first}"
    );
    assert!(
        first
            .stdout
            .starts_with("Built: 3 records of 3 sources, 2 ecosystems, "),
        "{first}"
    );
    assert_eq!(scene.ids(), ["CVE-2025-10001", "GHSA-right"]);
    let (_, coverage) = found(&scene.orlop, &image(&scene.orlop), &[]);
    assert_eq!(coverage, "complete");
    scene.proxy.forget();
    scene.files.put("/secdb/v3.20/main.json", secdb(2));
    let second = scene.update();
    assert!(
        second.stderr.contains("1 fetched, 2 unchanged, 0 failed"),
        "{second}"
    );
    assert_eq!(scene.proxy.received("/osv/"), 0);
    assert_eq!(scene.ids().len(), 3);
    // What isn't wanted any more isn't kept.
    scene
        .orlop
        .ok(UPDATE.iter().chain(&["--set", "scout.sources=[\"osv\"]"]));
    assert_eq!(scene.ids(), ["GHSA-right"]);
    let kept = scene.orlop.files_below("scout/sources");
    assert_eq!(
        kept.len(),
        3,
        "data, its state, and what was made of it: {kept:?}"
    );
    assert_eq!(left_behind(&scene.orlop), Vec::<PathBuf>::new());
}

#[test]
fn what_has_not_changed_is_renewed_and_not_built_again() {
    let scene = scene();
    scene.update();
    let database =
        || std::fs::read(scene.orlop.store().join("scout/advisories-v1.db")).expect("it");
    let built = ["scout", "db", "status", "--format", "{{.Built}}"];
    let before = scene.orlop.ok(built).text().to_owned();
    let first = database();
    // Times are whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let renewed = scene.update();
    assert!(
        renewed.stderr.contains("0 fetched, 3 unchanged"),
        "{renewed}"
    );
    assert!(!renewed.stderr.contains("Reading"), "{renewed}");
    let time = scene.orlop.ok(built).text().to_owned();
    assert!(database() != first && time > before);
    scene.orlop.ok(["scout", "db", "verify"]);
    assert_eq!(scene.ids(), ["CVE-2025-10001", "GHSA-right"]);
    // A database from elsewhere is not the one of these sources.
    let feed = scene.orlop.folder().join("other.json");
    std::fs::write(&feed, secdb(7)).expect("written");
    scene.orlop.ok([
        "scout",
        "db",
        "import",
        feed.to_str().expect("a plain name"),
    ]);
    let again = scene.update();
    assert!(again.stderr.contains("Reading"), "{again}");
    assert_eq!(scene.ids(), ["CVE-2025-10001", "GHSA-right"]);
}

#[test]
fn a_source_that_is_away_is_the_last_good_copy() {
    let scene = scene();
    scene.update();
    let page = || Fault::Answer {
        status: 200,
        headers: vec![("Content-Type".into(), "text/html".into())],
        body: b"<html>log in to the wireless network</html>".to_vec(),
    };
    scene.files.put("/osv/npm/all.zip", &RIGHT[..100]);
    scene.files.remove("/secdb/v3.20/community.json");
    scene.proxy.add(Rule::new("main.json", page()));
    scene.files.put("/secdb/v3.20/edge", "");
    let none = scene.orlop.fails(UPDATE);
    for part in [
        "warning: osv/npm can't be fetched: ",
        "warning: alpine/v3.20/main can't be fetched: ",
        "it is no JSON object",
        "404",
        "Error: no source of advisories could be fetched: the database is what it was",
        " ago, is used",
        "hint: scout.urls",
    ] {
        assert!(
            none.to_lowercase().contains(&part.to_lowercase()),
            "{part}: {none}"
        );
    }
    // One is back; of the others the copies are used.
    scene.proxy.heal();
    scene.files.put("/secdb/v3.20/main.json", secdb(2));
    let some = scene.update();
    assert!(
        some.stderr.contains("1 fetched, 0 unchanged, 2 failed"),
        "{some}"
    );
    assert_eq!(
        scene.ids(),
        ["CVE-2025-10001", "CVE-2025-10002", "GHSA-right"]
    );
    assert_eq!(left_behind(&scene.orlop), Vec::<PathBuf>::new());
}

#[test]
fn a_host_that_is_away_is_told_and_waited_for_once() {
    let scene = scene();
    // Nobody listens there.
    let nobody = ["osv", "secdb"].map(|path| format!("http://127.0.0.1:1/{path}"));
    let set = [
        "scout.ecosystems=[\"npm\", \"PyPI\", \"Go\", \"Maven\", \"NuGet\"]".to_owned(),
        format!("scout.urls.osv=\"{}\"", nobody[0]),
        "parallel_downloads=1".to_owned(),
    ];
    let set: Vec<&str> = set.iter().flat_map(|it| ["--set", it]).collect();
    let said = scene.orlop.ok(UPDATE.iter().chain(&set));
    let warnings: Vec<&str> = said
        .stderr
        .lines()
        .filter(|line| line.contains("can't be fetched"))
        .collect();
    assert_eq!(warnings.len(), 1, "{said}");
    let names = "osv/npm, osv/PyPI, osv/Go and 2 others can't be fetched: cannot connect to ";
    assert!(warnings[0].contains(names), "{said}");
    assert_eq!(said.stderr.matches("trying again").count(), 2, "{said}");
    assert!(
        said.stderr.contains("2 fetched, 0 unchanged, 5 failed"),
        "{said}"
    );
}

#[test]
fn a_source_that_never_came_is_told() {
    let scene = scene();
    scene.files.remove("/osv/npm/all.zip");
    let said = scene.update();
    assert!(said.stderr.contains("osv/npm can't be fetched: "), "{said}");
    assert!(said.stderr.contains("there is no older copy"), "{said}");
    let (ids, coverage) = found(&scene.orlop, &image(&scene.orlop), &[]);
    assert_eq!(ids, ["CVE-2025-10001"]);
    assert_eq!(coverage, "partial");
}

#[test]
fn a_server_that_stumbles_is_asked_again() {
    let scene = scene();
    let busy = Fault::error(503, "UNAVAILABLE", "later");
    scene.proxy.add(Rule::new("/osv/", busy).times(2));
    let said = scene.update();
    assert!(said.stderr.contains("3 fetched"), "{said}");
    assert_eq!(scene.proxy.count("GET", "/osv/"), 3);
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let scene = scene();
    scene.files.put("/secdb/v3.20/main.json", secdb(4000));
    let cut = Fault::Cut { after: 50_000 };
    scene.proxy.add(Rule::new("main.json", cut).times(1));
    scene.update();
    let size = secdb(4000).len() as u64;
    assert_eq!(scene.proxy.count("GET", "main.json"), 2);
    assert_eq!(
        scene.proxy.received("main.json"),
        size,
        "nothing came twice"
    );
    assert_eq!(scene.ids().len(), 4001);
    // A server that sends the whole again, or has another file by now, sends all of it.
    scene.proxy.forget();
    scene.files.put("/secdb/v3.20/main.json", secdb(5000));
    scene
        .proxy
        .add(Rule::new("main.json", Fault::Cut { after: 50_000 }).times(1));
    scene
        .proxy
        .add(Rule::new("main.json", Fault::IgnoreRange).times(1));
    scene.update();
    assert_eq!(scene.proxy.count("GET", "main.json"), 3);
    assert_eq!(scene.ids().len(), 5001);
}

#[test]
fn a_file_that_always_ends_early_is_never_used() {
    let scene = scene();
    scene.update();
    let ids = scene.ids();
    scene.files.put("/secdb/v3.20/main.json", secdb(4000));
    scene
        .proxy
        .add(Rule::new("main.json", Fault::Cut { after: 1000 }));
    let fast = [
        "--set",
        &format!("registry.\"{}\".retries=1", scene.proxy.host()),
    ]
    .map(str::to_owned);
    let said = scene
        .orlop
        .ok(UPDATE.map(str::to_owned).iter().chain(&fast));
    assert!(
        said.stderr.contains("alpine/v3.20/main can't be fetched: "),
        "{said}"
    );
    assert_eq!(scene.ids(), ids);
    assert_eq!(left_behind(&scene.orlop), Vec::<PathBuf>::new());
}

#[test]
fn ctrl_c_stops_within_a_second_and_the_database_stays() {
    let scene = scene();
    scene.update();
    let before = scene.digest();
    scene.files.put("/secdb/v3.20/main.json", secdb(40_000));
    scene
        .proxy
        .add(Rule::new("main.json", Fault::Slow { rate: 100_000 }));
    let update = scene.update_until("main.json", 20_000);
    let start = Instant::now();
    update.signal(Signal::INT);
    let ended = update.wait(Duration::from_secs(10));
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
    assert_eq!(scene.digest(), before);
    assert_eq!(left_behind(&scene.orlop), Vec::<PathBuf>::new());
}

#[test]
fn whoever_is_killed_leaves_a_database_and_nothing_for_long() {
    let scene = scene();
    scene.update();
    let before = scene.digest();
    scene.files.put("/secdb/v3.20/main.json", secdb(40_000));
    scene
        .proxy
        .add(Rule::new("main.json", Fault::Slow { rate: 100_000 }));
    let update = scene.update_until("main.json", 20_000);
    update.signal(Signal::KILL);
    let _ = update.wait(Duration::from_secs(5));
    assert_eq!(scene.digest(), before);
    scene.orlop.ok(["scout", "db", "verify"]);
    scene.proxy.heal();
    scene.update();
    assert_eq!(scene.ids().len(), 40_001);
    assert_eq!(left_behind(&scene.orlop), Vec::<PathBuf>::new());
}

#[test]
fn killed_at_any_moment_there_is_a_whole_database() {
    let scene = scene();
    scene.update();
    for moment in 0..40 {
        scene
            .files
            .put("/secdb/v3.20/main.json", secdb(500 + moment));
        let mut update = scene.orlop.spawn(UPDATE);
        std::thread::sleep(Duration::from_millis(moment as u64 * 5));
        let was_running = update.is_running();
        update.signal(Signal::KILL);
        let _ = update.wait(Duration::from_secs(10));
        scene.orlop.ok(["scout", "db", "verify"]);
        if !was_running && moment > 20 {
            break;
        }
    }
    scene.update();
    assert_eq!(left_behind(&scene.orlop), Vec::<PathBuf>::new());
}

#[test]
fn half_an_update_takes_no_place_of_an_import() {
    let scene = scene();
    super::advisories(&scene.orlop, &super::records(), jiff::Timestamp::now());
    let before = scene.digest();
    scene.files.remove("/secdb/v3.20/community.json");
    let said = scene.orlop.fails(UPDATE);
    assert!(
        said.contains("the database, which was imported or pulled, is what it was")
            && said.contains("WARNING: alpine/v3.20/community can't be fetched"),
        "{said}"
    );
    assert_eq!(scene.digest(), before);
    // Whole, it does; and from then on a source that is away is told, and its copy used.
    scene.files.put("/secdb/v3.20/community.json", secdb(1));
    scene.update();
    assert_ne!(scene.digest(), before);
    scene.files.remove("/secdb/v3.20/community.json");
    scene.files.put("/secdb/v3.20/main.json", secdb(2));
    assert!(scene.update().stderr.contains("the copy of "));
}
