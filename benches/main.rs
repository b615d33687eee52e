//! Comparisons with the other tools, and measurements: `cargo xtask bench --help`.

mod archive;
mod layout;
mod pull;
mod quick;
mod report;
mod scan;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the program built in release mode.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Pulls an image of five gzip layers (1.5 GB unpacked) from a registry on the loopback with
    /// orlop, podman, the Docker engine and skopeo, each into fresh storage, in alternating rounds
    Pull(pull::PullArguments),
    /// Loads an archive of five gzip layers with orlop, podman, the Docker engine and skopeo, each into fresh
    /// storage, and saves the image again, in alternating rounds
    Archive(archive::ArchiveArguments),
    /// Compares `orlop serve` with Debian's docker-registry, and with distribution v3 where it is
    Serve(serve::ServeArguments),
    /// Scans a Debian image of 1.5 GB with orlop and syft, cold and warm, and builds, opens and asks a
    /// database of advisories
    Scan(scan::ScanArguments),
    /// Times `orlop version`
    Version {
        /// How many runs
        #[arg(long, default_value_t = 200)]
        runs: usize,
    },
    /// Times `orlop images` on a store of many images
    Images {
        /// How many images
        #[arg(long, default_value_t = 1000)]
        images: usize,
        /// How many runs
        #[arg(long, default_value_t = 50)]
        runs: usize,
    },
}

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        report::note("This is a debug build: what it measures says nothing.");
    }
    let done = match Arguments::parse().what {
        What::Pull(arguments) => pull::pull(&arguments),
        What::Archive(arguments) => archive::archive(&arguments),
        What::Scan(arguments) => scan::scan(&arguments),
        What::Serve(arguments) => serve::serve(&arguments),
        What::Version { runs } => quick::version(runs),
        What::Images { images, runs } => quick::images(images, runs),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report::note(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, in a line.
type Outcome<T = ()> = Result<T, String>;

/// The folder that cargo builds into: two above this program.
fn target() -> Outcome<PathBuf> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own
        .ancestors()
        .nth(2)
        .ok_or("this program lies in no target folder")?;
    Ok(target.to_owned())
}

/// The program that is measured.
fn orlop() -> Outcome<PathBuf> {
    built("orlop")
}

/// A program that was built as this one was.
fn built(name: &str) -> Outcome<PathBuf> {
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let program = target()?.join(profile).join(name);
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("{}: not built", program.display()))
    }
}

/// The folder of what benchmarks keep between runs.
fn kept() -> Outcome<PathBuf> {
    let folder = target()?.join("bench");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
