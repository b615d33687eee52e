//! One image reference of a file.

use std::ops::Range;

use orlop_oci::{DEFAULT_TAG, Digest, Reference};

use crate::edit::Edit;
use crate::position::{Position, Source};

/// An image reference of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The reference, with the values of its variables as far as they are known.
    pub text: String,
    /// Where it stands; where its end stands, when that is elsewhere (in an `ARG`).
    pub at: Position,
    /// What can be done with it.
    pub state: State,
    /// For [`State::Known`].
    pub(crate) end: Option<End>,
}

/// What can be done with a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is understood and can be pinned, and pinned anew.
    Known(Reference),
    /// It has a digest, but what name the digest was of isn't known.
    Fixed,
    /// It can't be pinned.
    Unresolved {
        /// Why not, for people.
        why: String,
    },
}

/// Where a reference ends, in bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    /// The byte after it.
    pub(crate) at: usize,
    /// The digest that it ends with, if it has one.
    pub(crate) digest: Option<Range<usize>>,
}

impl Image {
    /// One that stands in one piece at `range` of the file.
    pub(crate) fn plain(source: &Source<'_>, range: Range<usize>) -> Self {
        let written = &source.text[range.clone()];
        let (state, end) = match written.parse::<Reference>() {
            Ok(reference) => {
                let digest = reference
                    .digest()
                    .map(|d| range.end - d.as_str().len()..range.end);
                let at = range.end;
                (State::Known(reference), Some(End { at, digest }))
            }
            Err(error) => (State::unresolved(error.to_string()), None),
        };
        Self {
            text: written.to_owned(),
            at: source.position(range.start),
            state,
            end,
        }
    }

    /// One that can't be pinned.
    pub(crate) fn unresolved(text: &str, at: Position, why: impl Into<String>) -> Self {
        Self {
            text: text.to_owned(),
            at,
            state: State::unresolved(why),
            end: None,
        }
    }

    /// One whose variables have values that aren't in the file.
    pub(crate) fn with_variables(text: &str, at: Position, why: impl Into<String>) -> Self {
        let state = if ends_with_digest(text) {
            State::Fixed
        } else {
            State::unresolved(why)
        };
        Self {
            text: text.to_owned(),
            at,
            state,
            end: None,
        }
    }

    /// The reference, when it is known.
    pub fn reference(&self) -> Option<&Reference> {
        match &self.state {
            State::Known(reference) => Some(reference),
            _ => None,
        }
    }

    /// It has a digest.
    pub fn is_pinned(&self) -> bool {
        match &self.state {
            State::Known(reference) => reference.digest().is_some(),
            State::Fixed => true,
            State::Unresolved { .. } => false,
        }
    }

    /// The name whose digest it has or shall have; `latest` when it names neither tag nor digest.
    /// None when there is no such name: nobody can tell what a lone digest was once called.
    pub fn tagged(&self) -> Option<Reference> {
        let reference = self.reference()?;
        match (reference.tag(), reference.digest()) {
            (None, Some(_)) => None,
            (tag, _) => reference
                .repository()
                .with_tag(tag.unwrap_or(DEFAULT_TAG))
                .ok(),
        }
    }

    /// What pins it to `digest`. Nothing when it can't be, or is.
    pub fn pin(&self, digest: &Digest) -> Option<Edit> {
        let reference = self.reference()?;
        let end = self.end.as_ref()?;
        if reference.digest() == Some(digest) {
            return None;
        }
        Some(match &end.digest {
            Some(range) => Edit::replace(range.clone(), digest.to_string()),
            None if reference.tag().is_none() => {
                Edit::insert(end.at, format!(":{DEFAULT_TAG}@{digest}"))
            }
            None => Edit::insert(end.at, format!("@{digest}")),
        })
    }
}

impl State {
    pub(crate) fn unresolved(why: impl Into<String>) -> Self {
        Self::Unresolved { why: why.into() }
    }
}

/// The text ends with `@ALGORITHM:HEX`, whatever stands before.
pub(crate) fn ends_with_digest(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(_, digest)| digest.parse::<Digest>().is_ok())
}
