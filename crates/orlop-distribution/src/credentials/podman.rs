//! Podman's `auth.json` (containers/image, `docs/containers-auth.json.5.md`): docker's format, but
//! a key may also be a namespace or a repository, and the longest that fits counts. Only read.

use std::path::PathBuf;

use orlop_oci::Repository;
use serde_json::Value;

use super::docker_config::{read_entry, read_object, spellings};
use super::{Credential, CredentialError, Credentials, DockerConfigFile, Keeper};

/// An `auth.json`.
#[derive(Clone, Debug)]
pub struct PodmanAuthFile {
    path: PathBuf,
    /// The same file, for its credential helpers and whole registries.
    base: DockerConfigFile,
}

impl PodmanAuthFile {
    /// The file at `path`, which may not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            base: DockerConfigFile::new(path.clone()),
            path,
        }
    }
}

impl Credentials for PodmanAuthFile {
    fn get(&self, registry: &str) -> Result<Option<Credential>, CredentialError> {
        self.base.get(registry)
    }

    fn get_for(&self, repository: &Repository) -> Result<Option<Credential>, CredentialError> {
        let config = read_object(&self.path)?;
        if let Some(auths) = config.get("auths").and_then(Value::as_object) {
            let mut path = Some(repository.path());
            while let Some(namespace) = path {
                for host in spellings(repository.registry()) {
                    if let Some(entry) = auths.get(&format!("{host}/{namespace}")) {
                        return read_entry(&self.path, entry);
                    }
                }
                path = namespace.rsplit_once('/').map(|(above, _)| above);
            }
        }
        self.base.get(repository.registry())
    }

    fn store(&self, _registry: &str, _credential: &Credential) -> Result<Keeper, CredentialError> {
        Err(CredentialError::ReadOnly(self.path.display().to_string()))
    }

    fn erase(&self, _registry: &str) -> Result<bool, CredentialError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_key_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("auth.json");
        // u1:p, u2:p, u3:p
        std::fs::write(
            &path,
            r#"{"auths":{"quay.io":{"auth":"dTE6cA=="},"quay.io/org":{"auth":"dTI6cA=="},"quay.io/org/app":{"auth":"dTM6cA=="}}}"#,
        )
        .unwrap();
        let file = PodmanAuthFile::new(&path);
        for (repository, user) in [
            ("quay.io/other/x", "u1"),
            ("quay.io/org/x", "u2"),
            ("quay.io/org/app", "u3"),
            ("quay.io/org/app/deep", "u3"),
        ] {
            let credential = file.get_for(&repository.parse().unwrap()).unwrap().unwrap();
            assert_eq!(credential.user(), Some(user), "{repository}");
        }
        assert!(file.get("ghcr.io").unwrap().is_none());
        assert!(file.store("x.y", &Credential::password("a", "b")).is_err());
    }
}
