//! How overlayfs writes down what is hidden (Linux, `Documentation/filesystems/overlayfs.rst`,
//! "whiteouts and opaque directories").

use std::os::fd::{AsFd, BorrowedFd};

use rustix::{
    fs::{self, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use crate::node::{self, Attributes};

/// What becomes of a layer's whiteouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhiteoutStyle {
    /// The directory holds this layer alone, for overlayfs mounted by root: character devices
    /// 0:0, and `trusted.overlay.opaque=y` on opaque directories.
    Overlay,
    /// The same for overlayfs mounted with `userxattr` in a user namespace: `user.overlay.*`.
    /// Whiteouts are devices where the system allows them (Linux 5.8 does for everyone), else
    /// empty files with `user.overlay.whiteout` in directories with `user.overlay.opaque=x`
    /// (understood since Linux 6.7).
    OverlayUser,
    /// The directory holds the tree of the layers below, and what is hidden is deleted from it.
    /// Only what was there before this layer is: a whiteout hides lower layers, not its own.
    Apply,
}

impl WhiteoutStyle {
    /// The prefix of overlayfs's attributes; `None` where there are none.
    fn prefix(self) -> Option<&'static [u8]> {
        match self {
            Self::Overlay => Some(b"trusted.overlay."),
            Self::OverlayUser => Some(b"user.overlay."),
            Self::Apply => None,
        }
    }
}

/// An attribute by which overlayfs steers itself. In an archive it could forge whiteouts and
/// redirects, so it is never taken from one, nor shown as a part of an image.
pub(crate) fn is_private_attribute(name: &[u8]) -> bool {
    name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.")
}

/// Marks a directory opaque: nothing of the layers below is seen in it.
pub(crate) fn make_opaque(style: WhiteoutStyle, dir: BorrowedFd<'_>) -> Result<(), Errno> {
    match style.prefix() {
        Some(prefix) => Attributes::Open(dir).set(&[prefix, b"opaque"].concat(), b"y"),
        None => Ok(()),
    }
}

/// Makes a whiteout of the name `name`, where nothing is.
pub(crate) fn make_whiteout(
    style: WhiteoutStyle,
    dir: BorrowedFd<'_>,
    name: &[u8],
) -> Result<(), Errno> {
    let made = fs::mknodat(dir, name, FileType::CharacterDevice, Mode::empty(), 0);
    match (made, style.prefix()) {
        (Err(Errno::PERM | Errno::ACCESS), Some(b"user.overlay.")) => {
            make_attribute_whiteout(dir, name)
        }
        (made, _) => made,
    }
}

/// A whiteout for those who may not make devices.
fn make_attribute_whiteout(dir: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = fs::openat(dir, name, flags, Mode::RUSR)?;
    Attributes::Open(file.as_fd()).set(b"user.overlay.whiteout", b"y")?;
    // Tells the kernel to look for such files when it lists the directory.
    let dir = Attributes::Open(dir);
    match dir.get(b"user.overlay.opaque")?.as_deref() {
        Some(b"y" | b"x") => Ok(()),
        _ => dir.set(b"user.overlay.opaque", b"x"),
    }
}

/// Whether `name` in `dir`, which is `stat`, is a whiteout of either form.
///
/// # Errors
/// When its attributes can't be read.
pub fn is_whiteout(dir: impl AsFd, name: &[u8], stat: &Stat) -> Result<bool, Errno> {
    match node::file_type(stat) {
        FileType::CharacterDevice => Ok(stat.st_rdev == 0),
        FileType::RegularFile if stat.st_size == 0 => {
            let attributes = Attributes::of_name(dir, name);
            Ok(attributes.get(b"user.overlay.whiteout")?.is_some()
                || attributes.get(b"trusted.overlay.whiteout")?.is_some())
        }
        _ => Ok(false),
    }
}

/// Whether a directory hides what the layers below have in it.
///
/// # Errors
/// When its attributes can't be read.
pub fn is_opaque(dir: BorrowedFd<'_>) -> Result<bool, Errno> {
    let attributes = Attributes::Open(dir);
    for name in [&b"trusted.overlay.opaque"[..], b"user.overlay.opaque"] {
        if attributes.get(name)?.as_deref() == Some(b"y") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whiteouts_by_attribute_are_made_and_seen() {
        let dir = tempfile::tempdir().unwrap();
        let fd = node::open_root(dir.path()).unwrap();
        match make_attribute_whiteout(fd.as_fd(), b"gone") {
            Err(Errno::OPNOTSUPP) => return eprintln!("SKIPPED: no user attributes here"),
            made => made.unwrap(),
        }
        let stat = node::lstat(&fd, b"gone").unwrap().unwrap();
        assert!(is_whiteout(&fd, b"gone", &stat).unwrap());
        assert!(!is_opaque(fd.as_fd()).unwrap());
        let marker = Attributes::Open(fd.as_fd()).get(b"user.overlay.opaque");
        assert_eq!(marker.unwrap().as_deref(), Some(&b"x"[..]));
        make_opaque(WhiteoutStyle::OverlayUser, fd.as_fd()).unwrap();
        assert!(is_opaque(fd.as_fd()).unwrap());
        // An opaque directory stays so.
        make_attribute_whiteout(fd.as_fd(), b"other").unwrap();
        assert!(is_opaque(fd.as_fd()).unwrap());
        std::fs::write(dir.path().join("empty"), b"").unwrap();
        let stat = node::lstat(&fd, b"empty").unwrap().unwrap();
        assert!(!is_whiteout(&fd, b"empty", &stat).unwrap());
    }
}
