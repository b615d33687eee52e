//! Somebody who has been recognised.

use std::net::IpAddr;
use std::sync::Arc;

use crate::globs::Grants;
use crate::{Access, Actor, ActorKind, CertificateNames};

/// What a request brings to show who sends it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// The `Authorization` header. A request with two of them is to be refused before.
    pub authorization: Option<&'a str>,
    /// The names of a client certificate that TLS has verified.
    pub certificate: Option<&'a CertificateNames>,
    /// Where the request comes from, to slow down guessing.
    pub address: Option<IpAddr>,
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    None,
    /// A name and a password or secret.
    Basic,
    /// A client certificate.
    Certificate,
    /// A token of our own service.
    Token,
    /// A token of another service.
    ExternalToken,
    /// It is the registry itself.
    Internal,
}

/// Somebody who has been recognised, and what limits them beside the rules.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(crate) actor: Actor,
    pub(crate) proof: Proof,
    /// What the token that was shown is good for; `None` when none was.
    pub(crate) token: Option<Arc<[Access]>>,
    /// What a robot may do by itself.
    pub(crate) robot: Option<Arc<Grants>>,
    /// The administrator of the first start.
    pub(crate) first_admin: bool,
}

impl Identity {
    pub(crate) fn new(actor: Actor, proof: Proof) -> Self {
        Self {
            actor,
            proof,
            token: None,
            robot: None,
            first_admin: false,
        }
    }

    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self::new(Actor::anonymous(), Proof::None)
    }

    /// The registry itself, which may everything.
    pub fn system() -> Self {
        Self::new(Actor::system(), Proof::Internal)
    }

    /// Who it is, for rules, logs and events.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// How they showed it.
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// They didn't say who they are (they may have brought a token for nobody).
    pub fn is_anonymous(&self) -> bool {
        self.actor.kind() == ActorKind::Anonymous
    }
}

/// How to refuse somebody who was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 401 with a challenge: they may come back with more.
    Unauthorized(Option<ChallengeError>),
    /// 403: we know them, and they may not.
    Forbidden,
}

/// What a challenge says about the token that was shown (RFC 6750, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeError {
    /// It is expired, malformed or not ours.
    InvalidToken,
    /// It doesn't reach this far.
    InsufficientScope,
}

impl ChallengeError {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}
