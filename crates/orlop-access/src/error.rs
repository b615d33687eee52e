//! What can go wrong.

use std::path::PathBuf;
use std::time::Duration;

use crate::{AccountsError, ChallengeError};

/// Configuration, files and accounts that can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a file of users can't be used.
    #[error("{path}, line {line}: {reason}")]
    Users {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of public keys can't be used.
    #[error("{path}: {reason}")]
    Keys {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting can't be used.
    #[error("{key}: {reason}")]
    Setting {
        /// Which, below `access`.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A robot can't be made or changed as asked.
    #[error("robot {name:?}: {reason}")]
    Robot {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// A user can't be made or changed as asked.
    #[error("user {name:?}: {reason}")]
    User {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// The accounts can't be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
}

impl AccessError {
    pub(crate) fn setting(key: impl Into<String>, reason: impl ToString) -> Self {
        Self::Setting {
            key: key.into(),
            reason: reason.to_string(),
        }
    }
}

/// Why somebody isn't recognised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// What they brought doesn't prove who they are: 401 with a challenge. The reason is for the
    /// log; a client is told "authentication required", the same for all.
    #[error("{0}")]
    Invalid(Refused),
    /// Too many failures: 429 with `Retry-After`.
    #[error("too many failed logins, try again in {} s", retry_after.as_secs().max(1))]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It can't be checked now: 503.
    #[error("cannot check who asks: {0}")]
    Unavailable(String),
}

impl AuthError {
    /// What the challenge of the answer says beside who to ask.
    pub fn challenge_error(&self) -> Option<ChallengeError> {
        match self {
            Self::Invalid(Refused::Token(_)) => Some(ChallengeError::InvalidToken),
            _ => None,
        }
    }
}

impl From<AccountsError> for AuthError {
    fn from(error: AccountsError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What about a proof doesn't hold. For logs: which it was is not told to clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The `Authorization` header isn't one that we understand.
    #[error("malformed authorization: {0}")]
    Malformed(&'static str),
    /// No such user or robot, or the password is wrong.
    #[error("unknown user or wrong password")]
    Password,
    /// The robot is disabled.
    #[error("the robot is disabled")]
    Disabled,
    /// The robot has expired.
    #[error("the robot has expired")]
    Expired,
    /// A token doesn't hold.
    #[error("token: {0}")]
    Token(#[from] crate::TokenFault),
}

/// Why no token is given (RFC 6749, 5.2).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// This registry has no token service: 404.
    #[error("this registry issues no tokens")]
    NoService,
    /// The request makes no sense: 400 `invalid_request`.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// 400 `unsupported_grant_type`.
    #[error("unsupported grant_type: use password or refresh_token")]
    UnsupportedGrant,
    /// Who asks can't prove who they are: 401, `invalid_grant`; or 429, or 503.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A token can't be signed now: 503.
    #[error("cannot issue a token: {0}")]
    Unavailable(String),
}

impl TokenError {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoService => 404,
            Self::InvalidRequest(_) | Self::UnsupportedGrant => 400,
            Self::Auth(AuthError::Invalid(_)) => 401,
            Self::Auth(AuthError::Throttled { .. }) => 429,
            Self::Auth(AuthError::Unavailable(_)) | Self::Unavailable(_) => 503,
        }
    }

    /// The word for `error` in the answer to an OAuth2 request.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedGrant => "unsupported_grant_type",
            Self::Auth(AuthError::Invalid(_)) => "invalid_grant",
            Self::NoService | Self::InvalidRequest(_) => "invalid_request",
            Self::Auth(_) | Self::Unavailable(_) => "temporarily_unavailable",
        }
    }
}

impl From<AccountsError> for TokenError {
    fn from(error: AccountsError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
