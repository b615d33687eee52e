//! `pin`: files, registries, and what is left alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use orlop_testing::{FaultProxy, Image, MediaTypes, Orlop, PlatformName, Registry};

use crate::{layer, orlop, small};

/// Writes a file of the test's own.
fn write(orlop: &Orlop, name: &str, text: &str) -> PathBuf {
    let path = orlop.folder().join(name);
    let folder = path.parent().expect("it is in a folder");
    std::fs::create_dir_all(folder).expect("a folder is made");
    std::fs::write(&path, text).expect("the file is written");
    path
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the file is read")
}

/// An index of these platforms.
fn index(words: &str, platforms: &[&str]) -> Image {
    let images: Vec<Image> = platforms
        .iter()
        .map(|name| {
            let platform = PlatformName::new(name);
            Image::new(&platform, &[layer("f", &format!("{words} {name}"))])
        })
        .collect();
    Image::index(MediaTypes::Oci, &images)
}

#[test]
fn every_kind_of_file_is_pinned_in_place() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("pinned");
    let name = image.push(&registry.host(), "app", "v1");
    let bare = image.push(&registry.host(), "tool", "latest");
    let bare = bare.strip_suffix(":latest").unwrap();
    let digest = &image.top.digest;
    let orlop = orlop();
    let folder = orlop.folder().join("project");
    let dockerfile = format!("# why\r\nFROM {name} AS x  \r\nCOPY --from={bare} /a /b\r\n");
    let compose = format!("services:\n  a: {{image: '{name}'}} # {name}\n");
    let kubernetes = format!(
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {name}\n---\napiVersion: v1\nkind: Service\n"
    );
    let workflow = format!("jobs:\n  a:\n    steps:\n    - uses: docker://{name}\n");
    let files = [
        ("Dockerfile", &dockerfile),
        ("compose.yaml", &compose),
        ("deploy.yaml", &kubernetes),
        (".github/workflows/ci.yml", &workflow),
        ("README.md", &name),
        ("values.yaml", &name),
    ];
    for (file, text) in &files {
        write(&orlop, &format!("project/{file}"), text);
    }
    let path = folder.join("Dockerfile");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o751)).unwrap();

    let unpinned = orlop.run(["pin".as_ref(), "--check".as_ref(), folder.as_os_str()]);
    let unpinned = unpinned.expect_code(1);
    assert_eq!(
        unpinned.lines()[0],
        format!("{}:2: {name} is not pinned", path.display())
    );
    assert_eq!(unpinned.lines().len(), 5, "{unpinned}");
    assert_eq!(unpinned.stderr, "", "the lines say it");

    let folder_arg = folder.to_str().unwrap();
    let diff = orlop.ok(["pin", "--dry-run", folder_arg]).stdout;
    for line in [
        format!("-FROM {name} AS x  \r\n"),
        format!("+FROM {name}@{digest} AS x  \r\n"),
    ] {
        assert!(diff.contains(&line), "{diff}");
    }
    assert_eq!(text(&path), dockerfile, "a dry run writes nothing");

    let done = orlop.ok(["pin", folder_arg]);
    assert_eq!(
        done.lines()[0],
        format!("{}:2: {name} pinned to {digest}", path.display())
    );
    let pinned = format!("{name}@{digest}");
    assert_eq!(
        text(&path),
        dockerfile
            .replace(&name, &pinned)
            .replace(&format!("{bare} "), &format!("{bare}:latest@{digest} "))
    );
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o751
    );
    assert_eq!(
        text(&folder.join("compose.yaml")),
        compose.replacen(&name, &pinned, 1)
    );
    assert_eq!(
        text(&folder.join("deploy.yaml")),
        kubernetes.replace(&name, &pinned)
    );
    assert_eq!(
        text(&folder.join(".github/workflows/ci.yml")),
        workflow.replace(&name, &pinned)
    );
    assert_eq!(text(&folder.join("README.md")), name);
    assert_eq!(text(&folder.join("values.yaml")), name);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 6, "nothing of ours stays: {left:?}");

    drop(registry);
    // All is pinned: nobody is asked.
    assert_eq!(orlop.ok(["pin", folder_arg]).stdout, "");
    assert_eq!(orlop.ok(["pin", "--check", folder_arg]).stdout, "");
}

#[test]
fn a_tag_that_moved_is_renewed_when_asked() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let host = PlatformName::host().to_string();
    let old = index("old", &[&host, "linux/386"]);
    let new = index("new and longer", &[&host, "linux/riscv64"]);
    let name = old.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    let file = write(&orlop, "Dockerfile", &format!("FROM {name}\n"));
    let path = file.to_str().unwrap();
    orlop.ok(["pin", path]);
    let pinned = text(&file);
    let _ = new.push(&registry.host(), "app", "v1");
    let (a, b) = (&old.top.digest, &new.top.digest);

    assert_eq!(orlop.ok(["pin", path]).stdout, "");
    assert_eq!(text(&file), pinned, "a pinned name stays");
    assert_eq!(orlop.ok(["pin", "--check", path]).stdout, "");
    let moved = orlop
        .run(["pin", "--check", "--update", path])
        .expect_code(1);
    assert_eq!(
        moved.lines(),
        [format!(
            "{path}:1: {name} is pinned to {a}, its tag is {b} now"
        )]
    );
    assert_eq!(text(&file), pinned, "a check writes nothing");

    let done = orlop.ok(["pin", "--update", path]);
    let lines = done.lines();
    assert_eq!(lines[0], format!("{path}:1: {name} moved from {a} to {b}"));
    assert!(
        lines[1].starts_with(&format!("  {host}: ")) && lines[1].ends_with("B to download"),
        "{done}"
    );
    assert_eq!(lines[2], "  platforms added: linux/riscv64");
    assert_eq!(lines[3], "  platforms removed: linux/386");
    assert_eq!(text(&file), format!("FROM {name}@{b}\n"));
    assert_eq!(orlop.ok(["pin", "--check", "--update", path]).stdout, "");
}

