//! What a token is asked for and good for (Docker's token protocol, "Scope").
//!
//! A scope on the wire and a grant in a token say the same in two spellings, so both are an
//! [`Access`]. What we don't know (other types, other actions) is no error by the protocol: it is
//! understood as nothing.

use std::fmt;

use orlop_oci::json::Object;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Action, Actions};

/// Longest scope that is read, in bytes.
pub const MAX_SCOPE_LEN: usize = 1024;
/// Most scopes in one request.
pub const MAX_SCOPES: usize = 64;
const MAX_NAME_LEN: usize = 255;

/// A thing that may be reached, and what may be done with it: `repository:team/app:pull,push`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The thing.
    pub resource: Resource,
    /// What may be done. For the catalog any action is all.
    pub actions: Actions,
}

/// A thing that may be reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// A repository.
    Repository(String),
    /// The list of repositories.
    Catalog,
    /// Something that we don't have; never granted.
    Other,
}

impl Access {
    /// To a repository.
    pub fn repository(name: impl Into<String>, actions: impl Into<Actions>) -> Self {
        Self {
            resource: Resource::Repository(name.into()),
            actions: actions.into(),
        }
    }

    /// To the list of repositories.
    pub fn catalog() -> Self {
        Self {
            resource: Resource::Catalog,
            actions: Actions::ALL,
        }
    }

    fn new<'a>(kind: &str, name: &str, actions: impl Iterator<Item = &'a str>) -> Self {
        // `repository(plugin)`: a class is deprecated, and ignored.
        let kind = kind.split('(').next().unwrap_or(kind);
        let resource = match (kind, name) {
            ("repository", name) if is_name(name) => Resource::Repository(name.to_owned()),
            ("registry", "catalog") => Resource::Catalog,
            _ => Resource::Other,
        };
        let known = actions.fold(Actions::NONE, |all, word| all.or(meaning(word)));
        Self {
            resource,
            actions: known,
        }
    }
}

/// `*` is every action on content; to administer has to be said.
fn meaning(word: &str) -> Actions {
    match word {
        "*" => Actions::ALL.without(Action::Admin),
        word => word.parse::<Action>().map_or(Actions::NONE, Actions::from),
    }
}

fn is_name(name: &str) -> bool {
    let component = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
    };
    name.len() <= MAX_NAME_LEN && name.split('/').all(component)
}

/// Why a text is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// There is no `type:name:actions` in it.
    #[error("a scope is TYPE:NAME:ACTION,ACTION")]
    Malformed,
    /// It is too long.
    #[error("scope is too long")]
    TooLong,
    /// There are too many.
    #[error("too many scopes")]
    TooMany,
}

/// Reads one scope: `repository:team/app:pull,push`, `repository(plugin):x:pull`,
/// `registry:catalog:*`. A name may have a colon in it (`repository:host:5000/app:pull`).
pub fn parse_scope(text: &str) -> Result<Access, ScopeError> {
    if text.len() > MAX_SCOPE_LEN {
        return Err(ScopeError::TooLong);
    }
    let (kind, rest) = text.split_once(':').ok_or(ScopeError::Malformed)?;
    let (name, actions) = rest.rsplit_once(':').ok_or(ScopeError::Malformed)?;
    if kind.is_empty() || name.is_empty() {
        return Err(ScopeError::Malformed);
    }
    Ok(Access::new(kind, name, actions.split(',')))
}

/// Reads scopes between spaces; what is there already is joined, not repeated.
pub fn parse_scopes(text: &str, into: &mut Vec<Access>) -> Result<(), ScopeError> {
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let access = parse_scope(word)?;
        let same = into.iter().position(|a| a.resource == access.resource);
        match same {
            Some(index) => into[index].actions = into[index].actions.or(access.actions),
            None if into.len() == MAX_SCOPES => return Err(ScopeError::TooMany),
            None => into.push(access),
        }
    }
    Ok(())
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource {
            Resource::Repository(name) => write!(f, "repository:{name}:{}", self.actions),
            Resource::Catalog => f.write_str("registry:catalog:*"),
            Resource::Other => f.write_str("other::"),
        }
    }
}

/// As it stands in a token.
#[derive(Serialize, Deserialize)]
struct Claim {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    actions: Vec<String>,
}

impl Serialize for Access {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, name, actions) = match &self.resource {
            Resource::Repository(name) => {
                let words = self.actions.iter().map(|a| a.as_str().to_owned());
                ("repository", name.clone(), words.collect())
            }
            Resource::Catalog => ("registry", "catalog".to_owned(), vec!["*".to_owned()]),
            Resource::Other => ("other", String::new(), Vec::new()),
        };
        Claim {
            kind: kind.to_owned(),
            name,
            actions,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Access {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let claim = Object::<Claim>::deserialize(deserializer)?.0;
        let actions = claim.actions.iter().map(String::as_str);
        Ok(Self::new(&claim.kind, &claim.name, actions))
    }
}
