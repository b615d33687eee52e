//! Uploads in a folder: `uploads/ID/about.json` and `uploads/ID/data`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::Advice;

use super::failed;
use crate::{Resumed, StorageError, UploadAbout, UploadData, UploadId, UploadState};

type Result<T> = std::result::Result<T, StorageError>;

/// The kernel is asked to begin writing to the disk after so many bytes, so that the last sync of a
/// large blob finds little to do.
const WRITE_BEHIND: u64 = 8 << 20;

/// How much of the disk pushes leave free, in bytes; on a small one, a [`SMALL`]th of it. To delete
/// and to collect takes space before it gives any back (the log of the database), and where the last
/// page is gone neither can.
const RESERVE: u64 = 16 << 20;
const SMALL: u64 = 16;

/// How much is read at once to hash it again.
const REPLAY: usize = 256 << 10;

fn directory(root: &Path, id: &UploadId) -> PathBuf {
    root.join("uploads").join(id.as_str())
}

pub(super) fn data(root: &Path, id: &UploadId) -> PathBuf {
    directory(root, id).join("data")
}

pub(super) fn start(
    root: &Path,
    id: &UploadId,
    about: Option<&UploadAbout>,
) -> Result<Box<dyn UploadData>> {
    let directory = directory(root, id);
    // One that is there already is somebody else's.
    fs::create_dir(&directory).map_err(|e| failed("begin an upload in", &directory, e))?;
    let made = || -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(directory.join("data"))?;
        file.lock()?;
        if let Some(about) = about {
            // Last, and whole or not at all: with it the upload can be found.
            let text = serde_json::to_vec(about)?;
            fs::write(directory.join("about.tmp"), text)?;
            fs::rename(directory.join("about.tmp"), directory.join("about.json"))?;
        }
        Ok(file)
    };
    match made() {
        Ok(file) => Ok(Box::new(Data::new(file, 0, directory.join("data")))),
        Err(error) => {
            // What was made is of no use; housekeeping finds it should this fail too.
            let _ = fs::remove_dir_all(&directory);
            Err(failed("begin an upload in", &directory, error))
        }
    }
}

/// The bytes of an upload are a file elsewhere. That has to be ours alone to write to: whoever else
/// could, would write into a blob that was verified.
pub(super) fn link(
    root: &Path,
    id: &UploadId,
    folder: BorrowedFd<'_>,
    name: &str,
) -> Result<Option<Box<dyn UploadData>>> {
    let directory = directory(root, id);
    fs::create_dir(&directory).map_err(|e| failed("begin an upload in", &directory, e))?;
    let path = directory.join("data");
    let linked = || -> io::Result<Option<File>> {
        use rustix::fs::{AtFlags, CWD, Mode, OFlags};
        // The name itself isn't followed when it is a link; it is linked, and then no file.
        rustix::fs::linkat(folder, name, CWD, &path, AtFlags::empty())?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&path, flags, Mode::empty())?);
        let meta = file.metadata()?;
        let ours = meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o022 == 0;
        if meta.is_file() && ours {
            file.try_lock()?;
            return Ok(Some(file));
        }
        Ok(None)
    };
    // Whatever stands against it, copying is the other way, and says what is really wrong.
    match linked().ok().flatten() {
        Some(file) => {
            let len = file
                .metadata()
                .map_err(|e| failed("look at", &path, e))?
                .len();
            Ok(Some(Box::new(Data::new(file, len, path))))
        }
        None => {
            cancel(root, id)?;
            Ok(None)
        }
    }
}

pub(super) fn about(root: &Path, id: &UploadId) -> Result<Option<(UploadAbout, u64)>> {
    let path = directory(root, id).join("about.json");
    let found = fs::read(&path).and_then(|text| Ok((text, fs::metadata(data(root, id))?.len())));
    match found {
        Ok((text, len)) => {
            let about = serde_json::from_slice(&text).map_err(|e| {
                StorageError::Internal(format!("{} is malformed: {e}", path.display()))
            })?;
            Ok(Some((about, len)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", &path, error)),
    }
}

pub(super) fn resume(root: &Path, id: &UploadId) -> Result<Resumed> {
    let path = data(root, id);
    let opened = OpenOptions::new().read(true).write(true).open(&path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Resumed::Unknown),
        Err(error) => return Err(failed("open", &path, error)),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Resumed::Busy),
        Err(TryLockError::Error(error)) => return Err(failed("lock", &path, error)),
    }
    // Between opening and locking another process may have finished the upload: the file that we
    // hold is a blob now, and nobody may write to it. Or it has made a copy of it to go on with.
    let ours = file.metadata().map_err(|e| failed("look at", &path, e))?;
    let theirs = match fs::metadata(&path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Resumed::Unknown),
        Err(error) => return Err(failed("look at", &path, error)),
    };
    if (ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino()) {
        return Ok(Resumed::Busy);
    }
    if ours.nlink() > 1 {
        file = apart(root, id, &mut file).map_err(|e| failed("copy", &path, e))?;
    }
    file.seek(SeekFrom::End(0))
        .map_err(|e| failed("seek in", &path, e))?;
    Ok(Resumed::Ready(Box::new(Data::new(file, ours.len(), path))))
}

