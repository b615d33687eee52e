//! Running what needs the network, and stopping it.
//!
//! The first Ctrl-C (or SIGTERM) asks the operation to stop, which it does within a second; the
//! second ends the process at once. Both are safe: what is not reported as done is not visible, and
//! what came in is kept for the next try.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use orlop_image::Cancel;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{CliError, CliResult, ErrorKind};

/// Threads that are still busy when all is over get this long to notice.
const GRACE: Duration = Duration::from_millis(500);

/// Runs an operation to its end or until it is interrupted. `kept` says what an interrupted
/// operation leaves for the next one.
///
/// # Errors
/// Those of the operation, or [`ErrorKind::Interrupted`].
pub(crate) fn run<T, F>(
    operation: impl FnOnce(Cancel) -> F,
    kept: impl FnOnce() -> Option<String>,
) -> CliResult<T>
where
    F: Future<Output = CliResult<T>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::from(error).context("starting the network"))?;
    let cancel = Cancel::new();
    let caught = Arc::new(AtomicU8::new(0));
    let result = runtime.block_on(async {
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            tokio::spawn(watch(kind, cancel.clone(), caught.clone())?);
        }
        operation(cancel).await
    });
    runtime.shutdown_timeout(GRACE);
    match caught.load(Ordering::SeqCst) {
        0 => result,
        // It was done before it could stop: then it is done.
        _ if result.is_ok() => result,
        signal => Err(CliError::of(
            ErrorKind::Interrupted { signal },
            match kept() {
                Some(kept) => format!("interrupted: {kept}"),
                None => "interrupted".to_owned(),
            },
        )),
    }
}

/// Waits for signals of a kind: the first cancels, the second ends the process.
fn watch(
    kind: SignalKind,
    cancel: Cancel,
    caught: Arc<AtomicU8>,
) -> CliResult<impl Future<Output = ()>> {
    let mut signals = signal(kind)?;
    // Signals that are asked for here have small numbers.
    let number = u8::try_from(kind.as_raw_value()).unwrap_or(2);
    Ok(async move {
        while signals.recv().await.is_some() {
            if caught.swap(number, Ordering::SeqCst) != 0 {
                end_now(number);
            }
            cancel.cancel();
        }
    })
}

/// Ends the process as that signal would have.
#[expect(
    clippy::exit,
    reason = "whoever asks twice does not want to wait for anything"
)]
pub(crate) fn end_now(signal: u8) -> ! {
    std::process::exit(128 + i32::from(signal))
}
