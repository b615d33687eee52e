//! Archives, whatever they hold. Also a fuzz target: `fuzz/src/bin/layers.rs`.

use std::io::BufReader;

use orlop_layer::{Bounds, Entry, EntryKind, Result, TarReader, Whiteout};

#[path = "../../../../fuzz/headers.rs"]
mod headers;

const SMALL: Bounds = Bounds {
    max_uncompressed: 1 << 20,
    max_ratio: 200,
    ratio_floor: 1 << 20,
    max_entries: 64,
    max_path: 512,
    max_depth: 16,
    max_metadata: 4096,
    max_sparse_regions: 32,
};

/// As it came and with checksums that are right: what is read is within its bounds and of the shape
/// that [`Entry`] promises, and in how large pieces it comes makes no difference.
pub(crate) fn check(data: &[u8]) {
    check_archive(data);
    check_archive(&headers::repaired(data));
}

fn check_archive(data: &[u8]) {
    let first = read(data, 1 << 16);
    for buffer in [1, 513] {
        match (&first, &read(data, buffer)) {
            (Ok(first), Ok(second)) => assert_eq!(first, second, "buffer of {buffer}"),
            (Err(first), Err(second)) => {
                assert_eq!(first.to_string(), second.to_string(), "buffer of {buffer}");
            }
            (first, second) => panic!("buffer of {buffer}: {first:?} and {second:?}"),
        }
    }
    let Ok(entries) = first else {
        return;
    };
    let pieces = |entry: &Entry| {
        entry
            .sparse
            .as_ref()
            .map_or(1, |regions| regions.len().max(1))
    };
    let total: usize = entries.iter().map(|(entry, _)| pieces(entry)).sum();
    assert!(total as u64 <= SMALL.max_entries);
    assert!(entries.iter().map(|(entry, _)| entry.size).sum::<u64>() <= SMALL.max_uncompressed);
    for (entry, content) in &entries {
        check_entry(entry, content.len() as u64);
    }
}

fn check_entry(entry: &Entry, stored: u64) {
    check_path(&entry.path);
    check_whiteout(&entry.path);
    assert!(!entry.path.is_empty() || entry.kind == EntryKind::Directory);
    match entry.kind {
        EntryKind::HardLink => {
            assert!(!entry.link.is_empty());
            check_path(&entry.link);
        }
        EntryKind::Symlink => assert!(!entry.link.is_empty() && !entry.link.contains(&0)),
        _ => assert!(entry.link.is_empty()),
    }
    assert!(entry.kind == EntryKind::File || entry.size == 0);
    assert!(entry.mode <= 0o7777 && entry.uid != u32::MAX && entry.gid != u32::MAX);
    assert!(entry.mtime.nanos < 1_000_000_000);
    assert!(entry.xattrs.is_sorted_by(|one, next| one.0 < next.0));
    let Some(regions) = &entry.sparse else {
        assert_eq!(stored, entry.size);
        return;
    };
    let mut end = 0;
    for region in regions {
        assert!(region.offset >= end);
        end = region.offset + region.length;
    }
    assert!(end <= entry.size);
    assert_eq!(
        regions.iter().map(|region| region.length).sum::<u64>(),
        stored
    );
}

fn check_path(path: &[u8]) {
    assert!(path.len() <= SMALL.max_path && !path.contains(&0));
    let fine = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
    let parts = || path.split(|byte| *byte == b'/');
    assert!(
        path.is_empty() || parts().all(fine),
        "{}",
        path.escape_ascii()
    );
    assert!(parts().count() <= SMALL.max_depth);
}

/// What a whiteout hides lies in the directory that the whiteout lies in.
fn check_whiteout(path: &[u8]) {
    let parent = |path: &[u8]| {
        path.rsplitn(2, |byte| *byte == b'/')
            .nth(1)
            .map(<[u8]>::to_vec)
    };
    match Whiteout::of(path) {
        Ok(Some(Whiteout::File { path: hidden })) => {
            assert!(!hidden.is_empty());
            check_path(&hidden);
            assert_eq!(parent(&hidden), parent(path));
        }
        Ok(Some(Whiteout::Opaque { dir })) => {
            check_path(&dir);
            assert_eq!(dir, parent(path).unwrap_or_default());
        }
        Ok(Some(Whiteout::Metadata)) | Err(_) => {}
        Ok(None) => {
            let name = path.rsplit(|byte| *byte == b'/').next();
            assert!(!name.is_some_and(|name| name.starts_with(b".wh.")));
        }
    }
}

fn read(data: &[u8], buffer: usize) -> Result<Vec<(Entry, Vec<u8>)>> {
    let mut tar = TarReader::new(BufReader::with_capacity(buffer, data), SMALL);
    let mut entries = Vec::new();
    while let Some(entry) = tar.next_entry()? {
        let mut content = Vec::new();
        while let Some(chunk) = tar.read_chunk()? {
            assert!(!chunk.is_empty());
            content.extend_from_slice(chunk);
        }
        entries.push((entry, content));
    }
    tar.drain()?;
    assert_eq!(tar.position(), data.len() as u64);
    Ok(entries)
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("layers", 61, check);
}
