//! podman and buildah, which share one storage.

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Finished, Program, temp_dir};
use crate::skip::need_programs;

/// podman with a storage of its own.
#[derive(Debug)]
pub struct Podman {
    folder: TempDir,
    name: String,
}

impl Podman {
    /// Debian's podman, with the overlay driver as root.
    #[must_use]
    pub fn new() -> Option<Self> {
        if !need_programs(&[("podman", "podman"), ("runc", "runc")]) {
            return None;
        }
        let folder = temp_dir();
        let policy = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#;
        std::fs::write(folder.path().join("policy.json"), policy).expect("the policy is written");
        std::fs::write(folder.path().join("auth.json"), "{}")
            .expect("the credentials file is written");
        std::fs::write(folder.path().join("registries.conf"), "")
            .expect("the registries file is written");
        // Two storages must not meet in podman's one lock segment.
        let number = folder
            .path()
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Some(Podman {
            folder,
            name: number.unwrap_or_default(),
        })
    }

    fn storage(&self, program: Program) -> Program {
        let at = |name: &str| self.folder.path().join(name);
        program
            .arg("--root")
            .arg(at("root"))
            .arg("--runroot")
            .arg(at("run"))
            .args(["--storage-driver", "overlay"])
            .env("REGISTRY_AUTH_FILE", at("auth.json"))
            .env("CONTAINERS_REGISTRIES_CONF", at("registries.conf"))
            .env("TMPDIR", self.folder.path())
    }

    /// podman with its options, its command still to be given.
    #[must_use]
    pub fn program(&self) -> Program {
        self.storage(Program::new("podman"))
            .arg("--tmpdir")
            .arg(self.folder.path().join("tmp"))
            .args([
                "--cgroup-manager",
                "cgroupfs",
                "--runtime",
                "runc",
                "--events-backend",
                "none",
            ])
    }

    /// buildah on the same storage; `None`, said loudly, where it isn't installed.
    #[must_use]
    pub fn buildah(&self) -> Option<Program> {
        need_programs(&[("buildah", "buildah")]).then(|| self.storage(Program::new("buildah")))
    }

    /// The folder of all that it keeps.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Pulls from a loopback registry.
    ///
    /// # Panics
    /// When it fails.
    pub fn pull(&self, name: &str) -> Finished {
        self.program()
            .args(["pull", "--quiet", "--tls-verify=false"])
            .arg(self.signature_policy())
            .arg(name)
            .ok()
    }

    /// Pushes to a loopback registry.
    ///
    /// # Panics
    /// When it fails.
    pub fn push(&self, name: &str) -> Finished {
        self.program()
            .args(["push", "--quiet", "--tls-verify=false"])
            .arg(self.signature_policy())
            .arg(name)
            .ok()
    }

    fn signature_policy(&self) -> String {
        format!(
            "--signature-policy={}",
            self.folder.path().join("policy.json").display()
        )
    }

    /// Runs a command in a container of the image, without a network, and returns what it said.
    ///
    /// Limits are set low: raising them needs a privilege that a root in a virtual machine may lack.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn run(&self, image: &str, command: &[&str]) -> String {
        let limits = [
            "--ulimit",
            "nofile=1024:1024",
            "--ulimit",
            "nproc=1024:1024",
        ];
        let name = format!("{}-{}", self.name, std::process::id());
        self.program()
            .args([
                "run",
                "--rm",
                "--network=none",
                "--pull=never",
                "--name",
                &name,
            ])
            .args(limits)
            .arg(image)
            .args(command)
            .ok()
            .stdout
    }

    /// `podman image inspect` of one image.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn inspect(&self, image: &str) -> Value {
        let said = self.program().args(["image", "inspect", image]).ok().stdout;
        let mut list: Value = serde_json::from_str(&said).expect("podman speaks JSON");
        list[0].take()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // podman keeps its storage mounted; a mounted folder cannot be removed.
        let home = self.folder.path().join("root/overlay");
        let _ = rustix::mount::unmount(&home, rustix::mount::UnmountFlags::DETACH);
    }
}
