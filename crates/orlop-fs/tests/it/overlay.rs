//! What a layer gives applied in place must be what overlayfs shows of separate directories.

use std::path::{Path, PathBuf};

use orlop_fs::{Settled, TreeListing, WhiteoutStyle, settle};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::layer::{Layer, acl, applied, assert_same, needs_root, scratch};

/// A read-only overlayfs mount, for as long as it lives.
pub(crate) struct Mount(TempDir);

impl Mount {
    /// Mounts layers, top first.
    pub(crate) fn new(layers: &[PathBuf], userxattr: bool) -> Self {
        let base = scratch();
        let (bottom, target) = (base.path().join("bottom"), base.path().join("merged"));
        std::fs::create_dir(&bottom).unwrap();
        std::fs::create_dir(&target).unwrap();
        // overlayfs wants two layers at least.
        let lower: Vec<_> = layers
            .iter()
            .chain([&bottom])
            .map(|path| path.to_str().unwrap())
            .collect();
        let user = if userxattr { ",userxattr" } else { "" };
        let data = std::ffi::CString::new(format!("lowerdir={}{user}", lower.join(":"))).unwrap();
        let flags = rustix::mount::MountFlags::RDONLY;
        rustix::mount::mount("overlay", &target, "overlay", flags, Some(&*data)).unwrap();
        Self(base)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("merged")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.path(), rustix::mount::UnmountFlags::DETACH);
    }
}

/// Layers in directories of their own.
pub(crate) struct Stack {
    _base: TempDir,
    /// Top first.
    pub(crate) layers: Vec<PathBuf>,
}

/// Unpacks layers, bottom first, as a pull does: each on its own, then settled from the bottom up.
/// `None` when one must be applied instead.
pub(crate) fn stacked(
    layers: &[&Layer],
    style: WhiteoutStyle,
) -> Result<Option<Stack>, orlop_fs::Error> {
    let base = scratch();
    let mut stack = Stack {
        layers: Vec::new(),
        _base: base,
    };
    let mut unpacked = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let dir = stack._base.path().join(number.to_string());
        std::fs::create_dir(&dir).unwrap();
        unpacked.push((layer.unpack(&dir, style)?, dir));
    }
    for (unpacked, dir) in unpacked {
        if settle(&dir, &stack.layers, style, &unpacked)? == Settled::NeedsApply {
            return Ok(None);
        }
        stack.layers.insert(0, dir);
    }
    Ok(Some(stack))
}

fn mounted(stack: &Stack, style: WhiteoutStyle) -> TreeListing {
    let mount = Mount::new(&stack.layers, style == WhiteoutStyle::OverlayUser);
    TreeListing::read(&mount.path()).unwrap()
}

/// Applied and mounted are the same; says whether there was something to compare.
fn agree(layers: &[&Layer], style: WhiteoutStyle) -> bool {
    let applied = applied(layers);
    match (applied, stacked(layers, style)) {
        (Ok((_dir, expected)), Ok(Some(stack))) => {
            let found = mounted(&stack, style);
            assert_same(&expected, &found);
            true
        }
        (_, Ok(None)) => false,
        (Err(_), Err(_)) => false,
        (Ok(_), Err(error)) => panic!("applied it works, on its own: {error}"),
        // A link to nothing, a directory or itself that a later entry replaces is only missed when applying.
        (Err(error), Ok(Some(_)))
            if ["link to", "too many symbolic links"]
                .iter()
                .any(|text| error.to_string().contains(text)) =>
        {
            false
        }
        (Err(error), Ok(Some(_))) => panic!("on its own it works, applied: {error}"),
    }
}

