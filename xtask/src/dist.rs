//! A release: one archive with the static program, its man pages, completions and licence.

use std::path::Path;
use std::process::Command;

use crate::command::{Outcome, cargo, host_triple, output, run, say, target, workspace};

/// Builds `target/dist/orlop-VERSION-TARGET.tar.gz` and its `.sha256`.
pub(crate) fn dist() -> Outcome {
    let triple = host_triple()?;
    // The C library goes into the program: it then runs on any Linux of this architecture.
    run(cargo()
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "orlop",
            "--target",
            &triple,
        ])
        .env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    let name = format!("orlop-{}-{triple}", env!("CARGO_PKG_VERSION"));
    let folder = target().join("dist").join(&name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let built = target().join(&triple).join("release/orlop");
    run(Command::new("install")
        .args(["-m", "755"])
        .arg(&built)
        .arg(folder.join("orlop")))?;
    for item in [
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "docs/man",
        "completions",
    ] {
        let from = workspace().join(item);
        if from.exists() {
            run(Command::new("cp").arg("-r").arg(from).arg(&folder))?;
        }
    }
    archive(&target().join("dist"), &name)
}

/// Packs so that the same input makes the same bytes.
fn archive(folder: &Path, name: &str) -> Outcome {
    let file = format!("{name}.tar.gz");
    let pack = "tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - \"$1\" | gzip -n -9 >\"$1.tar.gz\"";
    run(Command::new("sh")
        .current_dir(folder)
        .args(["-euc", pack, "sh", name]))?;
    let sum = output(Command::new("sha256sum").current_dir(folder).arg(&file))?;
    let sum_file = folder.join(format!("{file}.sha256"));
    std::fs::write(&sum_file, &sum).map_err(|error| format!("{}: {error}", sum_file.display()))?;
    say(&format!(
        "{}\n{}",
        folder.join(&file).display(),
        String::from_utf8_lossy(&sum).trim()
    ));
    Ok(())
}
