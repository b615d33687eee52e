//! Packages of Red Hat, Fedora, SUSE and what is made like them: rpm's database, in the three forms
//! that it has had, which all hold the same: one header a package. And a list in its place.

mod bdb;
mod header;
mod manifest;
mod ndb;
mod sqlite;

use super::bounds::{Listing, read_text};
use crate::{Cataloger, Content, Fault, FileInfo, Found};

const NAME: &str = "rpm-db-cataloger";

/// Where the database is: by rpm's default, in SUSE and newer Fedoras, in OSTree's.
const FOLDERS: &[&str] = &["var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"];

/// Bytes of a database that are read.
const DATABASE: u64 = 512 << 20;

/// Bytes of one header: a package with 100,000 files has 20 MB.
const HEADER: usize = 48 << 20;

/// What takes each header of a database.
type Visit<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Fault>;

/// Reads rpm's database.
pub(crate) struct Rpm;

impl Cataloger for Rpm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        file_of_database(file.path).is_some() || file.path == manifest::PATH
    }

    fn catalog(
        &self,
        file: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        if content.size() > DATABASE {
            return Err(Fault::new(format!(
                "it has {} bytes; at most {DATABASE} are read",
                content.size()
            )));
        }
        let mut listing = Listing::new(found);
        if file.path == manifest::PATH {
            let text = read_text(content, manifest::BOUND)?;
            let read = manifest::packages(&text, &mut listing);
            listing.finish();
            return read;
        }
        // No file has more headers in it than bytes; one that leads in circles would.
        let mut left = content.size();
        let visit: Visit<'_> = &mut |blob| {
            left = left
                .checked_sub(blob.len() as u64)
                .ok_or_else(|| Fault::new("its headers are longer than the file"))?;
            match header::package(blob, &mut listing) {
                Ok(Some(package)) => listing.package(package),
                Ok(None) => Ok(()),
                Err(fault) => {
                    listing.fault(fault);
                    Ok(())
                }
            }
        };
        let read = match file_of_database(file.path) {
            Some("Packages") => bdb::headers(content, visit),
            Some("Packages.db") => ndb::headers(content, visit),
            Some("rpmdb.sqlite") => sqlite::headers(content, visit),
            // SQLite's log, which is gone once all is written into the database.
            Some("rpmdb.sqlite-wal") if content.size() > 0 => Err(Fault::new(
                "it has changes that aren't in the database, which isn't read with them",
            )),
            _ => Ok(()),
        };
        listing.finish();
        read
    }
}

/// The name of a file that is one of rpm's databases.
fn file_of_database(path: &str) -> Option<&str> {
    let name = FOLDERS
        .iter()
        .find_map(|folder| path.strip_prefix(folder))?;
    matches!(
        name,
        "Packages" | "Packages.db" | "rpmdb.sqlite" | "rpmdb.sqlite-wal"
    )
    .then_some(name)
}

/// Reads exactly as many bytes as the buffer has.
fn read_exact(content: &dyn Content, mut offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read_at(offset, &mut buffer[filled..]) {
            Ok(0) => return Err(Fault::new("it ends early")),
            Ok(length) => {
                filled += length;
                offset += length as u64;
            }
            Err(error) => return Err(Fault::new(error.to_string())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
