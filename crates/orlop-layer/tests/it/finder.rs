//! One file of layers, the uppermost first: it is the one that all layers together have.

use orlop_layer::{Bounds, EntryKind, Finder, Flattener, Place, Result, Sight, copy_entry};
use proptest::prelude::*;

use crate::flatten::layer;

/// What all layers say, the lowest first; a place counts layers from the top, as [`Finder`] does.
fn exact(layers: &[Vec<u8>], path: &str) -> Result<Sight> {
    let mut flattener = Flattener::new();
    for layer in layers {
        flattener.add(&layer[..], &Bounds::default())?;
    }
    Ok(match flattener.see(path.as_bytes())? {
        Sight::At(Place { layer, entry }) => Sight::At(Place {
            layer: layers.len() - 1 - layer,
            entry,
        }),
        sight => sight,
    })
}

/// What the layers from the top say, and how many of them were needed.
fn quick(layers: &[Vec<u8>], path: &str) -> Result<(Sight, usize)> {
    let mut finder = Finder::new();
    for (number, layer) in layers.iter().rev().enumerate() {
        finder.add_below(&layer[..], &Bounds::default())?;
        let sight = finder.find(path.as_bytes(), number + 1 == layers.len())?;
        if sight != Sight::Below {
            return Ok((sight, number + 1));
        }
    }
    Ok((finder.find(path.as_bytes(), true)?, layers.len()))
}

fn content(layers: &[Vec<u8>], place: Place) -> String {
    let layer = &layers[layers.len() - 1 - place.layer];
    let mut out = Vec::new();
    let kind = copy_entry(&layer[..], place.entry, &Bounds::default(), &mut out).unwrap();
    assert_eq!(kind, EntryKind::File);
    String::from_utf8(out).unwrap()
}

#[test]
fn only_the_layers_that_matter_are_read() {
    let base: &[&str] = &[
        "etc/",
        "etc/os=base",
        "etc/link->os",
        "old=1",
        "d/",
        "d/x=1",
    ];
    for (above, path, said, needed) in [
        (&[&["etc/", "etc/os=new"][..]][..], "etc/os", "new", 1),
        (&[&["etc/", "etc/os=new"]], "/etc/./os", "new", 1),
        (&[&["etc/", "etc/os=new"]], "etc/link", "new", 2),
        (&[&["etc/", "etc/os=new"]], "etc/../etc/link", "new", 2),
        (&[&["a=1", "b=>a"], &["etc/", "c=3"]], "b", "1", 2),
        (&[&["m->l", "l->/etc"], &["z=1"]], "m/os", "base", 3),
        (&[&["a=1"], &[".wh.old="]], "old", "", 1),
        (&[&["d/", "d/.wh..wh..opq="], &["x=1"]], "d/x", "", 2),
        (&[&["d=file"], &["x=1"]], "d/x", "", 2),
        (&[&["d=file"], &["d/"]], "d/x", "", 2),
        (&[&[".wh.d="], &["d/", "d/y=2"]], "d/x", "", 2),
        (&[&["x=1"]], "old", "1", 2),
        (&[&["x=1"]], "none", "", 2),
        (&[&["x=1"]], "x/none", "", 1),
    ] {
        let mut layers = vec![layer(base)];
        layers.extend(above.iter().map(|entries| layer(entries)));
        let (sight, read) = quick(&layers, path).unwrap();
        let found = match sight {
            Sight::At(place) => content(&layers, place),
            sight => {
                assert_eq!(sight, Sight::Absent, "{above:?} {path}");
                String::new()
            }
        };
        assert_eq!((found.as_str(), read), (said, needed), "{above:?} {path}");
        assert_eq!(sight, exact(&layers, path).unwrap(), "{above:?} {path}");
    }
    let layers = [layer(base)];
    assert_eq!(quick(&layers, "etc").unwrap().0, Sight::Directory);
    assert_eq!(quick(&layers, "/").unwrap().0, Sight::Directory);
    let round = [layer(&["a->b", "b->a"])];
    let error = quick(&round, "a").unwrap_err().to_string();
    assert!(error.contains("too many symbolic links"), "{error}");
}

#[test]
fn what_reaches_into_layers_below_is_never_guessed() {
    for (above, path) in [
        // Through a link of a layer below, beside it, and in a directory that nothing describes.
        (&["link/x=2"][..], "d/x"),
        (&["link/.wh.x="], "d/x"),
        (&["link/.wh..wh..opq="], "d/x"),
        (&["new/x=1"], "new/x"),
        (&["h=>d/x"], "h"),
        (&["y/", "y/z=1", "y=file"], "y/z"),
        // A directory takes the place of a file: where a link leads to, and under the same name.
        (&["l->/way", "l/z=1"], "way"),
        (&["file=1", "l->/file", "l/z=1"], "file"),
        (&["d=file", "d/"], "d/x"),
    ] {
        let layers = [layer(&["d/", "d/x=1", "link->d"]), layer(above)];
        assert_eq!(quick(&layers, path).unwrap().0, Sight::Unsure, "{above:?}");
        exact(&layers, path).unwrap();
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn a_path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&NAMES[..]), 1..4).prop_map(|names| names.join("/"))
}

fn an_entry() -> impl Strategy<Value = String> {
    let whiteout = |path: String| match path.rsplit_once('/') {
        Some((dir, name)) => format!("{dir}/.wh.{name}="),
        None => format!(".wh.{path}="),
    };
    prop_oneof![
        4 => a_path().prop_map(|path| format!("{path}/")),
        4 => (a_path(), 0..100u8).prop_map(|(path, n)| format!("{path}={n}")),
        1 => (a_path(), a_path()).prop_map(|(path, to)| format!("{path}->/{to}")),
        1 => (a_path(), a_path()).prop_map(|(path, to)| format!("{path}=>{to}")),
        1 => a_path().prop_map(whiteout),
        1 => a_path().prop_map(|path| format!("{path}/.wh..wh..opq=")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn whoever_is_sure_is_right(
        layers in prop::collection::vec(prop::collection::vec(an_entry(), 1..6), 1..4),
        sorted in any::<bool>(),
        path in a_path(),
    ) {
        let layers: Vec<Vec<u8>> = layers.into_iter().map(|mut entries| {
            if sorted {
                // As tools write them: directories before what is in them.
                let tops = NAMES.map(|name| format!("{name}/"));
                entries.extend(tops);
                entries.sort();
            }
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            layer(&entries)
        }).collect();
        let (Ok(exact), Ok((quick, _))) = (exact(&layers, &path), quick(&layers, &path)) else {
            return Ok(());
        };
        if quick != Sight::Unsure {
            prop_assert_eq!(quick, exact, "{}", path);
        }
    }
}
