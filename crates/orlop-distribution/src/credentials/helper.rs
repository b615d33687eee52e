//! Credential helpers: programs named `docker-credential-NAME` that keep secrets
//! (docker/docker-credential-helpers, `README.md`, "Development"). The verb is an argument, the
//! server's address or a JSON object comes on standard input, the answer on standard output.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use orlop_oci::json;
use serde::{Deserialize, Serialize};

use super::{Credential, CredentialError};
use crate::error::printable;
use crate::{Secret, quirks};

/// The most that is read of what a helper says, in bytes.
const MAX_OUTPUT: u64 = 1 << 20;

/// What helpers print when they know nothing of a server (`errCredentialsNotFound`).
const NOT_FOUND: &str = "credentials not found in native keychain";
/// What they print when they know the server but no user (`errCredentialsMissingUsername`).
const NO_USER: &str = "no credentials username";

pub(super) struct Helper {
    pub(super) name: String,
    pub(super) search: Option<OsString>,
    pub(super) timeout: Duration,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default, serialize_with = "orlop_secret::exposed")]
    secret: Secret,
}

impl Helper {
    pub(super) fn get(&self, server: &str) -> Result<Option<Credential>, CredentialError> {
        let output = match self.run("get", server.as_bytes()) {
            Ok(output) => output,
            Err(Failure::Said(text)) if text.contains(NOT_FOUND) || text.contains(NO_USER) => {
                return Ok(None);
            }
            Err(failure) => return Err(self.error(failure)),
        };
        let answer: Answer = json::from_slice(&output)
            .map_err(|e| self.error(Failure::Said(format!("its answer is not understood: {e}"))))?;
        if answer.secret.is_empty() {
            return Ok(None);
        }
        Ok(Some(Credential::password(answer.username, answer.secret)))
    }

    pub(super) fn store(
        &self,
        server: &str,
        credential: &Credential,
    ) -> Result<(), CredentialError> {
        let (username, secret) = match credential {
            Credential::Password { user, password } => (user.as_str(), password),
            Credential::Identity { token, .. } => (quirks::IDENTITY_TOKEN_USER, token),
            Credential::Bearer { .. } => {
                return Err(self.error(Failure::Said("it can't keep a registry token".into())));
            }
        };
        let answer = Answer {
            server_url: server.to_owned(),
            username: username.to_owned(),
            secret: secret.clone(),
        };
        let input =
            serde_json::to_vec(&answer).map_err(|e| self.error(Failure::Said(e.to_string())))?;
        self.run("store", &input)
            .map(drop)
            .map_err(|e| self.error(e))
    }

    pub(super) fn erase(&self, server: &str) -> Result<(), CredentialError> {
        self.run("erase", server.as_bytes())
            .map(drop)
            .map_err(|e| self.error(e))
    }

    fn error(&self, failure: Failure) -> CredentialError {
        let reason = match failure {
            Failure::Said(text) => printable(&text),
            Failure::Start(error) if error.kind() == io::ErrorKind::NotFound => {
                "executable file not found in $PATH".into()
            }
            Failure::Start(error) => error.to_string(),
            Failure::Late => format!("no answer within {} s", self.timeout.as_secs()),
        };
        CredentialError::Helper {
            name: printable(&self.name),
            reason,
        }
    }

    fn run(&self, verb: &str, input: &[u8]) -> Result<Vec<u8>, Failure> {
        // The name comes from a file: it must not reach out of the search path.
        if self.name.contains('/') {
            return Err(Failure::Said(
                "the name of a helper can't have a slash".into(),
            ));
        }
        let mut child = Command::new(self.program()?)
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Failure::Start)?;
        // A helper that doesn't read is not an error: its answer decides. Dropping closes the pipe.
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input);
        }
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let deadline = Instant::now() + self.timeout;
        let status = loop {
            match child.try_wait().map_err(Failure::Start)? {
                Some(status) => break status,
                None if Instant::now() > deadline => {
                    // It may have ended in between; then there is nothing left to end.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(Failure::Late);
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let rest = || {
            deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(100))
        };
        let output = stdout.recv_timeout(rest()).map_err(|_| Failure::Late)?;
        if status.success() {
            return Ok(output);
        }
        let errors = stderr.recv_timeout(rest()).unwrap_or_default();
        let said = [output, errors].concat();
        let text = String::from_utf8_lossy(&said).trim().to_owned();
        Err(Failure::Said(if text.is_empty() {
            status.to_string()
        } else {
            text
        }))
    }

    fn program(&self) -> Result<OsString, Failure> {
        let name = format!("docker-credential-{}", self.name);
        let Some(search) = &self.search else {
            return Ok(name.into());
        };
        std::env::split_paths(search)
            .map(|directory| directory.join(&name))
            .find(|path| path.is_file())
            .map(Into::into)
            .ok_or_else(|| Failure::Start(io::ErrorKind::NotFound.into()))
    }
}

enum Failure {
    Start(io::Error),
    Late,
    Said(String),
}

/// Reads a pipe to its end beside the wait for the program, so that neither blocks the other.
fn reader(pipe: Option<impl io::Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What came before an error is judged as it is.
            let _ = pipe.take(MAX_OUTPUT).read_to_end(&mut bytes);
        }
        // The receiver is gone when the helper was late.
        let _ = sender.send(bytes);
    });
    receiver
}
