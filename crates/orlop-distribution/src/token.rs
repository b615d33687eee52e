//! Getting a token from a realm (distribution, `docs/spec/auth/token.md` and `oauth.md`).

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use orlop_oci::json;
use serde::Deserialize;
use url::Url;

use crate::Secret;
use crate::address::Origin;
use crate::auth::{self, Purpose};
use crate::credentials::Credential;
use crate::endpoint::Endpoint;
use crate::error::{Error, RequestLine};
use crate::realm::Realm;
use crate::retry::Backoff;
use crate::transport::{self, Answer};

/// The most that is read of a realm's answer, in bytes.
const MAX_ANSWER: u64 = 256 << 10;
/// How long a token lasts that doesn't say (token.md: "for compatibility with older clients").
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
/// No token is kept longer.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// A token is renewed this long before it expires (or a quarter of its life, if that is shorter).
const MARGIN: Duration = Duration::from_secs(20);
/// Redirects of a token request that are followed, all on the realm's own origin.
const MAX_REDIRECTS: usize = 3;
/// What we call ourselves to an OAuth2 realm.
const CLIENT_ID: &str = "orlop";

/// A token as it is shown to the registry.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) header: HeaderValue,
    pub(crate) refresh: Option<Secret>,
    renew_at: Instant,
}

impl Token {
    pub(crate) fn is_fresh(&self) -> bool {
        Instant::now() < self.renew_at
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<Secret>,
    #[serde(default)]
    access_token: Option<Secret>,
    #[serde(default)]
    refresh_token: Option<Secret>,
    /// Seconds. Some realms write a float or a text.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

/// A request for a token.
pub(crate) struct Request<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) purpose: &'a Purpose,
    pub(crate) realm: &'a Realm,
    pub(crate) service: Option<&'a str>,
    /// What may be shown to the realm.
    pub(crate) credential: Option<&'a Credential>,
    /// The realm's host, when there is a credential that may not be shown to it.
    pub(crate) withheld_from: Option<String>,
    /// Ask for a refresh token too.
    pub(crate) offline: bool,
}

impl Request<'_> {
    pub(crate) async fn fetch(&self) -> Result<Token, Error> {
        let mut backoff = Backoff::of(self.endpoint);
        loop {
            let error = match self.try_once().await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            match backoff.next(&error) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    async fn try_once(&self) -> Result<Token, Error> {
        let answer = match self.credential {
            // Only OAuth2 knows identity tokens (oauth.md); docker and containerd do the same.
            Some(Credential::Identity { token, .. }) => self.exchange_identity(token).await?,
            credential => self.get(credential).await?,
        };
        let status = answer.status();
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Err(self.refused(answer).await);
        }
        if !status.is_success() {
            return Err(answer.into_error(self.endpoint).await);
        }
        let request = answer.request.clone();
        let bytes = answer
            .bytes(MAX_ANSWER, settings_idle(self.endpoint))
            .await?;
        read(&bytes).map_err(|reason| Error::Protocol {
            request,
            reason: reason.to_owned(),
        })
    }

    async fn refused(&self, answer: Answer) -> Error {
        let reason = match answer.into_error(self.endpoint).await {
            Error::Registry(error) => error.reason(),
            _ => String::new(),
        };
        if self.credential.is_some() {
            let why = if reason.is_empty() {
                "incorrect username or password".to_owned()
            } else {
                reason
            };
            return match self.purpose.repository {
                // With a right password the realm may still refuse the scope.
                Some(_) => self.purpose.denied(&self.endpoint.name, why, None),
                None => Error::Unauthorized {
                    registry: self.endpoint.name.clone(),
                    reason: why,
                    withheld_from: None,
                },
            };
        }
        self.purpose
            .denied(&self.endpoint.name, reason, self.withheld_from.clone())
    }

    /// token.md, "Requesting a Token".
    async fn get(&self, credential: Option<&Credential>) -> Result<Answer, Error> {
        let mut url = self.realm.url.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = self.service {
                query.append_pair("service", service);
            }
            for scope in self.purpose.scopes.iter() {
                query.append_pair("scope", scope);
            }
            if let Some(user) = credential.and_then(Credential::user) {
                query.append_pair("account", user);
            }
            if self.offline {
                query.append_pair("offline_token", "true");
                query.append_pair("client_id", CLIENT_ID);
            }
        }
        if url.query() == Some("") {
            url.set_query(None);
        }
        let authorization = credential.and_then(auth::basic);
        let origin = Origin::of(&url);
        for _ in 0..=MAX_REDIRECTS {
            let answer = self
                .ask(Method::GET, url.clone(), authorization.clone(), None)
                .await?;
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            let target = answer.headers().get(LOCATION).and_then(|v| v.to_str().ok());
            let target = target.and_then(|location| url.join(location).ok());
            let Some(target) = target.filter(|target| Origin::of(target) == origin) else {
                return Err(self.elsewhere("a token request is not redirected to another host"));
            };
            url = target;
        }
        Err(self.elsewhere("too many redirects"))
    }

    /// oauth.md, "Refresh token".
    async fn exchange_identity(&self, token: &Secret) -> Result<Answer, Error> {
        let scope: Vec<&str> = self.purpose.scopes.iter().collect();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("service", self.service.unwrap_or(&self.endpoint.name))
            .append_pair("client_id", CLIENT_ID)
            .append_pair("scope", &scope.join(" "))
            .append_pair("refresh_token", token.expose())
            .finish();
        let answer = self
            .ask(
                Method::POST,
                self.realm.url.clone(),
                None,
                Some(form.into()),
            )
            .await?;
        if answer.status().is_redirection() {
            return Err(self.elsewhere("an identity token is not redirected"));
        }
        Ok(answer)
    }

    async fn ask(
        &self,
        method: Method,
        url: Url,
        authorization: Option<HeaderValue>,
        form: Option<Bytes>,
    ) -> Result<Answer, Error> {
        let client = if self.realm.home {
            self.endpoint.home().await?
        } else {
            self.endpoint.foreign().await?
        };
        let line = RequestLine::new(&method, &url);
        let mut request = client
            .request(method, url.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(form) = form {
            request = request
                .header(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                )
                .body(form);
        }
        let idle = settings_idle(self.endpoint);
        let response = transport::within(idle, &line, request.send()).await?;
        let response = response.map_err(|error| transport::failure(&url, &line, &error))?;
        Ok(Answer {
            response,
            request: line,
            url,
            foreign: !self.realm.home,
        })
    }

    fn elsewhere(&self, reason: &'static str) -> Error {
        Error::Refused {
            registry: self.endpoint.name.clone(),
            target: format!("token realm {}", crate::error::redacted(&self.realm.url)),
            reason,
        }
    }
}

