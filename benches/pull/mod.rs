//! The same pull by every tool, in turns.
//!
//! All tools read from one registry on the loopback, whose files are in the page cache, and write to
//! one disk. Every run begins with fresh storage and nothing left to write back. A tool may return
//! before its data is on the disk: how long a `sync` takes after it is told beside its time.

pub(crate) mod measure;
pub(crate) mod tools;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use orlop_testing::peer::Skopeo;
use orlop_testing::{Method, Registry, RegistryOptions, http};

use crate::report::{median, note, result};
use crate::{Outcome, kept, layout};
use measure::{Group, Measured};
use tools::Tool;

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// How many rounds; each tool pulls once in every round
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The tools, in their order within a round
    #[arg(long, value_delimiter = ',', default_value = "orlop,podman,docker")]
    tools: Vec<Tool>,
    /// Only makes the image and fills the registry
    #[arg(long)]
    prepare: bool,
}

/// Prepares the image and compares the tools.
pub(crate) fn pull(arguments: &PullArguments) -> Outcome {
    let kept = kept()?;
    let image = kept.join("image");
    layout::ensure(&image)?;
    let storage = kept.join("registry");
    let options = RegistryOptions {
        storage: Some(storage),
        ..Default::default()
    };
    let registry = Registry::start_with(&options).ok_or("the comparison needs docker-registry")?;
    let name = format!("{}/bench:five", registry.host());
    fill(&registry, &image, &name)?;
    if arguments.prepare {
        return Ok(());
    }
    read_once(&image)?;
    let runs = rounds(arguments, &name, &kept)?;
    report(&arguments.tools, &runs);
    Ok(())
}

/// Pushes the image unless the registry has it.
fn fill(registry: &Registry, image: &Path, name: &str) -> Outcome {
    let accept = [("Accept", "application/vnd.oci.image.manifest.v1+json")];
    if http(
        Method::Head,
        &registry.host(),
        "/v2/bench/manifests/five",
        &accept,
        None,
    )
    .status
        == 200
    {
        return Ok(());
    }
    note("Filling the registry.");
    let skopeo = Skopeo::new().ok_or("filling the registry needs skopeo")?;
    let from = format!("oci:{}:five", image.display());
    let copied = skopeo.program().args([
        "copy",
        "--dest-tls-verify=false",
        &from,
        &format!("docker://{name}"),
    ]);
    let done = copied.timeout(Duration::from_secs(900)).run();
    if done.status.success() {
        Ok(())
    } else {
        Err(done.to_string())
    }
}

/// Brings the blobs into the page cache, so that the first tool has no colder start than the rest.
fn read_once(image: &Path) -> Outcome {
    let blobs = image
        .parent()
        .map_or(image.to_owned(), |kept| kept.join("registry"));
    let read = Command::new("sh")
        .args(["-c", "find \"$1\" -type f -exec cat {} + >/dev/null", "sh"])
        .arg(blobs)
        .status();
    read.map(drop).map_err(|error| error.to_string())
}

/// For every tool, in the order of the arguments, what each round measured.
fn rounds(arguments: &PullArguments, name: &str, kept: &Path) -> Outcome<Vec<Vec<Measured>>> {
    let mut runs = vec![Vec::new(); arguments.tools.len()];
    // Nothing is removed before the last run: for minutes after it, ext4 looks for an inode that
    // wasn't deleted lately, which costs a pull more than all else.
    let all = kept.join("storage");
    tools::remove(&all)?;
    for round in 1..=arguments.rounds {
        for (number, tool) in arguments.tools.iter().enumerate() {
            let storage = all.join(format!("{round}-{}", tool.name()));
            std::fs::create_dir_all(&storage).map_err(|error| error.to_string())?;
            sync();
            let group = Group::new(&format!("orlop-bench-{}", std::process::id()))?;
            let mut measured = tool.pull(name, &storage, &group)?;
            measured.sync = sync();
            note(&format!("round {round}: {:<7} {measured}", tool.name()));
            runs[number].push(measured);
        }
    }
    tools::remove(&all)?;
    Ok(runs)
}

/// Writes all back to the disks; how long that takes.
pub(crate) fn sync() -> Duration {
    let start = Instant::now();
    let _ = Command::new("sync").status();
    start.elapsed()
}

/// One line for each tool with medians, and their ratios to the first.
fn report(tools: &[Tool], runs: &[Vec<Measured>]) {
    let of = |runs: &[Measured], what: &dyn Fn(&Measured) -> f64| {
        median(runs.iter().map(what).collect())
    };
    let figures: Vec<[f64; 4]> = runs
        .iter()
        .map(|runs| {
            [
                of(runs, &|run| run.wall.as_secs_f64()),
                of(runs, &|run| run.sync.as_secs_f64()),
                of(runs, &|run| run.cpu.as_secs_f64()),
                of(runs, &|run| run.resident as f64 / 1e6),
            ]
        })
        .collect();
    let Some(first) = figures.first() else { return };
    let base = tools[0].name();
    result(&format!(
        "{:<8} {:>8} {:>10} {:>8} {:>10}   {base} needs of its wall, CPU",
        "", "wall s", "then sync", "CPU s", "peak MB"
    ));
    for (tool, [wall, sync, cpu, resident]) in tools.iter().zip(&figures) {
        let ratios = format!("{:.2}, {:.2}", first[0] / wall, first[2] / cpu);
        result(&format!(
            "{:<8} {wall:>8.1} {sync:>10.1} {cpu:>8.1} {resident:>10.0}   {ratios}",
            tool.name()
        ));
    }
}
