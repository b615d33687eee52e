//! Archives that want to reach out of the root: one test for each published kind.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt as _, symlink},
    path::PathBuf,
    sync::atomic::AtomicBool,
};

use orlop_fs::{Error, Position, Privilege, UnpackOptions, WhiteoutStyle, unpack};
use orlop_layer::{Bounds, Entry, Observer, TarReader};
use tempfile::TempDir;

use crate::layer::{Layer, is_root, scratch, shape, unpack_bytes};

/// The styles that the user may have.
fn styles() -> &'static [WhiteoutStyle] {
    use WhiteoutStyle::{Apply, Overlay, OverlayUser};
    match is_root() {
        true => &[Apply, OverlayUser, Overlay],
        false => &[Apply, OverlayUser],
    }
}

/// A root inside of a directory that must not change.
struct Jail {
    base: TempDir,
    root: PathBuf,
}

impl Jail {
    fn new() -> Self {
        let base = scratch();
        let root = base.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::create_dir(base.path().join("host")).unwrap();
        fs::write(base.path().join("host/secret"), b"secret").unwrap();
        fs::write(base.path().join("passwd"), b"host").unwrap();
        Self { base, root }
    }

    fn host(&self) -> String {
        self.base.path().join("host").to_str().unwrap().to_owned()
    }

    /// Unpacks in every style; whatever it answers, the outside is as it was.
    fn holds(layer: impl Fn(&Jail) -> Layer) -> Vec<Result<(), String>> {
        let mut results = Vec::new();
        for style in styles().iter().copied() {
            let jail = Self::new();
            let before = fs::metadata(jail.base.path().join("host")).unwrap();
            let result = layer(&jail).unpack(&jail.root, style);
            results.push(result.map(drop).map_err(|error| error.to_string()));
            let listed = |dir: &str| -> Vec<_> {
                let mut names: Vec<_> = fs::read_dir(jail.base.path().join(dir))
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect();
                names.sort();
                names
            };
            assert_eq!(listed("host"), ["secret"]);
            assert_eq!(listed(""), ["host", "passwd", "root"]);
            assert_eq!(
                fs::read(jail.base.path().join("host/secret")).unwrap(),
                b"secret"
            );
            assert_eq!(fs::read(jail.base.path().join("passwd")).unwrap(), b"host");
            let after = fs::metadata(jail.base.path().join("host")).unwrap();
            assert_eq!(after.permissions(), before.permissions());
            assert_eq!(after.modified().unwrap(), before.modified().unwrap());
        }
        results
    }
}

