//! The query of a request: `application/x-www-form-urlencoded`, decoded once.

use std::borrow::Cow;

use orlop_oci::{Algorithm, Digest};
use orlop_registry_store::{RepositoryName, TagName};

use super::{Refusal, StartUpload};

/// The most pairs that are looked at. What a request of the protocol needs is far less; even a
/// push of a hundred tags at once fits.
const MAX_PAIRS: usize = 256;

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// `n`: how many entries at most.
    pub n: Option<u64>,
    /// `last`: the last entry of the page before.
    pub last: Option<String>,
}

/// The pairs of a query, in order. Names that the protocol doesn't know are ignored.
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let pairs: Vec<_> = pairs.take(MAX_PAIRS + 1).collect();
        if pairs.len() > MAX_PAIRS {
            return Err(Refusal::Malformed);
        }
        Ok(Self(pairs))
    }

    /// The first value of a name. An empty one counts as none.
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        values
            .next()
            .map(|(_, value)| &**value)
            .filter(|v| !v.is_empty())
    }

    /// `n` and `last`.
    pub(super) fn list(&self) -> Result<ListQuery, Refusal> {
        let n = self.get("n").map(number).transpose()?;
        let last = self.get("last").map(str::to_owned);
        Ok(ListQuery { n, last })
    }

    /// `digest`, which must be there.
    pub(super) fn digest(&self) -> Result<Digest, Refusal> {
        let text = self.get("digest").ok_or(Refusal::Digest)?;
        text.parse().map_err(|_| Refusal::Digest)
    }

    /// All values of `tag`.
    pub(super) fn tags(&self) -> Result<Vec<TagName>, Refusal> {
        let values = self.0.iter().filter(|(key, _)| key == "tag");
        values
            .map(|(_, value)| value.parse().map_err(|_| Refusal::Tag))
            .collect()
    }

    /// `artifactType`. A media type has no spaces, but `+` in it, which clients forget to encode
    /// and which then decodes to a space.
    pub(super) fn artifact_type(&self) -> Option<String> {
        self.get("artifactType").map(|text| text.replace(' ', "+"))
    }

    /// What `POST …/blobs/uploads/` wants.
    pub(super) fn start_upload(&self) -> Result<StartUpload, Refusal> {
        if let Some(mount) = self.get("mount") {
            let digest = mount.parse().map_err(|_| Refusal::Digest)?;
            let from = self.get("from").map(str::parse::<RepositoryName>);
            let from = from.transpose().map_err(|_| Refusal::Name)?;
            return Ok(StartUpload::Mount { digest, from });
        }
        if self.get("digest").is_some() {
            return Ok(StartUpload::Whole(self.digest()?));
        }
        match self.get("digest-algorithm") {
            None | Some("sha256") => Ok(StartUpload::Session(Algorithm::Sha256)),
            Some("sha512") => Ok(StartUpload::Session(Algorithm::Sha512)),
            Some(_) => Err(Refusal::Digest),
        }
    }
}

/// Digits only: neither a sign nor spaces. What doesn't fit is as good as the largest.
fn number(text: &str) -> Result<u64, Refusal> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.parse().unwrap_or(u64::MAX))
    } else {
        Err(Refusal::Page)
    }
}
