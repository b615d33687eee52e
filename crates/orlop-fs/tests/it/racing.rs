//! Somebody exchanges directories of a tree for links to the outside, as fast as the kernel does it,
//! while the tree is written, copied, settled, measured or removed: nothing outside is touched, and
//! nothing of it gets in.

use std::{
    fs,
    os::{fd::OwnedFd, unix::fs::PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use orlop_fs::{TreeListing, WhiteoutStyle, copy_tree, remove_tree, usage};
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, openat, renameat_with, symlinkat};
use tempfile::TempDir;

use crate::layer::{Layer, is_root, scratch};

/// How long each kind of work is attacked.
const LONG: Duration = Duration::from_secs(2);

/// The directories that are exchanged; each is also a name outside.
const DIRS: [&str; 3] = ["d", "d/e", "d/e/f"];
const NAMES: [&str; 3] = ["d", "e", "f"];

/// A tree that is attacked, and the outside.
struct Field {
    base: TempDir,
    before: TreeListing,
    exchanged: AtomicU64,
}

impl Field {
    fn new() -> Self {
        let base = scratch();
        let host = base.path().join("host");
        // Whatever a layer or a copy does below `d`, it would find it out here, too.
        for dir in ["", "e", "e/f", "f", "gone", "e/gone"] {
            fs::create_dir_all(host.join(dir)).unwrap();
            for name in ["file-0", "file-1", "first", "hidden"] {
                fs::write(host.join(dir).join(name), "secret").unwrap();
                let closed = fs::Permissions::from_mode(0o600);
                fs::set_permissions(host.join(dir).join(name), closed).unwrap();
            }
        }
        Self {
            before: TreeListing::read(&host).unwrap(),
            base,
            exchanged: AtomicU64::new(0),
        }
    }

    fn host(&self) -> PathBuf {
        self.base.path().join("host")
    }

    /// Exchanges what is in `root` until it is told to stop. It goes by descriptors itself: the
    /// attack mustn't be led out.
    fn attack(&self, root: &Path, done: &AtomicBool) {
        const LINK: &str = "exchanged";
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::PATH | OFlags::CLOEXEC;
        let open = |dir: &OwnedFd, name: &str| openat(dir, name, flags, Mode::empty());
        let root = openat(CWD, root, flags, Mode::empty()).unwrap();
        while !done.load(Ordering::Relaxed) {
            let mut dir = root.try_clone().unwrap();
            for name in NAMES {
                let _ = symlinkat(self.host(), &dir, LINK);
                if renameat_with(&dir, name, &dir, LINK, RenameFlags::EXCHANGE).is_ok() {
                    self.exchanged.fetch_add(1, Ordering::Relaxed);
                }
                // The directory is at one of both.
                match open(&dir, name).or_else(|_| open(&dir, LINK)) {
                    Ok(below) => dir = below,
                    Err(_) => break,
                }
            }
        }
    }

    /// Does `work` with the root of a tree, over and over, under attack. What it answers is not the
    /// question: a tree that somebody else changes may well be refused.
    fn endures(&self, work: impl Fn(&Path)) {
        let start = Instant::now();
        let mut rounds = 0;
        while start.elapsed() < LONG {
            let root = self.base.path().join(format!("root-{rounds}"));
            fs::create_dir(&root).unwrap();
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| self.attack(&root, &done));
                work(&root);
                done.store(true, Ordering::Relaxed);
            });
            self.assert_nothing_got_in(&root);
            self.assert_untouched();
            remove_tree(&root).unwrap();
            rounds += 1;
        }
        self.assert_untouched();
        let exchanged = self.exchanged.load(Ordering::Relaxed);
        assert!(exchanged > 100, "{exchanged} exchanges in {rounds} rounds");
    }

    fn assert_untouched(&self) {
        let after = TreeListing::read(&self.host()).unwrap();
        let differences: Vec<String> = self
            .before
            .diff(&after)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    /// No file of the tree is, or is like, one of the outside.
    fn assert_nothing_got_in(&self, root: &Path) {
        let secret = &self.before.nodes[&b"first"[..]].kind;
        let listing = TreeListing::read(root).unwrap();
        let stolen = listing.nodes.iter().find(|(_, node)| node.kind == *secret);
        assert_eq!(stolen, None, "it is from outside");
    }
}

