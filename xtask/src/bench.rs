//! Benchmarks live in the package `orlop-bench`; here they are only built for speed and started.

use crate::command::{Outcome, cargo, run};

/// Builds the program and the benchmarks in release mode and runs one.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    run(cargo().args(["build", "--release", "--package", "orlop"]))?;
    if arguments.first().is_some_and(|what| what == "scan") {
        let example = ["--package", "orlop-vuln", "--example", "advisories"];
        run(cargo().args(["build", "--release"]).args(example))?;
    }
    run(cargo()
        .args([
            "run",
            "--release",
            "--quiet",
            "--package",
            "orlop-bench",
            "--",
        ])
        .args(arguments))
}
