//! How far a blob is, told often enough to be watched and seldom enough to cost nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use orlop_oci::Descriptor;

use crate::event::{BlobState, Event, EventSink};

/// Between two events of one blob; its last byte is always told.
const PAUSE: Duration = Duration::from_millis(80);

/// Takes how many bytes of a blob have passed, and tells it by the state that `state` makes of it and
/// of the blob's size.
pub(crate) fn progress<F>(
    events: &Arc<dyn EventSink>,
    descriptor: &Descriptor,
    layer: bool,
    state: F,
) -> impl Fn(u64) + Send + Sync + use<F>
where
    F: Fn(u64, u64) -> BlobState + Send + Sync,
{
    let events = Arc::clone(events);
    let (digest, total) = (descriptor.digest.clone(), descriptor.size);
    let last: Mutex<Option<Instant>> = Mutex::new(None);
    move |current| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if current < total && last.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        *last = Some(Instant::now());
        events.emit(Event::Blob {
            digest: digest.clone(),
            layer,
            state: state(current, total),
        });
    }
}
