//! Saves and loads that are stopped or killed: nothing is left of them.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use orlop_testing::Running;
use rustix::process::Signal;

use super::{loaded, path, saved};
use crate::{assert_nothing_visible, big, orlop};

/// Waits until the process has a nameless file in this folder with something in it.
fn wait_for_nameless(process: &mut Running, folder: &Path) {
    let start = Instant::now();
    let fds = format!("/proc/{}/fd", process.id());
    let begun = || {
        let entries = std::fs::read_dir(&fds).ok()?;
        entries.flatten().find(|entry| {
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            let is_deleted = target.to_string_lossy().ends_with("(deleted)");
            let size = std::fs::metadata(entry.path()).map_or(0, |meta| meta.len());
            target.starts_with(folder) && is_deleted && size > 0
        })
    };
    while begun().is_none() {
        assert!(process.is_running(), "it ended: {}", process.stderr());
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn nothing_is_left_of_a_save_that_is_broken_off() {
    let orlop = orlop();
    loaded(&orlop, &big(100, 3), "big:v1");
    let folder = orlop.folder().join("out");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("big.tar.gz");
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        // Compression has it last long enough.
        let mut save = orlop.spawn(["save", "--compress", "gzip", "-o", &path(&file), "big:v1"]);
        wait_for_nameless(&mut save, &folder);
        save.signal(signal);
        let done = save.wait(Duration::from_secs(10));
        assert!(!done.status.success(), "{done}");
        if signal != Signal::KILL {
            assert_eq!(done.code(), if signal == Signal::INT { 130 } else { 143 });
            assert!(done.stderr.ends_with("Error: interrupted\n"), "{done}");
        }
        assert!(names(&folder).is_empty(), "{:?}", names(&folder));
    }
    // What was there before is there still.
    std::fs::write(&file, "old").unwrap();
    let mut save = orlop.spawn(["save", "--compress", "gzip", "-o", &path(&file), "big:v1"]);
    wait_for_nameless(&mut save, &folder);
    save.signal(Signal::KILL);
    let done = save.wait(Duration::from_secs(10));
    assert!(!done.status.success(), "{done}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    assert_eq!(names(&folder), ["big.tar.gz"]);
}

#[test]
fn nothing_is_left_of_a_load_that_is_broken_off() {
    let (first, second) = (orlop(), orlop());
    loaded(&first, &big(40, 4), "big:v1");
    let archive = std::fs::read(saved(&first, "big.tar", &["big:v1"])).unwrap();
    let pipe = second.folder().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
    second.ok(["images"]);
    for signal in [Signal::INT, Signal::KILL] {
        let mut load = second.spawn(["load", "-i", &path(&pipe)]);
        // Opened when the other side has; the second half never comes.
        let mut writer = File::options().write(true).open(&pipe).unwrap();
        writer.write_all(&archive[..archive.len() / 2]).unwrap();
        wait_for_nameless(&mut load, second.store());
        load.signal(signal);
        let done = load.wait(Duration::from_secs(10));
        assert!(!done.status.success(), "{done}");
        drop(writer);
        assert_nothing_visible(&second);
        let left = second.files_below("ingest");
        assert!(left.is_empty(), "{left:?}");
    }
    let cut = second
        .program()
        .args(["load"])
        .input(&archive[..archive.len() / 2]);
    let said = cut.run().expect_code(1).stderr;
    assert!(said.contains("standard input: it is cut off"), "{said}");
    assert_nothing_visible(&second);
    second.program().args(["load", "-q"]).input(archive).ok();
}
