//! What reads packages from files.

use crate::{Content, FileInfo, Finding};

/// Reads the packages of one ecosystem from the files that show them.
pub trait Cataloger: Sync {
    /// Its name, as documents give it for a package's origin: syft's where syft has such a one
    /// (`apk-db-cataloger`).
    fn name(&self) -> &'static str;

    /// Whether it wants to read a file. Asked for every file of a layer: it must be cheap.
    fn wants(&self, file: &FileInfo<'_>) -> bool;

    /// Whether it finds what is declared (lock files and the like), not what is installed. Such a one
    /// is asked only where that is wanted.
    fn is_declared(&self) -> bool {
        false
    }

    /// Reads a file that it wanted. Of a file that turns out to be something else (an executable
    /// without what the cataloger looks for) it finds nothing, which is no fault.
    ///
    /// # Errors
    ///
    /// [`Fault`] for a file that is damaged or beyond a bound. What was found before stays.
    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault>;
}

/// What one file shows.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// In the order of the file.
    pub findings: Vec<Finding>,
    /// Faults in parts of the file, after which its reading went on.
    pub faults: Vec<Fault>,
}

/// Why a file, or a part of it, can't be read: a clause about "it", the file, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(String);

impl Fault {
    /// Says what is wrong with the file.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}
