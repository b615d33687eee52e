//! Signals: the first that ends finishes what runs, the second doesn't wait for it; SIGHUP reads
//! files again.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CliResult;
use crate::interrupt::end_now;

/// Signals that are listened to from the moment that this is made.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    pub(super) hangup: Signal,
}

impl Signals {
    /// # Errors
    /// The system doesn't let us listen.
    pub(super) fn listen() -> CliResult<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Splits them: the signal to read files again, and a future that is ready with the first signal
    /// to end. The second one ends the process.
    pub(super) fn split(self) -> (Signal, impl Future<Output = ()> + Send) {
        let (first, came) = tokio::sync::oneshot::channel();
        let Self {
            mut interrupt,
            mut terminate,
            hangup,
        } = self;
        tokio::spawn(async move {
            let mut first = Some(first);
            loop {
                let number = tokio::select! {
                    Some(()) = interrupt.recv() => 2,
                    Some(()) = terminate.recv() => 15,
                    else => return,
                };
                match first.take() {
                    // Nobody listens any more when the server has ended by itself.
                    Some(first) => drop(first.send(())),
                    None => end_now(number),
                }
            }
        });
        let ended = async move {
            let _ = came.await;
        };
        (hangup, ended)
    }
}
