//! Entering a namespace, each time in a process of its own with one thread: which a harness of tests hasn't.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::io::Write as _;

use orlop_testing::{User, impossible};
use orlop_userns::{Entered, Error, IdMap, enter};

/// Set in the process that enters.
const CHILD: &str = "ORLOP_TEST_ENTER";

fn main() {
    if env::var_os(CHILD).is_some() {
        return child();
    }
    // As a harness does: `cargo test -- --list` runs nothing.
    if env::args().any(|argument| argument == "--list") {
        return;
    }
    if !orlop_testing::is_root() {
        return;
    }
    who_has_ids_gets_them();
    who_has_none_is_alone();
    several_threads_are_refused();
}

/// Enters, and writes what it finds as lines.
fn child() {
    let threads = env::var(CHILD).unwrap() == "threads";
    let found = std::thread::scope(|scope| {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        if threads {
            scope.spawn(move || ended.recv());
        }
        let found = enter();
        drop(end);
        found
    });
    let text = match found {
        Err(Error::Refused(error)) => format!("refused\n{error}\n"),
        Err(error) => format!("failed\n{error}\n"),
        Ok(entered) => describe(&entered),
    };
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}

fn describe(entered: &Entered) -> String {
    let map = |name: &str| IdMap::parse(&std::fs::read_to_string(name).unwrap());
    assert_eq!(map("/proc/self/uid_map"), entered.users);
    assert_eq!(map("/proc/self/gid_map"), entered.groups);
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    // What may only be done with a mount namespace of one's own.
    let place = env::current_dir().unwrap();
    rustix::mount::mount(
        "tmpfs",
        &place,
        "tmpfs",
        rustix::mount::MountFlags::empty(),
        None,
    )
    .unwrap();
    format!(
        "entered\n{} {}\n{} {}\n{}\n",
        uid.as_raw(),
        gid.as_raw(),
        entered.users.len(),
        entered.groups.len(),
        entered.note.as_deref().unwrap_or("complete")
    )
}

/// What a child of this user finds; nothing, said aloud, where the kernel has no namespaces.
fn found(user: &User, mode: &str) -> Option<Vec<String>> {
    let copy = user.copy_of(&env::current_exe().unwrap());
    let output = user.program(&copy).env(CHILD, mode).ok();
    let lines: Vec<String> = output.lines().into_iter().map(str::to_owned).collect();
    if mode != "threads" && lines[0] == "refused" {
        impossible("a user namespace", &lines[1]);
        return None;
    }
    Some(lines)
}

fn who_has_ids_gets_them() {
    let Some(user) = User::new() else {
        return;
    };
    if let Some(lines) = found(&user, "one") {
        assert_eq!(lines, ["entered", "0 0", "65537 65537", "complete"]);
    }
}

fn who_has_none_is_alone() {
    let Some(user) = User::without_ids() else {
        return;
    };
    if let Some(lines) = found(&user, "one") {
        let note = "/etc/subuid gives no ids to orlop-test";
        assert_eq!(lines, ["entered", "0 0", "1 1", note]);
    }
}

fn several_threads_are_refused() {
    let Some(user) = User::new() else {
        return;
    };
    let lines = found(&user, "threads").unwrap();
    assert_eq!(lines[0], "refused");
}
