//! Docker's `config.json`: `auths`, `credHelpers`, `credsStore` (docker/cli,
//! `cli/config/configfile/file.go`).
//!
//! A logged-in user of docker is logged in here and the other way round: the same file is written,
//! and what else is in it stays as it was.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Map, Value, json};

use super::helper::Helper;
use super::{Credential, CredentialError, Credentials, Keeper};
use crate::{Secret, quirks};

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 4 << 20;

/// How long a credential helper may take, where nothing else is said.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// A `config.json`. Read anew for each question, so that a login by another program counts.
#[derive(Clone, Debug)]
pub struct DockerConfigFile {
    path: PathBuf,
    helper_path: Option<std::ffi::OsString>,
    helper_timeout: Duration,
}

impl DockerConfigFile {
    /// The file at `path`, which may not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            helper_path: None,
            helper_timeout: HELPER_TIMEOUT,
        }
    }

    /// Looks for credential helpers in `path` (of the form of `$PATH`) instead of where this
    /// process would find programs.
    #[must_use]
    pub fn with_helper_path(mut self, path: impl Into<std::ffi::OsString>) -> Self {
        self.helper_path = Some(path.into());
        self
    }

    /// Ends a credential helper that takes longer.
    #[must_use]
    pub fn with_helper_timeout(mut self, timeout: Duration) -> Self {
        self.helper_timeout = timeout;
        self
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Map<String, Value>, CredentialError> {
        read_object(&self.path)
    }

    /// The helper for this registry: its own, else that of all (`GetCredentialsStore`).
    fn helper(&self, config: &Map<String, Value>, registry: &str) -> Option<Helper> {
        let of = |helpers: &Map<String, Value>| {
            spellings(registry)
                .iter()
                .find_map(|key| Some(helpers.get(key)?.as_str()?.to_owned()))
        };
        let own = config
            .get("credHelpers")
            .and_then(Value::as_object)
            .and_then(of);
        let any = || {
            config
                .get("credsStore")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let name = own.or_else(any).filter(|name| !name.is_empty())?;
        Some(Helper {
            name,
            search: self.helper_path.clone(),
            timeout: self.helper_timeout,
        })
    }

    fn write(&self, config: &Map<String, Value>) -> Result<(), CredentialError> {
        write_object(&self.path, config)
    }
}

impl Credentials for DockerConfigFile {
    fn get(&self, registry: &str) -> Result<Option<Credential>, CredentialError> {
        let config = self.read()?;
        if let Some(helper) = self.helper(&config, registry) {
            for key in spellings(registry) {
                if let Some(credential) = helper.get(&key)? {
                    return Ok(Some(credential));
                }
            }
        }
        let Some(auths) = config.get("auths").and_then(Value::as_object) else {
            return Ok(None);
        };
        let entry = spellings(registry)
            .iter()
            .find_map(|key| auths.get(key))
            .or_else(|| {
                // Older files have whole addresses as keys (`ConvertToHostname`).
                auths
                    .iter()
                    .find(|(key, _)| host_of(key) == registry)
                    .map(|(_, entry)| entry)
            });
        match entry {
            Some(entry) => read_entry(&self.path, entry),
            None => Ok(None),
        }
    }

    fn store(&self, registry: &str, credential: &Credential) -> Result<Keeper, CredentialError> {
        let mut config = self.read()?;
        let key = quirks::credential_key(registry).to_owned();
        if let Some(helper) = self.helper(&config, registry) {
            helper.store(&key, credential)?;
            // docker leaves an empty entry, by which it knows that there is one in the helper.
            auths(&mut config).insert(key, json!({}));
            self.write(&config)?;
            return Ok(Keeper::Helper(helper.name));
        }
        auths(&mut config).insert(key, write_entry(credential));
        self.write(&config)?;
        Ok(Keeper::File(self.path.clone()))
    }

    fn erase(&self, registry: &str) -> Result<bool, CredentialError> {
        let mut config = self.read()?;
        let mut erased = false;
        if let Some(helper) = self.helper(&config, registry) {
            for key in spellings(registry) {
                if helper.get(&key)?.is_some() {
                    helper.erase(&key)?;
                    erased = true;
                }
            }
        }
        let auths = auths(&mut config);
        let keys: Vec<String> = auths
            .keys()
            .filter(|key| spellings(registry).contains(key) || host_of(key) == registry)
            .cloned()
            .collect();
        for key in &keys {
            auths.shift_remove(key);
        }
        if !keys.is_empty() {
            self.write(&config)?;
        }
        Ok(erased || !keys.is_empty())
    }
}

fn auths(config: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let auths = config.entry("auths").or_insert_with(|| json!({}));
    if !auths.is_object() {
        *auths = json!({});
    }
    auths.as_object_mut().expect("it was just made an object")
}

/// The keys under which the credential of `registry` may be, the right one first.
pub(super) fn spellings(registry: &str) -> Vec<String> {
    if quirks::is_hub(registry) {
        let mut keys = vec![
            quirks::HUB_CREDENTIAL_KEY.to_owned(),
            "docker.io".to_owned(),
        ];
        keys.extend(quirks::HUB_ALIASES.iter().map(|key| (*key).to_owned()));
        return keys;
    }
    vec![registry.to_owned(), format!("https://{registry}")]
}

/// The host of a key that may be a whole address.
fn host_of(key: &str) -> &str {
    let rest = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    rest.split('/').next().unwrap_or(rest)
}

pub(super) fn read_object(path: &Path) -> Result<Map<String, Value>, CredentialError> {
    let failed = |source| CredentialError::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let wrong = |reason| CredentialError::Format {
        path: path.to_owned(),
        reason,
    };
    let text = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => return Err(failed(error)),
        Ok(meta) if meta.len() > MAX_SIZE => {
            return Err(wrong(format!("{} bytes are too many", meta.len())));
        }
        Ok(_) => std::fs::read(path).map_err(failed)?,
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let object: Map<String, Value> =
        serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    for key in ["auths", "credHelpers"] {
        let fine = |value: &Value| value.is_object() || value.is_null();
        if !object.get(key).is_none_or(fine) {
            return Err(wrong(format!("`{key}` is not an object")));
        }
    }
    Ok(object)
}

/// Replaces the file in one step, readable by its owner alone.
fn write_object(path: &Path, object: &Map<String, Value>) -> Result<(), CredentialError> {
    let failed = |source| CredentialError::File {
        action: "write",
        path: path.to_owned(),
        source,
    };
    // A link to the real file (dotfiles kept elsewhere) stays a link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(failed)?;
    let mut text = Vec::new();
    // docker writes tabs; a file that both write shouldn't change all over.
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(object, &mut serializer).map_err(|e| failed(e.into()))?;
    let temporary = directory.join(format!(".config.json.{}", std::process::id()));
    let result = write_private(&temporary, &text).and_then(|()| std::fs::rename(&temporary, &path));
    result.map_err(|error| {
        // Best effort: the error that counts is the one above.
        let _ = std::fs::remove_file(&temporary);
        failed(error)
    })
}

fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let _ = std::fs::remove_file(path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Reads an entry of `auths`.
pub(crate) fn read_entry(
    path: &Path,
    entry: &Value,
) -> Result<Option<Credential>, CredentialError> {
    let wrong = |reason: &str| CredentialError::Format {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    if !entry.is_object() && !entry.is_null() {
        return Err(wrong("an entry of `auths` is not an object"));
    }
    let text = |key: &str| {
        entry
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let (mut user, mut password) = (text("username"), text("password"));
    if let Some(auth) = text("auth") {
        let bytes = STANDARD
            .decode(auth.trim())
            .or_else(|_| STANDARD_NO_PAD.decode(auth.trim()))
            .map_err(|_| wrong("an `auth` is not base64"))?;
        let pair = String::from_utf8(bytes).map_err(|_| wrong("an `auth` is not text"))?;
        let (name, secret) = pair
            .split_once(':')
            .ok_or_else(|| wrong("an `auth` has no colon"))?;
        // docker pads passwords with NULs in files of its early days.
        user = Some(name.to_owned());
        password = Some(secret.trim_matches('\0').to_owned());
    }
    if let Some(token) = text("registrytoken") {
        return Ok(Some(Credential::Bearer {
            token: token.into(),
        }));
    }
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Credential::Identity {
            user: user.unwrap_or_default(),
            token: token.into(),
        }));
    }
    Ok(match (user, password) {
        (Some(user), Some(password)) if !user.is_empty() => {
            Some(Credential::password(user, password))
        }
        _ => None,
    })
}

pub(crate) fn write_entry(credential: &Credential) -> Value {
    let auth = |user: &str, secret: &Secret| STANDARD.encode(format!("{user}:{}", secret.expose()));
    match credential {
        Credential::Password { user, password } => json!({ "auth": auth(user, password) }),
        Credential::Identity { user, token } => json!({
            "auth": auth(user, &Secret::new("")),
            "identitytoken": token.expose(),
        }),
        Credential::Bearer { token } => json!({ "registrytoken": token.expose() }),
    }
}

#[cfg(test)]
#[path = "docker_config_tests.rs"]
mod tests;
