//! Access, in one place: what each route needs, who asks, and whether they may.
//!
//! [`admit`] runs before any handler, for every route; a handler only ever sees a [`Caller`] who may
//! do what was asked. A refusal depends on the names in the request and on the rules, never on what
//! the registry keeps: nobody learns from it whether a repository exists.

use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use orlop_access::{
    Access, Action, Actions, AuthError, ChallengeError, Credentials, Identity, Refusal,
};
use orlop_registry_store::{Origin, RepositoryName};

use crate::failure::Failure;
use crate::peer::Peer;
use crate::registry::Registry;
use crate::route::{Route, StartUpload};

/// What somebody must be or may, to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs<'a> {
    /// Nothing: the answer is the same for all.
    Nothing,
    /// What `GET /v2/` needs: to be somebody, where that makes a difference.
    Login,
    /// An action in a repository.
    Repository(&'a RepositoryName, Action),
    /// To list repositories. Which of them are shown is decided one by one.
    Catalog,
    /// To administer the registry.
    Admin,
}

impl Route {
    /// What the route needs.
    pub fn needs(&self) -> Needs<'_> {
        match self {
            Self::GetBlob(name, _)
            | Self::HeadBlob(name, _)
            | Self::GetManifest(name, _)
            | Self::HeadManifest(name, _)
            | Self::Tags(name, _)
            | Self::Referrers(name, ..) => Needs::Repository(name, Action::Pull),
            Self::StartUpload(name, _)
            | Self::PatchUpload(name, _)
            | Self::FinishUpload(name, ..)
            | Self::UploadStatus(name, _)
            | Self::CancelUpload(name, _)
            | Self::PutManifest(name, ..) => Needs::Repository(name, Action::Push),
            Self::DeleteManifest(name, _) | Self::DeleteBlob(name, _) => {
                Needs::Repository(name, Action::Delete)
            }
            Self::Base => Needs::Login,
            Self::Catalog(_) => Needs::Catalog,
            Self::Metrics => Needs::Admin,
            // The token service is where one shows who one is.
            Self::Token(_) | Self::TokenKeys | Self::Health | Self::Ready | Self::Options(_) => {
                Needs::Nothing
            }
        }
    }

    /// What a client without enough should ask its token for: all that the request needs, and for a
    /// push what the rest of the push needs too.
    fn wanted(&self) -> Vec<Access> {
        match self.needs() {
            Needs::Repository(name, Action::Push) => {
                let both = Actions::NONE.with(Action::Pull).with(Action::Push);
                let mut wanted = vec![Access::repository(name.as_str(), both)];
                if let Self::StartUpload(
                    _,
                    StartUpload::Mount {
                        from: Some(from), ..
                    },
                ) = self
                {
                    let pull = Actions::NONE.with(Action::Pull);
                    wanted.push(Access::repository(from.as_str(), pull));
                }
                wanted
            }
            Needs::Repository(name, action) => {
                let actions = Actions::NONE.with(action);
                vec![Access::repository(name.as_str(), actions)]
            }
            Needs::Catalog => vec![Access::catalog()],
            Needs::Nothing | Needs::Login | Needs::Admin => Vec::new(),
        }
    }
}

/// Somebody who may do what they ask for.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// All that they may do in the route's repository.
    pub(crate) actions: Actions,
    /// The same person, for the event log.
    pub(crate) origin: Origin,
}

/// The credentials of a request.
///
/// # Errors
/// When there are several, or they aren't text: which of them a proxy in front of us has looked at
/// is unknown.
pub(crate) fn credentials<'a>(
    parts: &'a Parts,
    peer: &'a Peer,
    registry: &Registry,
) -> Result<Credentials<'a>, Failure> {
    let mut values = parts.headers.get_all(AUTHORIZATION).into_iter();
    let authorization = match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().map_err(|_| Failure::unauthorized())?),
        _ => return Err(Failure::unauthorized()),
    };
    Ok(Credentials {
        authorization,
        certificate: peer.certificate.as_ref(),
        address: Some(peer.client_address(&parts.headers, &registry.options)),
    })
}

/// Lets a request in, or says why not.
pub(crate) async fn admit(
    registry: &Registry,
    peer: &Peer,
    parts: &Parts,
    route: &Route,
    origin: &mut Origin,
) -> Result<Caller, Failure> {
    let needs = route.needs();
    let open = match needs {
        Needs::Nothing => true,
        Needs::Admin => peer.operation || !registry.options.guard_metrics,
        _ => false,
    };
    if open {
        let identity = Identity::anonymous();
        return Ok(caller(identity, Actions::NONE, origin));
    }
    let access = &registry.access;
    let challenge = |error: Option<ChallengeError>| {
        let url = peer.public_url(parts, &registry.options);
        let text = access.challenge(&route.wanted(), error, &url);
        challenged(&text)
    };
    let credentials = credentials(parts, peer, registry).map_err(|_| challenge(None))?;
    let identity = match access.authenticate(&credentials).await {
        Ok(identity) => identity,
        Err(error) => return Err(unknown(&error, challenge)),
    };
    origin.actor = identity.actor().to_string();
    let (allowed, actions) = match needs {
        Needs::Repository(name, action) => {
            let actions = access.allowed(&identity, name.as_str());
            (actions.contains_all(action.needs()), actions)
        }
        Needs::Login => (access.may_ping(&identity), Actions::NONE),
        Needs::Catalog => (access.may_list_catalog(&identity), Actions::NONE),
        Needs::Admin => (access.is_admin(&identity), Actions::NONE),
        Needs::Nothing => (true, Actions::NONE),
    };
    if allowed {
        return Ok(caller(identity, actions, origin));
    }
    Err(match access.refusal(&identity) {
        Refusal::Unauthorized(error) => challenge(error),
        Refusal::Forbidden => Failure::denied(),
    })
}

fn caller(identity: Identity, actions: Actions, origin: &mut Origin) -> Caller {
    origin.actor = identity.actor().to_string();
    Caller {
        identity,
        actions,
        origin: origin.clone(),
    }
}

/// 401 with a challenge.
fn challenged(text: &str) -> Failure {
    match HeaderValue::from_str(text) {
        Ok(value) => Failure::unauthorized().with(WWW_AUTHENTICATE, value),
        Err(_) => Failure::internal("a challenge that is no header"),
    }
}

/// Why somebody isn't recognised, as an answer.
fn unknown(error: &AuthError, challenge: impl Fn(Option<ChallengeError>) -> Failure) -> Failure {
    match error {
        AuthError::Throttled { retry_after } => {
            Failure::too_many(error.to_string(), retry_after.as_secs())
        }
        AuthError::Invalid(_) => {
            let mut failure = challenge(error.challenge_error());
            failure.internal = Some(error.to_string());
            failure
        }
        _ => {
            let mut failure = Failure::unavailable("accounts can't be read now", 5);
            failure.internal = Some(error.to_string());
            failure
        }
    }
}
