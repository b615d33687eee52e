//! Man pages and completions, written by the program itself from its own arguments.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Outcome, cargo, output, run, say, target, workspace};

/// The shells that get completions, and the file that each looks for.
const SHELLS: &[(&str, &str)] = &[
    ("bash", "orlop.bash"),
    ("zsh", "_orlop"),
    ("fish", "orlop.fish"),
];

/// Writes `docs/man` and `completions`, or checks that they are current.
pub(crate) fn docs(check: bool) -> Outcome {
    run(cargo().args(["build", "--quiet", "--package", "orlop"]))?;
    let program = target().join("debug/orlop");
    let fresh = generate(&program)?;
    let folders = [
        workspace().join("docs/man"),
        workspace().join("completions"),
    ];
    if check {
        return compare(&fresh, &folders);
    }
    for folder in &folders {
        // Pages of commands that are no more must go.
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    for (file, content) in &fresh {
        std::fs::write(file, content).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    say(&format!(
        "{} files written to docs/man and completions.",
        fresh.len()
    ));
    Ok(())
}

/// All generated files with their content.
fn generate(program: &Path) -> Outcome<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for (shell, name) in SHELLS {
        let script = output(Command::new(program).args(["completion", shell]))?;
        files.insert(workspace().join("completions").join(name), script);
    }
    let scratch = target().join("tmp/man");
    let _ = std::fs::remove_dir_all(&scratch);
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    run(Command::new(program).arg("__man").arg(&scratch))?;
    for (name, content) in read_folder(&scratch)? {
        files.insert(workspace().join("docs/man").join(name), content);
    }
    Ok(files)
}

fn compare(fresh: &BTreeMap<PathBuf, Vec<u8>>, folders: &[PathBuf]) -> Outcome {
    let mut stale: Vec<String> = Vec::new();
    for (file, content) in fresh {
        if std::fs::read(file).ok().as_ref() != Some(content) {
            stale.push(format!("{} is not current", file.display()));
        }
    }
    for folder in folders {
        for (name, _) in read_folder(folder).unwrap_or_default() {
            let file = folder.join(name);
            if !fresh.contains_key(&file) {
                stale.push(format!("{} is of no command", file.display()));
            }
        }
    }
    if stale.is_empty() {
        say(&format!(
            "{} man pages and completions are current.",
            fresh.len()
        ));
        return Ok(());
    }
    Err(format!(
        "generated documents:\n  {}\nRun `cargo xtask docs`.",
        stale.join("\n  ")
    ))
}

fn read_folder(folder: &Path) -> Outcome<Vec<(std::ffi::OsString, Vec<u8>)>> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        files.push((
            entry.file_name(),
            std::fs::read(entry.path()).map_err(failed)?,
        ));
    }
    Ok(files)
}
