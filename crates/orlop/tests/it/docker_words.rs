//! The main job from pull to removal, with every line that docker's user would see.

use orlop_testing::{Image, MediaTypes, PlatformName, Registry};
use serde_json::{Value, json};

use crate::{assert_empty, layer, orlop, small};

/// The first twelve digits of a digest.
fn short(digest: &str) -> &str {
    &digest["sha256:".len()..][..12]
}

#[test]
fn a_pull_says_what_docker_says() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("words");
    let name = image.push(&registry.host(), "team/app", "v1");
    let orlop = orlop();
    let pulled = orlop.ok(["pull", &name]);
    let digest = &image.top.digest;
    assert_eq!(
        pulled.lines(),
        [
            "v1: Pulling from team/app".to_owned(),
            format!("Digest: {digest}"),
            format!("Status: Downloaded newer image for {name}"),
            name.clone(),
        ]
    );
    for layer in image.layer_digests() {
        for state in ["Pulling fs layer", "Download complete", "Pull complete"] {
            let line = format!("{}: {state}", short(&layer));
            assert!(
                pulled.stderr.lines().any(|said| said == line),
                "{line}\n{pulled}"
            );
        }
    }

    let again = orlop.ok(["pull", &name]);
    assert_eq!(
        again.lines()[2],
        format!("Status: Image is up to date for {name}")
    );
    assert_eq!(again.stderr, "", "no layer is worth a line: all is here");
    assert_eq!(
        orlop.ok(["pull", "--quiet", &name]).stdout,
        format!("{name}\n")
    );

    let pinned = format!("{}/team/app@{digest}", registry.host());
    let by_digest = orlop.ok(["pull", &pinned]);
    assert_eq!(
        by_digest.lines()[0],
        format!("{pinned}: Pulling from team/app")
    );
    assert_eq!(by_digest.lines().last(), Some(&pinned.as_str()));
}

#[test]
fn the_default_tag_is_told() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let _ = small("default").push(&registry.host(), "app", "latest");
    let pulled = orlop().ok(["pull", &format!("{}/app", registry.host())]);
    assert_eq!(
        pulled.lines()[..2],
        ["Using default tag: latest", "latest: Pulling from app"]
    );
}

#[test]
fn a_layer_that_is_here_already_costs_nothing() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let base = layer("base", "shared");
    let image =
        |words: &str| Image::new(&PlatformName::host(), &[base.clone(), layer("top", words)]);
    let first = image("one").push(&registry.host(), "app", "one");
    let second = image("two").push(&registry.host(), "app", "two");
    let orlop = orlop();
    orlop.ok(["pull", &first]);
    let pulled = orlop.ok(["pull", &second]);
    assert!(
        pulled
            .stderr
            .contains(&format!("{}: Already exists", short(&base.digest()))),
        "{pulled}"
    );
}

#[test]
fn images_are_listed_in_dockers_columns() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("listed");
    let name = image.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let digest = &image.top.digest;
    let host = registry.host();

    let table = orlop.ok(["images"]);
    let columns: Vec<&str> = table.lines()[0]
        .split("   ")
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(
        columns,
        ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]
    );
    assert!(
        table.lines()[1].starts_with(&format!("{host}/app   v1        {}   ", short(digest))),
        "{table}"
    );
    assert_eq!(
        orlop.ok(["images", "-q"]).stdout,
        format!("{}\n", short(digest))
    );
    assert_eq!(
        orlop.ok(["images", "-q", "--no-trunc"]).stdout,
        format!("{digest}\n")
    );
    assert_eq!(
        orlop
            .ok([
                "image",
                "ls",
                "--format",
                "{{.Repository}}:{{.Tag}} {{.Digest}}",
                "--digests"
            ])
            .stdout,
        format!("{name} {digest}\n")
    );
    let row: Value = serde_json::from_str(orlop.ok(["images", "--format", "json"]).text()).unwrap();
    assert_eq!(row["ID"], short(digest));
    assert_eq!(
        orlop
            .ok(["images", "--filter", "reference=*/app:v2", "-q"])
            .stdout,
        ""
    );
    assert_eq!(
        orlop
            .ok(["images", "--filter", "reference=*/app:v1", "-q"])
            .stdout,
        format!("{}\n", short(digest))
    );
}

