//! What is logged, and where to.

use std::path::PathBuf;

use serde::Deserialize;

use super::Period;

/// What is logged, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How what the registry says of itself on standard error looks.
    pub format: Option<LogFormat>,
    /// A line for each request.
    pub access: LogTarget,
    /// A line for each change: who did what, when, from where.
    pub audit: LogTarget,
    /// How long the registry itself remembers what happened.
    pub keep_events: Option<Period>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: None,
            access: LogTarget::Stderr,
            audit: LogTarget::Off,
            keep_events: None,
        }
    }
}

/// How lines on standard error look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Where a log goes: `off`, `stderr`, or a file by its absolute path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LogTarget {
    /// Nowhere.
    Off,
    /// To standard error.
    Stderr,
    /// To a file. It is opened again when it was moved away.
    File(PathBuf),
}

impl TryFrom<String> for LogTarget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "off" => Ok(Self::Off),
            "stderr" => Ok(Self::Stderr),
            path if path.starts_with('/') => Ok(Self::File(path.into())),
            _ => Err(format!(
                "{text:?}: use off, stderr or a path that begins with /"
            )),
        }
    }
}
