//! What goes wrong in a use-case of scanning.

use std::path::{Path, PathBuf};

/// The result of a use-case.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a use-case failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image can't be had, or isn't what it should be; also [`orlop_image::Error::Cancelled`].
    #[error(transparent)]
    Image(#[from] orlop_image::Error),
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] orlop_store::Error),
    /// An archive or layout can't be read.
    #[error(transparent)]
    Archive(#[from] orlop_archive::Error),
    /// The database of advisories can't be used.
    #[error(transparent)]
    Database(#[from] orlop_vuln::database::DatabaseError),
    /// The file of the store's database of advisories can't be used.
    #[error("{}: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: orlop_vuln::database::DatabaseError,
    },
    /// A feed of advisories can't be read.
    #[error(transparent)]
    Feed(#[from] orlop_vuln::feeds::FeedError),
    /// What was fetched is no feed of advisories.
    #[error("{url}: {why}")]
    NoFeed {
        /// Where it is.
        url: String,
        /// A clause about it.
        why: String,
    },
    /// What was pulled is no database of advisories.
    #[error("{reference} is no advisory database that can be used: {why}")]
    NoAdvisories {
        /// The artifact.
        reference: String,
        /// A clause about it.
        why: String,
    },
    /// There is no database of advisories yet.
    #[error("there is no advisory database in {}", .0.display())]
    NoDatabase(PathBuf),
    /// A directory or file can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An archive or layout has several images, and none was named.
    #[error("{place} holds several images: {}", names.join(", "))]
    SeveralImages {
        /// The archive or layout.
        place: String,
        /// What they are called.
        names: Vec<String>,
    },
    /// A pattern of tags means more of them than a catalogue may have.
    #[error("{wanted} matches {count} tags, more than the {allowed} allowed")]
    TooManyTags {
        /// The pattern.
        wanted: String,
        /// How many.
        count: usize,
        /// How many may be.
        allowed: usize,
    },
    /// Nothing but base images would be in the database, which has advisories. The file is their catalogue.
    #[error("the database has advisories, and scout.sources names none to put in their place")]
    OnlyBaseImages(PathBuf),
    /// An archive or layout has no image.
    #[error("{0} holds no image")]
    NoImages(String),
    /// A file is no SBOM that can be read.
    #[error("{}: {why}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// A clause about it.
        why: String,
    },
    /// A thread of the runtime ended without an answer.
    #[error("a thread of the scan ended without an answer")]
    Thread,
}

impl Error {
    /// Names the path that an I/O error is about.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// What may help, where something may.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Image(error) => return error.hint(),
            Self::Store(error) => return error.hint(),
            Self::Archive(error) => return error.hint(),
            Self::NoDatabase(_) => {
                "`orlop scout db update` fetches advisories, `orlop scout db import PATH…` reads them from files"
            }
            Self::Database(_) | Self::Unusable { .. } => {
                "`orlop scout db update` or `orlop scout db import` makes a new one"
            }
            Self::Feed(_) | Self::NoAdvisories { .. } => {
                "the advisory database, if there was one, is as it was"
            }
            Self::OnlyBaseImages(file) => {
                let file = file.display();
                return Some(format!(
                    "the catalogue is in {file}: `orlop scout db import` reads it beside the advisories' files"
                ));
            }
            Self::SeveralImages { .. } => "--ref names the one that is meant",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Somebody wished to stop.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Image(orlop_image::Error::Cancelled))
    }
}

/// Somebody wished to stop.
pub(crate) fn cancelled() -> Error {
    Error::Image(orlop_image::Error::Cancelled)
}

/// Runs work that blocks on a thread for it.
pub(crate) async fn blocking<T, W>(work: W) -> Result<T>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::Thread),
        },
    }
}
