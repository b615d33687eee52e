//! How each tool is told to load and to save, with storage of its own.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::Outcome;
use crate::pull::measure::{Group, Measured};
use crate::pull::tools::{Engine, finish, podman};

/// A tool that loads and saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Our own program.
    Orlop,
    /// podman with the overlay driver.
    Podman,
    /// The Docker engine with the overlay2 driver.
    Docker,
    /// skopeo, from the archive into podman's storage and back.
    Skopeo,
}

/// A tool with its storage, ready to work.
pub(crate) struct Runner {
    tool: Tool,
    storage: PathBuf,
    /// Of docker, which works in its engine.
    engine: Option<Engine>,
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

    /// Makes it ready. What it keeps is in `storage`, an empty folder.
    pub(crate) fn start(self, storage: &Path, group: &Group) -> Outcome<Runner> {
        // Nothing of the user's may steer a tool.
        std::fs::create_dir(storage.join("home")).map_err(|error| error.to_string())?;
        let engine = match self {
            Tool::Docker => Some(Engine::start(storage, group)?),
            _ => None,
        };
        Ok(Runner {
            tool: self,
            storage: storage.to_owned(),
            engine,
        })
    }
}

impl Runner {
    /// Loads an archive.
    pub(crate) fn load(&self, archive: &Path, name: &str, group: &Group) -> Outcome<Measured> {
        let archive = archive.display().to_string();
        match self.tool {
            Tool::Skopeo => self.copy(&archived(&archive, name), &self.stored(name), group),
            _ => self.run(&["load", "-q", "-i", &archive], group),
        }
    }

    /// Saves an image.
    pub(crate) fn save(&self, archive: &Path, name: &str, group: &Group) -> Outcome<Measured> {
        let archive = archive.display().to_string();
        match self.tool {
            Tool::Skopeo => self.copy(&self.stored(name), &archived(&archive, name), group),
            // docker knows no quiet one.
            Tool::Docker => self.run(&["save", "-o", &archive, name], group),
            _ => self.run(&["save", "-q", "-o", &archive, name], group),
        }
    }

    fn run(&self, arguments: &[&str], group: &Group) -> Outcome<Measured> {
        if let Some(engine) = &self.engine {
            return group.measure(|| engine.run(arguments));
        }
        let mut command = match self.tool {
            Tool::Orlop => {
                let root = self.storage.join("root").display().to_string();
                vec![crate::orlop()?.display().to_string(), "--root".into(), root]
            }
            _ => podman(&self.storage),
        };
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self.finish(&command, group)
    }

    /// skopeo's one command.
    fn copy(&self, source: &str, target: &str, group: &Group) -> Outcome<Measured> {
        let words = ["skopeo", "--insecure-policy", "copy", "-q", source, target];
        self.finish(&words.map(str::to_owned), group)
    }

    fn finish(&self, command: &[String], group: &Group) -> Outcome<Measured> {
        let home = self.storage.join("home").display().to_string();
        let home = [("HOME".to_owned(), home)];
        finish(self.tool.name(), command, &home, &self.storage, group)
    }

    /// An image in podman's storage, as skopeo calls it.
    fn stored(&self, name: &str) -> String {
        let at = |part: &str| self.storage.join(part).display().to_string();
        let (root, run) = (at("root"), at("run"));
        format!("containers-storage:[overlay@{root}+{run}]localhost/{name}")
    }
}

/// An image in an archive, as skopeo calls it.
fn archived(archive: &str, name: &str) -> String {
    format!("docker-archive:{archive}:{name}")
}
