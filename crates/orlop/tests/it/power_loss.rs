//! What would be left if the power went: the order in which the program writes, syncs, renames and
//! commits, as the kernel saw it. What is synced is on the disk; of the rest any part may be, in any
//! order.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use orlop_testing::{FaultProxy, Orlop, need_programs};

use crate::{orlop, small};

/// What matters of a system call, when it was done.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    Write(PathBuf),
    Sync(PathBuf),
    /// All of the file system.
    SyncAll,
    Rename(PathBuf, PathBuf),
    Unlink(PathBuf),
}

/// The program with `strace` around it, in the store of another.
struct Traced {
    orlop: Orlop,
    log: PathBuf,
    /// Its folder has the script and the log.
    _place: Orlop,
}

impl Traced {
    /// `None`, said loudly, where there is no `strace`.
    fn new(store: &Path) -> Option<Self> {
        if !need_programs(&[("strace", "strace")]) {
            return None;
        }
        let calls = "write,pwrite64,writev,pwritev,copy_file_range,sendfile,fsync,fdatasync,sync,syncfs,\
                     rename,renameat,renameat2,unlink,unlinkat";
        let place = orlop();
        let (log, script) = (place.folder().join("calls"), place.folder().join("traced"));
        let traced = format!(
            "#!/bin/sh\nexec strace -f -y -qq -o '{}' -e trace={calls} '{}' \"$@\"\n",
            log.display(),
            env!("CARGO_BIN_EXE_orlop")
        );
        std::fs::write(&script, traced).expect("a script is written");
        let mode = PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&script, mode).expect("it may be run");
        let orlop = Orlop::new(script).root(store);
        Some(Self {
            orlop,
            log,
            _place: place,
        })
    }

    /// The calls of a command, in the order in which they were done.
    fn calls(&self, command: &[&str]) -> Vec<Call> {
        self.orlop.ok(command);
        let log = std::fs::read_to_string(&self.log).expect("strace has written");
        let mut begun: Vec<(String, String)> = Vec::new();
        let mut calls = Vec::new();
        for line in log.lines() {
            let (thread, text) = line
                .trim_start()
                .split_once(' ')
                .expect("a thread and a call");
            let text = text.trim_start();
            if let Some(start) = text.strip_suffix("<unfinished ...>") {
                begun.push((thread.to_owned(), start.to_owned()));
                continue;
            }
            let whole = match text
                .strip_prefix("<... ")
                .and_then(|text| text.split_once(" resumed>"))
            {
                Some((_, rest)) => {
                    let at = begun.iter().position(|(it, _)| it == thread);
                    format!("{}{rest}", begun.swap_remove(at.expect("it was begun")).1)
                }
                None => text.to_owned(),
            };
            calls.extend(call(&whole));
        }
        assert!(calls.len() > 5, "{command:?}: nothing was traced\n{log}");
        calls
    }
}

/// Reads a line of `strace -y`; nothing for what failed or is of no interest.
fn call(line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    Some(match name {
        "write" | "pwrite64" | "writev" | "pwritev" | "sendfile" => {
            Call::Write(descriptor(arguments)?)
        }
        "copy_file_range" => Call::Write(descriptor(arguments.splitn(3, ", ").nth(2)?)?),
        "fsync" | "fdatasync" => Call::Sync(descriptor(arguments)?),
        "sync" | "syncfs" => Call::SyncAll,
        "unlink" | "unlinkat" => Call::Unlink(paths(arguments).pop()?),
        _ => {
            let mut paths = paths(arguments);
            let to = paths.pop()?;
            Call::Rename(paths.pop()?, to)
        }
    })
}

/// What a descriptor stands for, at the beginning of arguments: `3</a/path>`.
fn descriptor(arguments: &str) -> Option<PathBuf> {
    let (number, rest) = arguments.split_once('<')?;
    number.parse::<u32>().ok()?;
    Some(rest.split_once('>')?.0.into())
}

/// The paths in arguments, each with the directory of the descriptor before it.
fn paths(arguments: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directory = PathBuf::new();
    for argument in arguments.split(", ") {
        if let Some((_, rest)) = argument.split_once('<') {
            directory = rest.split_once('>').map_or(rest, |(path, _)| path).into();
        }
        if let Some(path) = argument.strip_prefix('"') {
            found.push(directory.join(path.trim_end_matches([')', '"'])));
        }
    }
    found
}

/// What isn't on the disk for certain, while calls are done one by one.
#[derive(Default)]
struct Unsynced {
    files: BTreeSet<PathBuf>,
    /// Directories in which a name was changed.
    folders: BTreeSet<PathBuf>,
}

impl Unsynced {
    fn after(&mut self, call: &Call) {
        match call {
            Call::Write(path) => {
                self.files.insert(path.clone());
            }
            Call::Sync(path) => {
                self.files.remove(path);
                self.folders.remove(path);
            }
            Call::SyncAll => {
                self.files.clear();
                self.folders.clear();
            }
            Call::Rename(from, to) => {
                if self.files.remove(from) {
                    self.files.insert(to.clone());
                }
                self.folders.extend(to.parent().map(Path::to_owned));
            }
            Call::Unlink(_) => {}
        }
    }

