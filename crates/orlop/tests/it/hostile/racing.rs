//! Another process that exchanges a directory of layers for a link to the outside, again and again,
//! while images are pulled, mounted and removed. What becomes of its image is its own affair.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use orlop_fs::TreeListing;
use orlop_testing::{Compression, FaultProxy, Image, Layer, PlatformName, Tarball, is_root};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, openat, renameat_with, symlinkat};

use crate::orlop;

/// How long each driver is attacked.
const LONG: Duration = Duration::from_secs(4);

/// The folders below `folder`, however deep down to a bound, that have a directory `d`.
fn with_d(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            match entry.file_name().to_str() {
                Some("d" | "exchanged") => found.push(folder.to_owned()),
                _ if depth > 0 => with_d(&entry.path(), depth - 1, found),
                _ => {}
            }
        }
    }
}

/// Exchanges `d` of every layer in the store for a link to `outside`; how often it did.
fn attack(snapshots: &Path, outside: &Path, done: &AtomicBool, exchanged: &AtomicU64) {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::PATH | OFlags::CLOEXEC;
    while !done.load(Ordering::Relaxed) {
        let mut folders = Vec::new();
        with_d(snapshots, 5, &mut folders);
        // Several times each, as looking for them takes long.
        for folder in folders
            .iter()
            .flat_map(|folder| std::iter::repeat_n(folder, 20))
        {
            let Ok(folder) = openat(CWD, folder, flags, Mode::empty()) else {
                continue;
            };
            let _ = symlinkat(outside, &folder, "exchanged");
            if renameat_with(&folder, "d", &folder, "exchanged", RenameFlags::EXCHANGE).is_ok() {
                exchanged.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Layers that write, link, hide and change below `d`, the second also what the first has.
fn image() -> Image {
    let mut lower = Tarball::new()
        .dir("d", 0o755)
        .file("d/first", 0o644, "layer");
    let mut upper = Tarball::new().dir("d", 0o777).opaque("d/e");
    for number in 0..300 {
        lower = lower
            .file(&format!("d/file-{number}"), 0o644, "layer")
            .hard_link(&format!("d/link-{number}"), "d/first")
            .dir(&format!("d/e/dir-{number}"), 0o755);
        upper = upper
            .file(&format!("d/new-{number}"), 0o666, "layer")
            .hard_link(&format!("d/again-{number}"), "d/first")
            .whiteout(&format!("d/file-{number}"));
    }
    let layers = [lower, upper].map(|tar| Layer::new(&tar.finish(), Compression::Gzip));
    Image::new(&PlatformName::host(), &layers)
}

/// What the layers name, with something else in it.
fn outside(folder: &Path) -> TreeListing {
    for dir in ["", "e", "e/dir-1"] {
        std::fs::create_dir_all(folder.join(dir)).expect("a folder");
        for name in ["first", "file-1", "file-299"] {
            let file = folder.join(dir).join(name);
            std::fs::write(&file, "secret").expect("a file");
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("its mode");
        }
    }
    TreeListing::read(folder).expect("what was just made")
}

#[test]
fn root_whoever_exchanges_directories_for_links_leads_nothing_out() {
    if !is_root() {
        return;
    }
    let registry = FaultProxy::alone();
    registry.serve("evil", "v1", &image());
    let name = format!("{}/evil:v1", registry.host());
    for driver in super::drivers() {
        let orlop = orlop().driver(driver);
        orlop.ok(["images"]);
        let secrets = orlop.folder().join("outside");
        let before = outside(&secrets);
        let target = orlop.folder().join("mounted");
        std::fs::create_dir(&target).expect("a folder");
        let (target, snapshots) = (
            target.to_str().expect("plain"),
            orlop.store().join("snapshots"),
        );
        let (done, exchanged) = (AtomicBool::new(false), AtomicU64::new(0));
        let (start, mut rounds) = (Instant::now(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| attack(&snapshots, &secrets, &done, &exchanged));
            while start.elapsed() < LONG {
                let pulled = orlop.run(["pull", "-q", &name]).status.success();
                if pulled && orlop.run(["mount", &name, target]).status.success() {
                    orlop.ok(["umount", target]);
                }
                let _ = orlop.run(["rmi", "-f", &name]);
                let _ = orlop.run(["system", "prune", "-f"]);
                rounds += 1;
            }
            done.store(true, Ordering::Relaxed);
        });
        let after = TreeListing::read(&secrets).expect("it is there still");
        crate::assert_same_tree(&before, &after, driver);
        let stolen = orlop.files_below("snapshots").into_iter().find(|path| {
            std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file())
                && std::fs::read(path).is_ok_and(|content| content == b"secret")
        });
        assert_eq!(stolen, None, "{driver}: it is from outside");
        let exchanged = exchanged.into_inner();
        assert!(
            exchanged > 20,
            "{driver}: {exchanged} exchanges in {rounds} rounds"
        );
    }
}
