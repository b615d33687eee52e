//! Who may do what in a registry.
//!
//! [`AccessControl`] is what a server asks: *who is this?* ([`AccessControl::authenticate`]), *what
//! may they do here?* ([`AccessControl::allowed`], the one decision), *what do I tell them?*
//! ([`AccessControl::challenge`]), and *give them a token* ([`AccessControl::issue_token`]). It knows
//! no HTTP and no database: a request comes as [`Credentials`], and robots, keys and settings are
//! kept by whoever implements [`Accounts`].
//!
//! Someone is recognised by a password (bcrypt, in a file), a robot's secret, a client certificate,
//! or a token of our own or of another service. What they may do comes from the rules of the
//! configuration, from a robot's own grants, and is cut by a token to what the token was asked for.
//! Tokens of our own are judged by the rules of *now*: who is removed, disabled or gets another
//! password is out at once, whatever tokens there still are.

mod accounts;
mod action;
mod actor;
mod authorization;
mod certificate;
mod clock;
mod config;
mod control;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod globs;
mod identity;
mod issue;
mod keyring;
mod login;
mod memory;
mod passwords;
pub mod period;
mod policy;
mod public_key;
mod request;
mod robot_cache;
mod robots;
mod scope;
mod staged;
mod state;
mod subject;
mod throttle;
mod token;
mod users;
mod verified;

pub use accounts::{
    Accounts, AccountsError, AccountsFuture, Robot, RobotGrant, SecretHash, SigningKey,
};
pub use action::{Action, Actions, UnknownAction};
pub use actor::{Actor, ActorKind};
pub use authorization::{Authorization, parse_authorization};
pub use certificate::{CertificateError, CertificateNames};
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::{
    AccessConfig, AnonymousAccess, CertificateRule, ExternalConfig, Rule, ThrottleConfig,
    TokenConfig,
};
pub use control::{AccessControl, AccessEvent, NewAdmin, Observer, Prepared};
pub use error::{AccessError, AuthError, Refused, TokenError};
pub use identity::{ChallengeError, Credentials, Identity, Proof, Refusal};
pub use memory::MemoryAccounts;
pub use public_key::PublicKeys;
pub use request::{MAX_FORM_LEN, TokenGrant, TokenRequest, TokenResponse};
pub use robots::{NewRobot, RobotChange, Robots};
pub use scope::{
    Access, MAX_SCOPE_LEN, MAX_SCOPES, Resource, ScopeError, parse_scope, parse_scopes,
};
pub use subject::{ROBOT_PREFIX, Subject, SubjectError};
pub use token::{Claims, MAX_TOKEN_LEN, TokenFault, TokenVerifier};
pub use users::UserFile;
