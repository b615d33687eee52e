//! `pin`: files, registries, and what is left alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use orlop_testing::{FaultProxy, Image, MediaTypes, Orlop, PlatformName, Registry};

use crate::serve::Served;
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

/// Files of every kind. `NAME` and `BARE` are references, with a tag and without; `SAME` is the text of
/// one, and none.
const PROJECT: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "# SAME\r\nFROM NAME AS x  \r\nCOPY --from=BARE /a /b\r\n",
    ),
    ("compose.yaml", "services:\n  a: {image: 'NAME'} # SAME\n"),
    (
        "deploy.yaml",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: NAME\n---\nkind: Service\n",
    ),
    (
        ".github/workflows/ci.yml",
        "jobs:\n  a:\n    steps:\n    - uses: docker://NAME\n",
    ),
    ("README.md", "SAME\n"),
    ("values.yaml", "SAME\n"),
];

/// The files on disk, and a registry with what they name.
struct Project {
    orlop: Orlop,
    registry: Registry,
    folder: PathBuf,
    name: String,
    bare: String,
    digest: String,
}

impl Project {
    fn start() -> Option<Self> {
        let registry = Registry::start()?;
        let image = small("pinned");
        let name = image.push(&registry.host(), "app", "v1");
        let _ = image.push(&registry.host(), "tool", "latest");
        let orlop = orlop();
        let project = Self {
            folder: orlop.folder().join("project"),
            bare: format!("{}/tool", registry.host()),
            digest: image.top.digest.clone(),
            orlop,
            registry,
            name,
        };
        for (file, text) in PROJECT {
            let text = project.fill(text, "");
            write(&project.orlop, &format!("project/{file}"), &text);
        }
        Some(project)
    }

    /// A text with its names, each with `digest` after it.
    fn fill(&self, text: &str, digest: &str) -> String {
        let bare = match digest {
            "" => self.bare.clone(),
            digest => format!("{}:latest{digest}", self.bare),
        };
        text.replace("SAME", &self.name)
            .replace("NAME", &format!("{}{digest}", self.name))
            .replace("BARE", &bare)
    }

    fn assert_files_are(&self, digest: &str) {
        for (file, text) in PROJECT {
            let now = self::text(&self.folder.join(file));
            assert_eq!(now, self.fill(text, digest), "{file}");
        }
    }

    fn path(&self) -> &str {
        self.folder.to_str().expect("the folder has a name")
    }
}

#[test]
fn a_check_and_a_dry_run_write_nothing() {
    let Some(project) = Project::start() else {
        return;
    };
    let (path, name, digest) = (project.path(), &project.name, &project.digest);
    let check = project.orlop.run(["pin", "--check", path]).expect_code(1);
    assert_eq!(
        check.lines()[0],
        format!("{path}/Dockerfile:2: {name} is not pinned")
    );
    assert_eq!(check.lines().len(), 5, "{check}");
    assert_eq!(check.stderr, "", "the lines say it");
    let diff = project.orlop.ok(["pin", "--dry-run", path]).stdout;
    for line in [
        format!("-FROM {name} AS x  \r\n"),
        format!("+FROM {name}@{digest} AS x  \r\n"),
    ] {
        assert!(diff.contains(&line), "{diff}");
    }
    project.assert_files_are("");
}

#[test]
fn every_kind_of_file_is_pinned_in_place() {
    let Some(project) = Project::start() else {
        return;
    };
    let path = project.path().to_owned();
    let (path, name, digest) = (path.as_str(), &project.name, &project.digest);
    let dockerfile = project.folder.join("Dockerfile");
    let mode = |path: &Path| std::fs::metadata(path).map(|meta| meta.permissions().mode() & 0o7777);
    let executable = std::fs::Permissions::from_mode(0o751);
    std::fs::set_permissions(&dockerfile, executable).unwrap();
    let done = project.orlop.ok(["pin", path]);
    assert_eq!(
        done.lines()[0],
        format!("{path}/Dockerfile:2: {name} pinned to {digest}")
    );
    project.assert_files_are(&format!("@{digest}"));
    assert_eq!(mode(&dockerfile).unwrap(), 0o751);
    let left: Vec<_> = std::fs::read_dir(&project.folder).unwrap().collect();
    assert_eq!(left.len(), 6, "nothing of ours stays: {left:?}");

    // All is pinned: nobody is asked.
    drop(project.registry);
    assert_eq!(project.orlop.ok(["pin", path]).stdout, "");
    assert_eq!(project.orlop.ok(["pin", "--check", path]).stdout, "");
}

#[test]
fn a_tag_that_moved_is_renewed_when_asked() {
    let registry = Served::start();
    let host = PlatformName::host().to_string();
    let old = index("old", &[&host, "linux/386"]);
    let new = index("new and longer", &[&host, "linux/riscv64"]);
    let name = old.push(&registry.host, "app", "v1");
    let orlop = orlop();
    let file = write(&orlop, "Dockerfile", &format!("FROM {name}\n"));
    let path = file.to_str().unwrap();
    orlop.ok(["pin", path]);
    let pinned = text(&file);
    let _ = new.push(&registry.host, "app", "v1");
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