#[test]
fn root_a_layer_is_the_same_applied_and_mounted() {
    if !needs_root("root_a_layer_is_the_same_applied_and_mounted") {
        return;
    }
    let mut below = Layer::new();
    below
        .with_mode(0o711)
        .dir("./")
        .with_owner(7, 8)
        .pax(&[("SCHILY.xattr.user.kept", b"yes")])
        .dir("etc")
        .file("etc/passwd", b"root")
        .file("etc/shadow", b"secret")
        .dir("var")
        .dir("var/cache")
        .file("var/cache/old", b"")
        .file("var/cache/older", b"")
        .dir("opt")
        .file("opt/x", b"")
        .symlink("bin", "usr/bin");
    let mut above = Layer::since(1_700_000_000);
    above
        .file("etc/passwd", b"root and more")
        .hide("etc/shadow")
        .link("etc/hosts", "var/cache/old")
        .opaque("var/cache")
        .file("var/cache/new", b"")
        .hide("opt")
        .file("opt/y", b"")
        .file("srv/x/y", b"");
    let mut top = Layer::since(1_800_000_000);
    top.link("etc/alias", "etc/passwd")
        .link("srv/alias", "etc/alias")
        .hide("var/cache/new")
        .dir("bin")
        .file("opt/x", b"again");
    for style in [WhiteoutStyle::Overlay, WhiteoutStyle::OverlayUser] {
        assert!(agree(&[&below], style));
        assert!(agree(&[&below, &above], style));
        assert!(agree(&[&below, &above, &top], style));
    }
}

#[test]
fn root_an_opaque_root_hides_everything_below() {
    if !needs_root("root_an_opaque_root_hides_everything_below") {
        return;
    }
    let mut below = Layer::new();
    below.dir("d").file("d/old", b"").file("f", b"").dir("e");
    let mut above = Layer::since(1_700_000_000);
    above
        .file("d/new", b"")
        .file(".wh..wh..opq", b"")
        .file("g", b"");
    for style in [WhiteoutStyle::Overlay, WhiteoutStyle::OverlayUser] {
        assert!(agree(&[&below, &above], style));
    }
}

#[test]
fn root_a_link_below_an_implicit_directory_needs_apply() {
    if !needs_root("root_a_link_below_an_implicit_directory_needs_apply") {
        return;
    }
    let mut below = Layer::new();
    below.dir("usr").symlink("lib", "usr");
    let mut cases = vec![Layer::new(); 5];
    cases[0].file("lib/x", b"");
    cases[1].hide("lib/x");
    cases[2].opaque("lib");
    cases[3].file("lib/x", b"").dir("lib");
    cases[4].file("lib/x", b"").hide("lib");
    for above in &cases {
        let stack = stacked(&[&below, above], WhiteoutStyle::Overlay).unwrap();
        assert!(stack.is_none());
    }
    // Its own directory instead of the link is no reason.
    let mut above = Layer::new();
    above.dir("lib").file("lib/x", b"");
    assert!(agree(&[&below, &above], WhiteoutStyle::Overlay));
}

/// One entry of a random layer.
#[derive(Clone, Debug)]
enum Op {
    File(String, u8, u32),
    Dir(String, u32),
    /// A directory that hands on an access control list.
    Acl(String, u32),
    Symlink(String, String),
    Link(String, String),
    Hide(String),
    Opaque(String),
    Fifo(String),
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4)
        .prop_map(|names| names.join("/"))
}

fn or_root() -> impl Strategy<Value = String> {
    prop_oneof![4 => path(), 1 => Just(".".to_owned())]
}

fn op() -> impl Strategy<Value = Op> {
    let mode = || prop::sample::select(vec![0o644u32, 0o755, 0o700, 0o2775, 0o1777]);
    let text = prop_oneof![
        path(),
        path().prop_map(|path| format!("/{path}")),
        path().prop_map(|path| format!("../{path}")),
        Just("..".to_owned()),
        Just(".".to_owned()),
    ];
    prop_oneof![
        4 => (path(), any::<u8>(), mode()).prop_map(|(p, n, m)| Op::File(p, n, m)),
        4 => (path(), mode()).prop_map(|(p, m)| Op::Dir(p, m)),
        1 => (or_root(), mode()).prop_map(|(p, m)| Op::Acl(p, m)),
        2 => (path(), text).prop_map(|(p, t)| Op::Symlink(p, t)),
        2 => (path(), path()).prop_map(|(p, t)| Op::Link(p, t)),
        2 => path().prop_map(Op::Hide),
        1 => or_root().prop_map(Op::Opaque),
        1 => path().prop_map(Op::Fifo),
    ]
}

