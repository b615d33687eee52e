//! A database from files.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use orlop_image::Cancel;
use orlop_image::event::{Event, EventSink, Work};
use orlop_vuln::database::{
    Builder, BuilderOptions, Contents, Database, DatabaseError, Fault, save,
};
use orlop_vuln::feeds::{self, FeedError};

use super::{Advisories, name_of};
use crate::error::{Error, Result, blocking, cancelled};

/// A database that was made.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its name: `sha256:` and the SHA-256 of what it holds, in hexadecimal.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it holds, and how many records of each source were left out.
    pub contents: Contents,
    /// The first of the records that were left out.
    pub faults: Vec<Fault>,
    /// It is another than before.
    pub is_new: bool,
    /// Why the one before couldn't be read: then it isn't known when records without a date were first
    /// seen.
    pub lost: Option<String>,
}

impl Built {
    /// A new one.
    pub(super) fn of(database: &Database) -> Self {
        Self {
            digest: name_of(database),
            size: database.size(),
            contents: database.contents().clone(),
            faults: Vec::new(),
            is_new: true,
            lost: None,
        }
    }
}

/// What a database is made of: one source.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) date: Timestamp,
    pub(super) path: PathBuf,
}

impl Advisories {
    /// Makes the database from files and folders of feeds, of these alone, and puts it in the place of
    /// the one before. Each is a source by its path; its date is that of its newest file, or `date`.
    /// The same files with the same dates make the same database.
    ///
    /// # Errors
    /// A path can't be read or has no feed; [`orlop_image::Error::Cancelled`]. Then the database is what
    /// it was.
    pub async fn import(
        &self,
        paths: Vec<PathBuf>,
        date: Option<Timestamp>,
        events: &Arc<dyn EventSink>,
        cancel: &Cancel,
    ) -> Result<Built> {
        let lock = self.lock(&**events, cancel).await?;
        let (own, told, wish) = (self.clone(), Arc::clone(events), cancel.clone());
        let work = blocking(move || {
            let inputs = inputs(paths, date)?;
            // Nothing of now: the same files make the same database.
            let built = inputs.iter().map(|input| input.date).max();
            let built = own.build(&inputs, built.unwrap_or_default(), &*told, &wish);
            drop(lock);
            built
        });
        tokio::select! {
            built = work => built,
            () = cancel.cancelled() => Err(cancelled()),
        }
    }

    /// Makes the database from these sources, and puts it in its place. To be called with the lock.
    pub(super) fn build(
        &self,
        inputs: &[Input],
        built: Timestamp,
        events: &dyn EventSink,
        cancel: &Cancel,
    ) -> Result<Built> {
        let (previous, lost) = match self.open() {
            Ok(previous) => (Some(previous), None),
            Err(Error::NoDatabase(_)) => (None, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let (mut builder, lost) = match Builder::new(BuilderOptions {
            built,
            previous: previous.as_ref(),
        }) {
            Ok(builder) => (builder, lost),
            Err(error @ DatabaseError::Damaged(_)) => {
                let alone = BuilderOptions {
                    built,
                    previous: None,
                };
                (Builder::new(alone)?, Some(error.to_string()))
            }
            Err(error) => return Err(error.into()),
        };
        for (done, input) in inputs.iter().enumerate() {
            if cancel.is_cancelled() {
                return Err(cancelled());
            }
            tell(events, done, inputs.len(), Some(&input.name));
            builder.add_path(&input.name, input.date, &input.path)?;
        }
        tell(events, inputs.len(), inputs.len(), None);
        let faults = builder.faults().to_vec();
        let database = Database::from_bytes(builder.finish()?)?;
        database.verify()?;
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let is_new =
            lost.is_some() || previous.is_none_or(|previous| previous.bytes() != database.bytes());
        if is_new {
            save(database.bytes(), &self.path())?;
        }
        Ok(Built {
            faults,
            is_new,
            lost,
            ..Built::of(&database)
        })
    }
}

fn tell(events: &dyn EventSink, done: usize, total: usize, name: Option<&str>) {
    events.emit(Event::Work(Work {
        what: "Reading",
        done: done as u64,
        total: Some(total as u64),
        unit: "sources",
        note: name.map(str::to_owned),
        ..Work::default()
    }));
}

fn inputs(paths: Vec<PathBuf>, date: Option<Timestamp>) -> Result<Vec<Input>> {
    let now = Timestamp::now();
    let input = |path: PathBuf| {
        let date = match date {
            Some(date) => date,
            None => changed(&path)?.min(now),
        };
        Ok(Input {
            name: path.display().to_string(),
            // Whole seconds: no file system keeps less, and some no more.
            date: Timestamp::from_second(date.as_second()).unwrap_or(date),
            path,
        })
    };
    paths.into_iter().map(input).collect()
}

/// When the newest file of a feed was changed.
fn changed(path: &std::path::Path) -> Result<Timestamp> {
    let changed = feeds::changed(path)?.ok_or_else(|| FeedError::Unknown {
        path: path.to_owned(),
        what: "it holds no feed of advisories that is known".to_owned(),
    })?;
    // A time that can't be told is as old as any.
    Ok(Timestamp::try_from(changed).unwrap_or_default())
}
