//! Man pages and completions, written by the program's own library from its arguments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::command::{Outcome, cargo, run, say, target, workspace};

/// Where the generator puts each kind, and where it belongs.
const PLACES: &[(&str, &str)] = &[("man", "docs/man"), ("completions", "completions")];

/// Writes `docs/man` and `completions`, or checks that they are current.
pub(crate) fn docs(check: bool) -> Outcome {
    let scratch = target().join("tmp/documents");
    let _ = std::fs::remove_dir_all(&scratch);
    let generator = [
        "run",
        "--quiet",
        "--package",
        "orlop",
        "--example",
        "documents",
        "--",
    ];
    run(cargo().args(generator).arg(&scratch))?;
    let mut stale = Vec::new();
    let mut count = 0;
    for (made, place) in PLACES {
        let fresh = read_folder(&scratch.join(made))?;
        let folder = workspace().join(place);
        count += fresh.len();
        if check {
            stale.append(&mut differences(&fresh, &folder));
        } else {
            replace(&fresh, &folder)?;
        }
    }
    if stale.is_empty() {
        say(&format!(
            "{count} man pages and completion scripts are current."
        ));
        return Ok(());
    }
    Err(format!(
        "generated documents:\n  {}\nRun `cargo xtask docs`.",
        stale.join("\n  ")
    ))
}

/// What each file of a folder holds.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn differences(fresh: &Files, folder: &Path) -> Vec<String> {
    let kept = read_folder(folder).unwrap_or_default();
    let missing = fresh
        .keys()
        .filter(|name| !kept.contains_key(*name))
        .map(|name| (name, "is missing"));
    let spare = kept
        .keys()
        .filter(|name| !fresh.contains_key(*name))
        .map(|name| (name, "is of no command"));
    let old = kept
        .iter()
        .filter(|(name, content)| fresh.get(*name).is_some_and(|fresh| fresh != *content));
    let old = old.map(|(name, _)| (name, "is not current"));
    missing
        .chain(spare)
        .chain(old)
        .map(|(name, what)| format!("{} {what}", folder.join(name).display()))
        .collect()
}

/// Makes a folder hold these files and no others.
fn replace(fresh: &Files, folder: &Path) -> Outcome {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, content) in fresh {
        let file = folder.join(name);
        std::fs::write(&file, content).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

fn read_folder(folder: &Path) -> Outcome<Files> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        files.insert(
            PathBuf::from(entry.file_name()),
            std::fs::read(entry.path()).map_err(failed)?,
        );
    }
    Ok(files)
}
