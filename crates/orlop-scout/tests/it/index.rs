//! From each source to packages; what is kept, and what goes wrong.

use orlop_image::event::BlobState;
use orlop_sbom::Sbom;
use orlop_testing::{Registry, Tarball};

use crate::world::{World, image, packages};

const APK: &str = "lib/apk/db/installed";

fn apk(names: &[&str]) -> String {
    let package = |name: &&str| format!("P:{name}\nV:1.0-r0\nA:x86_64\nF:bin\nR:{name}\n\n");
    names.iter().map(package).collect()
}

fn npm(name: &str) -> String {
    format!(r#"{{"name":"{name}","version":"1.0.0"}}"#)
}

fn elf(size: usize) -> Vec<u8> {
    let mut bytes = b"\x7fELF".to_vec();
    bytes.resize(size, 0);
    bytes
}

/// Three layers with all that stacking knows.
fn layers() -> [Tarball; 3] {
    let base = Tarball::new()
        .dir("bin", 0o755)
        .file("bin/musl", 0o755, elf(100))
        .dir("lib", 0o755)
        .dir("lib/apk", 0o755)
        .dir("lib/apk/db", 0o755)
        .file(APK, 0o644, apk(&["musl"]))
        .file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.3\n")
        .dir("app", 0o755)
        .dir("app/node_modules", 0o755)
        .dir("app/node_modules/gone", 0o755)
        .file("app/node_modules/gone/package.json", 0o644, npm("gone"))
        .dir("app/node_modules/kept", 0o755)
        .file("app/node_modules/kept/package.json", 0o644, npm("kept"))
        .dir("srv", 0o755)
        .dir("srv/node_modules", 0o755)
        .dir("srv/node_modules/hidden", 0o755)
        .file("srv/node_modules/hidden/package.json", 0o644, npm("hidden"))
        .symlink("opt", "app");
    let middle = Tarball::new()
        .file(APK, 0o644, apk(&["musl", "zlib"]))
        .file("bin/zlib", 0o755, elf(10))
        .dir("app", 0o755)
        .dir("app/node_modules", 0o755)
        .whiteout("app/node_modules/gone");
    let top = Tarball::new()
        .dir("srv", 0o755)
        .opaque("srv")
        .dir("srv/node_modules", 0o755)
        .dir("srv/node_modules/new", 0o755)
        .file("srv/node_modules/new/package.json", 0o644, npm("new"))
        .file("usr/local/bin/own", 0o755, elf(7));
    [base, middle, top]
}

const EXPECTED: [&str; 4] = [
    "musl 1.0-r0 lib/apk/db/installed@0",
    "zlib 1.0-r0 lib/apk/db/installed@1",
    "kept 1.0.0 app/node_modules/kept/package.json@0",
    "new 1.0.0 srv/node_modules/new/package.json@2",
];

#[test]
fn a_layer_is_read_once_and_serves_every_image() {
    let world = World::new();
    let layout = world.layout(&image(layers()), "one");
    let source = format!("oci-dir://{}", layout.display());
    let first = world.index(&source).unwrap();
    assert!(!first.was_cached);
    assert_eq!(packages(&first), EXPECTED);
    assert_eq!(first.sbom.coverage.explained_bytes, 110);
    assert_eq!(first.sbom.coverage.program_bytes, 117);
    assert_eq!(
        first.sbom.packages[0].purl,
        "pkg:apk/alpine/musl@1.0-r0?arch=x86_64&distro=alpine-3.20.3"
    );
    assert_eq!(world.told(|state| matches!(state, BlobState::Loaded)), 3);

    let again = world.index(&source).unwrap();
    assert!(again.was_cached);
    assert_eq!(again.sbom, first.sbom);
    assert_eq!(world.told(|state| matches!(state, BlobState::Loaded)), 0);

    let [base, ..] = layers();
    let own = Tarball::new().file("x/node_modules/a/package.json", 0o644, npm("a"));
    let layout = world.layout(&image([base, own]), "two");
    let other = world
        .index(&format!("oci-dir://{}", layout.display()))
        .unwrap();
    assert!(!other.was_cached);
    assert_eq!(other.sbom.packages.len(), 5);
    let told = world.told(|state| matches!(state, BlobState::Exists | BlobState::Loaded));
    assert_eq!(told, 2, "one was known, one was read");
}

#[test]
fn what_was_stacked_is_kept_and_made_anew_when_it_is_damaged() {
    let world = World::new();
    let layout = world.layout(&image(layers()), "one");
    let source = format!("oci-dir://{}", layout.display());
    let first = world.index(&source).unwrap();
    let (store, diff_ids) = (world.images.store(), &first.subject.layers);
    let kept = || store.stack_record("packages", diff_ids).unwrap();
    let record = kept().unwrap();
    assert_eq!(
        Sbom::from_bytes(&record, diff_ids).as_ref(),
        Some(&first.sbom)
    );

    // Nothing else is needed of it.
    let all = store.layer_record_usage().unwrap();
    for diff_id in diff_ids {
        store.set_layer_record("packages", diff_id, b"").unwrap();
    }
    let again = world.index(&source).unwrap();
    assert!(again.was_cached);
    assert_eq!(again.sbom, first.sbom);
    assert_eq!(world.told(|state| matches!(state, BlobState::Exists)), 3);

    for damaged in [&record[..record.len() - 1], b"rubbish", b""] {
        store
            .set_stack_record("packages", diff_ids, damaged)
            .unwrap();
        let again = world.index(&source).unwrap();
        assert_eq!(again.sbom, first.sbom);
        assert_eq!(kept().as_ref(), Some(&record));
    }
    assert_eq!(store.layer_record_usage().unwrap(), all);
}

#[test]
fn an_unpacked_layer_is_walked_and_shows_the_same() {
    if !orlop_testing::is_root() {
        return orlop_testing::missing("root", "overlay2 needs it");
    }
    let world = World::with_driver("overlay2");
    let layout = world.layout(&image(layers()), "one");
    let from_archive = world.index_alone(&format!("oci-dir://{}", layout.display()));
    world.load(&layout);
    let walked = world.index("local://example.com/app:v1").unwrap();
    assert_eq!(packages(&walked), EXPECTED);
    assert_eq!(walked.sbom, from_archive);
    assert_eq!(
        world.told(|state| matches!(state, BlobState::Loading { .. })),
        0
    );
    assert!(world.index("example.com/app:v1").unwrap().was_cached);
}

#[test]
fn a_layer_is_catalogued_while_it_is_unpacked() {
    let drivers: &[&str] = match orlop_testing::is_root() {
        true => &["vfs", "overlay2"],
        false => &["vfs"],
    };
    for driver in drivers {
        let world = World::with_driver(driver);
        let layout = world.layout(&image(layers()), "one");
        let source = format!("oci-dir://{}", layout.display());
        world.load_observed(&layout);
        let store = world.images.store();
        let made = world.index("local://example.com/app:v1").unwrap();
        assert!(made.was_cached, "{driver}");
        assert_eq!(packages(&made), EXPECTED);
        let observed = store.layer_records("packages", &made.subject.layers);

        // The same records as a scan makes.
        store.prune_layer_records(0).unwrap();
        assert!(!world.index(&source).unwrap().was_cached);
        let scanned = store.layer_records("packages", &made.subject.layers);
        assert_eq!(observed.unwrap(), scanned.unwrap(), "{driver}");
    }
}

#[test]
fn a_layer_that_goes_through_a_link_is_catalogued_when_it_is_applied() {
    let world = World::with_driver("vfs");
    let base = Tarball::new()
        .dir("usr/lib", 0o755)
        .symlink("lib", "usr/lib");
    let top = Tarball::new()
        .hard_link("l", "lib")
        .file("l/node_modules/a/package.json", 0o644, npm("a"))
        .file("lib/node_modules/b/package.json", 0o644, npm("b"));
    let layout = world.layout(&image([base, top]), "one");
    world.load_observed(&layout);
    let made = world.index("local://example.com/app:v1").unwrap();
    assert!(made.was_cached);
    let alone = world.index_alone(&format!("oci-dir://{}", layout.display()));
    assert_eq!(made.sbom, alone);
}

#[test]
fn a_store_that_takes_no_record_takes_the_image() {
    let world = World::with_driver("vfs");
    let layout = world.layout(&image(layers()), "one");
    let database = world.images.store().root().join("orlop.db");
    let rows = rusqlite::Connection::open(&database).unwrap();
    rows.execute_batch(
        "CREATE TRIGGER no_records BEFORE INSERT ON layer_records
         BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .unwrap();
    world.load_observed(&layout);
    rows.execute_batch("DROP TRIGGER no_records").unwrap();
    let made = world.index("local://example.com/app:v1").unwrap();
    assert!(!made.was_cached);
    assert_eq!(packages(&made), EXPECTED);
}

#[test]
fn the_store_is_read_where_trees_are_whole() {
    let world = World::with_driver("vfs");
    world.load(&world.layout(&image(layers()), "one"));
    let indexed = world.index("image://example.com/app:v1").unwrap();
    assert_eq!(packages(&indexed), EXPECTED);
}

#[test]
fn an_image_of_a_registry_is_read_without_being_kept() {
    let Some(registry) = Registry::start() else {
        return;
    };
    let world = World::new();
    let _digest = image(layers()).push(&registry.host(), "app", "v1");
    let name = format!("{}/app:v1", registry.host());
    let indexed = world.index(&name).unwrap();
    assert_eq!(packages(&indexed), EXPECTED);
    assert!(world.images.store().images().unwrap().is_empty());
    assert!(
        world
            .index(&format!("registry://{name}"))
            .unwrap()
            .was_cached
    );
    let error = world.index(&format!("local://{name}")).unwrap_err();
    assert!(
        error.to_string().to_lowercase().contains("no such image"),
        "{error}"
    );
}

#[test]
fn a_directory_is_a_root_without_layers() {
    let world = World::new();
    let root = world.folder().join("tree");
    std::fs::create_dir_all(root.join("lib/apk/db")).unwrap();
    std::fs::write(root.join(APK), apk(&["musl"])).unwrap();
    // Neither is followed out of the tree, nor waited for.
    std::os::unix::fs::symlink("/", root.join("outside")).unwrap();
    std::os::unix::fs::symlink("/etc/os-release", root.join("etc")).unwrap();
    let indexed = world.index(&format!("fs://{}", root.display())).unwrap();
    assert_eq!(indexed.sbom.packages.len(), 1);
    assert_eq!(indexed.sbom.packages[0].locations[0].diff_id, None);
    assert_eq!(indexed.sbom.release, None);
    world.index("fs:///nowhere").unwrap_err();
}

#[test]
fn a_document_is_read_in_place_of_an_image() {
    let world = World::new();
    let layout = world.layout(&image(layers()), "one");
    let indexed = world
        .index(&format!("oci-dir://{}", layout.display()))
        .unwrap();
    let text = orlop_sbom::write_document(
        orlop_sbom::DocumentFormat::Orlop,
        &indexed.subject,
        &indexed.sbom,
        None,
    );
    let file = world.folder().join("sbom.json");
    std::fs::write(&file, text).unwrap();
    let read = world.index(&format!("sbom://{}", file.display())).unwrap();
    assert_eq!(read.sbom, indexed.sbom);
    assert_eq!(read.subject, indexed.subject);
    std::fs::write(&file, "{}").unwrap();
    let error = world
        .index(&format!("sbom://{}", file.display()))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("sbom.json: it is no SBOM of Orlop, SPDX 2, CycloneDX or syft in JSON")
    );
}

#[test]
fn large_files_that_are_wanted_go_through_a_file() {
    let mut status = apk(&["musl"]);
    // More than is read into memory.
    status.push_str(&format!("P:big\nV:2.0-r0\nT:{}\n\n", "x".repeat(3 << 20)));
    let world = World::new();
    let layout = world.layout(&image([Tarball::new().file(APK, 0o644, status)]), "one");
    let indexed = world
        .index(&format!("oci-dir://{}", layout.display()))
        .unwrap();
    let names: Vec<&str> = indexed
        .sbom
        .packages
        .iter()
        .map(|p| p.package.name.as_str())
        .collect();
    assert_eq!(names, ["big", "musl"]);
}

#[test]
fn a_damaged_layer_is_an_error_and_is_not_kept() {
    let world = World::new();
    let image = image(layers());
    let layout = world.layout(&image, "one");
    let hex = image.layer_digests()[2].clone();
    let blob = layout
        .join("blobs/sha256")
        .join(hex.trim_start_matches("sha256:"));
    let mut bytes = std::fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let source = format!("oci-dir://{}", layout.display());
    let error = world.index(&source).unwrap_err().to_string();
    assert!(error.contains(&hex), "{error}");
    assert!(!world.index(&source).is_ok_and(|indexed| indexed.was_cached));
}

#[test]
fn whoever_wishes_to_stop_is_heard() {
    let world = World::new();
    let layout = world.layout(&image(layers()), "one");
    for source in [
        format!("oci-dir://{}", layout.display()),
        "fs:///usr".to_owned(),
    ] {
        let error = world.index_cancelled(&source).unwrap_err();
        assert!(error.is_cancelled(), "{error}");
    }
}
