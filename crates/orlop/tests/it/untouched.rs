//! Everything that a command could leave or lose, before it and after: the whole store, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use orlop_store::Store;
use orlop_testing::{FaultProxy, Orlop};

use crate::small;

/// What may differ although nothing came of a command, each with its reason. Below the store.
const PERMANENT: &[(&str, &str)] = &[
    (
        "orlop.db",
        "a lease is a row while it lasts; what the database says is compared by itself",
    ),
    ("orlop.db-wal", "SQLite's log of the same"),
    ("orlop.db-shm", "SQLite's index of that log"),
    (
        "snapshots/overlay2",
        "an empty directory of a driver, made when it is first used",
    ),
    ("snapshots/overlay2/staging", "the same"),
    (
        "snapshots/overlay2/empty",
        "the same, made by the first mount",
    ),
    ("snapshots/overlay2/empty/0", "the same"),
    ("snapshots/overlay2/empty/1", "the same"),
    ("snapshots/vfs", "the same"),
    ("snapshots/vfs/staging", "the same"),
];

/// The store, and all else that the program was given, at one moment.
pub(crate) struct Untouched<'a> {
    orlop: &'a Orlop,
    files: BTreeMap<PathBuf, String>,
    rows: Vec<String>,
}

impl<'a> Untouched<'a> {
    /// Looks. A store that isn't there yet is made, with an image in it: that one must not suffer.
    pub(crate) fn before(orlop: &'a Orlop) -> Self {
        if orlop.ok(["images", "-aq"]).stdout.is_empty() {
            let registry = FaultProxy::alone();
            registry.serve("honest", "v1", &small("an honest neighbour"));
            orlop.ok(["pull", "-q", &format!("{}/honest:v1", registry.host())]);
        }
        Self {
            orlop,
            files: files(orlop),
            rows: rows(orlop),
        }
    }

    /// Insists that everything is as it was. Nothing is run in between that could tidy up.
    pub(crate) fn assert_so(&self, case: &str) {
        let after = files(self.orlop);
        let mut differences = Vec::new();
        for (path, was) in &self.files {
            match after.get(path) {
                None => differences.push(format!("lost {}", path.display())),
                Some(is) if is != was => {
                    differences.push(format!("changed {}: {was} -> {is}", path.display()));
                }
                Some(_) => {}
            }
        }
        let new = after
            .iter()
            .filter(|(path, _)| !self.files.contains_key(*path));
        differences.extend(new.map(|(path, what)| format!("left {}: {what}", path.display())));
        assert!(differences.is_empty(), "{case}\n{}", differences.join("\n"));
        // Only now: opening the store sweeps it.
        assert_eq!(rows(self.orlop), self.rows, "{case}");
    }
}

/// All files and directories with what there is to know of them.
fn files(orlop: &Orlop) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![orlop.folder().to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a folder is read") {
            let path = entry.expect("an entry is read").path();
            let meta = fs::symlink_metadata(&path).expect("an entry is looked at");
            if meta.is_dir() {
                waiting.push(path.clone());
            }
            let in_store = path.strip_prefix(orlop.store());
            if in_store.is_ok_and(|path| PERMANENT.iter().any(|(it, _)| path == Path::new(it))) {
                continue;
            }
            let content = if meta.is_file() {
                orlop_testing::digest_of(&fs::read(&path).expect("a file is read"))
            } else if meta.is_symlink() {
                format!("{:?}", fs::read_link(&path).expect("a link is read"))
            } else if meta.file_type().is_char_device() {
                meta.rdev().to_string()
            } else {
                String::new()
            };
            let (mode, owner, links) = (meta.mode(), (meta.uid(), meta.gid()), meta.nlink());
            // The links of a directory are counted by what is in it.
            let links = if meta.is_dir() { 0 } else { links };
            found.insert(path, format!("{mode:o} {owner:?} {links} {content}"));
        }
    }
    found
}

/// What the database says.
fn rows(orlop: &Orlop) -> Vec<String> {
    let store = Store::open(orlop.store()).expect("the store opens");
    let mut rows = Vec::new();
    for image in store.images().expect("images are listed") {
        rows.push(format!("{image:?}"));
    }
    for blob in store.blobs().expect("blobs are listed") {
        rows.push(format!("{blob:?}"));
    }
    for snapshot in store.snapshots().expect("snapshots are listed") {
        rows.push(format!("{snapshot:?}"));
    }
    rows.sort();
    rows
}

/// Pulls what must be refused. Insists on one line that says why, which is returned, on the exit
/// code 1, and on a store in which nothing differs.
pub(crate) fn refused_pull(orlop: &Orlop, name: &str) -> String {
    refused(orlop, &["pull", name])
}

/// The same of any command.
pub(crate) fn refused(orlop: &Orlop, command: &[&str]) -> String {
    let before = Untouched::before(orlop);
    let said = orlop.fails(command);
    before.assert_so(&said);
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("Error: "))
        .collect();
    assert_eq!(lines.len(), 1, "one line says what is wrong:\n{said}");
    lines[0].to_owned()
}

/// Pulls what may be refused or be harmless. When it is refused, nothing differs.
pub(crate) fn refused_or_harmless(orlop: &Orlop, name: &str) {
    let before = Untouched::before(orlop);
    let ended = orlop.run(["pull", name]);
    if !ended.status.success() {
        before.assert_so(&ended.expect_code(1).stderr);
    }
}
