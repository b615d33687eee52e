//! What a token service is asked, and what it answers.

use orlop_secret::{Secret, exposed};
use serde::Serialize;

use crate::scope::parse_scopes;
use crate::{Access, Credentials, TokenError};

/// Longest query or form that is read, in bytes. A form may carry a refresh token.
pub const MAX_FORM_LEN: usize = 64 * 1024;

/// A request for a token: `GET /token?…` or a form that was sent to it.
#[derive(Clone, Debug)]
pub struct TokenRequest<'a> {
    /// What came with the request itself.
    pub credentials: Credentials<'a>,
    /// How the token is asked for.
    pub grant: TokenGrant,
    /// The registry it is for. Must be ours.
    pub service: Option<String>,
    /// What it shall be good for.
    pub scopes: Vec<Access>,
    /// The name of the program, for the log.
    pub client_id: Option<String>,
    /// A refresh token is wanted too.
    pub offline: bool,
}

/// How a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenGrant {
    /// By what came with the request (`GET`): Basic, a certificate, or nothing.
    Header,
    /// By a name and a password in the form.
    Password {
        /// The name; `robot$NAME` for a robot.
        username: String,
        /// The password.
        password: Secret,
    },
    /// By a token that was given before.
    RefreshToken(Secret),
}

impl<'a> TokenRequest<'a> {
    /// Reads the query of a GET. `account` says who means to log in, and isn't needed: the
    /// credentials say it.
    pub fn from_query(query: &str, credentials: Credentials<'a>) -> Result<Self, TokenError> {
        let fields = Fields::read(query.as_bytes())?;
        Ok(Self {
            offline: matches!(fields.offline_token.as_deref(), Some("true" | "1")),
            grant: TokenGrant::Header,
            credentials,
            service: fields.service,
            scopes: fields.scopes,
            client_id: fields.client_id,
        })
    }

    /// Reads the body of a POST (`application/x-www-form-urlencoded`).
    pub fn from_form(body: &[u8], credentials: Credentials<'a>) -> Result<Self, TokenError> {
        let fields = Fields::read(body)?;
        let missing = |what: &'static str| TokenError::InvalidRequest(what);
        let grant = match fields.grant_type.as_deref() {
            Some("password") => TokenGrant::Password {
                username: fields.username.ok_or(missing("username is missing"))?,
                password: fields.password.ok_or(missing("password is missing"))?,
            },
            Some("refresh_token") => {
                let token = fields.refresh_token;
                TokenGrant::RefreshToken(token.ok_or(missing("refresh_token is missing"))?)
            }
            Some(_) => return Err(TokenError::UnsupportedGrant),
            None => return Err(missing("grant_type is missing")),
        };
        Ok(Self {
            offline: fields.access_type.as_deref() == Some("offline"),
            grant,
            credentials,
            service: fields.service,
            scopes: fields.scopes,
            client_id: fields.client_id,
        })
    }
}

#[derive(Default)]
struct Fields {
    service: Option<String>,
    scopes: Vec<Access>,
    client_id: Option<String>,
    offline_token: Option<String>,
    grant_type: Option<String>,
    access_type: Option<String>,
    username: Option<String>,
    password: Option<Secret>,
    refresh_token: Option<Secret>,
}

impl Fields {
    /// Reads a form. Only `scope` may come more than once (RFC 6749, 3.2).
    fn read(form: &[u8]) -> Result<Self, TokenError> {
        if form.len() > MAX_FORM_LEN {
            return Err(TokenError::InvalidRequest("request is too long"));
        }
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(form) {
            let before = match name.as_ref() {
                "scope" => {
                    parse_scopes(&value, &mut fields.scopes)
                        .map_err(|_| TokenError::InvalidRequest("malformed scope"))?;
                    false
                }
                "service" => fields.service.replace(value.into_owned()).is_some(),
                "client_id" => fields.client_id.replace(value.into_owned()).is_some(),
                "offline_token" => fields.offline_token.replace(value.into_owned()).is_some(),
                "grant_type" => fields.grant_type.replace(value.into_owned()).is_some(),
                "access_type" => fields.access_type.replace(value.into_owned()).is_some(),
                "username" => fields.username.replace(value.into_owned()).is_some(),
                "password" => {
                    let secret = Secret::new(value);
                    fields.password.replace(secret).is_some()
                }
                "refresh_token" => {
                    let secret = Secret::new(value);
                    fields.refresh_token.replace(secret).is_some()
                }
                _ => false,
            };
            if before {
                return Err(TokenError::InvalidRequest("a parameter is repeated"));
            }
        }
        Ok(fields)
    }
}

/// The answer: JSON by serde. Not to be cached (`Cache-Control: no-store`).
#[derive(Clone, Debug, Serialize)]
pub struct TokenResponse {
    /// The token.
    #[serde(serialize_with = "exposed")]
    pub token: Secret,
    /// The same, under the name that OAuth2 has for it.
    #[serde(serialize_with = "exposed")]
    pub access_token: Secret,
    /// What it is good for.
    pub scope: String,
    /// How it is shown.
    pub token_type: &'static str,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// When it was issued (RFC 3339).
    pub issued_at: String,
    /// For more tokens later, if that was asked for.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_option"
    )]
    pub refresh_token: Option<Secret>,
    /// Whom it is for; for the log.
    #[serde(skip)]
    pub actor: crate::Actor,
}

fn exposed_option<S: serde::Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}