#[test]
fn inspect_and_history_show_the_image() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let layers = [layer("base", "inspect base"), layer("top", "inspect top")];
    let config =
        json!({"Env": ["A=b"], "Cmd": ["/run"], "Labels": {"of": "test"}, "WorkingDir": "/w"});
    let image = Image::with(&PlatformName::host(), &layers, MediaTypes::Oci, config);
    let name = image.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);

    let list: Value = serde_json::from_str(&orlop.ok(["inspect", &name]).stdout).unwrap();
    let it = &list[0];
    assert_eq!(it["Id"], image.top.digest);
    assert_eq!(it["RepoTags"], json!([name]));
    assert_eq!(
        it["RepoDigests"],
        json!([format!("{}/app@{}", registry.host(), image.top.digest)])
    );
    assert_eq!(it["Config"]["Env"], json!(["A=b"]));
    assert_eq!(it["Config"]["Labels"]["of"], "test");
    assert_eq!(
        it["RootFS"]["Layers"],
        json!([layers[0].diff_id, layers[1].diff_id])
    );
    assert_eq!(it["Os"], "linux");
    assert_eq!(
        orlop
            .ok(["inspect", "-f", "{{.Config.WorkingDir}}", &name])
            .stdout,
        "/w\n"
    );
    assert_eq!(
        orlop
            .ok([
                "image",
                "inspect",
                "-f",
                "{{json .Config.Cmd}}",
                short(&image.top.digest)
            ])
            .stdout,
        "[\"/run\"]\n"
    );

    let missing = orlop.run(["inspect", "nothing:here"]).expect_code(1);
    assert_eq!(missing.text(), "[]");
    assert_eq!(
        missing.stderr.to_lowercase(),
        "error: no such object: nothing:here
"
    );
    assert!(
        orlop
            .fails(["image", "inspect", "nothing:here"])
            .contains("No such image: nothing:here")
    );

    let history = orlop.ok(["history", &name]);
    let columns: Vec<&str> = history.lines()[0]
        .split("   ")
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(
        columns,
        ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"]
    );
    let steps = orlop.ok(["history", "--format", "{{.CreatedBy}}", &name]);
    assert_eq!(
        steps.lines(),
        ["CMD [\"/bin/sh\"]", "layer 1", "layer 0"],
        "the newest first"
    );
}

#[test]
fn tags_are_pushed_and_their_absence_is_told() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("pushed");
    let name = image.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let target = format!("{}/other/name:v2", registry.host());
    assert_eq!(orlop.ok(["tag", &name, &target]).stdout, "");
    let pushed = orlop.ok(["push", &target]);
    assert_eq!(
        pushed.lines()[0],
        format!(
            "The push refers to repository [{}/other/name]",
            registry.host()
        )
    );
    let size = image.top.bytes.len();
    assert_eq!(
        pushed.lines().last(),
        Some(&format!("v2: digest: {} size: {size}", image.top.digest).as_str())
    );
    for layer in image.layer_digests() {
        assert!(
            pushed
                .stderr
                .contains(&format!("{}: Mounted from app", short(&layer))),
            "{pushed}"
        );
    }
    let again = orlop.ok(["push", &target]);
    assert!(again.stderr.contains("Layer already exists"), "{again}");

    let nothing = format!("{}/nothing:v9", registry.host());
    assert!(orlop.fails(["push", &nothing]).contains(&format!(
        "An image does not exist locally with the tag: {}/nothing",
        registry.host()
    )));
    assert!(
        orlop
            .fails(["tag", "nothing:here", "x:y"])
            .contains("No such image: nothing:here")
    );
    let digest = format!("x@{}", image.top.digest);
    assert!(
        orlop
            .fails(["tag", &name, &digest])
            .contains("refusing to create a tag with a digest reference")
    );
    assert!(
        orlop
            .fails(["tag", &name, "sha256:abc"])
            .contains("refusing to create an ambiguous tag using digest algorithm as name")
    );
}

#[test]
fn names_that_are_none_are_refused_in_dockers_words() {
    let orlop = orlop();
    for (name, words) in [
        (
            "Foo",
            "invalid reference format: repository name (library/Foo) must be lowercase",
        ),
        // What has an uppercase letter before the first slash is a host.
        (
            "Library/Foo",
            "invalid reference format: repository name (Foo) must be lowercase",
        ),
        ("a::b", "invalid reference format"),
        ("-x/y", "invalid reference format"),
    ] {
        let said = orlop.run(["pull", "--", name]).expect_code(1).stderr;
        assert!(said.contains(words), "{name}: {said}");
    }
}

#[test]
fn a_missing_image_is_told_in_dockers_words() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let _ = small("there").push(&registry.host(), "app", "v1");
    let orlop = orlop();
    let tag = orlop.fails(["pull", &format!("{}/app:v2", registry.host())]);
    assert!(
        tag.contains(&format!(
            "manifest for {}/app:v2 not found: manifest unknown",
            registry.host()
        )),
        "{tag}"
    );
    let repository = orlop.fails(["pull", &format!("{}/none:v1", registry.host())]);
    assert!(
        repository.contains("not found") || repository.contains("denied"),
        "{repository}"
    );
    let nobody = orlop.fails(["pull", "127.0.0.1:1/x:y"]);
    assert!(nobody.contains("cannot connect to 127.0.0.1:1"), "{nobody}");
    assert_empty(&orlop);
}
