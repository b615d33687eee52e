//! The same archive loaded, and its image saved again, by every tool, in turns.
//!
//! All load one file, which is in the page cache, into fresh storage, and save to the same disk. A tool may
//! return before its data is on the disk: how long a `sync` takes after it is told beside its time.

mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::pull::measure::{Group, Measured};
use crate::pull::sync;
use crate::pull::tools::remove;
use crate::report::{median, note, result};
use crate::{Outcome, kept, layout, orlop};
use tools::Tool;

/// What the image is called.
const NAME: &str = "bench:five";

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct ArchiveArguments {
    /// How many rounds; each tool loads and saves once in every round
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The tools, in their order within a round
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "orlop,podman,docker,skopeo"
    )]
    tools: Vec<Tool>,
    /// A small image in place of the big one: only to see that all tools work
    #[arg(long)]
    small: bool,
}

/// What a round measured of a tool.
#[derive(Clone, Copy)]
struct Round {
    load: Measured,
    save: Measured,
}

/// Prepares the archive and compares the tools.
pub(crate) fn archive(arguments: &ArchiveArguments) -> Outcome {
    let kept = kept()?;
    let archive = prepare(&kept, arguments.small)?;
    let all = kept.join("storage");
    remove(&all)?;
    let mut runs = vec![Vec::new(); arguments.tools.len()];
    for round in 1..=arguments.rounds {
        for (number, tool) in arguments.tools.iter().enumerate() {
            let storage = all.join(format!("{round}-{}", tool.name()));
            std::fs::create_dir_all(&storage).map_err(|error| error.to_string())?;
            runs[number].push(once(*tool, &archive, &storage, round)?);
        }
    }
    remove(&all)?;
    for (what, pick) in [
        ("load", (|round| round.load) as fn(&Round) -> Measured),
        ("save", |round| round.save),
    ] {
        report(what, &arguments.tools, &runs, pick);
    }
    Ok(())
}

/// One load and one save.
fn once(tool: Tool, archive: &Path, storage: &Path, round: usize) -> Outcome<Round> {
    let group = Group::new(&format!("orlop-bench-{}", std::process::id()))?;
    let runner = tool.start(storage, &group)?;
    sync();
    let mut load = runner.load(archive, NAME, &group)?;
    load.sync = sync();
    note(&format!("round {round}: {:<7} load {load}", tool.name()));
    let mut save = runner.save(&storage.join("saved.tar"), NAME, &group)?;
    save.sync = sync();
    note(&format!("round {round}: {:<7} save {save}", tool.name()));
    Ok(Round { load, save })
}

/// The archive that all load: made of the layout that pulls are measured with, once.
fn prepare(kept: &Path, small: bool) -> Outcome<PathBuf> {
    let (image, name) = match small {
        true => (kept.join("small"), "small.tar"),
        false => (kept.join("image"), "five.tar"),
    };
    let archive = kept.join(name);
    if small {
        let layers = [orlop_testing::Layer::noise("noise", 4 << 20, 1)];
        let host = orlop_testing::PlatformName::host();
        orlop_testing::Image::new(&host, &layers).write_layout(&image, NAME);
    } else {
        layout::ensure(&image)?;
    }
    let root = kept.join("archive-root");
    remove(&root)?;
    let program = orlop()?;
    let run = |arguments: &[&str]| {
        let done = Command::new(&program)
            .arg("--root")
            .arg(&root)
            .args(arguments)
            .output()
            .map_err(|error| error.to_string())?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
        }
    };
    if !archive.exists() || small {
        note("Making the archive.");
        let path = |path: &Path| path.display().to_string();
        let said = run(&["load", "-q", "-i", &path(&image)])?;
        let loaded = said.strip_prefix("Loaded image: ").unwrap_or(&said);
        run(&["tag", loaded, NAME])?;
        run(&["save", "-q", "-o", &path(&archive), NAME])?;
    }
    remove(&root)?;
    // The first tool shall have no colder start than the rest.
    std::fs::copy(&archive, "/dev/null").map_err(|error| error.to_string())?;
    Ok(archive)
}

/// One line for each tool with medians, and their ratios to the first.
fn report(what: &str, tools: &[Tool], runs: &[Vec<Round>], pick: fn(&Round) -> Measured) {
    let of = |runs: &[Round], value: fn(&Measured) -> f64| {
        median(runs.iter().map(|round| value(&pick(round))).collect())
    };
    let figures: Vec<[f64; 4]> = runs
        .iter()
        .map(|runs| {
            [
                of(runs, |run| run.wall.as_secs_f64()),
                of(runs, |run| run.sync.as_secs_f64()),
                of(runs, |run| run.cpu.as_secs_f64()),
                of(runs, |run| run.resident as f64 / 1e6),
            ]
        })
        .collect();
    let Some(first) = figures.first() else { return };
    let base = tools[0].name();
    result(&format!(
        "{what:<8} {:>8} {:>10} {:>8} {:>10}   {base} needs of its wall, CPU",
        "wall s", "then sync", "CPU s", "peak MB"
    ));
    for (tool, [wall, sync, cpu, resident]) in tools.iter().zip(&figures) {
        let ratios = format!("{:.2}, {:.2}", first[0] / wall, first[2] / cpu);
        result(&format!(
            "{:<8} {wall:>8.2} {sync:>10.2} {cpu:>8.2} {resident:>10.0}   {ratios}",
            tool.name()
        ));
    }
}