/// A layer that does everything that can be done below the directories.
fn layer() -> Layer {
    let mut layer = Layer::new();
    for round in 0..20 {
        for dir in DIRS {
            layer.with_mode(0o777).dir(dir);
            layer.file(format!("{dir}/file-{round}"), b"content");
            layer.file(format!("{dir}/first"), b"content");
            layer.link(format!("{dir}/link-{round}"), format!("{dir}/first"));
            layer.symlink(format!("{dir}/symlink-{round}"), "first");
            layer.pax(&[("SCHILY.xattr.user.x", b"1")]);
            layer.dir(format!("{dir}/made-{round}"));
            layer.node(b'6', &format!("{dir}/pipe-{round}"), (0, 0));
            layer.hide(&format!("{dir}/hidden"));
            layer.hide(&format!("{dir}/gone"));
        }
        layer.opaque("d/e");
    }
    layer
}

/// Proof that the attack would get through: the same names, written by paths.
#[test]
fn who_goes_by_paths_is_led_out() {
    let field = Field::new();
    let root = field.base.path().join("root");
    fs::create_dir_all(root.join("d")).unwrap();
    let done = AtomicBool::new(false);
    let start = Instant::now();
    let escaped = std::thread::scope(|scope| {
        scope.spawn(|| field.attack(&root, &done));
        let mut escaped = false;
        while !escaped && start.elapsed() < Duration::from_secs(30) {
            let is_dir = fs::symlink_metadata(root.join("d")).is_ok_and(|it| it.is_dir());
            escaped = is_dir
                && fs::write(root.join("d/planted"), b"x").is_ok()
                && field.host().join("planted").exists();
        }
        done.store(true, Ordering::Relaxed);
        escaped
    });
    assert!(escaped, "the attack is none");
}

#[test]
fn unpacking_stays_inside() {
    use WhiteoutStyle::{Apply, Overlay, OverlayUser};
    let styles: &[WhiteoutStyle] = match is_root() {
        true => &[Apply, OverlayUser, Overlay],
        false => &[Apply, OverlayUser],
    };
    let layer = layer();
    for &style in styles {
        Field::new().endures(|root| {
            let _ = layer.unpack(root, style);
        });
    }
}

#[test]
fn unpacking_onto_a_tree_stays_inside() {
    let layer = layer();
    Field::new().endures(|root| {
        for dir in DIRS {
            let _ = fs::create_dir_all(root.join(dir));
        }
        let _ = layer.apply(root);
    });
}

#[test]
fn a_copy_takes_nothing_from_outside() {
    let tree = scratch();
    // As deep as the attack reaches, with hard links from one directory to the other.
    for dir in DIRS {
        fs::create_dir_all(tree.path().join(dir)).unwrap();
        fs::write(tree.path().join(dir).join("first"), b"content").unwrap();
        for number in 0..50 {
            let link = tree.path().join(dir).join(format!("link-{number}"));
            fs::hard_link(tree.path().join(dir).join("first"), link).unwrap();
        }
    }
    // As target, and as source.
    Field::new().endures(|root| {
        let _ = copy_tree(tree.path(), root);
    });
    let field = Field::new();
    field.endures(|root| {
        let copies = field.base.path().join("copies");
        if copy_tree(tree.path(), root).is_ok() {
            let _ = copy_tree(root, &copies);
            field.assert_nothing_got_in(&copies);
            remove_tree(&copies).unwrap();
        }
    });
}

#[test]
fn a_removal_takes_nothing_from_outside() {
    let layer = layer();
    Field::new().endures(|root| {
        let _ = layer.unpack(root, WhiteoutStyle::Apply);
        let _ = usage(root);
        let _ = remove_tree(root);
        let _ = fs::create_dir(root);
    });
}
