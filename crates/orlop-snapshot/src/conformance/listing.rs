//! What a tree of files looks like from outside: a line for each name, with everything that must be
//! the same whichever driver made it.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

/// Path → description; the root is `.`.
pub type Listing = BTreeMap<String, String>;

/// Lists a tree.
///
/// # Errors
/// When something in it can't be read.
pub fn list(root: &Path) -> io::Result<Listing> {
    let mut listing = Listing::new();
    let mut links = HashMap::new();
    walk(root, ".", &mut listing, &mut links)?;
    Ok(listing)
}

/// `links` knows the first name of each file that has several.
fn walk(
    path: &Path,
    name: &str,
    listing: &mut Listing,
    links: &mut HashMap<u64, String>,
) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    if !meta.is_dir() && meta.nlink() > 1 {
        if let Some(first) = links.get(&meta.ino()) {
            listing.insert(name.to_owned(), format!("same as {first}"));
            return Ok(());
        }
        links.insert(meta.ino(), name.to_owned());
    }
    listing.insert(name.to_owned(), describe(path, &meta)?);
    if meta.is_dir() {
        let mut names: Vec<_> = fs::read_dir(path)?
            .map(|entry| entry.map(|e| e.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for child in names {
            let shown = format!("{name}/{}", child.to_string_lossy());
            walk(&path.join(&child), &shown, listing, links)?;
        }
    }
    Ok(())
}

fn describe(path: &Path, meta: &Metadata) -> io::Result<String> {
    let kind = meta.file_type();
    let what = if kind.is_dir() {
        "directory".to_owned()
    } else if kind.is_symlink() {
        format!("link to {}", fs::read_link(path)?.display())
    } else if kind.is_file() {
        format!("file {:?}", String::from_utf8_lossy(&fs::read(path)?))
    } else if kind.is_fifo() {
        "fifo".to_owned()
    } else {
        format!("device {:x}", meta.rdev())
    };
    Ok(format!(
        "{what} {:o} {}:{} {}.{:09}{}",
        meta.mode() & 0o7777,
        meta.uid(),
        meta.gid(),
        meta.mtime(),
        meta.mtime_nsec(),
        xattrs(path)?
    ))
}

/// All but those that the overlay file system keeps for itself.
fn xattrs(path: &Path) -> io::Result<String> {
    let mut names = vec![0_u8; 64 << 10];
    let length = rustix::fs::llistxattr(path, &mut names[..])?;
    let mut names: Vec<&[u8]> = names[..length]
        .split(|b| *b == 0)
        .filter(|n| {
            !n.is_empty() && !n.starts_with(b"trusted.overlay.") && !n.starts_with(b"user.overlay.")
        })
        .collect();
    names.sort_unstable();
    let mut shown = String::new();
    for name in names {
        let mut value = vec![0_u8; 64 << 10];
        let length = rustix::fs::lgetxattr(path, name, &mut value[..])?;
        shown += &format!(
            " {}={:?}",
            OsStr::from_bytes(name).display(),
            String::from_utf8_lossy(&value[..length])
        );
    }
    Ok(shown)
}
