//! `rmi`: what is untagged, what is deleted, what stays for others.

use orlop_testing::{Image, PlatformName, Registry};

use crate::{assert_empty, layer, layers, orlop, small};

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn the_last_name_takes_the_image_with_it() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("removed");
    let name = image.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let other = format!("{}/app:v2", registry.host());
    orlop.ok(["tag", &name, &other]);

    assert_eq!(
        lines(&orlop.ok(["rmi", &name]).stdout),
        [format!("Untagged: {name}")]
    );
    assert!(!layers(&orlop).is_empty(), "the other name keeps all");
    let digest = &image.top.digest;
    let removed = orlop.ok(["rmi", &other]).stdout;
    assert_eq!(
        lines(&removed),
        [
            format!("Untagged: {other}"),
            format!("Untagged: {}/app@{digest}", registry.host()),
            format!("Deleted: {digest}"),
        ]
    );
    assert_empty(&orlop);
    assert!(
        orlop
            .fails(["rmi", &name])
            .contains(&format!("No such image: {name}"))
    );
    let forced = orlop.ok(["rmi", "-f", &name]);
    assert!(
        forced.stderr.contains("No such image"),
        "said, but no failure: {forced}"
    );
}

#[test]
fn an_id_with_several_names_needs_force() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let image = small("several");
    let name = image.push(&registry.host(), "app", "v1");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    orlop.ok(["tag", &name, "elsewhere:v1"]);
    let id = &image.top.digest["sha256:".len()..][..12];
    let refused = orlop.fails(["rmi", id]);
    assert!(
        refused.contains(&format!(
            "unable to delete {id} (must be forced) - image is referenced in multiple repositories"
        )),
        "{refused}"
    );
    let removed = orlop.ok(["rmi", "-f", id]).stdout;
    for line in [
        format!("Untagged: {name}"),
        "Untagged: elsewhere:v1".to_owned(),
        format!("Deleted: {}", image.top.digest),
    ] {
        assert!(
            lines(&removed).contains(&line.as_str()),
            "{line}\n{removed}"
        );
    }
    assert_empty(&orlop);
}

#[test]
fn shared_layers_stay_until_their_last_user_goes() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let base = layer("base", "shared for removal");
    let image =
        |words: &str| Image::new(&PlatformName::host(), &[base.clone(), layer("top", words)]);
    let first = image("one").push(&registry.host(), "app", "one");
    let second = image("two").push(&registry.host(), "app", "two");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &first]);
    orlop.ok(["pull", "-q", &second]);
    let blob = |digest: &str| {
        orlop
            .layout()
            .join("blobs/sha256")
            .join(&digest["sha256:".len()..])
            .exists()
    };
    let count = layers(&orlop).len();
    orlop.ok(["rmi", &first]);
    assert!(blob(&base.digest()), "the other image has it too");
    assert!(
        !blob(&image("one").layer_digests()[1]),
        "nobody else has this one"
    );
    assert_eq!(layers(&orlop).len(), count - 1);
    orlop.ok(["rmi", &second]);
    assert_empty(&orlop);
}

#[test]
fn a_moved_tag_leaves_a_dangling_image_that_prune_takes() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let (old, new) = (small("old"), small("new"));
    let name = old.push(&registry.host(), "app", "latest");
    let orlop = orlop();
    orlop.ok(["pull", "-q", &name]);
    let _ = new.push(&registry.host(), "app", "latest");
    let moved = orlop.ok(["pull", &name]);
    assert!(
        moved
            .stdout
            .contains(&format!("Status: Downloaded newer image for {name}"))
    );
    let dangling = orlop.ok(["images", "--filter", "dangling=true", "--no-trunc", "-q"]);
    assert_eq!(dangling.text(), old.top.digest);
    assert!(orlop.ok(["images", "-a"]).stdout.contains("<none>"));

    let pruned = orlop.ok(["image", "prune", "-f"]).stdout;
    assert!(pruned.starts_with("Deleted Images:\n"), "{pruned}");
    assert!(
        pruned.contains(&format!("deleted: {}", old.top.digest)),
        "{pruned}"
    );
    assert!(pruned.contains("Total reclaimed space: "), "{pruned}");
    assert_eq!(
        orlop.ok(["images", "-q", "--no-trunc", "-a"]).text(),
        new.top.digest
    );
    let all = orlop.ok(["system", "prune", "-a", "-f"]).stdout;
    assert!(all.contains(&format!("untagged: {name}")), "{all}");
    assert_empty(&orlop);
}