    /// What of a folder it is.
    fn below(&self, folder: &Path) -> Vec<&PathBuf> {
        let all = self.files.iter().chain(&self.folders);
        all.filter(|path| path.starts_with(folder)).collect()
    }
}

/// Where in `calls` the database commits for good: its log is synced.
fn commits(calls: &[Call], store: &Path) -> Vec<usize> {
    let log = Call::Sync(store.join("orlop.db-wal"));
    let found = calls.iter().enumerate().filter(|(_, call)| **call == log);
    found.map(|(at, _)| at).collect()
}

/// Of what brings an image: each blob is synced before it has its name, names and layers before the
/// commit that makes them count, and nothing is put in its place after that.
fn assert_safe(calls: &[Call], store: &Path) {
    let (blobs, snapshots) = (store.join("oci/blobs"), store.join("snapshots"));
    let commits = commits(calls, store);
    let mut unsynced = Unsynced::default();
    let mut placed = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        if let Call::Rename(from, to) = call
            && to.starts_with(store)
            && !to.starts_with(&snapshots)
        {
            assert!(
                !unsynced.files.contains(from),
                "{from:?} becomes {to:?} and isn't synced"
            );
            if to.starts_with(&blobs) {
                placed.push(at);
            }
        }
        if placed.len() >= 4 && commits.contains(&at) {
            for folder in [&blobs, &snapshots] {
                let left = unsynced.below(folder);
                assert!(left.is_empty(), "committed before it was synced: {left:?}");
            }
        }
        unsynced.after(call);
    }
    let writes =
        |call: &Call| matches!(call, Call::Write(path) if path.starts_with(store.join("ingest")));
    assert!(calls.iter().any(writes), "no blob is seen to be written");
    // Two layers, the configuration and the manifest.
    assert_eq!(placed.len(), 4, "{calls:?}");
    let last = placed.last().expect("there are four");
    let before = commits.iter().filter(|at| *at < last).count();
    assert!(before < commits.len(), "the image isn't committed for good");
    // The head of a new log is synced by itself.
    assert!(before <= 1, "committed before all was in its place");
}

#[test]
fn what_counts_is_on_the_disk() {
    let registry = FaultProxy::alone();
    registry.serve("app", "v1", &small("power"));
    let name = format!("{}/app:v1", registry.host());
    for driver in crate::hostile::drivers() {
        let orlop = orlop().driver(driver);
        orlop.ok(["images"]);
        let store = orlop.store();
        let Some(traced) = Traced::new(store) else {
            return;
        };
        let run = |command: &[&str]| {
            let driver = ["--storage-driver", driver];
            traced.calls(&[&driver, command].concat())
        };
        assert_safe(&run(&["pull", "-q", &name]), store);

        let archive = orlop.folder().join("saved.tar");
        let archive = archive.to_str().expect("plain");
        orlop.ok(["save", "-q", "-o", archive, &name]);

        // A name is committed for good before the command says that it is there.
        let calls = run(&["tag", &name, "another:v1"]);
        assert!(!commits(&calls, store).is_empty(), "{driver}: {calls:?}");
        orlop.ok(["rmi", "another:v1"]);

        // What goes: the row is gone for good before its file is.
        let calls = run(&["rmi", &name]);
        let blobs = store.join("oci/blobs");
        let is_blob = |call: &Call| matches!(call, Call::Unlink(path) if path.starts_with(&blobs));
        let first = calls.iter().position(is_blob).expect("blobs are removed");
        let commits = commits(&calls, store);
        assert!(commits.iter().any(|at| *at < first), "{driver}: {calls:?}");

        assert_safe(&run(&["load", "-q", "-i", archive]), store);
    }
}

/// The reader of lines is right about each kind.
#[test]
fn lines_of_strace() {
    let read = |line: &str| call(line).expect("a call");
    let rename = |from: &str, to: &str| Call::Rename(from.into(), to.into());
    assert_eq!(
        read(r#"rename("/s/a", "/s/b") = 0"#),
        rename("/s/a", "/s/b")
    );
    assert_eq!(
        read(r#"renameat2(5</s/x>, "a", AT_FDCWD</cwd>, "/s/b", RENAME_NOREPLACE) = 0"#),
        rename("/s/x/a", "/s/b")
    );
    assert_eq!(
        read("fdatasync(7</s/f>)         = 0"),
        Call::Sync("/s/f".into())
    );
    assert_eq!(
        read(r#"pwrite64(7</s/f>, "a(b"..., 4096, 0) = 4096"#),
        Call::Write("/s/f".into())
    );
    assert_eq!(
        read(r#"unlinkat(3</s>, "b", 0) = 0"#),
        Call::Unlink("/s/b".into())
    );
    assert_eq!(read("syncfs(3</s>) = 0"), Call::SyncAll);
    assert_eq!(
        call(r#"rename("/s/a", "/s/b") = -1 ENOENT (No such file)"#),
        None
    );
}
