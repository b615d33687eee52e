//! The registries, each with a folder of its own.

use std::fmt;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::work::Figure;
use crate::{Outcome, orlop};

/// Which registry.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Ours.
    Orlop,
    /// Debian's package `docker-registry`.
    Debian,
    /// A program of CNCF distribution v3.
    V3(PathBuf),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Orlop => "orlop",
            Self::Debian => "docker-registry",
            Self::V3(_) => "distribution v3",
        })
    }
}

/// A running registry.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) host: String,
}

impl Server {
    /// Starts one with empty storage in `folder`.
    pub(crate) fn start(kind: &Kind, folder: &Path) -> Outcome<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|error| error.to_string())?;
        }
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        rustix::fs::sync();
        Self::start_on(kind, folder)
    }

    /// Starts one with what is in `folder`.
    pub(crate) fn start_on(kind: &Kind, folder: &Path) -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?
            .port();
        let host = format!("127.0.0.1:{port}");
        let mut command = match kind {
            Kind::Orlop => {
                let mut command = Command::new(orlop()?);
                command
                    .args(["serve", "--listen", &host, "--root"])
                    .arg(folder.join("data"));
                command
            }
            Kind::Debian => distribution(Path::new("docker-registry"), folder, &host)?,
            Kind::V3(program) => distribution(program, folder, &host)?,
        };
        let process = command
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{kind}: {error}"))?;
        let server = Self { process, host };
        server.wait()?;
        Ok(server)
    }

    fn wait(&self) -> Outcome {
        let start = Instant::now();
        while TcpStream::connect(&self.host).is_err() {
            if start.elapsed() > Duration::from_secs(20) {
                return Err("the registry doesn't come up".to_owned());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The most resident memory that it had, in MB.
    pub(crate) fn memory(&self, name: &str) -> Outcome<Figure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .map_err(|error| error.to_string())?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| {
                rest.trim()
                    .trim_end_matches("kB")
                    .trim()
                    .parse::<f64>()
                    .ok()
            })
            .ok_or("no VmHWM in its status")?;
        Ok(Figure::new(name, "MB", kilobytes * 1024.0 / 1e6))
    }

    /// Stops it.
    pub(crate) fn stop(mut self) {
        // It has nothing to lose: the folder goes too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn distribution(program: &Path, folder: &Path, host: &str) -> Outcome<Command> {
    let file = folder.join("config.yml");
    let text = format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  \
         filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\nhttp:\n  addr: {host}\n",
        folder.join("data").display()
    );
    fs::write(&file, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("serve").arg(&file);
    Ok(command)
}
