//! `export` and `import`: an image as one tree, and a tree as an image.

use std::collections::BTreeSet;

use orlop_fs::{NodeKind, TreeListing};
use orlop_testing::peer::DockerEngine;
use orlop_testing::{Compression, Image, Layer, PlatformName, Program, Tarball, is_root};

use super::{field, loaded, path};
use crate::stacks::{asked_for, random};
use crate::{mounted, orlop};

/// Three layers with all that can be in one, and all that a later one can do to it.
fn image() -> Image {
    let base = Tarball::new()
        .dir("d", 0o755)
        .file("d/gone", 0o644, "gone")
        .file("d/kept", 0o4755, "kept")
        .file("first", 0o600, "linked")
        .hard_link("second", "first")
        .hard_link("third", "first")
        .symlink("link", "d")
        .xattr("user.note", b"hello")
        .owner(1000, 4_000_000)
        .mtime(1_500_000_000, 5)
        .file("noted", 0o644, "x");
    let middle =
        Tarball::new()
            .whiteout("first")
            .whiteout("d/gone")
            .file("link/through", 0o644, "y");
    let top = Tarball::new().dir("d", 0o700).hard_link("fourth", "third");
    let layers = [base, middle, top].map(|tar| Layer::new(&tar.finish(), Compression::Gzip));
    Image::new(&PlatformName::host(), &layers)
}

fn exported(orlop: &orlop_testing::Orlop, name: &str) -> String {
    let file = path(&orlop.folder().join("export.tar"));
    orlop.ok(["export", "-o", &file, name]);
    file
}

#[test]
fn root_an_exported_image_is_the_tree_that_is_mounted() {
    if !is_root() {
        return;
    }
    let orlop = orlop();
    loaded(&orlop, &image(), "app:v1");
    let file = exported(&orlop, "app:v1");
    let tree = orlop.folder().join("tree");
    std::fs::create_dir(&tree).unwrap();
    Program::new("tar")
        .args([
            "--xattrs",
            "--xattrs-include=*",
            "--numeric-owner",
            "-xpf",
            &file,
            "-C",
        ])
        .arg(&tree)
        .ok();
    let ours = TreeListing::read(&tree).unwrap();
    let expected = mounted(&orlop, "app:v1");
    let names = |tree: &TreeListing| tree.nodes.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&ours), names(&expected));
    for (path, node) in &expected.nodes {
        // The root has no entry, and a tar of its own time.
        if !path.is_empty() {
            assert_eq!(ours.nodes[path], *node, "{}", path.escape_ascii());
        }
    }
    let again = std::fs::read(&file).unwrap();
    assert!(again == std::fs::read(exported(&orlop, "app:v1")).unwrap());
}

