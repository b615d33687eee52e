//! Taking the process into a namespace.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::process::{Child, Command, Stdio};

use rustix::thread::UnshareFlags;

use crate::error::{Error, Result};
use crate::ids::{IdMap, Subordinate, name_of};

/// What waits outside until the namespace is there, and then has its maps written. The first argument is
/// how many belong to `newuidmap`.
const HELPER: &str = r#"
read -r go || exit 1
count=$1; shift
users=; while [ "$count" -gt 0 ]; do users="$users $1"; shift; count=$((count - 1)); done
PATH="$PATH:/usr/bin:/usr/sbin:/bin:/sbin"
newuidmap $users && exec newgidmap "$@"
"#;

/// How the process is in its namespace now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The ids of users that it has.
    pub users: IdMap,
    /// The ids of groups that it has.
    pub groups: IdMap,
    /// Why there is only one of each, if somebody could do something about it.
    pub note: Option<String>,
}

/// Takes this process into a user namespace in which it is root, and into a mount namespace in which it may
/// mount. It must have one thread only.
///
/// # Errors
/// [`Error::Refused`] leaves the process where it was. After others it is of no use any more.
pub fn enter() -> Result<Entered> {
    let (uid, gid) = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let (users, groups, note) = wanted(uid, gid)?;
    let several = users.len() > 1 && groups.len() > 1;
    // Before: afterwards nobody is outside any more.
    let helper = several.then(|| start_helper(&users, &groups)).transpose();
    let (helper, note) = match helper {
        Ok(helper) => (helper, note),
        Err(error) => (None, Some(error.to_string())),
    };
    if let Err(error) = unshare() {
        if let Some(mut helper) = helper {
            drop(helper.stdin.take());
            let _ = helper.wait();
        }
        return Err(Error::Refused(error));
    }
    if let Some(helper) = helper {
        match finish(helper)? {
            None => {
                return Ok(Entered {
                    users,
                    groups,
                    note,
                });
            }
            Some(why) if is_mapped()? => return Err(Error::NoMap(why)),
            // Not installed, or not setuid: the map of one id needs nobody's help.
            Some(why) => return single(uid, gid, Some(why)),
        }
    }
    single(uid, gid, note)
}

/// The maps that the user may have.
fn wanted(uid: u32, gid: u32) -> Result<(IdMap, IdMap, Option<String>)> {
    let passwd = read("/etc/passwd")?;
    let name = name_of(&passwd, uid);
    let (subuid, subgid) = ("/etc/subuid", "/etc/subgid");
    // Both files speak of users.
    let users = Subordinate::parse(&read(subuid)?, name, uid);
    let groups = Subordinate::parse(&read(subgid)?, name, uid);
    let lacking = [(subuid, &users), (subgid, &groups)]
        .into_iter()
        .find(|(_, ids)| ids.0.is_empty());
    let note =
        lacking.map(|(file, _)| format!("{file} gives no ids to {}", name.unwrap_or("this user")));
    Ok((IdMap::with(uid, &users), IdMap::with(gid, &groups), note))
}

/// A file of the system; nothing where there is none.
fn read(path: &str) -> Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

fn start_helper(users: &IdMap, groups: &IdMap) -> std::io::Result<Child> {
    // Arguments of newuidmap and newgidmap: the process, and the ranges.
    let arguments = |map: &IdMap| {
        let mut words = vec![std::process::id().to_string()];
        words.extend(map.numbers());
        words
    };
    let (users, groups) = (arguments(users), arguments(groups));
    Command::new("/bin/sh")
        .args(["-c", HELPER, "sh", &users.len().to_string()])
        .args(users)
        .args(groups)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

/// Has the maps written; what was said when that failed.
fn finish(mut helper: Child) -> Result<Option<String>> {
    let ended = helper
        .stdin
        .take()
        .map_or(Ok(()), |mut stdin| stdin.write_all(b"go\n"))
        .and_then(|()| helper.wait_with_output())
        .map_err(Error::io("run", "/bin/sh"))?;
    if ended.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).collect();
    Ok(Some(said.join("; ")))
}

/// Whether the map of users was written already.
fn is_mapped() -> Result<bool> {
    Ok(!read("/proc/self/uid_map")?.trim().is_empty())
}

/// Writes maps of one id.
fn single(uid: u32, gid: u32, note: Option<String>) -> Result<Entered> {
    let (users, groups) = (IdMap::single(uid), IdMap::single(gid));
    let write =
        |path: &'static str, text: String| fs::write(path, text).map_err(Error::io("write", path));
    // Without it, who can map their own group could leave others that keep them out of files.
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", users.numbers().join(" "))?;
    write("/proc/self/gid_map", groups.numbers().join(" "))?;
    Ok(Entered {
        users,
        groups,
        note,
    })
}

#[expect(
    unsafe_code,
    reason = "see SAFETY; the tests enter in a process of their own"
)]
fn unshare() -> std::io::Result<()> {
    let flags = UnshareFlags::NEWUSER | UnshareFlags::NEWNS;
    // SAFETY: only the table of file descriptors must not be taken apart from that of other threads, and
    // it isn't. The kernel refuses a new user namespace to a process with several.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(Into::into)
}
