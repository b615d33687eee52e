//! What is done to accounts and keys, in the registry's log of events.

use std::sync::Arc;

use orlop_access::{AccessEvent, Observer};
use orlop_registry_store::{EventKind, Origin, Storage};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::app::App;
use crate::error::{CliError, CliResult, chain};

/// Who works on a registry by the command line: whoever may write its folder.
pub(super) fn origin(app: &App) -> Origin {
    let user = app.env.get("SUDO_USER").or_else(|| app.env.get("USER"));
    Origin {
        user_agent: Some(format!(
            "orlop/{} (command line)",
            env!("CARGO_PKG_VERSION")
        )),
        address: user.map(|user| format!("local:{user}")),
        ..Origin::system()
    }
}

/// Writes down what was done to an account.
///
/// # Errors
/// The registry can't be written.
pub(super) async fn record(storage: &Storage, note: &str, who: &Origin) -> CliResult {
    let recorded = storage.record(EventKind::Account, note, who).await;
    recorded.map_err(|error| CliError::new(chain(&error)))
}

/// Changes of the keys that sign tokens, on their way into the log of events: access tells of them
/// where nothing can be waited for.
pub(super) struct KeyLog {
    sender: UnboundedSender<String>,
    notes: UnboundedReceiver<String>,
    who: Origin,
}

impl KeyLog {
    /// Of changes that `who` is the reason for.
    pub(super) fn new(who: Origin) -> Self {
        let (sender, notes) = unbounded_channel();
        Self { sender, notes, who }
    }

    /// Hears of access, and passes all on to `next`.
    pub(super) fn observer(&self, next: impl Fn(&AccessEvent) + Send + Sync + 'static) -> Observer {
        let sender = self.sender.clone();
        Arc::new(move |event| {
            let note = match &event {
                AccessEvent::KeyMade { id } => Some(format!("key {id} made")),
                AccessEvent::KeyRemoved { id } => Some(format!("key {id} removed")),
                _ => None,
            };
            if let Some(note) = note {
                // Nobody hears it any more when the registry has ended.
                let _ = sender.send(note);
            }
            next(&event);
        })
    }

    /// Writes down what comes, for ever; `failed` hears what can't be.
    pub(super) async fn run(&mut self, storage: &Storage, failed: impl Fn(CliError)) {
        while let Some(note) = self.notes.recv().await {
            if let Err(error) = record(storage, &note, &self.who).await {
                failed(error);
            }
        }
    }

    /// Writes down what has come.
    ///
    /// # Errors
    /// The registry can't be written.
    pub(super) async fn catch_up(&mut self, storage: &Storage) -> CliResult {
        while let Ok(note) = self.notes.try_recv() {
            record(storage, &note, &self.who).await?;
        }
        Ok(())
    }
}
