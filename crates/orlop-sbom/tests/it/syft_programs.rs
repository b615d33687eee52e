//! Beside syft, where `ORLOP_TEST_SYFT` names it: both find the same in a folder, but for what is told
//! below. `ORLOP_TEST_SYFT_ROOT` names the folder; else it is made of programs of this machine.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use orlop_sbom::{Content, FileInfo, Finding, Found, PackageKind, catalogers};
use serde_json::Value;

/// The catalogers of programs and archives, ours and syft's alike.
const NAMES: [&str; 5] = [
    "go-module-binary-cataloger",
    "cargo-auditable-binary-cataloger",
    "java-archive-cataloger",
    "java-jvm-cataloger",
    "binary-classifier-cataloger",
];

/// Copied into the folder where there is none.
const PROGRAMS: [&str; 8] = [
    "skopeo", "podman", "runc", "node", "bash", "perl", "openssl", "git",
];

struct OnDisk(File, u64);

impl Content for OnDisk {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
}

/// Path, cataloger, name and version.
type Line = (String, String, String, String);

#[test]
fn packages_are_those_that_syft_finds() {
    let Some(syft) = std::env::var_os("ORLOP_TEST_SYFT") else {
        return;
    };
    let made = tempfile::tempdir().unwrap();
    let root = match std::env::var_os("ORLOP_TEST_SYFT_ROOT") {
        Some(root) => PathBuf::from(root),
        None => {
            for program in PROGRAMS {
                let found = Command::new("which").arg(program).output().unwrap().stdout;
                let found = String::from_utf8(found).unwrap();
                if let Ok(path) = Path::new(found.trim()).canonicalize() {
                    fs::copy(path, made.path().join(program)).unwrap();
                }
            }
            made.path().to_owned()
        }
    };
    let ours = ours(&root);
    let theirs = theirs(&syft, &root);
    assert!(theirs.len() > 4, "syft found too little: {theirs:?}");
    let missing = theirs.difference(&ours);
    let missing: Vec<_> = missing
        .filter(|line| !is_theirs_alone(line, &ours))
        .collect();
    let more = ours.difference(&theirs);
    let more: Vec<_> = more.filter(|line| !is_ours_alone(line, &theirs)).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "only syft:\n{}\nonly we:\n{}",
        lines(&missing),
        lines(&more)
    );
}

fn lines(lines: &[&Line]) -> String {
    let line = |(path, by, name, version): &&Line| format!("{by}\t{name}\t{version}\t{path}\n");
    lines.iter().map(line).collect()
}

/// What syft 1.18 doesn't know, by name or in files of other names: later ones know most of it.
const NEW: [&str; 14] = [
    "curl", "elixir", "erlang", "ffmpeg", "git", "glibc", "haproxy", "httpd", "mariadb", "musl",
    "openldap", "openjdk", "perl", "redis",
];

/// Programs and libraries that syft doesn't know; crates of a program without a list; the version of
/// Rust.
fn is_ours_alone(line: &Line, theirs: &BTreeSet<Line>) -> bool {
    let (path, by, name, version) = line;
    let has_list = || theirs.iter().any(|line| line.0 == *path && line.1 == *by);
    match by.as_str() {
        "binary-classifier-cataloger" => path.contains(".so") || NEW.contains(&name.as_str()),
        "cargo-auditable-binary-cataloger" => name == "rust" || !has_list(),
        "go-module-binary-cataloger" => version.is_empty() && same_name(line, theirs),
        _ => false,
    }
}

/// The programs of Go itself, whose packages are the standard library's; a version of a Go program that
/// is guessed from its strings; Go by its file `VERSION`, not by its program; MySQL for MariaDB.
fn is_theirs_alone(line: &Line, ours: &BTreeSet<Line>) -> bool {
    let (path, by, name, _) = line;
    let we_say = |name: &str| ours.iter().any(|line| line.0 == *path && line.2 == name);
    match by.as_str() {
        "go-module-binary-cataloger" => {
            name.starts_with("cmd/") && we_say("stdlib") || {
                let unknown = (path.clone(), by.clone(), name.clone(), String::new());
                ours.contains(&unknown)
            }
        }
        "binary-classifier-cataloger" => {
            path.ends_with("VERSION") || name == "mysql" && we_say("mariadb")
        }
        _ => false,
    }
}

fn same_name(line: &Line, lines: &BTreeSet<Line>) -> bool {
    lines
        .iter()
        .any(|other| other.0 == line.0 && other.1 == line.1 && other.2 == line.2)
}

fn ours(root: &Path) -> BTreeSet<Line> {
    let mut files = Vec::new();
    walk(root, &mut files);
    let mut lines = BTreeSet::new();
    for path in files {
        let metadata = fs::metadata(&path).unwrap();
        let place = path.strip_prefix(root).unwrap().to_str().unwrap();
        let file = FileInfo {
            path: place,
            size: metadata.len(),
            is_executable: metadata.mode() & 0o111 != 0,
        };
        for cataloger in catalogers() {
            if !NAMES.contains(&cataloger.name()) || !cataloger.wants(&file) {
                continue;
            }
            let content = OnDisk(File::open(&path).unwrap(), metadata.len());
            let mut found = Found::default();
            cataloger.catalog(&file, &content, &mut found).unwrap();
            assert_eq!(found.faults, [], "{place}");
            for finding in found.findings {
                let Finding::Package(package) = finding else {
                    panic!("{finding:?}");
                };
                // Syft gives the artifact's name alone.
                let name = match package.kind {
                    PackageKind::Java => package.name.rsplit(':').next().unwrap().to_owned(),
                    _ => package.name,
                };
                lines.insert((place.to_owned(), package.found_by, name, package.version));
            }
        }
    }
    lines
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), files);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}

fn theirs(syft: &std::ffi::OsStr, root: &Path) -> BTreeSet<Line> {
    let output = Command::new(syft)
        .args(["scan", "-q", "-o", "json", "--override-default-catalogers"])
        .arg(NAMES.join(","))
        .arg(format!("dir:{}", root.display()))
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut lines = BTreeSet::new();
    for package in document["artifacts"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut version = text(&package["version"]);
        if package["name"] == "stdlib" {
            version = version.trim_start_matches("go").to_owned();
        }
        if matches!(&*version, "UNKNOWN" | "(devel)") {
            version.clear();
        }
        for location in package["locations"].as_array().unwrap() {
            let path = text(&location["path"]).trim_start_matches('/').to_owned();
            lines.insert((
                path,
                text(&package["foundBy"]),
                text(&package["name"]),
                version.clone(),
            ));
        }
    }
    lines
}
