//! Putting a database in its place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::DatabaseError;

/// Writes a file beside `path`, makes it durable and renames it to `path`, so that a reader has the
/// old file or the new one, whole. What is at `path` is never written to: it may be mapped.
///
/// # Errors
///
/// [`DatabaseError::Io`]; then `path` is what it was.
pub fn save(bytes: &[u8], path: &Path) -> Result<(), DatabaseError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = Path::new(&name);
    let written = write(bytes, new).and_then(|()| fs::rename(new, path));
    let written = written.and_then(|()| match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => Ok(()),
    });
    written.map_err(|source| {
        // It may not even be there.
        let _ = fs::remove_file(new);
        DatabaseError::Io {
            path: path.to_owned(),
            source,
        }
    })
}

fn write(bytes: &[u8], path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
