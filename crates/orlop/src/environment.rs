//! What the process was given besides its arguments: variables, the home directory, who runs it.
//! Only this module reads them; a test makes its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The surroundings of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    root: bool,
}

/// Set for what `orlop unshare` runs.
pub const UNSHARED: &str = "ORLOP_UNSHARED";

impl Environment {
    /// Those of this process. Variables that are no UTF-8 are left out.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            root: rustix::process::geteuid().is_root(),
        }
    }

    /// Made up, for tests.
    pub fn new(variables: &[(&str, &str)], root: bool) -> Self {
        Self {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            root,
        }
    }

    /// A variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether root runs the process: of the machine or container, not of a user's own namespace.
    pub fn is_root(&self) -> bool {
        self.root && !self.is_unshared()
    }

    /// Whether the process was run by `orlop unshare`.
    pub fn is_unshared(&self) -> bool {
        self.root && self.get(UNSHARED).is_some()
    }

    /// The home directory. Without `HOME` it is `/`, as for a service.
    pub fn home(&self) -> PathBuf {
        self.get("HOME").map_or_else(|| "/".into(), PathBuf::from)
    }

    /// Where the user's configuration is kept (XDG Base Directory Specification).
    pub fn config_home(&self) -> PathBuf {
        self.xdg("XDG_CONFIG_HOME")
            .unwrap_or_else(|| self.home().join(".config"))
    }

    /// Where the user's data is kept (XDG Base Directory Specification).
    pub fn data_home(&self) -> PathBuf {
        self.xdg("XDG_DATA_HOME")
            .unwrap_or_else(|| self.home().join(".local/share"))
    }

    /// Where files go that nobody needs for long.
    pub fn scratch(&self) -> PathBuf {
        self.get("TMPDIR")
            .map_or_else(|| "/var/tmp".into(), PathBuf::from)
    }

    /// The user's directory for things that a reboot may drop.
    pub fn runtime_dir(&self) -> Option<PathBuf> {
        self.xdg("XDG_RUNTIME_DIR")
    }

    /// The specification says that relative paths are to be ignored.
    fn xdg(&self, name: &str) -> Option<PathBuf> {
        self.get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }

    /// The folder of docker's own `config.json`.
    pub fn docker_config(&self) -> PathBuf {
        self.get("DOCKER_CONFIG")
            .map_or_else(|| self.home().join(".docker"), PathBuf::from)
    }

    /// Where podman keeps credentials, the first that podman itself would use
    /// (containers-auth.json(5)).
    pub fn podman_auth_files(&self) -> Vec<PathBuf> {
        if let Some(file) = self.get("REGISTRY_AUTH_FILE") {
            return vec![file.into()];
        }
        let mut files: Vec<PathBuf> = Vec::new();
        if let Some(dir) = self.runtime_dir() {
            files.push(dir.join("containers/auth.json"));
        }
        files.push(self.config_home().join("containers/auth.json"));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_and_home() {
        let env = Environment::new(&[("HOME", "/home/u"), ("XDG_DATA_HOME", "relative")], false);
        assert_eq!(env.data_home(), PathBuf::from("/home/u/.local/share"));
        assert_eq!(env.config_home(), PathBuf::from("/home/u/.config"));
        assert_eq!(env.docker_config(), PathBuf::from("/home/u/.docker"));
        assert_eq!(
            env.podman_auth_files(),
            [PathBuf::from("/home/u/.config/containers/auth.json")]
        );
        let env = Environment::new(&[("REGISTRY_AUTH_FILE", "/a.json"), ("EMPTY", "")], true);
        assert_eq!(env.podman_auth_files(), [PathBuf::from("/a.json")]);
        assert_eq!(env.get("EMPTY"), None);
        assert!(env.is_root() && !env.is_unshared());
        let env = Environment::new(&[(UNSHARED, "1")], true);
        assert!(!env.is_root() && env.is_unshared());
        let env = Environment::new(&[(UNSHARED, "1")], false);
        assert!(!env.is_root() && !env.is_unshared());
    }
}