#[test]
fn each_name_is_asked_once_and_by_its_head() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let _ = small("asked once").push(&registry.host(), "app", "v1");
    let proxy = FaultProxy::start(&registry.host());
    let name = format!("{}/app:v1", proxy.host());
    let orlop = orlop();
    let a = write(&orlop, "Dockerfile", &format!("FROM {name}\nFROM {name}\n"));
    let b = write(
        &orlop,
        "compose.yaml",
        &format!("services:\n  a:\n    image: {name}\n"),
    );
    orlop.ok(["pin", a.to_str().unwrap(), b.to_str().unwrap()]);
    assert_eq!(proxy.count("HEAD", "/v2/app/manifests/v1"), 1);
    assert_eq!(proxy.count("GET", "/v2/app/manifests/"), 0);
}

#[test]
fn nothing_is_written_when_a_name_cannot_be_looked_up() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let name = small("there").push(&registry.host(), "app", "v1");
    let missing = format!("{}/app:v2", registry.host());
    let orlop = orlop();
    let good = write(&orlop, "a/Dockerfile", &format!("FROM {name}\n"));
    let bad = write(
        &orlop,
        "b/Dockerfile",
        &format!("FROM {name}\nFROM {missing}\n"),
    );
    let (good_path, bad_path) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let said = orlop.fails(["pin", good_path, bad_path]);
    assert!(
        said.starts_with(&format!(
            "Error: {bad_path}:2: manifest for {missing} not found"
        )),
        "{said}"
    );
    assert!(said.contains("hint: nothing was written"), "{said}");
    assert_eq!(text(&good), format!("FROM {name}\n"));
    orlop.ok(["pin", "--ignore", &missing, good_path, bad_path]);
    assert!(text(&bad).ends_with(&format!("\nFROM {missing}\n")));
    assert!(text(&good).contains("@sha256:"));
}

#[test]
fn standard_input_and_the_store() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("local");
    let name = image.push(&registry.host(), "app", "v1");
    let digest = &image.top.digest;
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    drop(registry);
    let dockerfile = format!(
        "ARG TAG=v1\nFROM {}${{TAG}}\nFROM $NOWHERE\n",
        &name[..name.len() - 2]
    );
    let run = orlop
        .program()
        .args(["pin", "--local", "-"])
        .input(dockerfile.clone())
        .run()
        .expect_success();
    assert_eq!(
        run.stdout,
        dockerfile.replace("TAG=v1\n", &format!("TAG=v1@{digest}\n"))
    );
    assert!(
        run.stderr
            .contains(&format!("standard input:1: {name} pinned to {digest}\n")),
        "{run}"
    );
    assert!(
        run.stderr.contains(
            "WARNING: standard input:3: $NOWHERE is not pinned: NOWHERE is set nowhere\n"
        ),
        "{run}"
    );
    let file = write(&orlop, "Dockerfile", "FROM nosuch:1\n");
    let said = orlop.fails(["pin", "--local", file.to_str().unwrap()]);
    assert!(said.contains(":1: No such image: nosuch:1"), "{said}");
}

#[test]
fn what_is_no_such_file_is_told() {
    let orlop = orlop();
    let odd = write(&orlop, "notes.txt", "FROM the beginning\nit was odd\n");
    let odd = odd.to_str().unwrap();
    let broken = write(&orlop, "compose.yaml", "services:\n  a: {{ .x }}: y }\n");
    let broken = broken.to_str().unwrap();
    let latin = orlop.folder().join("Dockerfile");
    std::fs::write(&latin, b"FROM a # \xe9\n").unwrap();
    let empty = orlop.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for (words, expected) in [
        (vec!["--type", "compose", odd], ""),
        (
            vec!["/no/such/Dockerfile"],
            "Error: /no/such/Dockerfile: No such file or directory",
        ),
        (vec![latin.to_str().unwrap()], "it is no UTF-8 text"),
        (vec![empty.to_str().unwrap()], "no file in it names images"),
        (vec![broken], "compose.yaml:2:"),
    ] {
        let words = ["pin"].into_iter().chain(words);
        let run = orlop.run(words);
        if expected.is_empty() {
            assert_eq!(run.expect_success().stdout, "", "no services, no images");
        } else {
            let said = run.expect_code(1).stderr;
            assert!(said.contains(expected), "{said}");
        }
    }
    let what = write(&orlop, "what.txt", "hello\n");
    let said = orlop.fails(["pin", what.to_str().unwrap()]);
    assert!(
        said.contains("hint: --type says what it is: dockerfile,"),
        "{said}"
    );
    let said = orlop
        .run(["pin", "--type", "recipe", odd])
        .expect_code(125)
        .stderr;
    assert!(said.contains("recipe"), "{said}");
}
