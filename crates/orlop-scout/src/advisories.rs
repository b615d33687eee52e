//! The store's database of advisories: where it is, and how it comes to be there.
//!
//! ```text
//! ROOT/scout/
//!   advisories-v1.db        the database: replaced whole, never written to
//!   sources/NAME/data       what `update` fetched of a source last, as it came
//!                state.json where from, when, and what the server calls it
//!                part       what is on its way
//!   sources/base-images/…   the catalogue of base images, made of what registries have
//!   sources/made            which database was made of them
//!   lock                    held by whoever makes a database
//! ```
//!
//! Fetched sources are kept, so that a mirror that is away costs nothing but the news: the database is
//! made of what is there. Where `import` reads from is the user's, and nothing of it is kept.

mod artifact;
mod base_images;
mod build;
mod fetch;
mod lock;
mod sources;
mod update;

use std::path::{Path, PathBuf};
use std::time::Duration;

use orlop_vuln::database::{Database, DatabaseError, FORMAT};

use crate::error::{Error, Result};

pub use artifact::{ARTIFACT_TYPE, Pulled};
pub use base_images::BaseImages;
pub use build::Built;
pub use sources::{DEFAULT_ECOSYSTEMS, DEFAULT_RELEASES, DEFAULT_URLS, FeedSource, SourcesWanted};
pub use update::{SourceOutcome, SourceState, UpdateOptions, Updated};

/// Where the database of advisories is: one file below the store's root, for each version of its format.
#[derive(Clone, Debug)]
pub struct Advisories {
    folder: PathBuf,
}

impl Advisories {
    /// Those of the store at `root`.
    pub fn of(root: &Path) -> Self {
        Self {
            folder: root.join("scout"),
        }
    }

    /// The folder that databases are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("advisories-v{FORMAT}.db"))
    }

    /// Files that nobody needs, with their sizes: databases of older formats, and what was left of one that
    /// couldn't be written to its end.
    pub fn leftovers(&self) -> Vec<(PathBuf, u64)> {
        let mut leftovers = Vec::new();
        for entry in std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            let Some((file, metadata)) = name.to_str().zip(entry.metadata().ok()) else {
                continue;
            };
            let age = metadata
                .modified()
                .ok()
                .and_then(|time| time.elapsed().ok());
            if metadata.is_file() && is_leftover(file, age.unwrap_or_default()) {
                leftovers.push((entry.path(), metadata.len()));
            }
        }
        leftovers.sort();
        leftovers
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`Error::NoDatabase`] if there is none, [`Error::Unusable`] if it can't be used.
    pub fn open(&self) -> Result<Database> {
        match Database::open(&self.path()) {
            Err(DatabaseError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Err(Error::NoDatabase(self.folder.clone()))
            }
            // This one names the file itself.
            Err(error @ DatabaseError::Io { .. }) => Err(error.into()),
            opened => opened.map_err(|source| Error::Unusable {
                path: self.path(),
                source,
            }),
        }
    }
}

/// What a database is called: the SHA-256 of what it holds.
fn name_of(database: &Database) -> String {
    format!("sha256:{}", database.digest())
}

/// Whoever writes a database takes no longer than this.
const WRITTEN_WITHIN: Duration = Duration::from_secs(3600);

/// Whether a file of this name and age is one that nobody needs.
fn is_leftover(name: &str, age: Duration) -> bool {
    let Some(rest) = name.strip_prefix("advisories-v") else {
        return false;
    };
    let Some((format, rest)) = rest.split_once(".db") else {
        return false;
    };
    match rest {
        "" => format.parse::<u32>().is_ok_and(|format| format < FORMAT),
        rest => rest.ends_with(".new") && age > WRITTEN_WITHIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_needs_is_left_over() {
        let (young, old) = (Duration::from_secs(60), Duration::from_secs(7200));
        let own = format!("advisories-v{FORMAT}.db");
        let newer = format!("advisories-v{}.db", FORMAT + 1);
        let table = [
            ("advisories-v0.db", young, true),
            (&own, old, false),
            (&newer, old, false),
            ("advisories-v1.db.17.new", young, false),
            ("advisories-v1.db.17.new", old, true),
            ("advisories-v1.db.bak", old, false),
            ("notes", old, false),
        ];
        for (name, age, expected) in table {
            assert_eq!(is_leftover(name, age), expected, "{name}");
        }
    }
}
