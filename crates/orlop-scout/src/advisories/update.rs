//! The database of what publishers have now.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use orlop_distribution::Client;
use orlop_image::Cancel;
use orlop_image::event::{Event, EventSink, Work};
use orlop_vuln::database::{Database, save};

use super::base_images::{self, BaseImages};
use super::build::{Built, Input};
use super::fetch::{Fetched, Kept, folder_name};
use super::sources::FeedSource;
use super::{Advisories, name_of};
use crate::error::{Error, Result, blocking, cancelled};

/// Between two events.
const PAUSE: Duration = Duration::from_millis(80);

/// How sources are fetched.
#[derive(Clone, Copy, Debug)]
pub struct UpdateOptions {
    /// How many at a time.
    pub parallel: usize,
    /// The time of it.
    pub now: Timestamp,
}

/// What an update did.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The new database; `None` where nothing could be fetched, or where something can't be had that a
    /// database may have which was imported or pulled. Then that is as it was.
    pub built: Option<Built>,
    /// What came of each source, in the order they were given in.
    pub outcomes: Vec<SourceOutcome>,
}

/// What came of one source.
#[derive(Clone, Debug)]
pub struct SourceOutcome {
    /// Its name.
    pub name: String,
    /// What happened.
    pub state: SourceState,
}

/// What happened to a source.
#[derive(Clone, Debug)]
pub enum SourceState {
    /// So many bytes came.
    Fetched(u64),
    /// What was here is still right.
    Unchanged,
    /// It couldn't be fetched.
    Failed {
        /// Why not.
        error: Arc<Error>,
        /// From when the copy is that is used in its place, if there is one.
        kept: Option<Timestamp>,
    },
}

impl SourceState {
    /// What there is of it is what its publisher has.
    pub fn is_current(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }
}

/// Tells how far it is.
pub(super) struct Meter {
    events: Arc<dyn EventSink>,
    state: Mutex<(Work, Option<Instant>)>,
}

impl Meter {
    fn new(events: &Arc<dyn EventSink>, total: usize) -> Self {
        let work = Work {
            what: "Fetching",
            total: Some(total as u64),
            unit: "sources",
            ..Work::default()
        };
        Self {
            events: Arc::clone(events),
            state: Mutex::new((work, None)),
        }
    }

    pub(super) fn passed(&self, bytes: u64) {
        self.change(false, |work| work.bytes += bytes);
    }

    fn change(&self, always: bool, change: impl FnOnce(&mut Work)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state.0);
        if !always && state.1.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        state.1 = Some(Instant::now());
        self.events.emit(Event::Work(state.0.clone()));
    }
}

/// Hosts that can't be reached: what else is there isn't waited for.
#[derive(Default)]
struct Away(Mutex<HashMap<String, Arc<Error>>>);

impl Away {
    fn host(source: &FeedSource) -> String {
        source.url[..url::Position::BeforePath].to_owned()
    }

    fn error_of(&self, source: &FeedSource) -> Option<Arc<Error>> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(&Self::host(source)).cloned()
    }

    fn note(&self, source: &FeedSource, error: &Arc<Error>) {
        let is_away = matches!(
            &**error,
            Error::Image(orlop_image::Error::Registry(
                orlop_distribution::Error::Connect { .. }
            ))
        );
        if is_away {
            let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.insert(Self::host(source), Arc::clone(error));
        }
    }
}

