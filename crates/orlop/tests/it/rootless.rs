//! Users who aren't root, as real ones: overlay2 in a namespace of their own, and what there is where the
//! kernel gives none.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orlop_fs::{NodeKind, TreeListing};
use orlop_testing::peer::Umoci;
use orlop_testing::{Btrfs, Orlop, Program, Registry, Running, User, impossible};
use orlop_userns::IdMap;

use crate::{assert_nothing_visible, assert_same_tree, orlop, small, storage, trees};

/// A user with ids to give away, and a store.
fn user_and_store() -> Option<(Arc<User>, Orlop)> {
    store_of(User::new()?)
}

/// A user with a store, where the kernel gives namespaces.
fn store_of(user: User) -> Option<(Arc<User>, Orlop)> {
    let user = Arc::new(user);
    let orlop = orlop().user(&user);
    let tried = orlop.run(["unshare", "true"]);
    if tried.code() != 0 {
        impossible("a user namespace", tried.stderr.trim());
        return None;
    }
    Some((user, orlop))
}

/// The program as a shell of the user's calls it.
fn script(orlop: &Orlop, text: &str, arguments: &[&str]) -> Program {
    let binary = orlop
        .folder()
        .parent()
        .expect("it is in the home")
        .join("orlop");
    orlop
        .program()
        .args(["unshare", "sh", "-e", "-c", text])
        .arg(binary)
        .args(arguments)
}