#[test]
fn root_random_stacks_are_the_same_exported_and_imported() {
    if !is_root() {
        return;
    }
    let orlop = orlop();
    let (stacks, seed) = (
        asked_for("ORLOP_TEST_STACKS", 25),
        asked_for("ORLOP_TEST_SEED", 1),
    );
    let (mut compared, mut wrong) = (0, Vec::new());
    for stack in 0..stacks {
        let (image, said) = random(seed, stack);
        let layout = path(&orlop.folder().join("stack"));
        image.write_layout(std::path::Path::new(&layout), "stack:v1");
        let loaded = orlop.run(["load", "-q", "-i", &layout]);
        std::fs::remove_dir_all(&layout).unwrap();
        if loaded.code() != 0 {
            continue;
        }
        compared += 1;
        let file = exported(&orlop, "stack:v1");
        orlop.ok(["import", &file, "flat:v1"]);
        let (ours, expected) = (mounted(&orlop, "flat:v1"), mounted(&orlop, "stack:v1"));
        let differences = different(&ours, &expected, said.contains("default list"));
        if !differences.is_empty() {
            wrong.push(format!(
                "stack {stack}:\n  {said}\n{}",
                differences.join("\n")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(compared * 3 > stacks, "only {compared} of {stacks}");
}

/// How two trees differ, but in what directories have that no layer describes: a time, and access lists
/// that they `inherit` from what was above them when they were made.
fn different(ours: &TreeListing, expected: &TreeListing, inherit: bool) -> Vec<String> {
    let mut ours = ours.clone();
    for (path, node) in &mut ours.nodes {
        let Some(other) = expected.nodes.get(path) else {
            continue;
        };
        if node.kind == NodeKind::Directory && other.kind == NodeKind::Directory {
            if inherit {
                *node = other.clone();
            } else if (node.mode, node.uid, node.gid) == (0o755, 0, 0) {
                node.mtime = other.mtime;
            }
        }
    }
    let differences = ours.diff(expected);
    differences.iter().map(ToString::to_string).collect()
}

/// What is said with `--change`.
const CHANGES: [&str; 11] = [
    "ENV A=1 B=\"two words\"",
    "ENV C=$A",
    "ENTRYPOINT [\"/bin/x\"]",
    "CMD a b",
    "EXPOSE 80 53/udp",
    "LABEL k=v",
    "VOLUME /data",
    "USER me",
    "WORKDIR /work",
    "ONBUILD RUN make",
    "HEALTHCHECK --interval=5s CMD true",
];
/// And where it is seen.
const KEYS: [&str; 10] = [
    "Env",
    "Entrypoint",
    "Cmd",
    "ExposedPorts",
    "Labels",
    "Volumes",
    "User",
    "WorkingDir",
    "OnBuild",
    "Healthcheck",
];

#[test]
fn root_docker_and_orlop_import_the_same() {
    let (true, Some(docker)) = (is_root(), DockerEngine::start()) else {
        return;
    };
    let orlop = orlop();
    let file = path(&orlop.folder().join("rootfs.tar"));
    let tar = Tarball::new()
        .dir("bin", 0o755)
        .file("bin/x", 0o755, "x")
        .finish();
    std::fs::write(&file, tar).unwrap();
    let mut words = vec!["import".to_owned()];
    for change in CHANGES {
        words.extend(["--change".to_owned(), change.to_owned()]);
    }
    words.extend([file, "flat:v1".to_owned()]);
    let theirs = docker.program().args(&words).ok();
    assert!(theirs.text().starts_with("sha256:"), "{theirs}");
    let ours = orlop.ok(&words);
    assert!(
        ours.text().starts_with("sha256:") && ours.lines().len() == 1,
        "{ours}"
    );
    let inspected = docker.inspect("flat:v1");
    for key in KEYS {
        let template = format!("{{{{json .Config.{key}}}}}");
        let own: serde_json::Value =
            serde_json::from_str(&field(&orlop, "flat:v1", &template)).unwrap();
        assert_eq!(own, inspected["Config"][key], "{key}");
    }
    assert_eq!(inspected["Comment"], "Imported from -");
    let comment = orlop.ok(["history", "--format", "{{.Comment}}", "flat:v1"]);
    assert_eq!(comment.text(), "Imported from -");
    // The files are the same too.
    let layers = field(&orlop, "flat:v1", "{{json .RootFS.Layers}}");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&layers).unwrap(),
        inspected["RootFS"]["Layers"]
    );
}

#[test]
fn an_archive_comes_from_an_address_too() {
    use std::io::{Read as _, Write as _};
    let orlop = orlop();
    let tar = Tarball::new().file("x", 0o644, "x").finish();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for answer in [Some(tar), None] {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]).unwrap();
            let (status, body) = match answer {
                Some(body) => ("200 OK", body),
                None => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            socket.write_all(head.as_bytes()).unwrap();
            socket.write_all(&body).unwrap();
        }
    });
    let url = format!("http://{address}/rootfs.tar");
    orlop.ok(["import", &url, "flat:v1"]);
    let comment = orlop.ok(["history", "--format", "{{.Comment}}", "flat:v1"]);
    assert_eq!(comment.text(), format!("Imported from {url}"));
    assert!(orlop.fails(["import", &url]).contains("404"));
    server.join().unwrap();
}

#[test]
fn what_cannot_be_imported_is_refused() {
    let orlop = orlop();
    let file = path(&orlop.folder().join("rootfs.tar"));
    std::fs::write(&file, Tarball::new().file("x", 0o644, "x").finish()).unwrap();
    let digest = format!("x@sha256:{}", "1".repeat(64));
    for (words, said) in [
        (
            &["import", "/none.tar"][..],
            "open /none.tar: No such file or directory",
        ),
        (
            &["import", "-c", "RUN x", &file],
            "RUN is not a valid change command",
        ),
        (
            &["import", &file, &digest],
            "cannot import digest reference",
        ),
        (&["import", &file, "Upper"], "must be lowercase"),
        (&["import", "/dev/null"], "it is empty"),
    ] {
        let stderr = orlop.fails(words);
        assert!(stderr.contains(said), "{stderr}");
    }
    let junk = orlop.program().args(["import", "-"]).input("junk");
    assert!(junk.run().expect_code(1).stderr.contains("truncated"));
    crate::assert_empty(&orlop);
}
