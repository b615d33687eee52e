//! When things were pulled, until it is written.
//!
//! A pull must not cost a write, so it only leaves a note here; a background pass writes all notes
//! of some seconds in one change. What a crash takes with it is a few seconds of "last pulled".

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use orlop_oci::Digest;

use crate::meta_store::{NewEvent, PullNote};
use crate::{RepositoryName, TagOrDigest};

/// Notes that are kept between two passes. Any more are lost, until the same is pulled again.
const NOTES: usize = 65_536;

/// Events that are kept between two passes.
const EVENTS: usize = 16_384;

#[derive(Debug, Default)]
pub(crate) struct Pulls(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    notes: HashMap<(RepositoryName, TagOrDigest), (Digest, Timestamp)>,
    events: Vec<NewEvent>,
}

impl Pulls {
    pub(crate) fn note(
        &self,
        repository: &RepositoryName,
        reference: &TagOrDigest,
        digest: &Digest,
        event: Option<NewEvent>,
    ) {
        let at = Timestamp::now();
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = pending.notes.len() >= NOTES;
        match pending.notes.entry((repository.clone(), reference.clone())) {
            Entry::Occupied(mut note) => {
                note.insert((digest.clone(), at));
            }
            Entry::Vacant(place) if !full => {
                place.insert((digest.clone(), at));
            }
            Entry::Vacant(_) => {}
        }
        if let Some(event) = event
            && pending.events.len() < EVENTS
        {
            pending.events.push(event);
        }
    }

    /// Takes all notes, to write them.
    pub(crate) fn take(&self) -> (Vec<PullNote>, Vec<NewEvent>) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Pending { notes, events } = std::mem::take(&mut *pending);
        drop(pending);
        let notes = notes
            .into_iter()
            .map(|((repository, reference), (digest, at))| PullNote {
                repository,
                reference,
                digest,
                at,
            })
            .collect();
        (notes, events)
    }
}