fn settings_idle(endpoint: &Endpoint) -> Duration {
    endpoint.settings.idle_timeout()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Token, &'static str> {
    let answer: TokenAnswer =
        json::from_slice(bytes).map_err(|_| "the answer of the token realm is not understood")?;
    let token = answer
        .token
        .or(answer.access_token)
        .filter(|token| !token.is_empty())
        .ok_or("the answer of the token realm has no token")?;
    let header = auth::bearer(&token).ok_or("the token has characters that a header can't have")?;
    let life = answer
        .expires_in
        .as_ref()
        .and_then(seconds)
        .unwrap_or(DEFAULT_LIFE)
        .min(LONGEST_LIFE);
    // Its age is counted from here: the clocks of two machines don't agree.
    let renew_at = Instant::now() + life.saturating_sub(MARGIN.min(life / 4));
    Ok(Token {
        header,
        refresh: answer.refresh_token.filter(|token| !token.is_empty()),
        renew_at,
    })
}

fn seconds(value: &serde_json::Value) -> Option<Duration> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Duration::try_from_secs_f64(number)
        .ok()
        .filter(|life| !life.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_realms() {
        let life = |text: &str| {
            let token = read(text.as_bytes())?;
            let header = token.header.to_str().unwrap().to_owned();
            Ok::<_, &str>((
                header,
                (token.renew_at - Instant::now()).as_secs_f64().round() as u64,
            ))
        };
        let ok = |text: &str, seconds| Ok((text.to_owned(), seconds));
        for (text, expected) in [
            (r#"{"token":"t"}"#, ok("Bearer t", 45)),
            (
                r#"{"access_token":"a","expires_in":300}"#,
                ok("Bearer a", 280),
            ),
            (
                r#"{"token":"t","access_token":"a","expires_in":"120"}"#,
                ok("Bearer t", 100),
            ),
            (r#"{"token":"t","expires_in":8.0}"#, ok("Bearer t", 6)),
            (r#"{"token":"t","expires_in":-5}"#, ok("Bearer t", 45)),
            (r#"{"token":"t","expires_in":1e300}"#, ok("Bearer t", 45)),
        ] {
            assert_eq!(life(text), expected, "{text}");
        }
        for text in [
            "",
            "{}",
            r#"["t"]"#,
            r#"{"token":"é"}"#,
            r#"{"token":"a b"}"#,
            r#"{"token":""}"#,
            r#"{"token":"a\nb"}"#,
            "<html>",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
