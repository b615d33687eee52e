//! Drivers in user namespaces, as users who aren't root have them. Those are made by other programs here:
//! a namespace is one, whoever made it.

use std::fs;
use std::path::Path;

use orlop_snapshot::conformance::{Attributes, Bench, Layer};
use orlop_snapshot::{Driver, Error, MountMode, Overlay2, Vfs, Wishes};
use orlop_testing::{Program, User, impossible};

use crate::conform::conforms;

/// Set in the child that runs in a namespace: the folder that it uses.
const PLACE: &str = "ORLOP_TEST_NAMESPACE";
const PLAIN: Attributes = Attributes::mode(0o644);

/// What is run there.
const CHILDREN: [&str; 2] = [
    "namespaces::in_it_all_conform",
    "namespaces::in_it_what_root_hides_is_not_shown",
];

/// Runs a test of this binary in a namespace of the user's. `None`, said aloud, where there is none.
fn run_inside(user: &User, several: bool, test: &str, place: &Path) -> Option<()> {
    let binary = user.copy_of(&std::env::current_exe().unwrap());
    let enter = |program: Program| {
        let program = program.args(["--user", "--mount", "--map-root-user"]);
        match several {
            true => program.arg("--map-auto"),
            false => program,
        }
    };
    let tried = enter(user.program(Path::new("/usr/bin/unshare")))
        .arg("true")
        .run();
    if !tried.status.success() {
        impossible("a user namespace", tried.stderr.trim());
        return None;
    }
    let ran = enter(user.program(Path::new("/usr/bin/unshare")))
        .arg(binary)
        .args(["--exact", test, "--nocapture"])
        .env(PLACE, place)
        .env("TMPDIR", user.home())
        .ok();
    assert!(ran.stdout.contains("1 passed"), "{ran}");
    Some(())
}

#[test]
fn root_users_with_ids_to_give() {
    let Some(user) = User::new() else {
        return;
    };
    let place = tempfile::tempdir_in(user.home()).unwrap();
    user.own(place.path());
    run_inside(&user, true, CHILDREN[0], place.path());
}

#[test]
fn root_users_who_are_alone() {
    let Some(user) = User::without_ids() else {
        return;
    };
    let place = tempfile::tempdir_in(user.home()).unwrap();
    user.own(place.path());
    run_inside(&user, false, CHILDREN[0], place.path());
}

#[test]
fn root_what_roots_layers_hide() {
    let Some(user) = User::new() else {
        return;
    };
    let place = tempfile::tempdir_in(user.home()).unwrap();
    let driver = Overlay2::new(place.path());
    Bench::new(&driver, &place.path().join("scratch"))
        .stack(&hiding())
        .unwrap();
    // As if the user had got it, layers and all.
    let owner = format!("{}:{}", user.uid(), user.gid());
    Program::new("chown")
        .args(["-R", &owner])
        .arg(place.path())
        .ok();
    run_inside(&user, true, CHILDREN[1], place.path());
}

/// A layer with a directory, and one that hides what is in it.
fn hiding() -> [Layer; 2] {
    [
        Layer::new().file("d/hidden", PLAIN, b"hidden"),
        Layer::new().opaque("d").file("d/seen", PLAIN, b"seen"),
    ]
}

fn place() -> Option<std::path::PathBuf> {
    std::env::var_os(PLACE).map(Into::into)
}

#[test]
fn in_it_all_conform() {
    let Some(place) = place() else {
        return;
    };
    let (overlay, vfs) = (place.join("overlay2"), place.join("vfs"));
    fs::create_dir(&overlay).unwrap();
    fs::create_dir(&vfs).unwrap();
    let chosen = orlop_snapshot::choose(&overlay, &Wishes::default()).unwrap();
    assert_eq!(chosen.name(), "overlay2");
    conforms(&*chosen, &overlay.join("scratch"));
    let status = chosen.status();
    assert!(
        status.contains(&("userxattr", "true".to_owned())),
        "{status:?}"
    );
    assert!(overlay.join("snapshots/overlay2/userxattr").exists());
    conforms(&Vfs::new(&vfs), &vfs.join("scratch"));
}

#[test]
fn in_it_what_root_hides_is_not_shown() {
    let Some(place) = place() else {
        return;
    };
    let driver = Overlay2::new(&place);
    let bench = Bench::new(&driver, &place.join("scratch"));
    let (chain, _) = bench.stack(&hiding()).unwrap();
    let target = bench.directory().unwrap();
    for mode in [MountMode::ReadOnly, MountMode::Throwaway] {
        let error = driver.mount(&chain, &target, mode).unwrap_err();
        assert!(
            matches!(&error, Error::Unusable { reason, .. } if reason.contains("unpacked by root")),
            "{error}"
        );
    }
    assert!(driver.probe().is_err());
    assert!(driver.begin(&chain[0], None).is_err());
}
