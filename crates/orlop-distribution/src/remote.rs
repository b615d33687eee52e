//! A repository on a registry, with the registry's mirrors before it.

use std::sync::Arc;

use orlop_oci::{Digest, Reference, Repository};

use crate::auth::{Purpose, Scopes};
use crate::endpoint::Endpoint;
use crate::error::Error;

/// What a manifest is asked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestRef<'a> {
    /// A name that may move.
    Tag(&'a str),
    /// The digest of its bytes.
    Digest(&'a Digest),
}

impl<'a> ManifestRef<'a> {
    /// What a whole reference asks for: its digest if it has one, else its tag, else `latest`.
    pub fn of(reference: &'a Reference) -> Self {
        match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Self::Digest(digest),
            (None, Some(tag)) => Self::Tag(tag),
            (None, None) => Self::Tag(orlop_oci::DEFAULT_TAG),
        }
    }

    pub(crate) fn as_str(self) -> &'a str {
        match self {
            Self::Tag(tag) => tag,
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

/// A repository as one endpoint knows it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) endpoint: Arc<Endpoint>,
    /// With the endpoint's name and, on a mirror, with its prefix.
    pub(crate) repository: Repository,
}

impl Place {
    pub(crate) fn new(endpoint: Arc<Endpoint>, repository: Repository) -> Self {
        Self {
            endpoint,
            repository,
        }
    }

    /// The path of something in the repository, with the query that a mirror needs: for whom it
    /// stands (`ns`, as containerd's hosts.toml has it).
    pub(crate) fn path(&self, what: &str) -> String {
        let separator = if what.contains('?') { '&' } else { '?' };
        let namespace = match &self.endpoint.stands_for {
            Some(registry) => format!("{separator}ns={registry}"),
            None => String::new(),
        };
        format!("v2/{}/{what}{namespace}", self.repository.path())
    }

    pub(crate) fn pull(&self) -> Purpose {
        self.purpose(Scopes::pull(self.repository.path()), false)
    }

    pub(crate) fn push(&self) -> Purpose {
        self.purpose(Scopes::push(self.repository.path()), true)
    }

    pub(crate) fn purpose(&self, scopes: Scopes, push: bool) -> Purpose {
        Purpose {
            repository: Some(self.repository.clone()),
            scopes,
            push,
        }
    }

    /// The familiar name of a manifest here, for errors.
    pub(crate) fn name_of(&self, reference: ManifestRef<'_>) -> String {
        let name = self.repository.familiar_name();
        match reference {
            ManifestRef::Tag(tag) => format!("{name}:{tag}"),
            ManifestRef::Digest(digest) => format!("{name}@{digest}"),
        }
    }
}

/// A repository. Reading verbs ask the mirrors of its registry in order, then the registry itself;
/// writing verbs ask the registry only. Clones are cheap.
#[derive(Clone)]
pub struct Remote {
    mirrors: Vec<Place>,
    own: Place,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Remote({})", self.own.repository)
    }
}

impl Remote {
    pub(crate) fn new(mirrors: Vec<Place>, own: Place) -> Self {
        Self { mirrors, own }
    }

    /// Which repository it is.
    pub fn repository(&self) -> &Repository {
        &self.own.repository
    }

    /// The same repository without the mirrors of its registry.
    #[must_use]
    pub fn without_mirrors(mut self) -> Self {
        self.mirrors.clear();
        self
    }

    /// The registry itself.
    pub(crate) fn own(&self) -> &Place {
        &self.own
    }

    /// The mirrors that can be reached, then the registry itself.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        let up = self.mirrors.iter().filter(|mirror| mirror.endpoint.is_up());
        up.chain(std::iter::once(&self.own))
    }

    /// Asks one place after the other. Whatever a mirror lacks or gets wrong, the next one may have
    /// right; what the registry itself says is final.
    pub(crate) async fn first<T>(
        &self,
        ask: impl AsyncFn(&Place) -> Result<T, Error>,
    ) -> Result<T, Error> {
        for mirror in self.mirrors.iter().filter(|mirror| mirror.endpoint.is_up()) {
            match ask(mirror).await {
                Ok(answer) => return Ok(answer),
                Err(error) => note_mirror(mirror, &error),
            }
        }
        ask(&self.own).await
    }
}

/// Tells that a mirror is left out, unless it just hasn't got what was asked for.
pub(crate) fn note_mirror(mirror: &Place, error: &Error) {
    mirror.endpoint.failed(error);
    if !error.is_not_found() {
        let endpoint = &mirror.endpoint;
        endpoint
            .shared
            .note(&format!("mirror {} left out: {error}", endpoint.name));
    }
}
