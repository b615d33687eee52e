//! Fuzzing: the targets in `fuzz/`, built with the coverage that libFuzzer steers by, each run for a
//! while.
//!
//! No sanitizer: the crates that are fuzzed deny `unsafe`, and so any stable compiler will do. Broken
//! assumptions, sums that overflow, inputs that take too long or too much memory are found as they
//! are. All that a run makes is in the folder of what is built, `fuzz` below it: the programs, what
//! they found out (`corpus`, where the next run begins) and what they found (`findings`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::command::{Outcome, cargo, heading, host_triple, run, say, target, workspace};

/// How `cargo-fuzz` instruments, less the sanitizer.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// An input that takes longer, in seconds, or more memory, in MiB, is a finding.
const LIMITS: &[&str] = &["-timeout=5", "-rss_limit_mb=1024"];

/// How much of a panic is shown: lines of its message, characters of a line.
const MESSAGE: usize = 8;
const WIDTH: usize = 400;

/// What is fuzzed, and for how long.
#[derive(Debug, Args)]
pub(crate) struct FuzzArguments {
    /// The targets, by the names of the files in fuzz/src/bin; all unless given
    targets: Vec<String>,
    /// How long each runs
    #[arg(long, default_value_t = 60, value_name = "N")]
    seconds: u32,
}

