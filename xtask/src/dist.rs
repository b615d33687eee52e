//! A release: one archive with the static program, its man pages, completions and licence.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{
    Outcome, cargo, heading, host_triple, is_root, output, run, say, target, workspace,
};

/// What lies beside the program.
const BESIDE: &[&str] = &[
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "docs/man",
    "completions",
];

/// The first glibc that has `/etc/hosts` and DNS inside itself. With an older one, a static program
/// would need libraries of exactly that version to look up a name.
const GLIBC: (u32, u32) = (2, 34);

/// Builds `target/dist/orlop-VERSION-TARGET.tar.gz` and `SHA256SUMS`.
pub(crate) fn dist() -> Outcome {
    let triple = host_triple()?;
    if triple.ends_with("-gnu") {
        check_glibc()?;
    }
    let program = build(&triple)?;
    check_static(&program)?;

    let name = format!("orlop-{}-{triple}", env!("CARGO_PKG_VERSION"));
    let folder = target().join("dist").join(&name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(Command::new("cp").arg(&program).arg(&folder))?;
    for item in BESIDE {
        run(Command::new("cp")
            .arg("-r")
            .arg(workspace().join(item))
            .arg(&folder))?;
    }
    if is_root() {
        // In this folder there is nothing else to load: no loader, no libraries, no /etc.
        heading("In a folder of its own");
        run(Command::new("chroot")
            .arg(&folder)
            .args(["/orlop", "--version"]))?;
    }
    archive(&target().join("dist"), &name)
}

/// Builds with the C library inside, and without the names of the folders that it was built in.
///
/// The flag needs `--target` even on the machine itself: without it cargo would also pass it to
/// procedural macros, which can't be static.
fn build(triple: &str) -> Outcome<PathBuf> {
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    let mut c_flags = Vec::new();
    for (folder, short) in [(workspace(), "orlop"), (cargo_home(), "cargo")] {
        flags.push(format!("--remap-path-prefix={}={short}", folder.display()));
        c_flags.push(format!("-ffile-prefix-map={}={short}", folder.display()));
    }
    let what = ["build", "--release", "--locked", "--package", "orlop"];
    run(cargo()
        .args(what)
        .args(["--target", triple])
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env("CFLAGS", c_flags.join(" ")))?;
    Ok(target().join(triple).join("release/orlop"))
}

/// The folder that cargo keeps sources in.
fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

fn check_glibc() -> Outcome {
    let text = output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    let text = String::from_utf8_lossy(&text);
    let version = text.trim().trim_start_matches("glibc ");
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let minor = minor.split('.').next().unwrap_or_default();
    match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) if (major, minor) >= GLIBC => Ok(()),
        _ => Err(format!(
            "a static program that looks up names needs glibc {}.{} or newer to be built, and here is {version}",
            GLIBC.0, GLIBC.1
        )),
    }
}

/// Refuses a program that asks for a loader or for libraries.
fn check_static(program: &Path) -> Outcome {
    let asked = output(Command::new("readelf").arg("-ldW").arg(program))?;
    let asked = String::from_utf8_lossy(&asked);
    let needed: Vec<&str> = asked
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("INTERP") || line.contains("(NEEDED)"))
        .collect();
    if needed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} isn't static:\n  {}",
        program.display(),
        needed.join("\n  ")
    ))
}

/// Packs so that the same input makes the same bytes, whoever packs it.
fn archive(folder: &Path, name: &str) -> Outcome {
    let pack = "set -o pipefail
        tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 \
        --mode=u=rwX,go=rX -cf - \"$1\" | gzip -n -9 >\"$1.tar.gz\"
        sha256sum \"$1.tar.gz\" >SHA256SUMS
        cat SHA256SUMS";
    say("");
    run(Command::new("bash")
        .current_dir(folder)
        .args(["-euc", pack, "bash", name]))?;
    say(&folder.join(format!("{name}.tar.gz")).display().to_string());
    Ok(())
}
