//! Who asks.

use std::fmt;

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// Not at all.
    Anonymous,
    /// A name and a password of the user file.
    User,
    /// A robot account's secret.
    Robot,
    /// A client certificate.
    Certificate,
    /// The registry itself: collection, retention.
    System,
}

/// Who asks: the name that rules, logs and events speak of. Shown as `robot$ci`, `alice`, `anonymous`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    kind: ActorKind,
    name: String,
}

impl Actor {
    /// Somebody of a kind, by name.
    pub fn new(kind: ActorKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }

    /// Somebody who didn't say who they are.
    pub fn anonymous() -> Self {
        Self::new(ActorKind::Anonymous, "anonymous")
    }

    /// The registry itself.
    pub fn system() -> Self {
        Self::new(ActorKind::System, "system")
    }

    /// How they showed it.
    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ActorKind::Robot => write!(f, "robot${}", self.name),
            _ => f.write_str(&self.name),
        }
    }
}
