//! How long the database of advisories takes to be built and opened, and packages to be looked up in it: by the
//! example of the crate that does it, because the program itself does more.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::{Runs, output, run};
use crate::report::note;
use crate::{Outcome, built};

/// The release whose packages are looked up, with those of languages.
const RELEASE: [&str; 2] = ["debian", "11"];

/// What was measured of the database.
pub(crate) struct Matching {
    pub(crate) build: Runs,
    pub(crate) open: Runs,
    pub(crate) lookup: Runs,
    pub(crate) findings: u64,
}

/// Builds a database of the feeds in a folder, for the store at `root`, and looks up so many packages in it
/// that the feeds speak of.
pub(crate) fn measure(
    feeds: &Path,
    root: &Path,
    packages: usize,
    rounds: usize,
) -> Outcome<Matching> {
    note("Building a database of advisories.");
    let program = built("examples/advisories")?;
    let folder = root.join("scout");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let database = folder.join("new");
    let advisories = |words: &[&str], paths: &[&Path]| {
        let mut command = Command::new(&program);
        command.args(words).args(paths);
        command
    };
    let build = run(1, || advisories(&["build"], &[&database, feeds]), || Ok(()))?;
    let count = packages.to_string();
    let (names, _) = output(&mut advisories(&["packages", &count], &[feeds]))?;
    let asked = folder.join("packages");
    std::fs::write(&asked, names).map_err(|error| error.to_string())?;
    let rounds = rounds.to_string();
    let mut time = advisories(&["time", &rounds], &[&database]);
    let input = File::open(&asked).map_err(|error| error.to_string())?;
    let (times, resident) = output(time.args(RELEASE).stdin(input))?;
    std::fs::remove_file(&asked).map_err(|error| error.to_string())?;
    let name = in_place(&database)?;
    std::fs::rename(&database, name).map_err(|error| error.to_string())?;
    let mut matching = Matching {
        build,
        open: Runs::default(),
        lookup: Runs::default(),
        findings: 0,
    };
    matching.lookup.resident = resident;
    for line in times.lines() {
        let numbers: Option<Vec<u64>> = line.split('\t').map(|it| it.parse().ok()).collect();
        let Some([open, lookup, findings]) = numbers.as_deref() else {
            return Err(format!("{line:?}: these are no times"));
        };
        let (open, lookup) = (Duration::from_nanos(*open), Duration::from_nanos(*lookup));
        matching.open.walls.push(open);
        matching.lookup.walls.push(lookup);
        matching.findings = *findings;
    }
    Ok(matching)
}

/// Where a store has its database: the version of the format, which stands in the file, is in the name.
fn in_place(database: &Path) -> Outcome<PathBuf> {
    let bytes = std::fs::read(database).map_err(|error| error.to_string())?;
    let format = bytes.get(8..12).and_then(|bytes| bytes.first_chunk());
    let format = format.map(|bytes| u32::from_le_bytes(*bytes));
    let format = format.ok_or_else(|| format!("{}: no database", database.display()))?;
    Ok(database.with_file_name(format!("advisories-v{format}.db")))
}
