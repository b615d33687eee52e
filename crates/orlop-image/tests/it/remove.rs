//! `rmi`, to the letter.

use orlop_image::RemoveOptions;
use orlop_image::model::Removed;
use orlop_image::prune::PrunePolicy;
use orlop_testing::{Compression, Image, Layer, PlatformName, Tarball};

use crate::world::World;

fn image(files: &[&str]) -> Image {
    let layers: Vec<Layer> = files
        .iter()
        .map(|f| {
            Layer::new(
                &Tarball::new().file(f, 0o644, *f).finish(),
                Compression::Gzip,
            )
        })
        .collect();
    Image::new(&PlatformName::host(), &layers)
}

fn lines(removed: &[Removed]) -> Vec<String> {
    removed
        .iter()
        .map(|r| match r {
            Removed::Untagged(name) => format!("Untagged: {name}"),
            Removed::Deleted(digest) => format!("Deleted: {digest}"),
        })
        .collect()
}

#[test]
fn a_name_goes_first_and_with_the_last_the_image() {
    let world = World::new();
    world.publish(&image(&["a"]), "latest");
    let id = world.pull("app").unwrap().target.digest;
    world.images.tag("app", "other:v1").unwrap();
    let options = RemoveOptions::default();
    let first = world.images.remove("other:v1", options).unwrap();
    assert_eq!(
        lines(&first.items),
        [
            "Untagged: other:v1".to_owned(),
            format!("Untagged: other@{id}")
        ]
    );
    assert_eq!(first.reclaimed, 0);
    let last = world.images.remove("app", options).unwrap();
    assert_eq!(
        lines(&last.items),
        [
            "Untagged: app:latest".to_owned(),
            format!("Untagged: app@{id}"),
            format!("Deleted: {id}")
        ]
    );
    assert!(last.reclaimed > 0);
    assert_eq!(
        world.blob_files(),
        0,
        "the last user's content is gone at once"
    );
    assert!(
        world
            .images
            .remove("app", options)
            .unwrap_err()
            .to_string()
            .contains("No such image: app:latest")
    );
}

#[test]
fn an_id_with_several_names_needs_force() {
    let world = World::new();
    world.publish(&image(&["a"]), "latest");
    let id = world.pull("app").unwrap().target.digest;
    world.images.tag("app", "other:v1").unwrap();
    let refused = world
        .images
        .remove(id.short(), RemoveOptions::default())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
            id.short()
        )
    );
    let forced = world
        .images
        .remove(
            id.short(),
            RemoveOptions {
                force: true,
                no_prune: false,
            },
        )
        .unwrap();
    assert_eq!(forced.items.last(), Some(&Removed::Deleted(id)));
    assert!(world.images.list().unwrap().is_empty());
}

#[test]
fn shared_layers_stay() {
    let world = World::new();
    world.publish(&image(&["a"]), "one");
    world.pull("app:one").unwrap();
    world.publish(&image(&["a", "b"]), "two");
    world.pull("app:two").unwrap();
    let before = world.blob_files();
    world
        .images
        .remove("app:two", RemoveOptions::default())
        .unwrap();
    // Its manifest, its configuration and its own layer are gone; the shared layer isn't.
    assert_eq!(world.blob_files(), before - 3);
    assert_eq!(
        std::fs::read_to_string(world.top("app:one").join("a")).unwrap(),
        "a"
    );
}

#[test]
fn prune_takes_the_dangling_or_all() {
    let world = World::new();
    world.publish(&image(&["a"]), "latest");
    world.pull("app").unwrap();
    world.publish(&image(&["b"]), "latest");
    world.pull("app").unwrap();
    let prune = |all: bool, wanted: bool| {
        let policy = PrunePolicy {
            all,
            ..PrunePolicy::default()
        };
        let plan = world.images.plan_prune(&policy, &|_| wanted).unwrap();
        let removal = world.images.prune(&plan, &policy).unwrap();
        assert_eq!(removal.reclaimed, plan.bytes());
        removal
    };
    let pruned = prune(false, true);
    assert_eq!(pruned.items.len(), 1);
    assert!(pruned.reclaimed > 0);
    assert_eq!(world.images.list().unwrap().len(), 1);
    prune(true, false);
    assert_eq!(world.images.list().unwrap().len(), 1, "the filter decides");
    prune(true, true);
    assert!(world.images.list().unwrap().is_empty());
    assert_eq!(world.blob_files(), 0);
}

#[test]
fn a_name_that_came_after_the_plan_saves_the_image() {
    let world = World::new();
    world.publish(&image(&["a"]), "latest");
    world.pull("app").unwrap();
    let policy = PrunePolicy {
        all: true,
        ..PrunePolicy::default()
    };
    let plan = world.images.plan_prune(&policy, &|_| true).unwrap();
    assert_eq!(plan.remove.len(), 1);
    world.images.tag("app", "kept:1").unwrap();
    let removal = world.images.prune(&plan, &policy).unwrap();
    assert!(removal.items.is_empty());
    assert_eq!(world.images.list().unwrap().len(), 1);
}

#[test]
fn tags_are_refused_in_dockers_words() {
    let world = World::new();
    world.publish(&image(&["a"]), "latest");
    let id = world.pull("app").unwrap().target.digest;
    for (target, why) in [
        (
            format!("x@{id}"),
            "refusing to create a tag with a digest reference",
        ),
        (
            "sha256:abc".to_owned(),
            "refusing to create an ambiguous tag using digest algorithm as name",
        ),
        (
            "Upper".to_owned(),
            "invalid reference format: repository name (library/Upper) must be lowercase",
        ),
    ] {
        assert_eq!(
            world.images.tag("app", &target).unwrap_err().to_string(),
            why
        );
    }
    assert_eq!(
        world.images.tag("nothing", "x").unwrap_err().to_string(),
        "No such image: nothing:latest"
    );
}
