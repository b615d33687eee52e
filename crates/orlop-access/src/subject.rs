//! Whom a rule speaks of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the name of a robot begins where it stands among the names of users (as in Harbor).
pub const ROBOT_PREFIX: &str = "robot$";

/// Whom a rule speaks of: `anonymous`, `authenticated`, `user:NAME`, `group:NAME`, `robot:NAME` (or
/// `robot$NAME`), `certificate:NAME`. The kind is always said, so that a user can't take the name of
/// a group, nor a certificate that of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// Anybody, also who has logged in.
    Anonymous,
    /// Every user and every certificate that has a name. Robots not: they may what was given to
    /// them.
    Authenticated,
    /// A user.
    User(String),
    /// Everybody in a group.
    Group(String),
    /// A robot.
    Robot(String),
    /// A client certificate, by the name that is configured for it.
    Certificate(String),
}

/// The text names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?}: use anonymous, authenticated, user:NAME, group:NAME, robot:NAME or certificate:NAME"
)]
pub struct SubjectError(String);

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        match text {
            "anonymous" => return Ok(Self::Anonymous),
            "authenticated" => return Ok(Self::Authenticated),
            _ => {}
        }
        if let Some(robot) = text.strip_prefix(ROBOT_PREFIX).filter(|n| !n.is_empty()) {
            return Ok(Self::Robot(robot.to_owned()));
        }
        match text.split_once(':') {
            Some((_, "")) => Err(SubjectError(text.to_owned())),
            Some(("user", name)) => Ok(Self::User(name.to_owned())),
            Some(("group", name)) => Ok(Self::Group(name.to_owned())),
            Some(("robot", name)) => Ok(Self::Robot(name.to_owned())),
            Some(("certificate", name)) => Ok(Self::Certificate(name.to_owned())),
            _ => Err(SubjectError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Authenticated => f.write_str("authenticated"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
            Self::Robot(name) => write!(f, "robot:{name}"),
            Self::Certificate(name) => write!(f, "certificate:{name}"),
        }
    }
}
