//! How each tool is told to pull into fresh storage.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::measure::{Group, Measured};
use crate::Outcome;

/// A tool that pulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Our own program.
    Orlop,
    /// podman with the overlay driver.
    Podman,
    /// The Docker engine with the overlay2 driver.
    Docker,
    /// skopeo into a folder: nothing is unpacked, so this is no equal, only a floor.
    Skopeo,
}

impl Tool {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Orlop => "orlop",
            Tool::Podman => "podman",
            Tool::Docker => "docker",
            Tool::Skopeo => "skopeo",
        }
    }

    /// Pulls `name` into `storage`, an empty folder.
    pub(crate) fn pull(self, name: &str, storage: &Path, group: &Group) -> Outcome<Measured> {
        if self == Tool::Docker {
            return docker(name, storage, group);
        }
        let at = |part: &str| storage.join(part).display().to_string();
        let command: Vec<String> = match self {
            Tool::Orlop => {
                let program = crate::orlop()?.display().to_string();
                [&program, "--root", &at("root"), "pull", name]
                    .map(str::to_owned)
                    .to_vec()
            }
            Tool::Podman => {
                std::fs::write(
                    at("policy.json"),
                    r#"{"default":[{"type":"insecureAcceptAnything"}]}"#,
                )
                .map_err(|error| error.to_string())?;
                let policy = format!("--signature-policy={}", at("policy.json"));
                let pull = ["pull", "--tls-verify=false", &policy, name];
                let pull = pull.map(str::to_owned);
                podman(storage).into_iter().chain(pull).collect()
            }
            _ => {
                let (source, target) = (format!("docker://{name}"), format!("dir:{}", at("dir")));
                let copy = [
                    "skopeo",
                    "--insecure-policy",
                    "copy",
                    "--src-tls-verify=false",
                ];
                let words = [copy.as_slice(), &[&source, &target]].concat();
                words.into_iter().map(str::to_owned).collect()
            }
        };
        // Nothing of the user's may steer a tool.
        for folder in ["home", "docker"] {
            std::fs::create_dir(at(folder)).map_err(|error| error.to_string())?;
        }
        std::fs::write(at("docker/config.json"), "{}").map_err(|error| error.to_string())?;
        let home = [
            ("HOME".to_owned(), at("home")),
            ("DOCKER_CONFIG".to_owned(), at("docker")),
        ];
        finish(self.name(), &command, &home, storage, group)
    }
}

/// podman, with all that it keeps in `storage`.
pub(crate) fn podman(storage: &Path) -> Vec<String> {
    let at = |part: &str| storage.join(part).display().to_string();
    let (root, run) = (at("root"), at("run"));
    let words = ["podman", "--root", &root, "--runroot", &run];
    let driver = ["--storage-driver", "overlay"];
    words
        .iter()
        .chain(&driver)
        .map(|&word| word.to_owned())
        .collect()
}

/// Runs a command to its end in the group, with its log in `storage`.
pub(crate) fn finish(
    name: &str,
    command: &[String],
    environment: &[(String, String)],
    storage: &Path,
    group: &Group,
) -> Outcome<Measured> {
    let log = storage.join("log");
    group.measure(|| {
        let mut child = group.spawn(command, environment, &log)?;
        let status = child.wait().map_err(|error| error.to_string())?;
        match status.success() {
            true => Ok(()),
            false => Err(failure(name, &log)),
        }
    })
}

fn failure(name: &str, log: &Path) -> String {
    format!(
        "{name} fails:\n{}",
        std::fs::read_to_string(log).unwrap_or_default()
    )
}

/// The engine does the work, so the engine and its children are measured, not the command line; its
/// start is not.
fn docker(name: &str, storage: &Path, group: &Group) -> Outcome<Measured> {
    let engine = Engine::start(storage, group)?;
    let measured = group.measure(|| engine.run(&["pull", "--quiet", name]));
    drop(engine);
    measured
}

/// A running `dockerd`. Dropping it stops it.
pub(crate) struct Engine {
    process: Child,
    socket: String,
    config: String,
}

impl Engine {
    /// Starts one in the group, with all that it keeps in `storage`.
    pub(crate) fn start(storage: &Path, group: &Group) -> Outcome<Self> {
        let at = |part: &str| storage.join(part).display().to_string();
        std::fs::write(at("daemon.json"), "{}").map_err(|error| error.to_string())?;
        let socket = format!("unix://{}", at("socket"));
        let options = [
            "--config-file",
            &at("daemon.json"),
            "--data-root",
            &at("data"),
            "--exec-root",
            &at("exec"),
        ];
        let more = [
            "--pidfile",
            &at("pid"),
            "--host",
            &socket,
            "--insecure-registry=127.0.0.0/8",
        ];
        let network = [
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--storage-driver=overlay2",
        ];
        let words = [&["dockerd"], options.as_slice(), &more, &network].concat();
        let command: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let log = storage.join("log");
        let mut engine = Engine {
            process: group.spawn(&command, &[], &log)?,
            config: at("config"),
            socket,
        };
        engine.wait_until_up(&log)?;
        Ok(engine)
    }

    /// Has it do something, by docker's command line.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let done = Command::new("docker")
            .args(["--host", &self.socket])
            .args(arguments)
            .env("DOCKER_CONFIG", &self.config)
            .output()
            .map_err(|error| error.to_string())?;
        if done.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&done.stderr).into_owned())
        }
    }

    fn wait_until_up(&mut self, log: &Path) -> Outcome {
        let start = Instant::now();
        loop {
            let mut ask = Command::new("docker");
            ask.args(["--host", &self.socket, "version"])
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if ask.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(60)
                || !matches!(self.process.try_wait(), Ok(None))
            {
                return Err(failure("dockerd", log));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}

/// Removes a storage, and first what a tool has left mounted in it.
pub(crate) fn remove(storage: &Path) -> Outcome {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let inside: Vec<&str> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    for mounted in inside
        .iter()
        .rev()
        .filter(|mounted| Path::new(mounted).starts_with(storage))
    {
        let _ = Command::new("umount").args(["-l", mounted]).status();
    }
    match std::fs::remove_dir_all(storage) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", storage.display()))
        }
        _ => Ok(()),
    }
}
