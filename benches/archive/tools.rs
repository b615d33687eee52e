//! How each tool is told to load and to save, with storage of its own.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::Outcome;
use crate::pull::measure::{Group, Measured};
use crate::pull::tools::{Engine, failure};

/// A tool that loads and saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Our own program.
    Orlop,
    /// podman with the overlay driver.
    Podman,
    /// The Docker engine with the overlay2 driver.
    Docker,
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
    pub(crate) fn load(&self, archive: &Path, group: &Group) -> Outcome<Measured> {
        let archive = archive.display().to_string();
        self.run(&["load", "-q", "-i", &archive], group)
    }

    /// Saves an image.
    pub(crate) fn save(&self, name: &str, archive: &Path, group: &Group) -> Outcome<Measured> {
        let archive = archive.display().to_string();
        match self.tool {
            // docker knows no quiet one.
            Tool::Docker => self.run(&["save", "-o", &archive, name], group),
            _ => self.run(&["save", "-q", "-o", &archive, name], group),
        }
    }

    fn run(&self, arguments: &[&str], group: &Group) -> Outcome<Measured> {
        if let Some(engine) = &self.engine {
            return group.measure(|| engine.run(arguments));
        }
        let at = |part: &str| self.storage.join(part).display().to_string();
        let mut command = match self.tool {
            Tool::Orlop => vec![
                crate::orlop()?.display().to_string(),
                "--root".to_owned(),
                at("root"),
            ],
            _ => [
                "podman",
                "--root",
                &at("root"),
                "--runroot",
                &at("run"),
                "--storage-driver",
                "overlay",
            ]
            .map(str::to_owned)
            .to_vec(),
        };
        command.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let home = [("HOME".to_owned(), at("home"))];
        let log = self.storage.join("log");
        group.measure(|| {
            let mut child = group.spawn(&command, &home, &log)?;
            let status = child.wait().map_err(|error| error.to_string())?;
            match status.success() {
                true => Ok(()),
                false => Err(failure(self.tool.name(), &log)),
            }
        })
    }
}
