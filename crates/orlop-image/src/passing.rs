//! A blob that passes once, from wherever it is, through work on a thread. Nothing of it is kept.

use std::sync::Arc;

use orlop_oci::Descriptor;
use tokio::sync::mpsc;

use crate::cancel::Cancel;
use crate::error::Result;
use crate::event::{BlobState, Event, EventSink};
use crate::origin::{CHUNKS_IN_FLIGHT, Origin};
use crate::progress::progress;
use crate::pull::blocking;
use crate::pull::wire::{Source, WireReader};

/// What passes, and for whom.
pub(crate) struct Passing<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) descriptor: &'a Descriptor,
    pub(crate) is_layer: bool,
    pub(crate) events: &'a Arc<dyn EventSink>,
    pub(crate) cancel: &'a Cancel,
}

impl Passing<'_> {
    /// Has `work` read the blob; progress and its end are told.
    pub(crate) async fn through<T, W>(self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(WireReader) -> Result<T> + Send + 'static,
    {
        let descriptor = self.descriptor;
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let origin = self.origin.clone();
        let feed = origin.feed(descriptor.clone(), 0, sender, self.cancel.clone());
        let feeding = tokio::spawn(feed);
        let loading = |current, total| BlobState::Loading { current, total };
        let wire = WireReader::new(
            Source::Passing(receiver),
            &descriptor.digest,
            Arc::clone(self.cancel.flag()),
            Box::new(progress(self.events, descriptor, self.is_layer, loading)),
        );
        let read = blocking(move || work(wire)).await;
        // Whoever reads no more wants no more.
        feeding.abort();
        let read = read?;
        self.events.emit(Event::Blob {
            digest: descriptor.digest.clone(),
            layer: self.is_layer,
            state: BlobState::Loaded,
        });
        Ok(read)
    }
}
