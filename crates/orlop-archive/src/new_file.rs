//! A file that appears whole or not at all.
//!
//! Where the system can, the file has no name until it is complete (`O_TMPFILE`), so that even a `kill -9`
//! leaves nothing. Elsewhere it is written beside its place and renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use tempfile::{Builder, TempPath};

use crate::error::{Error, Result};

/// What is written, until [`place`](Self::place) gives it its name. When dropped, nothing is there.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    path: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It has no name.
    Nameless,
    /// It has another name, beside its place.
    Beside(TempPath),
    /// It is a device or a pipe, which is written to at once.
    Special,
}

impl NewFile {
    /// Begins a file that will be at `path`, with these permissions. A link is followed; a device or a
    /// pipe is written to as it is.
    ///
    /// # Errors
    /// When its directory isn't there or may not be written to, or when `path` is a directory.
    pub fn create(path: &Path, mode: u32) -> Result<Self> {
        let failed = || Error::io(format!("open {}", path.display()));
        let meta = match fs::metadata(path) {
            Ok(meta) => Some(meta),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed()(error)),
        };
        let mut path = path.to_owned();
        if let Some(meta) = meta {
            if meta.is_dir() {
                return Err(failed()(io::ErrorKind::IsADirectory.into()));
            }
            if !meta.is_file() {
                let file = File::options().write(true).open(&path).map_err(failed())?;
                let state = State::Special;
                return Ok(Self { file, path, state });
            }
            path = fs::canonicalize(&path).map_err(failed())?;
        }
        let (file, state) = begin(folder(&path), mode).map_err(failed())?;
        Ok(Self { file, path, state })
    }

    /// Writes it to the disk and gives it its name, over what had that name before.
    ///
    /// # Errors
    /// When the disk is full or fails; then what was there before is there still.
    pub fn place(self) -> Result<()> {
        let failed = || Error::io(format!("write {}", self.path.display()));
        match &self.state {
            State::Special => return Ok(()),
            State::Nameless | State::Beside(_) => self.file.sync_all().map_err(failed())?,
        }
        self.put().map_err(failed())?;
        let folder = File::open(folder(&self.path)).map_err(failed())?;
        folder.sync_all().map_err(failed())
    }

    /// The same without waiting for the disk: whoever calls it syncs.
    pub(crate) fn place_unsynced(self) -> Result<()> {
        let failed = Error::io(format!("write {}", self.path.display()));
        self.put().map_err(failed)
    }

    fn put(&self) -> io::Result<()> {
        match &self.state {
            State::Special => Ok(()),
            State::Beside(name) => fs::rename(name, &self.path),
            State::Nameless => {
                let link = |to: &Path| {
                    use std::os::fd::AsRawFd as _;
                    let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                    rustix::fs::linkat(CWD, own, CWD, to, AtFlags::SYMLINK_FOLLOW)
                };
                match link(&self.path) {
                    // A link replaces nothing, a rename does.
                    Err(rustix::io::Errno::EXIST) => {
                        let beside =
                            beside().make_in(folder(&self.path), |path| Ok(link(path)?))?;
                        fs::rename(beside.path(), &self.path)
                    }
                    result => Ok(result?),
                }
            }
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn begin(folder: &Path, mode: u32) -> io::Result<(File, State)> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let permissions = Mode::from_raw_mode(mode);
    if Path::new("/proc/self/fd").exists()
        && let Ok(file) = rustix::fs::open(folder, flags, permissions)
    {
        return Ok((File::from(file), State::Nameless));
    }
    let named = beside().make_in(folder, |path| {
        File::options()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
    })?;
    let (file, name) = named.into_parts();
    // The mask of the process has its say, as above.
    debug_assert!(file.metadata()?.permissions().mode() & 0o777 & !mode == 0);
    Ok((file, State::Beside(name)))
}

fn beside() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".orlop-");
    builder
}

/// The directory of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = NewFile::create(&path, 0o600).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert!(names(folder.path()).is_empty());
        for content in ["first", "second"] {
            let mut file = NewFile::create(&path, 0o600).unwrap();
            file.write_all(content.as_bytes()).unwrap();
            file.place().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["out"]);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_link_is_followed_and_a_pipe_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real"), "old").unwrap();
        std::os::unix::fs::symlink("real", at("link")).unwrap();
        let mut file = NewFile::create(&at("link"), 0o644).unwrap();
        file.write_all(b"new").unwrap();
        file.place().unwrap();
        assert_eq!(fs::read_to_string(at("real")).unwrap(), "new");
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        NewFile::create(Path::new("/dev/null"), 0o600)
            .unwrap()
            .place()
            .unwrap();
        assert!(NewFile::create(folder.path(), 0o600).is_err());
        let error = NewFile::create(&at("none/x"), 0o600).unwrap_err();
        assert!(error.to_string().contains("none/x"), "{error}");
    }
}
