//! How long the small commands take.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use orlop_testing::{
    Compression, Image, Layer, MediaTypes, Orlop, PlatformName, Registry, Tarball,
};
use serde_json::json;

use crate::report::{note, result, spread};
use crate::{Outcome, orlop};

/// Times `orlop version`.
pub(crate) fn version(runs: usize) -> Outcome {
    let mut command = Command::new(orlop()?);
    command.arg("version");
    result(&format!(
        "orlop version: {}",
        spread(&time(&mut command, runs)?)
    ));
    Ok(())
}

/// Fills a store with `images` small images, each with a layer of its own, and times `orlop images`.
pub(crate) fn images(images: usize, runs: usize) -> Outcome {
    let registry = Registry::start().ok_or("this needs docker-registry")?;
    note(&format!("Filling a registry with {images} images."));
    for number in 0..images {
        let tar = Tarball::new()
            .file(&format!("etc/number-{number}"), 0o644, number.to_string())
            .finish();
        let layer = Layer::new(&tar, Compression::Gzip);
        let config = json!({"Cmd": ["/bin/sh"], "Labels": {"number": number.to_string()}});
        let image = Image::with(&PlatformName::host(), &[layer], MediaTypes::Oci, config);
        image.push_with(&registry.host(), "many", &[&format!("v{number}")], None);
    }
    note("Pulling them all.");
    let program = Orlop::new(orlop()?);
    let start = Instant::now();
    let pull = program.program().args([
        "pull",
        "--quiet",
        "--all-tags",
        &format!("{}/many", registry.host()),
    ]);
    let done = pull.timeout(Duration::from_secs(1800)).run();
    if !done.status.success() {
        return Err(done.to_string());
    }
    result(&format!(
        "orlop pull --all-tags: {images} images in {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    let mut command = Command::new(orlop()?);
    command.arg("--root").arg(program.store()).arg("images");
    result(&format!(
        "orlop images, {images} images: {}",
        spread(&time(&mut command, runs)?)
    ));
    let mut command = Command::new(orlop()?);
    command
        .arg("--root")
        .arg(program.store())
        .args(["images", "--quiet"]);
    result(&format!(
        "orlop images -q, {images} images: {}",
        spread(&time(&mut command, runs)?)
    ));
    Ok(())
}

/// Runs a command many times, after a first time that isn't counted.
fn time(command: &mut Command, runs: usize) -> Outcome<Vec<Duration>> {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .stdin(Stdio::null());
    let mut times = Vec::with_capacity(runs);
    for run in 0..=runs {
        let start = Instant::now();
        let status = command.status().map_err(|error| error.to_string())?;
        let took = start.elapsed();
        if !status.success() {
            return Err(format!("{command:?}: {status}"));
        }
        if run > 0 {
            times.push(took);
        }
    }
    Ok(times)
}
