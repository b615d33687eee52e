//! Names, images, history.

use orlop_oci::Digest;
use orlop_store::{Cause, Error, NoSnapshots, WhenUnnamed};

use crate::support::{Image, TestStore, name};

#[test]
fn moving_a_name_leaves_the_image_dangling() {
    let test = TestStore::new();
    let store = &test.store;
    let (a, b) = (Image::new("a", &["base"]), Image::new("b", &["base"]));
    a.pull(store, &["x:1"]).unwrap();
    b.pull(store, &["x:2"]).unwrap();
    let change = store.set_name(&name("x:1"), &b.id()).unwrap();
    assert_eq!(change.old, Some(a.id()));
    assert!(change.is_change());
    assert!(store.names_of(&a.id()).unwrap().is_empty());
    assert!(store.image(&a.id()).unwrap().is_some());
    assert_eq!(store.names_of(&b.id()).unwrap(), [name("x:1"), name("x:2")]);

    let again = store.set_name(&name("x:1"), &b.id()).unwrap();
    assert!(!again.is_change());
    store.remove_name(&name("x:1")).unwrap();
    let history: Vec<_> = store
        .name_history(&name("x:1"))
        .unwrap()
        .into_iter()
        .map(|c| (c.old, c.new))
        .collect();
    assert_eq!(
        history,
        [
            (Some(b.id()), None),
            (Some(a.id()), Some(b.id())),
            (None, Some(a.id())),
        ]
    );
}

#[test]
fn the_history_tells_why() {
    let test = TestStore::new();
    let store = &test.store;
    let (a, b) = (Image::new("a", &["base"]), Image::new("b", &["base"]));
    a.pull(&store.because(Cause::Pulled), &["x:latest"])
        .unwrap();
    b.pull(&store.because(Cause::Loaded), &["x:latest"])
        .unwrap();
    store
        .because(Cause::Tagged)
        .set_name(&name("x:latest"), &a.id())
        .unwrap();
    store
        .because(Cause::Removed)
        .remove_names(&[name("x:latest")], WhenUnnamed::Keep, &NoSnapshots)
        .unwrap();
    store.set_name(&name("x:latest"), &b.id()).unwrap();
    store
        .because(Cause::Pruned)
        .remove_images(&[b.id()], &NoSnapshots)
        .unwrap();
    // Without a tag `latest` is meant, as everywhere; the image is gone and the record stays.
    let history = store.name_history(&name("x")).unwrap();
    let causes: Vec<_> = history.iter().map(|change| change.cause).collect();
    assert_eq!(
        causes,
        [
            Some(Cause::Pruned),
            None,
            Some(Cause::Removed),
            Some(Cause::Tagged),
            Some(Cause::Loaded),
            Some(Cause::Pulled),
        ]
    );
    assert!(history.windows(2).all(|pair| pair[0].at >= pair[1].at));
}

#[test]
fn resolving() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    image.pull(store, &["x:latest", "ghcr.io/o/y:2"]).unwrap();
    let id = image.id();
    for (text, found) in [
        ("x".to_owned(), true),
        ("x:latest".to_owned(), true),
        ("docker.io/library/x".to_owned(), true),
        ("x:2".to_owned(), false),
        ("ghcr.io/o/y".to_owned(), false),
        ("ghcr.io/o/y:2".to_owned(), true),
        (format!("x@{id}"), true),
        (format!("x:whatever@{id}"), true),
        (format!("z@{id}"), false),
        (format!("x@{}", Digest::of(b"other")), false),
    ] {
        let resolved = store.resolve(&name(&text)).unwrap();
        assert_eq!(resolved, found.then(|| id.clone()), "{text}");
    }
}

#[test]
fn a_name_by_digest_is_a_name() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    let pinned = format!("x@{}", image.id());
    image.pull(store, &[&pinned]).unwrap();
    assert_eq!(store.names_of(&image.id()).unwrap(), [name(&pinned)]);
    assert_eq!(store.resolve(&name(&pinned)).unwrap(), Some(image.id()));
}

#[test]
fn bad_names_and_missing_images() {
    let test = TestStore::new();
    let store = &test.store;
    let image = Image::new("a", &["base"]);
    image.pull(store, &["x:1"]).unwrap();
    assert!(matches!(
        store.set_name(&name("x"), &image.id()),
        Err(Error::BadName(_))
    ));
    assert!(matches!(
        store.set_name(&name(&format!("x:1@{}", image.id())), &image.id()),
        Err(Error::BadName(_))
    ));
    assert!(matches!(
        store.set_name(&name("x:2"), &Digest::of(b"none")),
        Err(Error::NoImage(_))
    ));
    assert!(matches!(
        store.remove_name(&name("x:2")),
        Err(Error::NoName(_))
    ));
}

#[test]
fn prefixes() {
    let test = TestStore::new();
    let store = &test.store;
    let images: Vec<_> = (0..40)
        .map(|i| Image::new(&format!("{i}"), &["base"]))
        .collect();
    for image in &images {
        image.pull(store, &[]).unwrap();
    }
    for image in &images {
        let id = image.id();
        for prefix in [id.hex(), id.short(), id.as_str(), &id.as_str()[..20]] {
            let found = store.find_by_prefix(prefix).unwrap();
            assert_eq!(found, std::slice::from_ref(&id));
        }
        let first = &id.hex()[..1];
        let expected = images
            .iter()
            .filter(|i| i.id().hex().starts_with(first))
            .count();
        assert_eq!(store.find_by_prefix(first).unwrap().len(), expected);
    }
    for nothing in [
        "", "sha256:", "g", "A", "%", "_", "sha512:0", "md5:0", "' OR 1",
    ] {
        assert!(
            store.find_by_prefix(nothing).unwrap().is_empty(),
            "{nothing}"
        );
    }
}
