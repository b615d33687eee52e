//! Our own program, run with a store, a configuration and credentials of the test's own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::process::{Finished, Program, Running, temp_dir};
use crate::user::User;

/// How a run of Orlop ended.
pub type OrlopRun = Finished;

/// The program with a store of its own. Everything that it could find of the user's is out of its
/// sight: the home folder, the configuration, credentials, proxies.
#[derive(Debug)]
pub struct Orlop {
    binary: PathBuf,
    folder: TempDir,
    root: PathBuf,
    driver: Option<String>,
    environment: Vec<(String, String)>,
    user: Option<Arc<User>>,
}

impl Orlop {
    /// `binary` is the program, in an integration test of its package `env!("CARGO_BIN_EXE_orlop")`.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let folder = temp_dir();
        for name in ["home", "docker", "run"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder is made");
        }
        let root = folder.path().join("store");
        Orlop {
            binary: binary.into(),
            folder,
            root,
            driver: None,
            environment: Vec::new(),
            user: None,
        }
    }

    /// Has this user run it, from a copy and with a store in the user's home.
    ///
    /// # Panics
    /// When the folders can't be made.
    #[must_use]
    pub fn user(mut self, user: &Arc<User>) -> Self {
        let folder = TempDir::with_prefix_in("orlop-", user.home()).expect("a folder is made");
        user.own(folder.path());
        for name in ["home", "docker", "run"] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).expect("a folder is made");
            user.own(&path);
        }
        self.binary = user.copy_of(&self.binary);
        self.root = folder.path().join("store");
        self.folder = folder;
        self.user = Some(Arc::clone(user));
        self
    }

    /// Uses another store folder.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Uses this storage driver.
    #[must_use]
    pub fn driver(mut self, name: &str) -> Self {
        self.driver = Some(name.to_owned());
        self
    }

    /// Sets an environment variable for every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the user's configuration file.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn config(self, toml: &str) -> Self {
        std::fs::write(self.config_file(), toml).expect("the configuration is written");
        self
    }

    /// The configuration file that `--config` names; it need not exist.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// The folder of Docker's `config.json` with the credentials.
    #[must_use]
    pub fn docker_config(&self) -> PathBuf {
        self.folder.path().join("docker")
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.root
    }

    /// The store's OCI layout.
    #[must_use]
    pub fn layout(&self) -> PathBuf {
        self.root.join("oci")
    }

    /// A folder for the test's own things, removed with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program with its global options and environment set, its command still to be given.
    #[must_use]
    pub fn program(&self) -> Program {
        let program = match &self.user {
            Some(user) => user.program(&self.binary).current_dir(self.folder.path()),
            None => Program::new(&self.binary),
        };
        let mut program = program
            .arg("--root")
            .arg(&self.root)
            .env("HOME", self.folder.path().join("home"))
            .env("DOCKER_CONFIG", self.docker_config())
            .env("XDG_RUNTIME_DIR", self.folder.path().join("run"))
            .env("NO_COLOR", "1");
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "http_proxy",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ]
        .into_iter()
        .chain([
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "REGISTRY_AUTH_FILE",
            "DOCKER_DEFAULT_PLATFORM",
        ])
        // A machine of continuous integration has it set, and `explore` then judges as with `--ci`.
        .chain(["ORLOP_ROOT", "ORLOP_CONFIG", "CI"])
        {
            program = program.env_remove(name);
        }
        if self.config_file().exists() {
            program = program.arg("--config").arg(self.config_file());
        }
        if let Some(driver) = &self.driver {
            program = program.arg("--storage-driver").arg(driver);
        }
        for (name, value) in &self.environment {
            program = program.env(name, value);
        }
        program
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> OrlopRun {
        self.program().args(arguments).run()
    }

    /// Runs a command that must succeed.
    ///
    /// # Panics
    /// When it fails, with all that it said.
    pub fn ok(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> OrlopRun {
        self.run(arguments).expect_success()
    }

    /// Runs a command that must fail with exit code 1 and returns what it said on standard error.
    ///
    /// # Panics
    /// When it ends otherwise.
    pub fn fails(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
        self.run(arguments).expect_code(1).stderr
    }

    /// Starts a command in the background.
    #[must_use]
    pub fn spawn(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        self.program().args(arguments).spawn()
    }

    /// The names of all files below a folder of the store, for "nothing is left behind".
    #[must_use]
    pub fn files_below(&self, folder: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut waiting = vec![self.root.join(folder)];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push(entry.path());
                } else {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }
}
