//! The file system below a store, by the names that `docker info` has for them.

use std::path::Path;

/// Magic numbers (statfs(2)) and docker's words.
const NAMES: &[(u64, &str)] = &[
    (0x6163_7673, "acfs"),
    (0x9123_683e, "btrfs"),
    (0x28cd_3d45, "cramfs"),
    (0xf15f, "ecryptfs"),
    (0xef53, "extfs"),
    (0xf2f5_2010, "f2fs"),
    (0x6573_5546, "fuse"),
    (0x72b6, "jffs2"),
    (0x3153_464a, "jfs"),
    (0x6969, "nfs"),
    (0x794c_7630, "overlayfs"),
    (0x8584_58f6, "ramfs"),
    (0x5265_4973, "reiserfs"),
    (0x517b, "smb"),
    (0x7371_7368, "squashfs"),
    (0x0102_1994, "tmpfs"),
    (0x5846_5342, "xfs"),
    (0x2fc1_2fc1, "zfs"),
];

/// The name of the file system on which a path, or the nearest directory above it, lies.
pub(crate) fn file_system(path: &Path) -> &'static str {
    let there = path.ancestors().find(|path| path.exists());
    let magic = there
        .and_then(|there| rustix::fs::statfs(there).ok())
        .and_then(|stat| u64::try_from(stat.f_type).ok());
    NAMES
        .iter()
        .find(|(number, _)| Some(*number) == magic)
        .map_or("<unknown>", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown() {
        assert_eq!(file_system(Path::new("/proc")), "<unknown>");
        let dir = tempfile::tempdir().unwrap();
        assert_ne!(file_system(dir.path()), "<unknown>");
        assert_eq!(
            file_system(&dir.path().join("not/there")),
            file_system(dir.path())
        );
    }
}
