//! Tokens are given.

use jiff::{SignedDuration, Timestamp};
use orlop_secret::Secret;
use serde::Serialize;

use crate::authorization::{Authorization, parse_authorization};
use crate::control::{AccessControl, Inner};
use crate::login::{ACCESS_TOKEN, Account, REFRESH_TOKEN, audience};
use crate::passwords::Login;
use crate::state::State;
use crate::token::Kind;
use crate::{
    Access, AccessEvent, AccountsError, AuthError, Credentials, Refused, Resource, TokenError,
    TokenGrant, TokenRequest, TokenResponse,
};

/// Bits of a token's own name.
const ID_BITS: usize = 128;

/// The claims of our tokens.
#[derive(Serialize)]
struct OwnClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: &'a str,
    access: &'a [Access],
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'a str>,
}

impl Inner {
    pub(crate) async fn issue(
        &self,
        control: &AccessControl,
        state: &State,
        request: &TokenRequest<'_>,
    ) -> Result<TokenResponse, TokenError> {
        let tokens = &state.config.tokens;
        if !state.issues_tokens() {
            return Err(TokenError::NoService);
        }
        if request
            .service
            .as_ref()
            .is_some_and(|s| *s != tokens.service)
        {
            return Err(TokenError::InvalidRequest("unknown service"));
        }
        let (account, refresh) = self.asker(state, request).await?;
        self.tend(state).await?;
        let granted = granted(control, &account, &request.scopes);
        let now = self.clock.now();
        let token = self.sign(
            state,
            ACCESS_TOKEN,
            &account,
            &granted,
            now,
            tokens.lifetime,
        )?;
        let refresh = match refresh {
            // The same comes back, not a new one: it would last for ever.
            Some(refresh) => request.offline.then_some(refresh),
            None if request.offline && account.bound.is_some() => {
                let lifetime = tokens.refresh_lifetime;
                Some(self.sign(state, REFRESH_TOKEN, &account, &[], now, lifetime)?)
            }
            None => None,
        };
        let scopes: Vec<_> = granted.iter().map(Access::to_string).collect();
        Ok(TokenResponse {
            access_token: token.clone(),
            token,
            scope: scopes.join(" "),
            token_type: "Bearer",
            expires_in: tokens.lifetime.as_secs().unsigned_abs(),
            issued_at: Timestamp::from_second(now.as_second())
                .unwrap_or(now)
                .to_string(),
            refresh_token: refresh,
            actor: account.identity.actor().clone(),
        })
    }

    /// Who asks, and the refresh token that showed it.
    async fn asker(
        &self,
        state: &State,
        request: &TokenRequest<'_>,
    ) -> Result<(Account, Option<Secret>), TokenError> {
        let credentials = &request.credentials;
        match &request.grant {
            TokenGrant::Header => Ok((self.by_header(state, credentials).await?, None)),
            TokenGrant::Password { username, password } => {
                let name = crate::authorization::check_user(username);
                name.map_err(TokenError::InvalidRequest)?;
                let login = Login {
                    name: username,
                    password,
                    address: credentials.address,
                };
                Ok((self.by_password(state, login).await?, None))
            }
            TokenGrant::RefreshToken(token) => {
                let now = self.clock.now();
                let refused = |fault| AuthError::Invalid(Refused::Token(fault));
                let verify = || {
                    self.verifier(state, REFRESH_TOKEN)
                        .verify(token.expose(), now)
                };
                let claims = match verify() {
                    Err(crate::TokenFault::UnknownKey) if self.keyring.ask().await? => verify(),
                    claims => claims,
                };
                let account = self.subject(state, &claims.map_err(refused)?).await?;
                Ok((account, Some(token.clone())))
            }
        }
    }

    /// By a name and a password, or a certificate; never by a token, which would live for ever.
    async fn by_header(
        &self,
        state: &State,
        credentials: &Credentials<'_>,
    ) -> Result<Account, AuthError> {
        let header = credentials.authorization.map(parse_authorization);
        match header.transpose().map_err(AuthError::Invalid)? {
            None => Ok(self.without_header(state, credentials)),
            Some(Authorization::Basic { user, password }) => {
                let login = Login {
                    name: &user,
                    password: &password,
                    address: credentials.address,
                };
                self.by_password(state, login).await
            }
            Some(Authorization::Bearer(_)) => {
                let reason = "a token doesn't get another";
                Err(AuthError::Invalid(Refused::Malformed(reason)))
            }
        }
    }

    /// Makes sure that a key signs. That it is too old and no other can be kept now is no reason not
    /// to use it.
    async fn tend(&self, state: &State) -> Result<(), AccountsError> {
        match self.keyring.tend(&state.config.tokens).await {
            Err(error) if !self.keyring.keys().public.is_empty() => {
                let reason = error.to_string();
                (self.observer)(AccessEvent::Unwritten { reason });
                Ok(())
            }
            done => done,
        }
    }

    fn sign(
        &self,
        state: &State,
        kind: &'static str,
        account: &Account,
        access: &[Access],
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Result<Secret, AccountsError> {
        let tokens = &state.config.tokens;
        let actor = account.identity.actor();
        let now = now.as_second();
        let id = Secret::random(ID_BITS);
        let claims = OwnClaims {
            iss: &tokens.issuer,
            sub: match account.kind {
                Kind::Anonymous => "",
                _ => actor.name(),
            },
            aud: &audience(&tokens.service, kind),
            exp: now.saturating_add(lifetime.as_secs()),
            nbf: now,
            iat: now,
            jti: id.expose(),
            access,
            kind: account.kind,
            bound: account.bound.as_deref(),
        };
        self.keyring.sign(tokens, kind, &claims)
    }
}

/// What was asked for and is allowed, now.
fn granted(control: &AccessControl, account: &Account, asked: &[Access]) -> Vec<Access> {
    let identity = &account.identity;
    let grants = asked.iter().filter_map(|access| match &access.resource {
        Resource::Repository(name) => {
            let actions = control.allowed(identity, name).and(access.actions);
            (!actions.is_empty()).then(|| Access::repository(name, actions))
        }
        Resource::Catalog => {
            let may = !access.actions.is_empty() && control.may_list_catalog(identity);
            may.then(Access::catalog)
        }
        Resource::Other => None,
    });
    grants.collect()
}