fn layer(number: u64, ops: &[Op]) -> Layer {
    let mut layer = Layer::since(1_600_000_000 + number * 1_000_000);
    for (count, op) in ops.iter().enumerate() {
        layer.mode = None;
        layer.with_owner(number, count as u64);
        match op {
            Op::File(path, size, mode) => {
                layer
                    .with_mode(*mode)
                    .file(path, vec![number as u8; usize::from(*size)]);
            }
            Op::Dir(path, mode) => {
                let note = count.to_string();
                layer
                    .pax(&[("SCHILY.xattr.user.note", note.as_bytes())])
                    .with_mode(*mode)
                    .dir(path);
            }
            Op::Acl(path, mode) => {
                let list = acl(7, (mode & 1 == 0).then_some(6), 5, 0);
                layer
                    .pax(&[("SCHILY.xattr.system.posix_acl_default", &list)])
                    .with_mode(*mode)
                    .dir(path);
            }
            Op::Symlink(path, text) => {
                layer.symlink(path, text);
            }
            Op::Link(path, target) => {
                layer.link(path, target);
            }
            Op::Hide(path) => {
                layer.hide(path);
            }
            Op::Opaque(path) => {
                layer.opaque(path);
            }
            Op::Fifo(path) => {
                layer.node(b'6', path, (0, 0));
            }
        }
    }
    layer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn root_random_layers_are_the_same_applied_and_mounted(
        stacks in proptest::collection::vec(proptest::collection::vec(op(), 0..7), 1..4),
        user in any::<bool>(),
    ) {
        if !needs_root("root_random_layers_are_the_same_applied_and_mounted") {
            return Ok(());
        }
        let layers: Vec<_> = stacks.iter().enumerate().map(|(n, ops)| layer(n as u64, ops)).collect();
        let style = match user {
            true => WhiteoutStyle::OverlayUser,
            false => WhiteoutStyle::Overlay,
        };
        agree(&layers.iter().collect::<Vec<_>>(), style);
    }
}

/// Shows that the comparison above compares: most random stacks end well.
#[test]
fn root_random_layers_mostly_unpack() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    if !needs_root("root_random_layers_mostly_unpack") {
        return;
    }
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(proptest::collection::vec(op(), 0..5), 2..3);
    let compared = (0..100)
        .filter(|_| {
            let stacks = strategy.new_tree(&mut runner).unwrap().current();
            let layers: Vec<_> = stacks
                .iter()
                .enumerate()
                .map(|(n, ops)| layer(n as u64, ops))
                .collect();
            agree(&layers.iter().collect::<Vec<_>>(), WhiteoutStyle::Overlay)
        })
        .count();
    assert!(compared > 25, "only {compared} of 100");
}

/// The union finds what the mount shows.
#[test]
fn root_the_union_sees_what_the_mount_shows() {
    if !needs_root("root_the_union_sees_what_the_mount_shows") {
        return;
    }
    let mut below = Layer::new();
    below
        .dir("usr")
        .file("usr/one", b"1")
        .symlink("lib", "usr")
        .dir("gone")
        .file("gone/x", b"")
        .dir("opaque")
        .file("opaque/x", b"");
    let mut above = Layer::new();
    above
        .dir("usr")
        .file("usr/two", b"22")
        .hide("gone")
        .dir("opaque")
        .opaque("opaque")
        .file("opaque/y", b"");
    let stack = stacked(&[&below, &above], WhiteoutStyle::Overlay)
        .unwrap()
        .unwrap();
    let union = orlop_fs::Union::open(&stack.layers).unwrap();
    let mount = Mount::new(&stack.layers, false);
    for path in [
        "usr",
        "usr/one",
        "usr/two",
        "lib/one",
        "lib",
        "gone",
        "gone/x",
        "opaque/x",
        "opaque/y",
        "usr/../lib/two",
        "none",
        "usr/one/x",
        "",
    ] {
        let path = Path::new(path);
        let found = union.find(path, true).unwrap();
        let shown = mount.path().join(path).metadata().ok();
        assert_eq!(found.is_some(), shown.is_some(), "{path:?}");
        if let (Some(found), Some(shown)) = (found, shown) {
            assert_eq!(found.is_dir, shown.is_dir());
            let layer = stack.layers[found.layer].join(&found.path);
            assert!(layer.symlink_metadata().is_ok(), "{layer:?}");
        }
    }
    let lib = union.find(Path::new("lib"), false).unwrap().unwrap();
    assert_eq!((lib.layer, lib.is_dir), (1, false));
    let mut file = union.open_file(Path::new("/lib/two")).unwrap().unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    assert_eq!(text, "22");
    assert!(union.open_file(Path::new("usr")).unwrap().is_none());
}
