//! The gate: what must be right before a change is done.

use clap::Args;

use crate::command::{Outcome, cargo, heading, is_root, run, say, succeeds};
use crate::setup::{self, Ready};
use crate::{dependencies, docs};

/// How the tests are run.
#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Leaves packages as they are, even as root
    #[arg(long)]
    no_setup: bool,
    /// Runs only tests whose name contains this, without the checks before them
    filter: Option<String>,
}

/// Runs the checks, the quick ones first, then `cargo test` on everything.
pub(crate) fn test(arguments: &TestArguments) -> Outcome {
    let strict = prepare(arguments)?;
    if arguments.filter.is_none() {
        checks()?;
    }
    heading("cargo test --workspace");
    let mut tests = cargo();
    tests.args(["test", "--workspace"]);
    if strict && std::env::var_os("ORLOP_TEST_STRICT").is_none() {
        tests.env("ORLOP_TEST_STRICT", "1");
    }
    if let Some(filter) = &arguments.filter {
        tests.arg(filter);
    }
    run(&mut tests)
}

/// Makes the machine ready; true when nothing may be skipped.
fn prepare(arguments: &TestArguments) -> Outcome<bool> {
    let root = is_root();
    if !root {
        say(
            "Not root: tests named root_* (devices, owners, overlay mounts, containers) will be skipped.",
        );
    }
    if arguments.no_setup {
        return Ok(false);
    }
    Ok(setup::ensure()? == Ready::Complete && root)
}

fn checks() -> Outcome {
    heading("Dependencies");
    dependencies::check()?;
    heading("Format");
    if succeeds(cargo().args(["fmt", "--version"])) {
        run(cargo().args(["fmt", "--all", "--check"]))?;
    } else {
        say("SKIPPED: this toolchain has no rustfmt");
    }
    heading("Lints");
    if succeeds(cargo().args(["clippy", "--version"])) {
        run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))?;
    } else {
        say("SKIPPED: this toolchain has no clippy");
    }
    heading("Generated documents");
    docs::docs(true)
}
