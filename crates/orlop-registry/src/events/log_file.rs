//! A file that lines are added to, and that others move away.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often it is looked whether the file is still where it was.
const LOOK: Duration = Duration::from_secs(1);
/// Who may read it: its owner and its group.
const MODE: u32 = 0o640;

/// A file that lines are added to. When it was moved away or removed (by `logrotate`), it is made
/// anew within a second, or at once after [`Reopen::reopen`].
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    place: (u64, u64),
    looked: Instant,
    asked: Reopen,
    opened: u64,
}

/// Asks [`LogFile`]s to look where they are. All clones are one.
#[derive(Clone, Debug, Default)]
pub struct Reopen(Arc<AtomicU64>);

impl Reopen {
    /// Makes them look before their next line.
    pub fn reopen(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl LogFile {
    /// Opens a file, and makes it when it isn't there.
    ///
    /// # Errors
    /// It can't be.
    pub fn open(path: &Path, reopen: Reopen) -> io::Result<Self> {
        let (file, place) = open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            place,
            looked: Instant::now(),
            opened: reopen.0.load(Ordering::Relaxed),
            asked: reopen,
        })
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// It can't be.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn look(&mut self) -> io::Result<()> {
        let asked = self.asked.0.load(Ordering::Relaxed);
        if asked == self.opened && self.looked.elapsed() < LOOK {
            return Ok(());
        }
        let there = std::fs::metadata(&self.path)
            .ok()
            .map(|there| place(&there));
        if there != Some(self.place) {
            let (file, place) = open(&self.path)?;
            (self.file, self.place) = (file, place);
        }
        (self.opened, self.looked) = (asked, Instant::now());
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.look()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn place(there: &std::fs::Metadata) -> (u64, u64) {
    (there.dev(), there.ino())
}

/// Opens the file at its end, which is made the end of a line: whoever wrote there last may have
/// died in the middle of one.
fn open(path: &Path) -> io::Result<(File, (u64, u64))> {
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create(true).mode(MODE);
    let mut file = options.open(path)?;
    let there = file.metadata()?;
    if there.is_file() && there.len() > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok((file, place(&there)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("log.1"));
        let reopen = Reopen::default();
        let mut log = LogFile::open(&path, reopen.clone()).unwrap();
        log.write_all(b"one\n").unwrap();
        std::fs::rename(&path, &moved).unwrap();
        reopen.reopen();
        log.write_all(b"two\n").unwrap();
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "one\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
        std::fs::remove_file(&path).unwrap();
        reopen.reopen();
        log.write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        let mode = std::fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode & !MODE, 0, "{mode:o}");
    }

    #[test]
    fn a_broken_line_ends_before_the_next_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "whole\nbrok").unwrap();
        let mut log = LogFile::open(&path, Reopen::default()).unwrap();
        log.write_all(b"next\n").unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "whole\nbrok\nnext\n"
        );
    }
}
