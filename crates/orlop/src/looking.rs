//! Images that are looked into: where they are, and how far the reading of their layers is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use orlop_distribution::Client;
use orlop_image::event::{BlobState, Event, EventSink, Work};
use orlop_image::look::{ImageFiles, LookOptions, Looker};
use orlop_image::{Error, Origin};
use orlop_oci::{Descriptor, Digest, Platform};

use crate::app::App;
use crate::config::ProgressMode;
use crate::error::CliResult;
use crate::interrupt;
use crate::place::Place;
use crate::progress::Progress;

/// Reads the files of these images, to be compared with each other when `contents` are asked for.
///
/// A name without a word before it is looked for in the store first, and then at its registry, from which
/// nothing is kept.
///
/// # Errors
/// One isn't there, or can't be read.
pub(crate) fn look(
    app: &App,
    names: &[&str],
    platform: Option<Platform>,
    contents: bool,
) -> CliResult<Vec<ImageFiles>> {
    // Where no terminal is, the answer is all that is wanted.
    let is_terminal = app.printer.look().stderr_size.is_some();
    let quiet = !is_terminal && app.settings.progress == ProgressMode::Auto;
    let progress = app.progress(quiet);
    let client = app.client(progress.clone())?;
    let events: Arc<dyn EventSink> = Arc::new(Reading::shown_on(progress.clone()));
    let mut looker = Looker::new(LookOptions {
        platform: app.platform(platform),
        contents,
        parallel: app.settings.parallel_downloads,
        bounds: app.settings.bounds.clone(),
    });
    let result = interrupt::run(
        async |cancel| {
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                let (origin, target) = tokio::select! {
                    place = find(app, &client, name) => place?,
                    () = cancel.cancelled() => return Err(Error::Cancelled.into()),
                };
                let image = looker.look(&origin, &target, name, &events, &cancel);
                found.push(image.await?);
            }
            Ok(found)
        },
        || None,
    );
    progress.finish();
    result
}

/// Where an image is, and what its name stands for there.
async fn find(app: &App, client: &Client, name: &str) -> CliResult<(Origin, Descriptor)> {
    let place = name.parse::<Place>();
    let is_plain = match &place {
        Ok(Place::Registry(_)) => !name.starts_with("docker://"),
        Ok(_) => false,
        // It may be an ID.
        Err(_) => true,
    };
    if is_plain {
        let images = app.images()?;
        match images.inspect(name, None) {
            Ok(details) => return Ok((Origin::Store(images.store().clone()), details.target)),
            Err(Error::NoSuchImage(_) | Error::Reference(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let found = place?.find(app, client).await?;
    Ok((found.origin, found.target))
}

/// Adds up what the layers tell, into one line that goes when all is read.
pub(crate) struct Reading {
    progress: Progress,
    /// How far each layer is: bytes read and in all, and whether it is done.
    layers: Mutex<BTreeMap<Digest, (u64, u64, bool)>>,
}

impl Reading {
    /// Adds up for this display.
    pub(crate) fn shown_on(progress: Progress) -> Self {
        Self {
            progress,
            layers: Mutex::default(),
        }
    }
}

impl EventSink for Reading {
    fn emit(&self, event: Event) {
        let Event::Blob { digest, state, .. } = event else {
            self.progress.emit(event);
            return;
        };
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let layer = layers.entry(digest).or_default();
        match state {
            BlobState::Loading { current, total } => *layer = (current, total, false),
            BlobState::Loaded => layer.2 = true,
            _ => {}
        }
        let sum = |part: fn(&(u64, u64, bool)) -> u64| layers.values().map(part).sum();
        let work = Work {
            what: "Reading",
            done: sum(|layer| u64::from(layer.2)),
            total: Some(layers.len() as u64),
            unit: "layers",
            bytes: sum(|layer| layer.0),
            ..Work::default()
        };
        drop(layers);
        self.progress.work(work);
    }
}