/// docker CVE-2014-9356, CVE-2014-6407; stereoscope CVE-2024-24579; oras-go CVE-2026-50162: a
/// link to the outside, then a file through it.
#[test]
fn cve_2014_6407_files_through_symlinks_stay_inside() {
    for target in [
        "HOST",
        "../host",
        "../../../../../../host",
        "/proc/self/root",
        "/proc/self/cwd/..",
    ] {
        let results = Jail::holds(|jail| {
            let target = target.replace("HOST", &jail.host());
            let mut layer = Layer::new();
            layer
                .symlink("link", target)
                .file("link/planted", b"x")
                .dir("link/planted-dir")
                .symlink("link/planted-link", "x")
                .file("link/secret", b"overwritten");
            layer
        });
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
}

/// The same with several links, one through the other.
#[test]
fn chains_of_symlinks_stay_inside() {
    Jail::holds(|jail| {
        let mut layer = Layer::new();
        layer
            .dir("a")
            .symlink("a/up", "..")
            .symlink("b", "a/up/a/up/..")
            .symlink("c", "b/../../host")
            .file("c/planted", b"")
            .symlink("d", format!("c/..{}", jail.host()))
            .file("d/planted", b"")
            .hide("d/secret")
            .opaque("d");
        layer
    });
    let mut layer = Layer::new();
    layer.symlink("x", "y").symlink("y", "x").file("x/f", b"");
    for style in styles().iter().copied() {
        let error = layer
            .unpack(scratch().path(), style)
            .unwrap_err()
            .to_string();
        assert!(error.contains("too many symbolic links"), "{error}");
    }
}

/// moby CVE-2014-9358, oras-go CVE-2026-50163: hard links to the outside.
#[test]
fn cve_2026_50163_hard_links_stay_inside() {
    for through in [true, false] {
        let results = Jail::holds(|jail| {
            let mut layer = Layer::new();
            layer.symlink("link", jail.host());
            let target = match through {
                true => "link/secret".to_owned(),
                false => format!("{}/secret", jail.host()),
            };
            layer.link("stolen", target);
            layer
        });
        // In a directory of its own the file could be in a layer below; applied, there is none.
        assert!(
            results[0].as_ref().unwrap_err().contains("to link to"),
            "{results:?}"
        );
    }
}

/// A hard link to a symbolic link is the link, never what it points to: writing "through" it
/// afterwards replaces it.
#[test]
fn hard_links_to_symlinks_are_not_followed() {
    let results = Jail::holds(|jail| {
        let mut layer = Layer::new();
        layer
            .symlink("link", format!("{}/secret", jail.host()))
            .link("alias", "link")
            .file("alias", b"overwritten")
            .file("link", b"overwritten");
        layer
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// containerd CVE-2021-32760: permissions applied through a link.
#[test]
fn cve_2021_32760_attributes_are_not_set_through_links() {
    let results = Jail::holds(|jail| {
        let mut layer = Layer::new();
        layer
            .with_mode(0o777)
            .symlink("link", jail.host())
            .pax(&[("SCHILY.xattr.user.x", b"1")])
            .symlink("link2", format!("{}/secret", jail.host()))
            .link("alias", "link")
            .symlink("d", jail.host())
            .dir("d");
        layer
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// umoci CVE-2021-29136: the root itself becomes a link (see also the reader's tests).
#[test]
fn cve_2021_29136_the_root_stays_a_directory() {
    for path in [".", "./", "/"] {
        let results = Jail::holds(|jail| {
            let mut layer = Layer::new();
            layer.symlink(path, jail.host()).file("planted", b"");
            layer
        });
        for result in results {
            assert!(result.unwrap_err().contains("the root must be a directory"));
        }
    }
}

/// containerd CVE-2025-47290 and CVE-2021-43784's kind: a directory that was looked at is
/// exchanged for a link before it is used. Cached parents must not outlive such an exchange.
#[test]
fn cve_2025_47290_cached_parents_do_not_outlive_their_path() {
    let results = Jail::holds(|jail| {
        let mut layer = Layer::new();
        layer
            .dir("d")
            .file("d/first", b"")
            .symlink("d", jail.host())
            .file("d/planted", b"")
            .dir("d")
            .file("d/second", b"")
            .dir("e")
            .symlink("s", "e")
            .file("s/x", b"")
            .symlink("s", jail.host())
            .file("s/planted", b"");
        layer
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// What was in the directory before, an attacker's own tree perhaps, is no way out either.
#[test]
fn links_from_lower_layers_stay_inside() {
    let jail = Jail::new();
    symlink(jail.host(), jail.root.join("lib")).unwrap();
    symlink("../host", jail.root.join("rel")).unwrap();
    let mut layer = Layer::new();
    layer
        .file("lib/planted", b"")
        .file("rel/planted", b"")
        .opaque("rel")
        .hide("lib/secret");
    layer.unpack(&jail.root, WhiteoutStyle::Apply).unwrap();
    let names: Vec<_> = fs::read_dir(jail.base.path().join("host"))
        .unwrap()
        .collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn whiteouts_that_name_their_own_directory_are_refused() {
    for name in [".wh.", ".wh..", ".wh...", "d/.wh..", "d/.wh...", ".wh.d/x"] {
        let results = Jail::holds(|_| {
            let mut layer = Layer::new();
            layer.dir("d").file("d/f", b"").file(name, b"");
            layer
        });
        for result in results {
            let error = result.unwrap_err();
            assert!(error.contains("whiteout"), "{error}");
        }
    }
}

/// A device 0:0 from an archive would be a whiteout to overlayfs.
#[test]
fn whiteout_devices_are_not_taken_from_archives() {
    for style in styles().iter().copied() {
        let mut layer = Layer::new();
        layer.node(b'3', "etc/shadow", (0, 0));
        let error = layer
            .unpack(scratch().path(), style)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("etc/shadow") && error.contains("0:0"),
            "{error}"
        );
    }
}

/// Pipes and devices are never opened: this would hang.
#[test]
fn a_pipe_in_the_way_is_replaced() {
    let mut layer = Layer::new();
    layer
        .node(b'6', "p", (0, 0))
        .file("p", b"file")
        .node(b'6', "q", (0, 0))
        .node(b'6', "q", (0, 0))
        .dir("q");
    for style in styles().iter().copied() {
        let dir = scratch();
        layer.unpack(dir.path(), style).unwrap();
        let listing = orlop_fs::TreeListing::read(dir.path()).unwrap();
        assert_eq!(shape(&listing), ["p 4", "q/"]);
    }
}

#[test]
fn a_file_in_the_way_of_a_parent_is_refused() {
    for style in styles().iter().copied() {
        let mut layer = Layer::new();
        layer.file("f", b"").file("f/x", b"");
        let error = layer.unpack(scratch().path(), style).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("a file is where a directory must be"),
            "{text}"
        );
        assert!(matches!(error, Error::Unresolved { .. }));
    }
}

#[test]
fn errors_name_the_entry_and_nothing_else_prints_it_raw() {
    let mut layer = Layer::new();
    layer
        .file(b"a\x1b[2Jb".as_slice(), b"")
        .file(b"a\x1b[2Jb/c".as_slice(), b"");
    let error = layer
        .unpack(scratch().path(), WhiteoutStyle::Apply)
        .unwrap_err();
    assert!(error.to_string().contains("a\\u{1b}[2Jb"), "{error}");
}

#[test]
fn it_stops_when_asked_to() {
    let mut layer = Layer::new();
    layer.file("a", b"x");
    let bytes = layer.bytes();
    let mut tar = TarReader::new(&bytes[..], Bounds::default());
    let options = UnpackOptions::new(
        WhiteoutStyle::Apply,
        Position::Bottom,
        Privilege::of_process(),
    );
    let error = unpack(
        scratch().path(),
        &mut tar,
        &options,
        &mut [],
        &AtomicBool::new(true),
    );
    assert!(matches!(error, Err(Error::Cancelled)));
}

#[test]
fn observers_see_entries_and_read_files() {
    struct Seer(std::sync::mpsc::Sender<String>);
    impl Observer for Seer {
        fn entry(&mut self, entry: &Entry, file: Option<&File>) {
            let mut content = [0; 9];
            let read = file.map(|file| file.read_at(&mut content, 1).unwrap());
            let content = read.map(|count| String::from_utf8_lossy(&content[..count]));
            let seen = format!("{}: {content:?}", entry.printable_path());
            self.0.send(seen).unwrap();
        }
        fn finish(&mut self, _: &orlop_oci::DiffId) {}
    }
    let mut layer = Layer::new();
    layer
        .file("one", b"12")
        .file("two", b"345")
        .hide("gone")
        .symlink("link", "one");
    let bytes = layer.bytes();
    let (sender, seen) = std::sync::mpsc::channel();
    let mut observers: Vec<Box<dyn Observer>> = vec![Box::new(Seer(sender))];
    let mut tar = TarReader::new(&bytes[..], Bounds::default());
    let options = UnpackOptions::new(
        WhiteoutStyle::Apply,
        Position::Bottom,
        Privilege::of_process(),
    );
    let dir = scratch();
    unpack(
        dir.path(),
        &mut tar,
        &options,
        &mut observers,
        &AtomicBool::new(false),
    )
    .unwrap();
    drop(observers);
    let expected = [
        r#"one: Some("2")"#,
        r#"two: Some("45")"#,
        ".wh.gone: None",
        "link: None",
    ];
    assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
}

proptest::proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3000)) {
        let options = UnpackOptions::new(WhiteoutStyle::Overlay, Position::Bottom, Privilege::of_process());
        let _ = unpack_bytes(&bytes, scratch().path(), &options);
    }
}