/// A copy of what was placed and never named, or named and not removed: as an upload's it may be
/// written to, as a blob's not.
fn apart(root: &Path, id: &UploadId, placed: &mut File) -> io::Result<File> {
    let directory = directory(root, id);
    let path = directory.join("data.tmp");
    let mut copy = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)?;
    copy.lock()?;
    io::copy(placed, &mut copy)?;
    fs::rename(&path, directory.join("data"))?;
    Ok(copy)
}

/// Gives an upload's file a name as a blob. What is there is replaced.
pub(super) fn place(root: &Path, id: &UploadId, to: &Path) -> Result<()> {
    let (from, aside) = (data(root, id), directory(root, id).join("placed"));
    let linked = match fs::hard_link(&from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Of one file under both names nothing is renamed, and nothing needs to be.
            fs::hard_link(&from, &aside).and_then(|()| fs::rename(&aside, to))
        }
        linked => linked,
    };
    // A file system without links: a crash may cost the upload there.
    linked
        .or_else(|_| fs::rename(&from, to))
        .map_err(|e| failed("name", to, e))
}

pub(super) fn cancel(root: &Path, id: &UploadId) -> Result<()> {
    let directory = directory(root, id);
    // In this order: without `about.json` it can't be found, without `data` not be resumed.
    for file in ["about.json", "data", "about.tmp", "data.tmp", "placed"] {
        let path = directory.join(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &path, error));
            }
            _ => {}
        }
    }
    match fs::remove_dir(&directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", &directory, error))
        }
        _ => Ok(()),
    }
}

pub(super) fn list(root: &Path) -> Result<Vec<UploadState>> {
    let path = root.join("uploads");
    let mut states = Vec::new();
    for entry in fs::read_dir(&path).map_err(|e| failed("read", &path, e))? {
        let entry = entry.map_err(|e| failed("read", &path, e))?;
        let Some(id) = entry.file_name().to_str().and_then(UploadId::parse) else {
            continue;
        };
        let data = entry.path().join("data");
        // Gone since, or never got that far: then the directory's own time counts.
        let meta = fs::metadata(&data).or_else(|_| entry.metadata());
        let Ok(meta) = meta else { continue };
        // What is a blob, too, takes no room of its own.
        let own = meta.is_file() && meta.nlink() < 2;
        let size = if own { meta.len() } else { 0 };
        let modified = meta.modified().map_err(|e| failed("look at", &data, e))?;
        let busy = File::open(&data)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        // Names come into the directory when the upload begins, and leave it when it ends.
        let begun = entry.metadata().and_then(|meta| meta.modified());
        let Ok(begun) = begun else { continue };
        let about = about(root, &id).ok().flatten().map(|(about, _)| about);
        let time = |time| Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
        states.push(UploadState {
            id,
            size,
            begun_at: about
                .as_ref()
                .map_or_else(|| time(begun), |about| about.begun_at),
            active_at: time(modified),
            busy,
            resumable: about.is_some(),
            repository: about.map(|about| about.repository),
        });
    }
    Ok(states)
}

/// An upload's file, locked.
#[derive(Debug)]
struct Data {
    file: File,
    len: u64,
    path: PathBuf,
    /// Up to where the kernel was asked to write.
    pushed: u64,
}

impl Data {
    fn new(file: File, len: u64, path: PathBuf) -> Self {
        Self {
            file,
            len,
            path,
            pushed: len,
        }
    }
}

/// Fails when `more` bytes would take what is to stay free. What the file system doesn't say is not
/// held against anybody.
fn leave_reserve(file: &File, more: usize) -> Result<()> {
    let Ok(state) = rustix::fs::fstatvfs(file) else {
        return Ok(());
    };
    let bytes = |blocks: u64| blocks.saturating_mul(state.f_frsize);
    let reserve = RESERVE.min(bytes(state.f_blocks) / SMALL);
    let free = bytes(state.f_bavail).saturating_sub(more as u64);
    if reserve > 0 && free < reserve {
        return Err(StorageError::NoSpace);
    }
    Ok(())
}

impl UploadData for Data {
    fn len(&self) -> u64 {
        self.len
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        leave_reserve(&self.file, bytes.len())?;
        self.file
            .write_all(bytes)
            .map_err(|e| failed("write", &self.path, e))?;
        self.len += bytes.len() as u64;
        if self.len - self.pushed >= WRITE_BEHIND {
            // Of pages that wait to be written it begins the writing, and keeps them; a refusal
            // costs nothing but time.
            let length = std::num::NonZeroU64::new(self.len - self.pushed);
            let _ = rustix::fs::fadvise(&self.file, self.pushed, length, Advice::DontNeed);
            self.pushed = self.len;
        }
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> Result<()> {
        self.file
            .set_len(len)
            .and_then(|()| self.file.seek(SeekFrom::Start(len)))
            .map_err(|e| failed("truncate", &self.path, e))?;
        self.len = len;
        self.pushed = self.pushed.min(len);
        Ok(())
    }

    fn replay(&self, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        let read = || -> io::Result<()> {
            let mut file = File::open(&self.path)?.take(self.len);
            let mut buffer = vec![0; REPLAY];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(()),
                    count => each(&buffer[..count]),
                }
            }
        };
        let mut read = read;
        read().map_err(|e| failed("read", &self.path, e))
    }

    fn sync(&mut self) -> Result<()> {
        self.file
            .sync_data()
            .map_err(|e| failed("sync", &self.path, e))
    }
}
