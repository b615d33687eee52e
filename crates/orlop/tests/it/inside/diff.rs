//! `diff` of two images, wherever they are, and podman's answer to the same question.

use std::collections::BTreeSet;

use orlop_testing::Registry;
use orlop_testing::peer::Podman;
use serde_json::Value;

use super::{add, first, layout, second, with};
use crate::orlop;

#[test]
fn files_configuration_layers_and_sizes() {
    let (a, b) = (first(), second());
    let orlop = with(&a, "app:v1");
    add(&orlop, &b, "app:v2");
    let shown = orlop.ok(["diff", "app:v1", "app:v2"]).stdout;
    let (layers_a, layers_b) = (a.layer_digests(), b.layer_digests());
    let size =
        |image: &orlop_testing::Image, at: usize| format!("{}B", image.blobs[at].bytes.len());
    let expected = format!(
        "Files: 2 added, 2 changed, 1 removed\n\
         C      12B /etc/a  (content 7B -> 12B, mode 0600 -> 0644)\n\
         A       1B /etc/b\n\
         D       0B /srv/link -> new\n\
         A      2kB /srv/more\n\
         C       3B /srv/new  (mode 0644 -> 0755)\n\
         \n\
         Configuration:\n\
         C Env VERSION: \"1\" -> \"2\"\n\
         \n\
         Layers:\n\
         = {:>8} {}\n\
         - {:>8} {}\n\
         + {:>8} {}\n\
         \n\
         Size:\n",
        size(&a, 1),
        layers_a[0],
        size(&a, 2),
        layers_a[1],
        size(&b, 2),
        layers_b[1],
    );
    assert!(shown.starts_with(&expected), "{shown}");
    assert!(
        shown.contains("  files: 5.012kB -> 7.017kB (+2.005kB)\n"),
        "{shown}"
    );
    // It doesn't matter where they are.
    let elsewhere = orlop.ok(["diff", &layout(&orlop, &a), &layout(&orlop, &b)]);
    assert_eq!(elsewhere.stdout, shown);
}

#[test]
fn a_registry_is_looked_into_and_nothing_is_kept() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let name = second().push(&registry.host(), "app", "v2");
    let orlop = with(&first(), "app:v1");
    let before = orlop.files_below("oci/blobs");
    let shown = orlop.ok(["diff", "app:v1", &name]).stdout;
    assert!(shown.contains("A      2kB /srv/more\n"), "{shown}");
    assert_eq!(orlop.files_below("oci/blobs"), before);
    assert_eq!(orlop.ok(["images", "-q"]).lines().len(), 1);
}

#[test]
fn as_json() {
    let orlop = with(&first(), "app:v1");
    add(&orlop, &second(), "app:v2");
    let shown = orlop.ok(["diff", "--json", "app:v1", "app:v2"]).stdout;
    let diff: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(diff["images"][0]["name"], "app:v1");
    assert_eq!(diff["images"][0]["digest"], first().top.digest);
    let changed = &diff["files"][0];
    assert_eq!(changed["path"], "/etc/a");
    assert_eq!(changed["what"], serde_json::json!(["content", "mode"]));
    assert_eq!(changed["before"]["mode"], "0600");
    assert_eq!(changed["after"]["size"], 12);
    assert_eq!(diff["configuration"][0]["key"], "VERSION");
    assert_eq!(diff["layers"]["common"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        diff["layers"]["added"][0]["digest"],
        second().layer_digests()[1]
    );
}

#[test]
fn exit_codes_are_those_of_diff_when_asked_for() {
    let orlop = with(&first(), "app:v1");
    add(&orlop, &second(), "app:v2");
    let same = orlop.ok(["diff", "--exit-code", "app:v1", "app:v1"]);
    assert_eq!(same.stdout, "", "nothing differs");
    orlop.ok(["diff", "app:v1", "app:v2"]);
    let differ = orlop.run(["diff", "--exit-code", "-q", "app:v1", "app:v2"]);
    let differ = differ.expect_code(1);
    assert_eq!((&*differ.stdout, &*differ.stderr), ("", ""));
    orlop
        .run(["diff", "--exit-code", "app:v1", "store:nosuch"])
        .expect_code(2);
    orlop.run(["diff", "app:v1", "store:nosuch"]).expect_code(1);
}

#[test]
fn a_container_has_to_wait() {
    let error = orlop().fails(["diff", "mycontainer"]);
    assert!(error.contains("doesn't run containers yet"), "{error}");
    assert!(error.contains("hint: "), "{error}");
}

/// podman tells directories whose content changed, too; files it tells as we do.
#[test]
fn podman_sees_the_same_files() {
    let (Some(podman), Some(registry)) = (Podman::new(), Registry::start()) else {
        return;
    };
    let (a, b) = (
        first().push(&registry.host(), "app", "v1"),
        second().push(&registry.host(), "app", "v2"),
    );
    podman.pull(&a);
    podman.pull(&b);
    let theirs = podman
        .program()
        // What podman calls the changes of the first are those since the second.
        .args(["image", "diff", "--format", "json", &b, &a])
        .ok();
    let theirs: Value = serde_json::from_str(theirs.text()).expect("podman writes JSON");
    let ours = orlop().ok(["diff", "--json", &a, &b]);
    let ours: Value = serde_json::from_str(&ours.stdout).expect("it is JSON");
    for (word, their_word) in [
        ("added", "added"),
        ("removed", "deleted"),
        ("changed", "changed"),
    ] {
        let list = |list: &Value, keep: &dyn Fn(&Value) -> Option<String>| -> BTreeSet<String> {
            list.as_array()
                .into_iter()
                .flatten()
                .filter_map(keep)
                .collect()
        };
        let mut theirs = list(&theirs[their_word], &|path| Some(path.as_str()?.to_owned()));
        theirs.retain(|path| !["/etc", "/srv", "/bin", "/"].contains(&path.as_str()));
        let ours = list(&ours["files"], &|file| {
            (file["change"] == word).then(|| file["path"].as_str().map(str::to_owned))?
        });
        assert_eq!(ours, theirs, "{word}");
    }
}
