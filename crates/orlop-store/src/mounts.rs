//! Images that the user has mounted. A mount outlives the process that made it, so it is a row, not a
//! lease; whether it is still there is asked of the kernel.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use orlop_oci::{ChainId, Digest};
use rusqlite::{Connection, Row};

use crate::error::{Error, Result};
use crate::sql;
use crate::store::{Durability, Store};

/// What overlay mounts of Orlop give as their source.
const OVERLAY_SOURCE: &str = "orlop";
/// What the datasets of every store have in their names, below the one that a user names or lives on.
pub const ZFS_DATASET: &str = "/orlop-";

/// A mounted image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountRecord {
    /// Where, as an absolute path without links.
    pub target: PathBuf,
    /// The storage driver that mounted it.
    pub driver: String,
    /// The image.
    pub image: Option<Digest>,
    /// The top of the stack that is mounted; nothing for an image without layers.
    pub chain: Option<ChainId>,
    /// It can be written to.
    pub writable: bool,
}

/// The mounts that this process sees.
#[derive(Clone, Debug, Default)]
pub struct MountTable {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// The directory of the file system that is mounted.
    root: PathBuf,
    target: PathBuf,
    kind: String,
    source: String,
}

impl Entry {
    /// The kernel's module, or zfs-fuse.
    fn is_zfs(&self) -> bool {
        matches!(self.kind.as_str(), "zfs" | "fuse.zfs")
    }
}

impl MountTable {
    /// Reads the kernel's table (proc(5), `/proc/pid/mountinfo`).
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read() -> Result<Self> {
        let path = Path::new("/proc/self/mountinfo");
        let text = fs::read(path).map_err(Error::io("read", path))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &[u8]) -> Self {
        let entries = text.split(|b| *b == b'\n').filter_map(parse_line).collect();
        Self { entries }
    }

    /// Whether anything is mounted exactly there.
    pub fn is_mounted(&self, target: &Path) -> bool {
        self.top(target).is_some()
    }

    /// Whether what is mounted there, the topmost if there are several, is Orlop's: an overlay with
    /// our source, a dataset of ours, or a directory of a driver's snapshots.
    pub fn is_ours(&self, target: &Path, driver: &str) -> bool {
        let snapshots = Path::new("snapshots").join(driver);
        self.top(target).is_some_and(|entry| {
            (entry.kind == "overlay" && entry.source == OVERLAY_SOURCE)
                || (entry.is_zfs() && driver == "zfs" && entry.source.contains(ZFS_DATASET))
                || contains(&entry.root, &snapshots)
        })
    }

    /// The ZFS dataset that a path, absolute and without links, lies on, if it lies on one.
    pub fn zfs_dataset(&self, path: &Path) -> Option<&str> {
        let depth = |entry: &&Entry| entry.target.components().count();
        self.entries
            .iter()
            .filter(|entry| path.starts_with(&entry.target))
            .max_by_key(depth)
            .filter(|entry| entry.is_zfs())
            .map(|entry| entry.source.as_str())
    }

    fn top(&self, target: &Path) -> Option<&Entry> {
        self.entries.iter().rev().find(|e| e.target == target)
    }
}

/// Whether the components of `part` stand one after the other in `path`.
fn contains(path: &Path, part: &Path) -> bool {
    let part: Vec<_> = part.components().collect();
    let path: Vec<_> = path.components().collect();
    path.windows(part.len()).any(|window| window == part)
}

/// `36 35 98:0 /root /target rw,noatime master:1 - ext3 /dev/root rw`
fn parse_line(line: &[u8]) -> Option<Entry> {
    let mut fields = line.split(|b| *b == b' ');
    let root = unescape(fields.nth(3)?);
    let target = unescape(fields.next()?);
    let mut rest = fields.skip_while(|field| *field != b"-").skip(1);
    Some(Entry {
        root: root.into(),
        target: target.into(),
        kind: String::from_utf8_lossy(rest.next()?).into_owned(),
        source: unescape(rest.next()?).to_string_lossy().into_owned(),
    })
}