/// Builds the targets and runs one after the other; goes on after a finding.
pub(crate) fn fuzz(arguments: &FuzzArguments) -> Outcome {
    let all = targets()?;
    let mut chosen = &arguments.targets;
    if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
        return Err(format!("no target {unknown}: there are {}", all.join(", ")));
    }
    if chosen.is_empty() {
        chosen = &all;
    }
    let runner = Runner {
        programs: build(chosen)?,
        made: target().join("fuzz"),
        seconds: arguments.seconds,
    };
    let mut failed = Vec::new();
    for name in chosen {
        if !runner.run(name)? {
            failed.push(name.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    say(
        "\nOnce a finding is fixed, its input belongs into fuzz/seeds, under a name that says what it is.",
    );
    Err(format!("findings in {}", failed.join(", ")))
}

fn targets() -> Outcome<Vec<String>> {
    let mut names: Vec<_> = files(&workspace().join("fuzz/src/bin"))?
        .iter()
        .filter_map(|file| file.file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}

fn files(folder: &Path) -> Outcome<BTreeSet<PathBuf>> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
        .collect()
}

/// Where the programs are.
fn build(chosen: &[String]) -> Outcome<PathBuf> {
    let (host, built) = (host_triple()?, target().join("fuzz"));
    let mut build = cargo();
    build
        // With a platform that is named, build scripts and macros of the compiler stay as they are.
        .args(["build", "--release", "--locked", "--target", &host])
        .args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
        .arg(&built)
        .args(chosen.iter().flat_map(|name| ["--bin", name]))
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    run(&mut build)?;
    Ok(built.join(host).join("release"))
}

struct Runner {
    programs: PathBuf,
    /// What runs make.
    made: PathBuf,
    seconds: u32,
}

impl Runner {
    /// `false` when something was found.
    fn run(&self, name: &str) -> Outcome<bool> {
        heading(&format!("{name}, {} s", self.seconds));
        // A push begins with a manifest.
        let seeds = if name == "pushes" { "manifests" } else { name };
        let seeds = workspace().join("fuzz/seeds").join(seeds);
        let folder = |kind: &str| self.made.join(kind).join(name);
        let (corpus, findings, temporary) = (folder("corpus"), folder("findings"), folder("tmp"));
        for made in [&corpus, &findings, &temporary] {
            fs::create_dir_all(made).map_err(|error| format!("{}: {error}", made.display()))?;
        }
        let before = files(&findings)?;
        let program = self.programs.join(name);
        let mut fuzzer = Command::new(&program);
        fuzzer
            .args([&corpus, &seeds])
            .arg(format!("-artifact_prefix={}/", findings.display()))
            .arg(format!("-max_total_time={}", self.seconds))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .args(LIMITS)
            .env("TMPDIR", &temporary);
        let ended = fuzzer.output();
        // libFuzzer ends without an end of what the target had open.
        let _ = fs::remove_dir_all(&temporary);
        let ended = ended.map_err(|error| format!("{}: {error}", program.display()))?;
        let words = String::from_utf8_lossy(&ended.stderr);
        say(&summary(&words));
        let fine = ended.status.success();
        if !fine {
            let log = self.made.join(format!("{name}.log"));
            fs::write(&log, &*words).map_err(|error| format!("{}: {error}", log.display()))?;
            say(&format!(
                "{}; all that was said: {}",
                ended.status,
                log.display()
            ));
        }
        for found in files(&findings)?.difference(&before) {
            say(&format!("found: {}", found.display()));
            say(&format!("again: {} {}", program.display(), found.display()));
        }
        Ok(fine)
    }
}

/// What of libFuzzer's many words matters: why it ended early, and how much it did.
fn summary(words: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = words.lines();
    while let Some(line) = rest.next() {
        if line.contains("panicked at") {
            let ends = |line: &&str| line.starts_with("stack backtrace") || line.starts_with("==");
            // The message stands below its place.
            let message = rest.by_ref().take_while(|line| !ends(line)).take(MESSAGE);
            lines.extend([line].into_iter().chain(message).map(cut));
        } else if line.contains("ERROR: libFuzzer") {
            lines.push(cut(line));
        }
    }
    let number = |name: &str| {
        let mut lines = words.lines();
        let value = lines.find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
        value
            .map_or("no", |value| value.trim_start_matches([':', ' ']))
            .to_owned()
    };
    lines.push(format!(
        "{} inputs, {} of them new, {} MiB of memory at most",
        number("number_of_executed_units"),
        number("new_units_added"),
        number("peak_rss_mb"),
    ));
    lines.join("\n")
}

fn cut(line: &str) -> String {
    line.chars().take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_said() {
        let words = "INFO: Seed: 1\nthread 'main' panicked at a.rs:1:2:\nassertion failed: x\n\
                     stack backtrace:\n0: y\nstat::number_of_executed_units: 7\n\
                     stat::new_units_added:          2\nstat::peak_rss_mb:              30\n";
        let expected = "thread 'main' panicked at a.rs:1:2:\nassertion failed: x\n\
                        7 inputs, 2 of them new, 30 MiB of memory at most";
        assert_eq!(summary(words), expected);
        assert!(summary("").starts_with("no inputs"));
    }

    /// Each target has seeds, and a test of the gate that runs over them.
    #[test]
    fn every_target_is_tested() {
        for name in targets().unwrap() {
            let seeds = if name == "pushes" { "manifests" } else { &name };
            let seeds = files(&workspace().join("fuzz/seeds").join(seeds)).unwrap();
            assert!(!seeds.is_empty(), "{name}");
            let program = workspace().join(format!("fuzz/src/bin/{name}.rs"));
            let program = fs::read_to_string(program).unwrap();
            let property = program
                .lines()
                .find_map(|line| line.strip_prefix("#[path = \""));
            let Some(property) = property.and_then(|line| line.strip_suffix("\"]")) else {
                assert!(program.contains("::fuzzing::"), "{name}");
                continue;
            };
            let property = workspace().join("fuzz/src/bin").join(property);
            let main = fs::read_to_string(property.with_file_name("main.rs")).unwrap();
            // Targets that read related formats share a property.
            let module = property.file_stem().unwrap().to_str().unwrap();
            assert!(main.contains(&format!("mod {module};")), "{name}");
            assert!(
                fs::read_to_string(property)
                    .unwrap()
                    .contains("seeds::replay("),
                "{name}"
            );
        }
    }
}
