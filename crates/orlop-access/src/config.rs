//! What can be configured about access: the part `[serve.access]` of the file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{Actions, Subject};

/// Who may do what, and how they show who they are. Without any key: nobody may anything but the
/// administrator of the first start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// What anybody may do in every repository: `none`, `pull` or `push`. With `push` they may delete
    /// too: who can overwrite every tag gains nothing by it. Not read from a file: whoever reads one
    /// knows what it should be where nothing is said.
    #[serde(skip)]
    pub anonymous: AnonymousAccess,
    /// The name in `Basic realm="…"`, which browsers show.
    pub realm: String,
    /// A file of users, `NAME:BCRYPT` on each line, as `htpasswd -B` writes it. Read again when it
    /// changes.
    pub htpasswd: Option<PathBuf>,
    /// Named lists of users, robots and certificates.
    pub groups: BTreeMap<String, Vec<Subject>>,
    /// Who may everything.
    pub admins: Vec<Subject>,
    /// Who may do what where. All rules that match are joined; where none does, nothing is allowed.
    pub rules: Vec<Rule>,
    /// Which client certificates have a name.
    pub certificates: Vec<CertificateRule>,
    /// Our own token service. Off where `external` is set.
    pub tokens: TokenConfig,
    /// Somebody else's token service.
    pub external: Option<ExternalConfig>,
    /// How failed logins are slowed down.
    pub throttle: ThrottleConfig,
    /// How long a password that was right is remembered. bcrypt takes tens of milliseconds, and
    /// some clients send the password with every request.
    #[serde(with = "crate::period")]
    pub password_cache: SignedDuration,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            anonymous: AnonymousAccess::None,
            realm: "orlop".to_owned(),
            htpasswd: None,
            groups: BTreeMap::new(),
            admins: Vec::new(),
            rules: Vec::new(),
            certificates: Vec::new(),
            tokens: TokenConfig::default(),
            external: None,
            throttle: ThrottleConfig::default(),
            password_cache: SignedDuration::from_secs(60),
        }
    }
}

impl AccessConfig {
    /// A registry without configuration: anybody may so much.
    pub fn open(anonymous: AnonymousAccess) -> Self {
        Self {
            anonymous,
            ..Self::default()
        }
    }
}

/// What anybody may do in every repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnonymousAccess {
    /// Nothing.
    #[default]
    None,
    /// Pull.
    Pull,
    /// Pull, push and delete.
    Push,
}

impl FromStr for AnonymousAccess {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "pull" => Ok(Self::Pull),
            "push" => Ok(Self::Push),
            _ => Err("use none, pull or push"),
        }
    }
}

/// Who may do what where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Globs over names: `*` for anything within one component, `**` for any number of components,
    /// `{a,b}` for either. `team/**` is everything below `team`.
    pub repositories: Vec<String>,
    /// Who.
    pub to: Vec<Subject>,
    /// What. Literal: `push` doesn't bring `pull`, and nobody can push without.
    pub allow: Actions,
}

/// A client certificate that has a name. All of the conditions that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateRule {
    /// The name for rules (`certificate:NAME`). May be left out where `common_name` is given.
    pub name: Option<String>,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// One of the subject's alternative DNS names.
    pub dns: Option<String>,
    /// One of the subject's alternative mail addresses.
    pub email: Option<String>,
    /// One of the subject's alternative URIs (SPIFFE).
    pub uri: Option<String>,
}

/// Our own token service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenConfig {
    /// Tokens are issued and asked for. Without, clients are asked for a password each time, and
    /// those of Docker can't pull anonymously from a registry where others log in.
    pub enabled: bool,
    /// Where clients ask for tokens; else `/token` at the address they used.
    pub realm: Option<String>,
    /// The name of the registry in tokens (`service`, `aud`).
    pub service: String,
    /// Who issues (`iss`).
    pub issuer: String,
    /// How long an access token lasts: from one minute to one hour.
    #[serde(with = "crate::period")]
    pub lifetime: SignedDuration,
    /// How long a refresh token lasts. `docker login` keeps one in place of the password, so this is
    /// how often people log in again. It is worth nothing once the password changes.
    #[serde(with = "crate::period")]
    pub refresh_lifetime: SignedDuration,
    /// How old a key gets before the next one signs.
    #[serde(with = "crate::period")]
    pub rotate_after: SignedDuration,
    /// How far clocks may be apart.
    #[serde(with = "crate::period")]
    pub leeway: SignedDuration,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            realm: None,
            service: "orlop".to_owned(),
            issuer: "orlop".to_owned(),
            lifetime: SignedDuration::from_mins(5),
            refresh_lifetime: SignedDuration::from_hours(365 * 24),
            rotate_after: SignedDuration::from_hours(90 * 24),
            leeway: SignedDuration::from_secs(60),
        }
    }
}

/// Somebody else's token service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalConfig {
    /// Where clients ask for tokens: an URL.
    pub realm: String,
    /// The name of the registry there (`service`, `aud`).
    pub service: String,
    /// Who issues (`iss`).
    pub issuer: String,
    /// Its public keys: a JWKS document, or certificates and public keys in PEM. Read again when it
    /// changes.
    pub keys: PathBuf,
    /// The rules limit what tokens give; the token's `sub` is a user there.
    #[serde(default)]
    pub with_rules: bool,
    /// How far clocks may be apart.
    #[serde(with = "crate::period", default = "default_leeway")]
    pub leeway: SignedDuration,
}

fn default_leeway() -> SignedDuration {
    SignedDuration::from_secs(60)
}

/// How failed logins are slowed down: each address and name by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleConfig {
    /// Failures without a wait. After these, each failure doubles it, from one second. An address
    /// may fail twenty times as often, and once more for each, with whatever names.
    pub free_failures: u32,
    /// The longest wait.
    #[serde(with = "crate::period")]
    pub longest: SignedDuration,
    /// When failures are forgotten.
    #[serde(with = "crate::period")]
    pub forget_after: SignedDuration,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            free_failures: 5,
            longest: SignedDuration::from_mins(5),
            forget_after: SignedDuration::from_mins(15),
        }
    }
}
