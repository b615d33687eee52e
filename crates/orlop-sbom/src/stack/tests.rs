use orlop_layer::{Bounds, Entry, Flattener, Place, Sight, TarWriter, Time};
use orlop_oci::DiffId;
use proptest::prelude::*;

use super::*;
use crate::{LayerEntry, LayerSbom};

impl<'r> Stack<'r> {
    /// What [`Flattener::see`] tells, for whom whiteouts are no entries' content either.
    fn see(&self, path: &'r str) -> Option<Sight> {
        Some(match self.resolve(path, true) {
            Found::Lost => return None,
            Found::Missing(..) | Found::Blocked(_) => Sight::Absent,
            Found::Node(node) => match self.nodes[node as usize].what {
                What::Directory(_) => Sight::Directory,
                What::Content(Source { layer, entry }) => Sight::At(Place {
                    layer: layer as usize,
                    entry,
                }),
            },
        })
    }
}

fn paths() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4)
        .prop_map(|components| components.join("/"))
}

fn texts() -> impl Strategy<Value = String> {
    let component = prop::sample::select(vec!["a", "b", "c", "..", "."]);
    (any::<bool>(), prop::collection::vec(component, 1..4)).prop_map(|(root, text)| {
        let text = text.join("/");
        if root { format!("/{text}") } else { text }
    })
}

fn entries() -> impl Strategy<Value = LayerEntry> {
    let kind = prop_oneof![
        4 => Just(EntryKind::Directory),
        4 => Just(EntryKind::File),
        4 => texts().prop_map(|text| EntryKind::Symlink(text.into())),
        1 => paths().prop_map(|path| EntryKind::HardLink(path.into())),
        3 => Just(EntryKind::Whiteout),
        2 => Just(EntryKind::Opaque),
    ];
    (paths(), kind).prop_map(|(path, kind)| LayerEntry {
        path: path.into(),
        kind,
    })
}

fn record(entries: Vec<LayerEntry>) -> LayerSbom {
    LayerSbom {
        entries,
        ..LayerSbom::default()
    }
}

fn archive(record: &LayerSbom) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new());
    for LayerEntry { path, kind } in &record.entries {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = |name: &str| match directory {
            "" => name.to_owned(),
            directory => format!("{directory}/{name}"),
        };
        let (path, kind, link) = match kind {
            EntryKind::Directory => (path.to_string(), orlop_layer::EntryKind::Directory, ""),
            EntryKind::Symlink(text) => {
                (path.to_string(), orlop_layer::EntryKind::Symlink, &**text)
            }
            EntryKind::HardLink(target) => (
                path.to_string(),
                orlop_layer::EntryKind::HardLink,
                &**target,
            ),
            EntryKind::Whiteout => (
                beside(&format!(".wh.{name}")),
                orlop_layer::EntryKind::File,
                "",
            ),
            EntryKind::Opaque => (
                format!("{path}/.wh..wh..opq"),
                orlop_layer::EntryKind::File,
                "",
            ),
            _ => (path.to_string(), orlop_layer::EntryKind::File, ""),
        };
        let entry = Entry {
            path: path.into_bytes(),
            kind,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: Time::default(),
            size: 0,
            link: link.as_bytes().to_vec(),
            device: (0, 0),
            xattrs: Vec::new(),
            sparse: None,
        };
        tar.entry(&entry).unwrap();
    }
    tar.finish().unwrap()
}

/// Checks every short path; `false` if the model refuses the image.
fn agrees(records: &[LayerSbom]) -> Result<bool, TestCaseError> {
    let mut model = Flattener::new();
    for record in records {
        if model.add(&archive(record)[..], &Bounds::default()).is_err() {
            return Ok(false);
        }
    }
    let diff_id = DiffId(orlop_oci::Digest::of(b""));
    let layers: Vec<Layer<'_>> = records
        .iter()
        .map(|record| Layer {
            diff_id: &diff_id,
            record,
        })
        .collect();
    let stack = Stack::of(&layers);
    for first in ["a", "b", "c"] {
        for rest in [
            "", "/a", "/b", "/c", "/a/a", "/a/b", "/b/a", "/c/c", "/a/b/c",
        ] {
            let path: &'static str = format!("{first}{rest}").leak();
            let expected = model.see(path.as_bytes()).ok();
            prop_assert_eq!(stack.see(path), expected, "{}", path);
        }
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_global_rejects: 40_000, ..ProptestConfig::default() })]
    #[test]
    fn layers_lie_upon_each_other_as_archives_do(
        records in prop::collection::vec(prop::collection::vec(entries(), 1..6).prop_map(record), 1..4)
    ) {
        prop_assume!(agrees(&records)?);
    }
}

/// The file takes the place of what the link leads over, so that the same link leads elsewhere next.
#[test]
fn a_link_leads_elsewhere_after_an_entry_behind_it() {
    let entry = |path: &str, kind: EntryKind| LayerEntry {
        path: path.into(),
        kind,
    };
    let lower = record(vec![entry("b", EntryKind::Symlink("a/..".into()))]);
    let upper = record(vec![
        entry("b/a", EntryKind::File),
        entry("b/b", EntryKind::Directory),
    ]);
    assert!(agrees(&[lower, upper]).unwrap());
}

#[test]
fn visible_files_have_their_path_layer_and_content() {
    let entry = |path: &str, kind: EntryKind| LayerEntry {
        path: path.into(),
        kind,
    };
    let lower = record(vec![
        entry("usr/lib", EntryKind::Directory),
        entry("lib", EntryKind::Symlink("usr/lib".into())),
        entry("lib/x", EntryKind::File),
        entry("etc/gone", EntryKind::File),
        entry("etc/kept", EntryKind::File),
    ]);
    let upper = record(vec![
        entry("etc/gone", EntryKind::Whiteout),
        entry("lib/y", EntryKind::HardLink("usr/lib/x".into())),
    ]);
    let diff_id = DiffId(orlop_oci::Digest::of(b""));
    let layers = [&lower, &upper].map(|record| Layer {
        diff_id: &diff_id,
        record,
    });
    let stack = Stack::of(&layers);
    let seen: Vec<(String, u32, u32)> = stack
        .visible(|_| true)
        .into_iter()
        .map(|file| (file.path, file.layer, file.content.entry))
        .collect();
    let expected = [
        ("etc/kept", 0, 4),
        ("lib", 0, 1),
        ("usr/lib/x", 0, 2),
        ("usr/lib/y", 1, 2),
    ];
    let expected = expected.map(|(path, layer, entry)| (path.to_owned(), layer, entry));
    assert_eq!(seen, expected);
    assert_eq!(stack.find("lib/x"), stack.find("usr/lib/x"));
    assert_eq!(stack.find("etc/gone"), None);
}

#[test]
fn endless_links_and_endless_depth_end() {
    let mut entries: Vec<LayerEntry> = vec![LayerEntry {
        path: "l".into(),
        kind: EntryKind::Symlink("l".into()),
    }];
    entries.push(LayerEntry {
        path: "d/".repeat(3000).trim_end_matches('/').into(),
        kind: EntryKind::Directory,
    });
    entries.push(LayerEntry {
        path: "l/x".into(),
        kind: EntryKind::File,
    });
    let record = record(entries);
    let diff_id = DiffId(orlop_oci::Digest::of(b""));
    let layers = [Layer {
        diff_id: &diff_id,
        record: &record,
    }];
    let stack = Stack::of(&layers);
    assert!(stack.is_too_large());
    assert_eq!(stack.visible(|_| true).len(), 1);
}