impl Advisories {
    /// Fetches sources and the catalogue of base images, and makes the database of them. Of a source that fails the last good copy is
    /// used. Where none can be fetched, the database stays what it is.
    ///
    /// # Errors
    /// Files can't be written; [`orlop_image::Error::Cancelled`]. Then the database is what it was.
    pub async fn update(
        &self,
        sources: &[FeedSource],
        bases: &[BaseImages],
        client: &Client,
        options: UpdateOptions,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Updated> {
        let lock = self.lock(&**events, cancel).await?;
        let fetching = async {
            let mut outcomes = self.fetch_all(sources, client, options, events).await;
            if !bases.is_empty() {
                let kept = Kept::of(&self.folder.join("sources"), base_images::SOURCE);
                outcomes.extend(base_images::fetch(bases, &kept, client, options).await?);
            }
            Ok::<_, Error>(outcomes)
        };
        let outcomes = tokio::select! {
            outcomes = fetching => outcomes?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        // Base images alone are no reason to let go of advisories.
        let told = match sources.is_empty() {
            true => outcomes.as_slice(),
            false => &outcomes[..sources.len()],
        };
        if sources.is_empty() {
            self.has_no_advisories()?;
        }
        let is_any = told.iter().any(|outcome| outcome.state.is_current());
        if !is_any || self.would_lose(&outcomes) {
            return Ok(Updated {
                built: None,
                outcomes,
            });
        }
        let is_unchanged = outcomes
            .iter()
            .all(|outcome| matches!(outcome.state, SourceState::Unchanged));
        let (own, told, wish) = (self.clone(), Arc::clone(events), cancel.clone());
        let mut names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        if !bases.is_empty() {
            names.push(base_images::SOURCE.to_owned());
        }
        let work = blocking(move || {
            let renewed = match is_unchanged {
                true => own.renew(&names, options.now),
                false => None,
            };
            let built = match renewed {
                Some(built) => built,
                None => own.build(&own.kept(&names), options.now, &*told, &wish)?,
            };
            own.forget_others(&names);
            // Without it the next update builds what it could renew.
            let _ = fs::write(own.made_file(), &built.digest);
            drop(lock);
            Ok(built)
        });
        let built = tokio::select! {
            built = work => built?,
            () = cancel.cancelled() => return Err(cancelled()),
        };
        Ok(Updated {
            built: Some(built),
            outcomes,
        })
    }

    /// Whether sources are missing that the database may have: one that was imported or pulled isn't made of
    /// what is kept here.
    fn would_lose(&self, outcomes: &[SourceOutcome]) -> bool {
        let is_missing =
            |it: &SourceOutcome| matches!(it.state, SourceState::Failed { kept: None, .. });
        let made = fs::read_to_string(self.made_file()).unwrap_or_default();
        let is_others = |database: Database| made != name_of(&database);
        outcomes.iter().any(is_missing) && self.open().is_ok_and(is_others)
    }

    /// Fails if there is a database that has more than a catalogue of base images.
    fn has_no_advisories(&self) -> Result<()> {
        let Ok(database) = self.open() else {
            return Ok(());
        };
        let mut sources = database.contents().sources.iter();
        match sources.all(|source| source.name == base_images::SOURCE) {
            true => Ok(()),
            false => Err(Error::OnlyBaseImages(
                Kept::of(&self.folder.join("sources"), base_images::SOURCE).data(),
            )),
        }
    }

    async fn fetch_all(
        &self,
        sources: &[FeedSource],
        client: &Client,
        options: UpdateOptions,
        events: &Arc<dyn EventSink>,
    ) -> Vec<SourceOutcome> {
        let folder = self.folder.join("sources");
        let meter = Meter::new(events, sources.len());
        let away = Away::default();
        let fetches = sources.iter().enumerate().map(|(place, source)| {
            let kept = Kept::of(&folder, &source.name);
            let (meter, away) = (&meter, &away);
            async move {
                meter.change(true, |work| work.note = Some(source.name.clone()));
                let fetched = match away.error_of(source) {
                    Some(error) => Err(error),
                    None => {
                        let fetched = kept.fetch(source, client, options.now, meter).await;
                        fetched.map_err(Arc::new)
                    }
                };
                meter.change(true, |work| work.done += 1);
                let state = match fetched {
                    Ok(Fetched::New(bytes)) => SourceState::Fetched(bytes),
                    Ok(Fetched::Unchanged) => SourceState::Unchanged,
                    Err(error) => {
                        away.note(source, &error);
                        let kept = kept.state().map(|state| state.checked);
                        SourceState::Failed { error, kept }
                    }
                };
                let name = source.name.clone();
                (place, SourceOutcome { name, state })
            }
        });
        let fetches = futures_util::stream::iter(fetches);
        let fetches = fetches.buffer_unordered(options.parallel.max(1));
        let mut outcomes: Vec<(usize, SourceOutcome)> = fetches.collect().await;
        outcomes.sort_by_key(|(place, _)| *place);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Says of the database that it is of now, if it was made of these sources as they still are.
    fn renew(&self, names: &[String], now: Timestamp) -> Option<Built> {
        let database = self.open().ok()?;
        let made = fs::read_to_string(self.made_file()).ok()?;
        let sources = &database.contents().sources;
        let is_same =
            made == name_of(&database) && sources.iter().map(|source| &source.name).eq(names);
        if !is_same {
            return None;
        }
        let renewed = Database::from_bytes(database.renewed(now).ok()?).ok()?;
        save(renewed.bytes(), &self.path()).ok()?;
        Some(Built::of(&renewed))
    }

    /// The file with the name of the database that was made of what is kept: the database itself may have
    /// been pulled or imported since.
    fn made_file(&self) -> PathBuf {
        self.folder.join("sources/made")
    }

    /// What there is of these sources.
    fn kept(&self, names: &[String]) -> Vec<Input> {
        let folder = self.folder.join("sources");
        let inputs = names.iter().filter_map(|name| {
            let kept = Kept::of(&folder, name);
            Some(Input {
                name: name.clone(),
                date: kept.state()?.checked,
                path: kept.data(),
            })
        });
        inputs.collect()
    }

    /// Removes what was kept of sources that aren't wanted any more.
    fn forget_others(&self, names: &[String]) {
        let names: HashSet<String> = names.iter().map(|name| folder_name(name)).collect();
        let folder = self.folder.join("sources");
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_wanted = entry
                .file_name()
                .to_str()
                .is_some_and(|name| names.contains(name));
            if !is_wanted && entry.path() != self.made_file() {
                // It takes room and does no harm.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}
