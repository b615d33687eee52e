//! What the writer writes, the reader reads back, and so do the `tar` crate and GNU tar.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use orlop_layer::{Bounds, Entry, EntryKind, Region, TarReader, TarWriter, Time};
use proptest::prelude::*;

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry {
        path: path.into(),
        kind,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: Time::default(),
        size: 0,
        link: Vec::new(),
        device: (0, 0),
        xattrs: Vec::new(),
        sparse: None,
    }
}

fn write(entries: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let mut writer = TarWriter::new(Vec::new());
    for (entry, content) in entries {
        writer.entry(entry).unwrap();
        for piece in content.chunks(700) {
            writer.content(piece).unwrap();
        }
    }
    writer.finish().unwrap()
}

fn read(archive: &[u8]) -> Vec<(Entry, Vec<u8>)> {
    let mut reader = TarReader::new(archive, Bounds::default());
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        while let Some(piece) = reader.read_chunk().unwrap() {
            content.extend_from_slice(piece);
        }
        entries.push((entry, content));
    }
    entries
}

fn any_path() -> impl Strategy<Value = Vec<u8>> {
    let component = prop::collection::vec(
        any::<u8>().prop_filter("no separator", |b| !matches!(b, 0 | b'/')),
        1..80,
    )
    .prop_filter("no dots", |c| c != b"." && c != b"..");
    prop::collection::vec(component, 1..5).prop_map(|components| components.join(&b'/'))
}

prop_compose! {
    fn any_entry()(
        path in any_path(),
        kind in prop::sample::select(vec![
            EntryKind::File, EntryKind::HardLink, EntryKind::Symlink, EntryKind::Directory,
            EntryKind::CharDevice, EntryKind::BlockDevice, EntryKind::Fifo,
        ]),
        mode in 0..0o10000u32,
        uid in 0..u32::MAX,
        gid in 0..3_000_000u32,
        seconds in prop::sample::select(vec![-5, -1, 0, 1_700_000_000, 9_000_000_000, 80_000_000_000i64]),
        nanos in prop::sample::select(vec![0, 1, 500_000_000, 999_999_999u32]),
        link in any_path(),
        device in (0..4095u32, 0..100_000u32),
        xattrs in prop::collection::btree_map("user\\.[a-zé]{1,20}", prop::collection::vec(any::<u8>(), 0..50), 0..3),
        content in prop::collection::vec(any::<u8>(), 0..3000),
    ) -> (Entry, Vec<u8>) {
        let content = if kind == EntryKind::File { content } else { Vec::new() };
        let is_link = matches!(kind, EntryKind::Symlink | EntryKind::HardLink);
        let is_device = matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice);
        let entry = Entry {
            path,
            kind,
            mode,
            uid,
            gid,
            mtime: Time { seconds, nanos },
            size: content.len() as u64,
            link: if is_link { link } else { Vec::new() },
            device: if is_device { device } else { (0, 0) },
            xattrs: xattrs.into_iter().map(|(k, v)| (k.into_bytes(), v)).collect(),
            sparse: None,
        };
        (entry, content)
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entries in prop::collection::vec(any_entry(), 0..6)) {
        let archive = write(&entries);
        prop_assert_eq!(read(&archive), entries);
        prop_assert_eq!(archive.len() % 512, 0);
    }
}

#[test]
fn a_sparse_file_keeps_its_holes() {
    let mut file = entry("disk.img", EntryKind::File);
    file.size = 1 << 36;
    let region = |offset, length| Region { offset, length };
    file.sparse = Some(vec![region(4096, 3), region(1 << 30, 5)]);
    let content = b"abc01234".to_vec();
    let archive = write(&[(file.clone(), content.clone())]);
    assert!(archive.len() < 5000);
    assert_eq!(read(&archive), [(file, content)]);
}

#[test]
fn the_root_and_directories_have_dockers_form() {
    let root = entry("", EntryKind::Directory);
    let dir = entry("a", EntryKind::Directory);
    let archive = write(&[(root, Vec::new()), (dir, Vec::new())]);
    let mut other = tar::Archive::new(&archive[..]);
    let names: Vec<_> = other
        .entries()
        .unwrap()
        .map(|e| e.unwrap().path_bytes().into_owned())
        .collect();
    assert_eq!(names, [b"./".to_vec(), b"a/".to_vec()]);
}

#[test]
fn gnu_tar_reads_all_of_it() {
    let mut long = entry(
        &format!("{}/{}", "d".repeat(150), "f".repeat(90)),
        EntryKind::File,
    );
    long.size = 5;
    long.uid = 4_000_000;
    long.mtime = Time {
        seconds: -3,
        nanos: 5,
    };
    let mut link = entry("link", EntryKind::Symlink);
    link.link = "t".repeat(130).into_bytes();
    let archive = write(&[(long, b"hello".to_vec()), (link, Vec::new())]);
    let mut tar = Command::new("tar")
        .args(["--utc", "--numeric-owner", "-tvf", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    tar.stdin.take().unwrap().write_all(&archive).unwrap();
    let mut listing = String::new();
    tar.stdout
        .take()
        .unwrap()
        .read_to_string(&mut listing)
        .unwrap();
    assert!(tar.wait().unwrap().success());
    assert!(listing.contains("4000000/0"), "{listing}");
    assert!(listing.contains("1969-12-31"), "{listing}");
    assert!(
        listing.contains(&format!("/{}\n", "f".repeat(90))),
        "{listing}"
    );
    assert!(
        listing.contains(&format!("-> {}\n", "t".repeat(130))),
        "{listing}"
    );
}

#[test]
fn an_entry_keeps_its_word() {
    let mut file = entry("f", EntryKind::File);
    file.size = 4;
    let mut writer = TarWriter::new(Vec::new());
    writer.entry(&file).unwrap();
    writer.content(b"abc").unwrap();
    assert!(writer.content(b"de").is_err(), "too much");
    let mut writer = TarWriter::new(Vec::new());
    writer.entry(&file).unwrap();
    writer.content(b"abc").unwrap();
    assert!(writer.entry(&file).is_err(), "too little");
    let mut writer = TarWriter::new(Vec::new());
    writer.entry(&file).unwrap();
    assert!(writer.finish().is_err(), "too little at the end");
}
