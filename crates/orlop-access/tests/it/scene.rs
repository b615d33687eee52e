//! An access control with a clock that a test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use orlop_access::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::Value;

pub(crate) const URL: &str = "https://registry.example";

/// `ada` is an administrator, `bob` and `eve` are in groups; passwords are `NAME-password`.
pub(crate) const TEAM: &str = r#"
anonymous = "none"
admins = ["user:ada"]
groups.dev = ["user:bob", "robot:builder", "certificate:host"]
groups.ops = ["user:eve"]
tokens.refresh_lifetime = "30d"
tokens.rotate_after = "30d"

[[rules]]
repositories = ["public/**"]
to = ["anonymous"]
allow = ["pull"]

[[rules]]
repositories = ["shared/**"]
to = ["authenticated"]
allow = ["pull"]

[[rules]]
repositories = ["dev/**", "{lib,tool}/*"]
to = ["group:dev"]
allow = ["pull", "push"]

[[rules]]
repositories = ["dev/old"]
to = ["user:bob"]
allow = ["delete"]

[[rules]]
repositories = ["**"]
to = ["group:ops"]
allow = ["pull", "delete"]

[[rules]]
repositories = ["drop/box"]
to = ["robot$courier"]
allow = ["push"]

[[certificates]]
common_name = "host.example"
name = "host"

[[certificates]]
uri = "spiffe://example/job"
name = "job"
"#;

pub(crate) struct Scene {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) accounts: Arc<MemoryAccounts>,
    pub(crate) control: AccessControl,
    pub(crate) events: Arc<Mutex<Vec<AccessEvent>>>,
    pub(crate) users: std::path::PathBuf,
    /// Holds the files for as long as the scene.
    pub(crate) dirs: Vec<tempfile::TempDir>,
}

pub(crate) fn start() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

/// A configuration; its key `anonymous` is the server's, who reads it.
pub(crate) fn config(text: &str) -> AccessConfig {
    let mut table: toml::Table = text.parse().unwrap();
    let anonymous = table.remove("anonymous");
    let mut config: AccessConfig = table.try_into().unwrap();
    if let Some(anonymous) = anonymous {
        config.anonymous = anonymous.try_into().unwrap();
    }
    config
}

pub(crate) fn line(name: &str) -> String {
    let hash = bcrypt::hash(format!("{name}-password"), 4).unwrap();
    format!("{name}:{hash}\n")
}

impl Scene {
    /// With the configuration [`TEAM`].
    pub(crate) async fn team() -> Self {
        Self::new(config(TEAM)).await
    }

    /// With ada, bob and eve in the file of users.
    pub(crate) async fn new(config: AccessConfig) -> Self {
        Self::with(config, Arc::default()).await.unwrap()
    }

    pub(crate) async fn with(
        mut config: AccessConfig,
        accounts: Arc<MemoryAccounts>,
    ) -> Result<Self, AccessError> {
        let dir = tempfile::tempdir().unwrap();
        let users = dir.path().join("users");
        let lines: String = ["ada", "bob", "eve"].map(line).concat();
        std::fs::write(&users, lines).unwrap();
        config.htpasswd = Some(users.clone());
        let clock = Arc::new(ManualClock::new(start()));
        let events: Arc<Mutex<Vec<_>>> = Arc::default();
        let told = events.clone();
        let control = AccessControl::open(
            config,
            accounts.clone(),
            clock.clone(),
            Arc::new(move |event| told.lock().unwrap().push(event)),
        )
        .await?;
        Ok(Self {
            clock,
            accounts,
            control,
            events,
            users,
            dirs: vec![dir],
        })
    }

    /// Another server over the same accounts, with a clock of its own.
    pub(crate) async fn second(&self, text: &str) -> Self {
        Self::with(config(text), self.accounts.clone())
            .await
            .unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn take_events(&self) -> Vec<AccessEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    pub(crate) async fn header(&self, header: &str) -> Result<Identity, AuthError> {
        let credentials = Credentials {
            authorization: Some(header),
            ..Credentials::default()
        };
        self.control.authenticate(&credentials).await
    }

    pub(crate) async fn basic(&self, name: &str, password: &str) -> Result<Identity, AuthError> {
        self.header(&basic(name, password)).await
    }

    /// As a user of the file.
    pub(crate) async fn user(&self, name: &str) -> Identity {
        self.basic(name, &format!("{name}-password")).await.unwrap()
    }

    pub(crate) async fn bearer(&self, token: &str) -> Result<Identity, AuthError> {
        self.header(&format!("Bearer {token}")).await
    }

    pub(crate) async fn anonymous(&self) -> Identity {
        let nothing = Credentials::default();
        self.control.authenticate(&nothing).await.unwrap()
    }

    /// `GET /token`.
    pub(crate) async fn get(
        &self,
        query: &str,
        header: Option<&str>,
    ) -> Result<TokenResponse, TokenError> {
        let credentials = Credentials {
            authorization: header,
            ..Credentials::default()
        };
        let request = TokenRequest::from_query(query, credentials)?;
        self.control.issue_token(&request).await
    }

    /// `POST /token`.
    pub(crate) async fn post(&self, form: &str) -> Result<TokenResponse, TokenError> {
        let request = TokenRequest::from_form(form.as_bytes(), Credentials::default())?;
        self.control.issue_token(&request).await
    }

    /// A token for a user of the file.
    pub(crate) async fn token(&self, name: &str, scope: &str) -> String {
        let header = basic(name, &format!("{name}-password"));
        let answer = self.get(&format!("scope={scope}"), Some(&header)).await;
        answer.unwrap().token.expose().to_owned()
    }

    /// What somebody may do, as words.
    pub(crate) fn may(&self, identity: &Identity, repository: &str) -> String {
        self.control.allowed(identity, repository).to_string()
    }
}

pub(crate) fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Why a token is refused.
pub(crate) fn fault(result: Result<Identity, AuthError>) -> TokenFault {
    match result {
        Err(AuthError::Invalid(Refused::Token(fault))) => fault,
        other => panic!("{other:?}"),
    }
}

/// The parts of a token as JSON.
pub(crate) fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

/// Joins header and claims as they are signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// A P-256 key of a test.
pub(crate) struct TestKey(EcdsaKeyPair);

impl TestKey {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap())
    }

    /// The key that signs a scene's tokens, as who has stolen the database has it.
    pub(crate) async fn of(scene: &Scene) -> Self {
        let keys = scene.accounts.signing_keys().await.unwrap();
        let der = URL_SAFE_NO_PAD
            .decode(keys[0].private_key.expose())
            .unwrap();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self(EcdsaKeyPair::from_pkcs8(algorithm, &der, &SystemRandom::new()).unwrap())
    }

    pub(crate) fn from_pkcs8(der: &[u8]) -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self(EcdsaKeyPair::from_pkcs8(algorithm, der, &SystemRandom::new()).unwrap())
    }

    /// RFC 7638.
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let (x, y) = (&jwk["x"], &jwk["y"]);
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#);
        let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        URL_SAFE_NO_PAD.encode(hash)
    }

    pub(crate) fn jwk(&self) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        serde_json::json!({
            "kty": "EC",
            "crv": "P-256",
            "x": URL_SAFE_NO_PAD.encode(x),
            "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&unsigned(header, claims))
    }

    pub(crate) fn sign_text(&self, message: &str) -> String {
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.unwrap());
        format!("{message}.{signature}")
    }
}
