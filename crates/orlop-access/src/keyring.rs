//! The keys that sign our tokens.
//!
//! They live in the accounts, so that a token outlives a restart and several servers can share them.
//! The newest key signs; one that is too old gets a successor, and verifies until the last token that
//! it may have signed has expired. Since ages are told by the time of the day, which jumps:
//!
//! - a key from the future doesn't sign (a clock was ahead when it was made, and it would never
//!   age), it only verifies;
//! - no key is removed before this process has seen its successor sign for as long as an access token
//!   lasts, by the clock that doesn't jump.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use orlop_secret::Secret;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Serialize;

use crate::public_key::{PublicKey, PublicKeys};
use crate::token::message;
use crate::{AccessEvent, Accounts, AccountsError, Clock, Observer, SigningKey, TokenConfig};

/// How often, at most, accounts are asked for a key that isn't known.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The keys that sign our tokens.
pub(crate) struct Keyring {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    observer: Observer,
    keys: RwLock<Arc<Keys>>,
    /// One at a time changes keys; and when accounts were last asked.
    changing: tokio::sync::Mutex<()>,
    asked: Mutex<Option<Duration>>,
    /// When this process first saw a key that signs no more.
    retired: Mutex<HashMap<String, Duration>>,
}

/// Keys, newest first.
#[derive(Default)]
pub(crate) struct Keys {
    keys: Vec<Key>,
    pub(crate) public: PublicKeys,
}

struct Key {
    id: String,
    created: Timestamp,
    pair: Arc<EcdsaKeyPair>,
}

impl Keys {
    fn read(mut records: Vec<SigningKey>) -> Result<Self, AccountsError> {
        records.sort_by(|one, other| other.created.cmp(&one.created).then(one.id.cmp(&other.id)));
        let keys: Vec<_> = records.iter().map(Key::read).collect::<Result<_, _>>()?;
        let public = keys
            .iter()
            .map(|key| PublicKey::p256(key.pair.public_key().as_ref()));
        Ok(Self {
            public: PublicKeys::new(public.collect()),
            keys,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that signs, and whether it is young enough.
    fn signer(&self, config: &TokenConfig, now: Timestamp) -> Option<(&Key, bool)> {
        let not_future = |key: &&Key| now.duration_since(key.created) >= -config.leeway;
        let key = self.keys.iter().find(not_future)?;
        let young = now.duration_since(key.created) < config.rotate_after;
        Some((key, young))
    }
}

impl Key {
    fn read(record: &SigningKey) -> Result<Self, AccountsError> {
        let broken = || AccountsError(format!("the signing key {} is broken", record.id).into());
        let der = URL_SAFE_NO_PAD
            .decode(record.private_key.expose())
            .map_err(|_| broken())?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random);
        let pair = pair.map_err(|_| broken())?;
        let public = PublicKey::p256(pair.public_key().as_ref());
        if public.ids.first() != Some(&record.id) {
            return Err(broken());
        }
        Ok(Self {
            id: record.id.clone(),
            created: record.created,
            pair: Arc::new(pair),
        })
    }

    fn make(now: Timestamp) -> SigningKey {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .expect("the operating system gives random bytes");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random)
                .expect("it was just made");
        let public = PublicKey::p256(pair.public_key().as_ref());
        SigningKey {
            id: public.ids.into_iter().next().expect("it has a thumbprint"),
            private_key: Secret::new(URL_SAFE_NO_PAD.encode(der.as_ref())),
            created: now,
        }
    }
}

impl Keyring {
    pub(crate) fn new(
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Self {
        Self {
            accounts,
            clock,
            observer,
            keys: RwLock::default(),
            changing: tokio::sync::Mutex::new(()),
            asked: Mutex::default(),
            retired: Mutex::default(),
        }
    }

    pub(crate) fn keys(&self) -> Arc<Keys> {
        let keys = self.keys.read();
        keys.unwrap_or_else(|broken| broken.into_inner()).clone()
    }

    /// Asks the accounts which keys there are. Called at the start, and when a token names a key that
    /// isn't known: another server may have made it. `false` when they were asked just now.
    pub(crate) async fn ask(&self) -> Result<bool, AccountsError> {
        {
            let now = self.clock.elapsed();
            let mut asked = lock(&self.asked);
            if asked.is_some_and(|at| now.saturating_sub(at) < ASK_AGAIN) {
                return Ok(false);
            }
            *asked = Some(now);
        }
        let _changing = self.changing.lock().await;
        self.read().await?;
        Ok(true)
    }

    /// Makes sure that a young key signs, and that keys go which nobody needs.
    pub(crate) async fn tend(&self, config: &TokenConfig) -> Result<(), AccountsError> {
        let now = self.clock.now();
        let young = |keys: &Arc<Keys>| keys.signer(config, now).is_some_and(|(_, young)| young);
        if !young(&self.keys()) {
            let _changing = self.changing.lock().await;
            // Another server, or another request, may have been quicker.
            if !young(&self.read().await?) {
                let key = Key::make(now);
                let id = key.id.clone();
                self.accounts.insert_signing_key(key).await?;
                self.read().await?;
                (self.observer)(AccessEvent::KeyMade { id });
            }
        }
        self.remove_old(config, now).await
    }

    async fn remove_old(&self, config: &TokenConfig, now: Timestamp) -> Result<(), AccountsError> {
        let keys = self.keys();
        let signer = keys.signer(config, now).map(|(key, _)| key.id.as_str());
        let mut gone = Vec::new();
        {
            let elapsed = self.clock.elapsed();
            let mut seen = lock(&self.retired);
            seen.retain(|id, _| keys.keys.iter().any(|key| key.id == *id));
            // Each was followed by the one before it in the list.
            for pair in keys.keys.windows(2) {
                let [successor, key] = pair else { continue };
                if Some(key.id.as_str()) == signer {
                    continue;
                }
                let first = *seen.entry(key.id.clone()).or_insert(elapsed);
                let watched = elapsed.saturating_sub(first);
                let lasts = config.lifetime.max(config.refresh_lifetime) + config.leeway;
                if now.duration_since(successor.created) > lasts
                    && watched > unsigned(config.lifetime + config.leeway)
                {
                    gone.push(key.id.clone());
                }
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let _changing = self.changing.lock().await;
        for id in gone {
            self.accounts.remove_signing_key(&id).await?;
            (self.observer)(AccessEvent::KeyRemoved { id });
        }
        self.read().await?;
        Ok(())
    }

    async fn read(&self) -> Result<Arc<Keys>, AccountsError> {
        let keys = Arc::new(Keys::read(self.accounts.signing_keys().await?)?);
        let mut current = self.keys.write().unwrap_or_else(|b| b.into_inner());
        *current = keys.clone();
        Ok(keys)
    }

    /// Signs claims with the key that signs now. [`Keyring::tend`] comes before.
    pub(crate) fn sign(
        &self,
        config: &TokenConfig,
        kind: &str,
        claims: &impl Serialize,
    ) -> Result<Secret, AccountsError> {
        let keys = self.keys();
        let none = || AccountsError("there is no key to sign with".into());
        let (key, _) = keys.signer(config, self.clock.now()).ok_or_else(none)?;
        let message = message(kind, &key.id, claims);
        let signature = key.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.map_err(|_| AccountsError("cannot sign".into()))?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(Secret::new(format!("{message}.{signature}")))
    }
}

fn unsigned(duration: SignedDuration) -> Duration {
    duration.try_into().unwrap_or(Duration::ZERO)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|broken| broken.into_inner())
}
