//! The Docker engine, started by hand with everything of its own, and the docker command line.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Finished, Program, Running, temp_dir};
use crate::skip::{is_root, missing, need_programs};

/// A running engine. Dropping it stops it.
#[derive(Debug)]
pub struct DockerEngine {
    process: Option<Running>,
    folder: TempDir,
}

impl DockerEngine {
    /// Starts `dockerd` with its data, state, socket and process file in a temporary folder, without
    /// a network. Needs root. `None`, said loudly, where it is missing or cannot work.
    #[must_use]
    pub fn start() -> Option<Self> {
        let programs = [
            ("dockerd", "docker.io"),
            ("docker", "docker.io"),
            ("containerd", "containerd"),
        ];
        if !is_root() || !need_programs(&programs) {
            return None;
        }
        let folder = temp_dir();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("config")).expect("a folder is made");
        std::fs::write(at("daemon.json"), "{}").expect("the engine's configuration is written");
        let process = Program::new("dockerd")
            .arg("--config-file")
            .arg(at("daemon.json"))
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .args([
                "--iptables=false",
                "--ip6tables=false",
                "--bridge=none",
                "--storage-driver=overlay2",
            ])
            .args(["--insecure-registry=127.0.0.0/8", "--host"])
            .arg(format!("unix://{}", at("sock").display()))
            .spawn();
        let mut engine = DockerEngine {
            process: Some(process),
            folder,
        };
        engine.wait_until_up().then_some(engine)
    }

    fn wait_until_up(&mut self) -> bool {
        let start = Instant::now();
        loop {
            let alive = self.process.as_mut().is_some_and(Running::is_running);
            if !alive || start.elapsed() > Duration::from_secs(60) {
                let said = self
                    .process
                    .as_ref()
                    .map(Running::stderr)
                    .unwrap_or_default();
                let last = said.lines().last().unwrap_or_default();
                missing("working Docker engine", &format!("dockerd says: {last}"));
                return false;
            }
            if self.folder.path().join("sock").exists()
                && self.program().arg("version").run().status.success()
            {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The process id of `dockerd`.
    ///
    /// # Panics
    /// Never while the engine is held.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("held until dropped").id()
    }

    /// The folder of all that it keeps.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// `docker` talking to this engine, its command still to be given.
    #[must_use]
    pub fn program(&self) -> Program {
        Program::new("docker")
            .arg("--host")
            .arg(format!(
                "unix://{}",
                self.folder.path().join("sock").display()
            ))
            .env("DOCKER_CONFIG", self.folder.path().join("config"))
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_CONTEXT")
    }

    /// Pulls.
    ///
    /// # Panics
    /// When it fails.
    pub fn pull(&self, name: &str) -> Finished {
        self.program().args(["pull", name]).ok()
    }

    /// Pushes.
    ///
    /// # Panics
    /// When it fails.
    pub fn push(&self, name: &str) -> Finished {
        self.program().args(["push", name]).ok()
    }

    /// Runs a command in a container of the image, without a network, and returns what it said.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn run(&self, image: &str, command: &[&str]) -> String {
        self.program()
            .args(["run", "--rm", "--network=none", image])
            .args(command)
            .ok()
            .stdout
    }

    /// `docker image inspect` of one image.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn inspect(&self, image: &str) -> Value {
        let said = self.program().args(["image", "inspect", image]).ok().stdout;
        let mut list: Value = serde_json::from_str(&said).expect("docker speaks JSON");
        list[0].take()
    }
}

impl Drop for DockerEngine {
    fn drop(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        process.signal(Signal::TERM);
        let start = Instant::now();
        let mut process = process;
        while process.is_running() && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
