//! A real user without privileges, as long as a test needs one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, Uid};
use tempfile::TempDir;

use crate::process::{Program, temp_dir};
use crate::skip::{is_root, need_programs};

/// Both of the user and of the group.
const ID: u32 = 41_000;
/// The ids that the user may give away: `FIRST:COUNT`.
const GIVEN: &str = "1000000:65536";
const NAME: &str = "orlop-test";
/// The files that say who there is, and who may use which ids.
const FILES: [&str; 3] = ["passwd", "subuid", "subgid"];
/// Shows a program other files of this kind than the machine's, and becomes the user. The arguments are a
/// folder with the files, the id, and the program. It stays one process.
const BECOME: &str = r#"etc=$1 id=$2; shift 2
for file in passwd subuid subgid; do mount --bind "$etc/$file" "/etc/$file"; done
exec setpriv --reuid "$id" --regid "$id" --clear-groups -- "$@""#;

/// Somebody whom only the programs know that are run as this user. The machine's own list of users stays
/// as it is.
#[derive(Debug)]
pub struct User {
    home: TempDir,
}

impl User {
    /// One with ids to give away in `/etc/subuid` and `/etc/subgid`. `None`, said aloud, without root.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::with(&format!("{NAME}:{GIVEN}\n"))
    }

    /// One who has no ids but their own.
    #[must_use]
    pub fn without_ids() -> Option<Self> {
        Self::with("")
    }

    fn with(given: &str) -> Option<Self> {
        let programs = [
            ("unshare", "util-linux"),
            ("setpriv", "util-linux"),
            ("newuidmap", "uidmap"),
        ];
        if !is_root() || !need_programs(&programs) {
            return None;
        }
        let user = Self {
            home: reachable_dir(),
        };
        user.own(user.home());
        let etc = user.home().join("etc");
        std::fs::create_dir(&etc).expect("a folder is made");
        let home = user.home().display();
        let passwd = format!(
            "root:x:0:0:root:/root:/bin/sh\n{NAME}:x:{ID}:{ID}::{home}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
        );
        for (file, text) in FILES.into_iter().zip([passwd.as_str(), given, given]) {
            std::fs::write(etc.join(file), text).expect("a file is written");
        }
        Some(user)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The user's id.
    #[must_use]
    pub fn uid(&self) -> u32 {
        ID
    }

    /// The group's id.
    #[must_use]
    pub fn gid(&self) -> u32 {
        ID
    }

    /// A folder of the user's own.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A program as the user runs it, in the user's home. The id of the process is that of the program.
    #[must_use]
    pub fn program(&self, program: &Path) -> Program {
        let etc = self.home().join("etc");
        Program::new("unshare")
            .args(["--mount", "sh", "-e", "-c", BECOME, "sh"])
            .arg(etc)
            .arg(ID.to_string())
            .arg(program)
            // Root's own may have folders that are closed to others.
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .current_dir(self.home())
    }

    /// A program that the user may run, whatever folder the original is in.
    ///
    /// # Panics
    /// When it can't be copied.
    #[must_use]
    pub fn copy_of(&self, program: &Path) -> PathBuf {
        let name = program.file_name().expect("a program has a name");
        let copy = self.home().join(name);
        if !copy.exists() {
            std::fs::copy(program, &copy).expect("the program is copied");
        }
        self.own(&copy);
        copy
    }

    /// Gives a file or folder to the user.
    ///
    /// # Panics
    /// When that isn't allowed.
    pub fn own(&self, path: &Path) {
        let (uid, gid) = (Uid::from_raw(ID), Gid::from_raw(ID));
        let flags = rustix::fs::AtFlags::empty();
        rustix::fs::chownat(CWD, path, Some(uid), Some(gid), flags).expect("root may give away");
    }
}

/// A folder that everybody gets to: the build's own may be in somebody's home.
fn reachable_dir() -> TempDir {
    let dir = temp_dir();
    let open = |folder: &Path| {
        folder
            .metadata()
            .is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
    };
    match dir.path().ancestors().skip(1).all(open) {
        true => dir,
        false => tempfile::Builder::new()
            .prefix("orlop-test-")
            .tempdir()
            .expect("a temporary folder"),
    }
}
