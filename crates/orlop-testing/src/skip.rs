//! What a test needs and a machine may lack, and how that is said.

use std::io::Write;
use std::path::PathBuf;

/// Says that a test, or a part of it, is left out and why.
///
/// The line goes to standard error past the harness's capture, so that it is seen though the test
/// passes.
///
/// # Panics
/// With `ORLOP_TEST_STRICT=1`: what should be there must be there.
pub fn missing(what: &str, how_to_get_it: &str) {
    assert!(
        !strict(),
        "{what} is missing ({how_to_get_it}) and ORLOP_TEST_STRICT=1 allows no skipping"
    );
    say(what, how_to_get_it);
}

/// Says that a test, or a part of it, is left out because the machine can't do what it needs, and no
/// package would change that. Never strict.
pub fn impossible(what: &str, why: &str) {
    say(what, why);
}

/// True when nothing may be skipped.
fn strict() -> bool {
    std::env::var_os("ORLOP_TEST_STRICT").is_some_and(|value| value == "1")
}

fn say(what: &str, how_to_get_it: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test").to_owned();
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED in {test}: no {what} ({how_to_get_it})"
    );
}

/// True when the test runs as root; otherwise says that it is skipped.
#[must_use]
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        missing("root privileges", "run the tests as root");
    }
    root
}

/// True when every program is on the `PATH`; otherwise says which isn't.
///
/// `programs` are pairs of a program and the Debian package that has it.
#[must_use]
pub fn need_programs(programs: &[(&str, &str)]) -> bool {
    let mut all = true;
    for (program, package) in programs {
        if find_program(program).is_none() {
            missing(program, &format!("apt-get install {package}"));
            all = false;
        }
    }
    all
}

/// The file that would run for `program`: looked up in `PATH`, then in the system's `sbin`s.
pub(crate) fn find_program(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The folder of real published images beside the checkout, if it is there; says so if it isn't.
///
/// Never strict: a checkout alone must be testable.
#[must_use]
pub fn fixtures() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    match folder.canonicalize() {
        Ok(folder) if folder.join("images").is_dir() => Some(folder),
        _ => {
            say(
                "../shared/fixtures",
                "real published images; the generated ones are tested all the same",
            );
            None
        }
    }
}
