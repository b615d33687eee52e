//! skopeo: copies images between registries, layouts and archives without any storage of its own.

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Finished, Program, temp_dir};
use crate::skip::need_programs;

/// skopeo with a policy and a credentials file of its own.
#[derive(Debug)]
pub struct Skopeo {
    folder: TempDir,
}

impl Skopeo {
    /// Debian's skopeo.
    #[must_use]
    pub fn new() -> Option<Self> {
        if !need_programs(&[("skopeo", "skopeo")]) {
            return None;
        }
        let folder = temp_dir();
        let policy = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#;
        std::fs::write(folder.path().join("policy.json"), policy).expect("the policy is written");
        Some(Skopeo { folder })
    }

    /// skopeo with its options, its command still to be given.
    #[must_use]
    pub fn program(&self) -> Program {
        Program::new("skopeo")
            .arg("--policy")
            .arg(self.folder.path().join("policy.json"))
            .arg("--tmpdir")
            .arg(self.folder.path())
            .env("REGISTRY_AUTH_FILE", self.folder.path().join("auth.json"))
    }

    /// Copies an image, all its platforms with `--all` among `options`. Loopback registries are
    /// spoken to over plain HTTP.
    ///
    /// # Panics
    /// When it fails.
    pub fn copy(&self, from: &str, to: &str, options: &[&str]) -> Finished {
        let plain = |name: &str| name.starts_with("docker://127.0.0.1");
        let mut program = self.program().arg("copy").args(options);
        if plain(from) {
            program = program.arg("--src-tls-verify=false");
        }
        if plain(to) {
            program = program.arg("--dest-tls-verify=false");
        }
        program.args([from, to]).ok()
    }

    /// The manifest or index that a name stands for, as its bytes are.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn raw(&self, name: &str) -> String {
        self.program()
            .args(["inspect", "--raw", "--tls-verify=false", name])
            .ok()
            .stdout
    }

    /// skopeo's own view of an image of one platform: `Digest`, `Layers`, `Labels` …
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn inspect(&self, name: &str) -> Value {
        let said = self
            .program()
            .args(["inspect", "--no-tags", "--tls-verify=false", name])
            .ok()
            .stdout;
        serde_json::from_str(&said).expect("skopeo speaks JSON")
    }
}