/// Mounts an image on `DIR/tree`, and keeps it mounted until [`Running`] is dropped. Where root sees it.
fn keep_mounted(orlop: &Orlop, image: &str) -> (Running, PathBuf) {
    let tree = orlop.folder().join("tree");
    let ready = orlop.folder().join("ready");
    let text = r#"mkdir "$2"; "$0" mount "$1" "$2"; touch "$3"; exec sleep 600"#;
    let paths = [&tree, &ready].map(|path| path.to_str().expect("the path is text"));
    let mut running = script(orlop, text, &[image, paths[0], paths[1]]).spawn();
    let started = Instant::now();
    while !ready.exists() {
        assert!(
            running.is_running() && started.elapsed() < Duration::from_secs(60),
            "{}",
            running.stderr()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let seen = PathBuf::from(format!("/proc/{}/root", running.id()));
    let seen = seen.join(tree.strip_prefix("/").expect("the path is absolute"));
    (running, seen)
}

/// The map of a process's namespace.
fn ids(process: u32, name: &str) -> IdMap {
    let text = std::fs::read_to_string(format!("/proc/{process}/{name}"));
    IdMap::parse(&text.expect("the process is there"))
}

/// An id as it is in the namespace.
fn inside(map: &IdMap, id: u32) -> u32 {
    let range = map
        .ranges
        .iter()
        .find(|range| id >= range.outside && id - range.outside < range.count);
    range.map_or(u32::MAX, |range| range.inside + (id - range.outside))
}

/// A tree of a namespace as its users see it.
fn from_inside(mut tree: TreeListing, process: u32) -> TreeListing {
    let (users, groups) = (ids(process, "uid_map"), ids(process, "gid_map"));
    for node in tree.nodes.values_mut() {
        node.uid = inside(&users, node.uid);
        node.gid = inside(&groups, node.gid);
        for (name, value) in &mut node.xattrs {
            if name == b"security.capability" && value.len() == 24 {
                // Who is root of it is said at the end of the third version.
                value.truncate(20);
                value[3] = 2;
            }
        }
    }
    tree
}

/// What a user can have of a tree.
fn without_devices(mut tree: TreeListing) -> TreeListing {
    let is_device =
        |kind: &NodeKind| matches!(kind, NodeKind::CharDevice(..) | NodeKind::BlockDevice(..));
    tree.nodes.retain(|_, node| !is_device(&node.kind));
    tree
}

#[test]
fn root_a_user_has_the_tree_that_umoci_unpacks() {
    let (Some((_user, orlop)), Some(umoci), Some(registry)) =
        (user_and_store(), Umoci::new(), Registry::start())
    else {
        return;
    };
    let image = trees::everything_near();
    let name = image.push(&registry.host(), "tree", "v1");
    orlop.ok(["pull", "-q", &name]);
    let info = orlop.ok(["info"]).stdout;
    assert!(
        info.contains(" Storage Driver: overlay2\n") && info.contains("\n  userxattr: true\n"),
        "{info}"
    );
    let root = crate::orlop();
    let layout = root.folder().join("layout");
    image.write_layout(&layout, "v1");
    let expected = without_devices(trees::unpacked(&umoci, &layout, "v1", &root));
    let (running, tree) = keep_mounted(&orlop, &name);
    let tree = TreeListing::read(&tree).expect("root sees it");
    let tree = from_inside(tree, running.id());
    assert_same_tree(&tree, &expected, "rootless overlay2");
}

#[test]
fn root_what_a_user_mounts_goes_with_the_namespace() {
    let (Some((_user, orlop)), Some(registry)) = (user_and_store(), Registry::start()) else {
        return;
    };
    let name = small("words").push(&registry.host(), "app", "v1");
    orlop.ok(["pull", "-q", &name]);
    let target = orlop.folder().join("target");
    let said = orlop.fails(["mount".as_ref(), name.as_ref(), target.as_os_str()]);
    assert!(
        said.contains("lives in a namespace")
            && said.contains("hint: ")
            && said.contains("orlop unshare"),
        "{said}"
    );
    let target = target.to_str().expect("the path is text");
    let text = r#"mkdir "$2"; "$0" mount "$1" "$2"; cat "$2/top"; ! echo x 2>/dev/null >"$2/new"
        "$0" umount "$2"; "$0" mount --rw "$1" "$2"; echo changed >"$2/top"; cat "$2/top"; exit 7"#;
    let ended = script(&orlop, text, &[&name, target]).run().expect_code(7);
    assert_eq!(ended.stdout, "words topchanged\n", "{ended}");
    // It was left mounted, and is nowhere any more.
    orlop.ok(["rmi", &name]);
    assert_nothing_visible(&orlop);
    assert!(!Path::new(target).join("top").exists());
    let missing = orlop.run(["unshare", "no-such-program-of-ours"]);
    assert_eq!(missing.code(), 127, "{missing}");
}

#[test]
fn root_files_of_others_are_counted_and_removed() {
    let (Some((_user, orlop)), Some(registry)) = (user_and_store(), Registry::start()) else {
        return;
    };
    let name = trees::everything_near().push(&registry.host(), "tree", "v1");
    orlop.ok(["pull", "-q", &name]);
    // Owned by 1000 in the image, and so by an id that was given to the user.
    let snapshots = orlop.store().join("snapshots");
    let find = |test: &[&str]| {
        let found = Program::new("find").arg(&snapshots).args(test).ok();
        found.lines().len()
    };
    assert_eq!(find(&["-name", "owned", "-uid", "+65536"]), 1);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let taken = || storage::taken_by(orlop.store()) as f64;
    let before = (taken(), storage::shown_size(&orlop));
    let noise = storage::three_layers(11).push(&registry.host(), "noise", "v1");
    orlop.ok(["pull", "-q", &noise]);
    let (taken, shown) = (taken() - before.0, storage::shown_size(&orlop) - before.1);
    assert!(
        (shown / taken - 1.0).abs() < 0.15,
        "{shown} bytes shown, {taken} taken"
    );
    orlop.ok(["system", "prune", "--all", "--force"]);
    assert_nothing_visible(&orlop);
    assert_eq!(find(&["-name", "owned"]), 0);
}

#[test]
fn root_an_owner_that_a_user_has_no_id_for_is_refused() {
    let (Some((_user, orlop)), Some(registry)) = (user_and_store(), Registry::start()) else {
        return;
    };
    let name = trees::everything().push(&registry.host(), "tree", "v1");
    let said = orlop.fails(["pull", "-q", &name]);
    assert!(
        said.contains("refusing to unpack \"far\": it belongs to 3000000:4000000")
            && said.contains("hint: give the user more ids in /etc/subuid"),
        "{said}"
    );
    assert_nothing_visible(&orlop);
    // With vfs everything belongs to the user.
    let vfs = orlop.driver("vfs");
    vfs.ok(["pull", "-q", &name]);
    vfs.ok(["rmi", &name]);
    assert_nothing_visible(&vfs);
}

/// Then all files belong to the user, whoever the image says, and overlay2 it is all the same.
#[test]
fn root_a_user_without_ids() {
    let (Some((_user, orlop)), Some(registry)) =
        (User::without_ids().and_then(store_of), Registry::start())
    else {
        return;
    };
    let name = trees::everything().push(&registry.host(), "tree", "v1");
    orlop.ok(["pull", "-q", &name]);
    let driver = orlop.ok(["info", "--format", "{{.Driver}}"]);
    assert_eq!(driver.text(), "overlay2");
    assert!(storage::shown_size(&orlop) > 0.0);
    let target = orlop.folder().join("target");
    let target = target.to_str().expect("the path is text");
    let text =
        r#"mkdir "$2"; "$0" mount "$1" "$2"; cat "$2/replaced/x"; stat -c %u "$2/owned" "$2/far""#;
    let ended = script(&orlop, text, &[&name, target]).ok();
    assert_eq!(ended.stdout, "x0\n0\n", "{ended}");
    assert!(
        ended
            .stderr
            .contains("Note: all files belong to the user: /etc/subuid gives no ids to orlop-test"),
        "{ended}"
    );
    orlop.ok(["rmi", &name]);
    assert_nothing_visible(&orlop);
}

/// The kernel lets users make subvolumes, but not destroy them.
#[test]
fn root_a_user_on_btrfs() {
    let (Some((user, orlop)), Some(disk)) = (user_and_store(), Btrfs::new(1 << 30)) else {
        return;
    };
    let Some(registry) = Registry::start() else {
        return;
    };
    let home = disk.path().join("home");
    std::fs::create_dir(&home).expect("a folder is made");
    user.own(&home);
    for folder in disk.path().ancestors() {
        // The image of the disk is in a folder of the test's own.
        if folder.ends_with("tmp") {
            break;
        }
        let _ = rustix::fs::chmod(folder, rustix::fs::Mode::from_raw_mode(0o755));
    }
    let orlop = orlop.root(home.join("store"));
    let name = trees::everything_near().push(&registry.host(), "tree", "v1");
    orlop.ok(["pull", "-q", &name]);
    assert_eq!(
        orlop.ok(["info", "--format", "{{.Driver}}"]).text(),
        "btrfs"
    );
    let target = orlop.folder().join("target");
    let target = target.to_str().expect("the path is text");
    let text = r#"mkdir "$2"; "$0" mount --rw "$1" "$2"; cat "$2/replaced/x"; stat -c %u "$2/owned"
        echo changed >"$2/new"; "$0" umount "$2""#;
    let ended = script(&orlop, text, &[&name, target]).ok();
    assert_eq!(ended.stdout, "x1000\n", "{ended}");
    orlop.ok(["rmi", &name]);
    assert_nothing_visible(&orlop);
}

#[test]
fn root_without_a_namespace_it_is_vfs() {
    let (Some(user), Some(registry)) = (User::new(), Registry::start()) else {
        return;
    };
    let user = Arc::new(user);
    let orlop = orlop().user(&user);
    let name = small("words").push(&registry.host(), "app", "v1");
    let other_root = user.home().join("root");
    std::fs::create_dir(&other_root).expect("a folder is made");
    let binary = user.home().join("orlop");
    // The kernel gives none to who lives in another root.
    let run = |arguments: &[&str]| {
        let text =
            r#"mount --rbind / "$0"; user=$1; shift; exec chroot --userspec="$user" "$0" "$@""#;
        Program::new("unshare")
            .args(["--mount", "sh", "-e", "-c", text])
            .arg(&other_root)
            .arg(format!("{}:{}", user.uid(), user.gid()))
            .arg(&binary)
            .arg("--root")
            .arg(orlop.store())
            .args(arguments)
            .env("HOME", orlop.folder().join("home"))
            .run()
    };
    let said = run(&["--storage-driver", "overlay2", "images"])
        .expect_code(1)
        .stderr;
    assert!(
        said.contains("storage driver overlay2: the kernel gives no user namespace")
            && said.contains("hint: have them allowed"),
        "{said}"
    );
    run(&["pull", "-q", &name]).expect_success();
    let shown = run(&["info", "--format", "{{.Driver}}"]).expect_success();
    assert_eq!(shown.text(), "vfs");
    // And stays so.
    assert_eq!(orlop.ok(["info", "--format", "{{.Driver}}"]).text(), "vfs");
    orlop.ok(["rmi", &name]);
    assert_nothing_visible(&orlop);
}

#[test]
fn root_needs_no_namespace() {
    if !orlop_testing::is_root() {
        return;
    }
    let said = orlop().fails(["unshare", "true"]);
    assert!(said.contains("root needs no namespace"), "{said}");
}
