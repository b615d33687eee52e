//! The Debian packages behind building and testing.

use std::process::Command;

use crate::command::{Outcome, heading, is_root, run, say, succeeds};

/// Packages and what each is for.
const PACKAGES: &[(&str, &str)] = &[
    ("gcc", "compiles SQLite, zstd and ring"),
    ("libc6-dev", "the C library's headers"),
    ("busybox-static", "the program inside test images"),
    (
        "docker-registry",
        "the registry that tests pull from and push to",
    ),
    ("skopeo", "reads what we store, pushes what we pull"),
    ("podman", "runs what we pushed, pushes what we pull"),
    ("buildah", "the same storage as podman, another pusher"),
    ("umoci", "unpacks images: the reference for trees"),
    ("runc", "the runtime below podman and the Docker engine"),
    (
        "docker.io",
        "the Docker engine; tests start it themselves, with a folder of its own",
    ),
    (
        "btrfs-progs",
        "makes the btrfs that its storage driver is tested on",
    ),
    ("strace", "tells in which order we write, sync and rename"),
    ("xz-utils", "compresses archives of tests"),
    ("bzip2", "compresses archives of tests"),
    ("zstd", "compresses archives of tests"),
    (
        "zfs-fuse",
        "the ZFS that its storage driver is tested on; tests start it themselves",
    ),
    ("uidmap", "gives users ids for their own namespaces"),
    ("openssl", "certificates and signatures of tests"),
    ("python3-pip", "schemas and readers of SBOMs"),
    ("python3-venv", "a place for them"),
    ("python3-rpm", "RPM's own order of versions"),
    ("python3-packaging", "Python's own order of versions"),
    ("node-semver", "npm's own order of versions"),
    ("libdpkg-perl", "Debian's own order of versions"),
    ("ruby", "RubyGems' own order of versions"),
    ("php-cli", "runs Composer's order of versions"),
    ("php-composer-semver", "Composer's own order of versions"),
];

/// Packages that some releases of Debian have and others don't need.
const WHERE_AVAILABLE: &[(&str, &str)] = &[(
    "docker-cli",
    "docker's command line, once a package of its own",
)];

/// What `setup` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// All packages are there.
    Complete,
    /// Some are missing and weren't installed.
    Incomplete,
}

/// Installs what is missing as root; says what is missing otherwise.
pub(crate) fn setup() -> Outcome {
    if ensure()? == Ready::Complete {
        say("All packages are there.");
    }
    Ok(())
}

/// As [`setup`], with the result.
pub(crate) fn ensure() -> Outcome<Ready> {
    if !succeeds(Command::new("apt-get").arg("--version")) {
        say("No apt-get here. Tests use these programs where they are, and say what they skip:");
        list(PACKAGES);
        return Ok(Ready::Incomplete);
    }
    let mut wanted: Vec<(&str, &str)> = PACKAGES
        .iter()
        .copied()
        .filter(|(name, _)| !installed(name))
        .collect();
    if !succeeds(Command::new("sh").args(["-c", "command -v docker"])) {
        wanted.extend(WHERE_AVAILABLE.iter().filter(|(name, _)| available(name)));
    }
    if wanted.is_empty() {
        return Ok(Ready::Complete);
    }
    if !is_root() {
        let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
        say("These packages are missing; tests that need them will be skipped and say so:");
        list(&wanted);
        say(&format!(
            "To install them: sudo apt-get install --no-install-recommends {}",
            names.join(" ")
        ));
        return Ok(Ready::Incomplete);
    }
    install(&wanted)?;
    Ok(Ready::Complete)
}

fn install(wanted: &[(&str, &str)]) -> Outcome {
    heading("Installing Debian packages");
    list(wanted);
    let apt = || {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "Dpkg::Use-Pty=0"]);
        command
    };
    // Package lists are often absent or stale on a fresh machine, and then every download fails.
    run(apt().arg("update"))?;
    run(apt()
        .args(["install", "-y", "--no-install-recommends"])
        .args(wanted.iter().map(|(name, _)| *name)))
}

fn list(packages: &[(&str, &str)]) {
    for (name, purpose) in packages {
        say(&format!("  {name:<16} {purpose}"));
    }
}

fn installed(package: &str) -> bool {
    // It complains about each that isn't, which is no news here.
    Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status}", package])
        .output()
        .is_ok_and(|found| found.stdout == b"installed")
}

fn available(package: &str) -> bool {
    succeeds(Command::new("apt-cache").args(["show", package]))
}
