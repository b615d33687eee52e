//! ZFS by its programs: `zfs` and `zpool`. There is no other interface that lasts from version to
//! version. Only what the oldest of them know is used: zfs-fuse is one, of 2012.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Where the programs are, if the `PATH` of the user doesn't lead there.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// How long a dataset that was just unmounted may stay busy. zfs-fuse lets go of it a moment after
/// `unmount` has returned.
const BUSY: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Runs `zfs`; what it printed.
pub(crate) fn zfs<A: AsRef<OsStr>>(arguments: &[A]) -> Result<String> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match run("zfs", arguments) {
            Err(Error::Command { said, .. })
                if said.contains("dataset is busy") && started.elapsed() < BUSY =>
            {
                std::thread::sleep(pause);
                pause *= 2;
            }
            done => return done,
        }
    }
}

/// Runs `zpool`; what it printed.
pub(crate) fn zpool<A: AsRef<OsStr>>(arguments: &[A]) -> Result<String> {
    run("zpool", arguments)
}

/// `PROPERTY=PATH`, for `-o`.
pub(crate) fn assign(property: &str, path: &Path) -> OsString {
    let mut text = OsString::from(property);
    text.push("=");
    text.push(path);
    text
}

/// Whether a dataset or snapshot is there.
pub(crate) fn exists(name: &str) -> Result<bool> {
    match zfs(&[
        "list",
        "-H",
        "-o",
        "name",
        "-t",
        "filesystem,snapshot",
        name,
    ]) {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Destroys a dataset with its snapshots, if it is there. `false` when others are clones of it.
pub(crate) fn destroy(name: &str) -> Result<bool> {
    match zfs(&["destroy", "-r", name]) {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(true),
        Err(Error::Command { said, .. }) if said.contains("dependent clones") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Unmounts a dataset where ZFS mounted it, if it did.
pub(crate) fn unmount(name: &str) -> Result<()> {
    match zfs(&["unmount", name]) {
        Ok(_) => Ok(()),
        Err(Error::Command { said, .. }) if said.contains("not currently mounted") => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Mounts a dataset at its mount point. zfs-fuse may have done so when it was made.
pub(crate) fn mount(name: &str) -> Result<()> {
    match zfs(&["mount", name]) {
        Err(Error::Command { said, .. }) if said.contains("already mounted") => Ok(()),
        done => done.map(drop),
    }
}

/// Nothing is of that name.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Command { said, .. } if said.contains("dataset does not exist"))
}

fn run<A: AsRef<OsStr>>(program: &str, arguments: &[A]) -> Result<String> {
    let shown = || {
        let mut line = OsString::from(program);
        for argument in arguments {
            line.push(" ");
            line.push(argument);
        }
        line.to_string_lossy().into_owned()
    };
    let mut output = command(program.as_ref(), arguments).output();
    for folder in FOLDERS {
        match &output {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            _ => break,
        }
        output = command(&Path::new(folder).join(program), arguments).output();
    }
    let output = output.map_err(|error| Error::Command {
        line: shown(),
        said: error.to_string(),
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Command {
            line: shown(),
            said: one_line(&said),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn command<A: AsRef<OsStr>>(program: &Path, arguments: &[A]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// What a program said, as a part of a message.
fn one_line(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    match lines.is_empty() {
        true => "it failed without a word".to_owned(),
        false => lines.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say() {
        assert_eq!(
            one_line("cannot destroy 'a/b': dataset is busy\n\n  use '-f'\n"),
            "cannot destroy 'a/b': dataset is busy; use '-f'"
        );
        assert_eq!(one_line("\n"), "it failed without a word");
        let error = run("no-such-program-of-ours", &["list", "a"]).unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.starts_with("`no-such-program-of-ours list a`: "),
            "{shown}"
        );
        assert_eq!(run("echo", &["a", "b"]).unwrap(), "a b\n");
        assert!(run("false", &[""; 0]).is_err());
    }

    #[test]
    fn a_missing_dataset() {
        let error = |said: &str| Error::Command {
            line: "zfs list x".to_owned(),
            said: said.to_owned(),
        };
        assert!(is_missing(&error(
            "cannot open 'x': dataset does not exist"
        )));
        assert!(!is_missing(&error("internal error")));
    }
}