/// Space, tab, newline and backslash are written as three octal digits.
fn unescape(field: &[u8]) -> OsString {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after
            .first_chunk::<3>()
            .filter(|_| byte == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(value) => {
                out.push(value);
                rest = &after[3..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    OsString::from_vec(out)
}

/// Where a mount is valid: the boot and the mount namespace.
struct Here {
    boot: String,
    namespace: String,
}

impl Here {
    fn ask() -> Result<Self> {
        let boot = Path::new("/proc/sys/kernel/random/boot_id");
        let namespace = Path::new("/proc/self/ns/mnt");
        Ok(Self {
            boot: fs::read_to_string(boot)
                .map_err(Error::io("read", boot))?
                .trim()
                .to_owned(),
            namespace: fs::read_link(namespace)
                .map_err(Error::io("read", namespace))?
                .to_string_lossy()
                .into_owned(),
        })
    }
}

impl Store {
    /// Notes that an image is mounted. Whoever mounts holds the chain by a lease until this is done.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn add_mount(&self, mount: &MountRecord) -> Result<()> {
        let here = Here::ask()?;
        self.write(Durability::Process, |tx| {
            tx.execute(
                "INSERT OR REPLACE INTO mounts
                 (target, namespace, boot, driver, image, chain_id, writable, created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    mount.target.as_os_str().as_bytes(),
                    here.namespace,
                    here.boot,
                    &mount.driver,
                    mount.image.as_ref().map(Digest::as_str),
                    mount.chain.as_ref().map(ChainId::as_str),
                    mount.writable,
                    sql::now(),
                ),
            )?;
            Ok(())
        })
    }

    /// Forgets a mount of this mount namespace. One that isn't known is no error.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn remove_mount(&self, target: &Path) -> Result<()> {
        let here = Here::ask()?;
        self.write(Durability::Process, |tx| {
            tx.execute(
                "DELETE FROM mounts WHERE target = ?1 AND namespace = ?2",
                (target.as_os_str().as_bytes(), here.namespace),
            )?;
            Ok(())
        })
    }

    /// The images that are mounted now.
    ///
    /// # Errors
    /// When the database or the kernel's table can't be read.
    pub fn mounts(&self) -> Result<Vec<MountRecord>> {
        self.read(living)
    }

    /// Those of them that this mount namespace has: others can't be unmounted from here.
    ///
    /// # Errors
    /// When the database or the kernel's table can't be read.
    pub fn mounts_here(&self) -> Result<Vec<MountRecord>> {
        let table = MountTable::read()?;
        let mut mounts = self.mounts()?;
        mounts.retain(|mount| table.is_ours(&mount.target, &mount.driver));
        Ok(mounts)
    }

    /// Where an image is mounted now.
    ///
    /// # Errors
    /// When the database or the kernel's table can't be read.
    pub fn mounts_of(&self, image: &Digest) -> Result<Vec<MountRecord>> {
        let mut mounts = self.mounts()?;
        mounts.retain(|mount| mount.image.as_ref() == Some(image));
        Ok(mounts)
    }
}

/// All mounts that are there, as far as that can be seen: one of another namespace counts as there
/// until the machine is booted again.
pub(crate) fn living(db: &Connection) -> Result<Vec<MountRecord>> {
    let mut statement = db.prepare_cached(
        "SELECT target, driver, image, chain_id, writable, namespace, boot FROM mounts ORDER BY target",
    )?;
    let rows: Vec<(MountRecord, String, String)> = statement
        .query_map([], |row| Ok((record(row)?, row.get(5)?, row.get(6)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let here = Here::ask()?;
    let table = MountTable::read()?;
    Ok(rows
        .into_iter()
        .filter(|(mount, namespace, boot)| {
            *boot == here.boot
                && (*namespace != here.namespace || table.is_ours(&mount.target, &mount.driver))
        })
        .map(|(mount, ..)| mount)
        .collect())
}

/// Forgets the mounts that are no more.
pub(crate) fn forget_stale(db: &Connection) -> Result<()> {
    let living: Vec<_> = living(db)?.into_iter().map(|m| m.target).collect();
    let known: Vec<Vec<u8>> = db
        .prepare_cached("SELECT target FROM mounts")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for target in known {
        if !living.iter().any(|l| l.as_os_str().as_bytes() == target) {
            db.execute("DELETE FROM mounts WHERE target = ?1", [&target])?;
        }
    }
    Ok(())
}

fn record(row: &Row<'_>) -> rusqlite::Result<MountRecord> {
    Ok(MountRecord {
        target: OsString::from_vec(row.get(0)?).into(),
        driver: row.get(1)?,
        image: row.get::<_, Option<sql::Text<Digest>>>(2)?.map(|d| d.0),
        chain: row.get::<_, Option<sql::Text<ChainId>>>(3)?.map(|c| c.0),
        writable: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines() {
        let table = MountTable::parse(
            b"1 2 8:1 / / rw shared:1 - ext4 /dev/vda rw\n\
              2 1 0:40 / /mnt/a\\040b ro - overlay orlop ro,lowerdir=x\n\
              3 1 8:1 /var/lib/orlop/snapshots/vfs/sha256-1 /mnt/c rw - ext4 /dev/vda rw\n\
              4 1 0:41 / /mnt/d rw - overlay overlay rw\n\
              5 1 0:42 / /mnt/e rw - fuse.zfs tank/orlop-1/throwaway-2 rw\n\
              6 1 0:43 / /tank rw - zfs tank/a\\040b rw\n\
              7 6 8:1 / /tank/disk rw - ext4 /dev/vda rw\n\
              short line\n",
        );
        assert!(table.is_ours(Path::new("/mnt/e"), "zfs"));
        assert!(!table.is_ours(Path::new("/mnt/e"), "vfs"));
        assert!(!table.is_ours(Path::new("/tank"), "zfs"));
        assert_eq!(table.zfs_dataset(Path::new("/tank/x/y")), Some("tank/a b"));
        assert_eq!(table.zfs_dataset(Path::new("/tank/disk/x")), None);
        assert_eq!(table.zfs_dataset(Path::new("/mnt")), None);
        assert!(table.is_ours(Path::new("/mnt/a b"), "overlay2"));
        assert!(table.is_ours(Path::new("/mnt/c"), "vfs"));
        assert!(!table.is_ours(Path::new("/mnt/c"), "overlay2"));
        assert!(table.is_mounted(Path::new("/mnt/d")));
        assert!(!table.is_ours(Path::new("/mnt/d"), "overlay2"));
        assert!(!table.is_mounted(Path::new("/mnt")));
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(b"a\\134\\011b\\"), OsString::from("a\\\tb\\"));
    }
}
