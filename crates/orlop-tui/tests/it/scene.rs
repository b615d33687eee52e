//! Images to be explored, and what a test does with them.

use std::sync::Arc;

use orlop_image::look::{FileKind, FileRecord, FileTree, LayerFiles, Record, RecordKind};
use orlop_oci::{Descriptor, DiffId, Digest, MediaType};
use orlop_tui::{Explorer, Key, LayerLine, Subject};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn record(path: &str, kind: FileKind, mode: u32, size: u64) -> Record {
    let file = FileRecord {
        kind,
        mode,
        uid: 0,
        gid: 0,
        size,
        link: Box::default(),
        device: (0, 0),
        content: Some(size),
        xattrs: 0,
    };
    Record {
        path: path.as_bytes().into(),
        kind: RecordKind::File(file),
    }
}

fn dir(path: &str) -> Record {
    record(path, FileKind::Directory, 0o755, 0)
}

fn file(path: &str, size: u64) -> Record {
    record(path, FileKind::File, 0o644, size)
}

fn whiteout(path: &str) -> Record {
    Record {
        path: path.as_bytes().into(),
        kind: RecordKind::Whiteout,
    }
}

fn explore(layers: Vec<(&str, Vec<Record>)>) -> Explorer {
    let files: Vec<Arc<LayerFiles>> = layers
        .iter()
        .map(|(command, records)| {
            let digest = Digest::of(command.as_bytes());
            let sizes = records.iter().filter_map(|r| Some(r.file()?.size));
            Arc::new(LayerFiles {
                descriptor: Descriptor::new(MediaType::OciLayerGzip, digest.clone(), 100),
                diff_id: DiffId(digest),
                size: sizes.sum(),
                records: records.clone(),
            })
        })
        .collect();
    let lines = layers
        .iter()
        .zip(&files)
        .map(|((command, _), files)| LayerLine {
            command: (*command).to_owned(),
            digest: files.descriptor.digest.to_string(),
            diff_id: files.diff_id.to_string(),
            size: files.size,
            compressed: 100,
        });
    let tree = FileTree::stack(&files);
    Explorer::new(Subject {
        name: "test:image".to_owned(),
        waste: tree.waste(),
        tree,
        layers: lines.collect(),
        size: |bytes| format!("{bytes}B"),
    })
}

/// Three layers: a base, a change and an addition, and a removal.
pub(crate) fn explorer() -> Explorer {
    explore(vec![
        (
            "ADD rootfs.tar /",
            vec![
                dir("bin"),
                record("bin/su", FileKind::File, 0o4755, 5),
                dir("etc"),
                file("etc/group", 7),
                file("etc/passwd", 10),
                dir("tmp"),
            ],
        ),
        (
            "RUN adduser me &&\ntouch /tmp/new",
            vec![file("etc/passwd", 12), file("tmp/new", 20)],
        ),
        ("RUN rm /tmp/new", vec![whiteout("tmp/new")]),
    ])
}

pub(crate) fn empty() -> Explorer {
    explore(Vec::new())
}

pub(crate) fn many(count: usize) -> Explorer {
    let files = (0..count).map(|n| file(&format!("file-{n:04}"), 1));
    explore(vec![("many", files.collect())])
}

pub(crate) fn hostile() -> Explorer {
    let names = ["a\u{1b}[2Jb", "c\r\nd", "e\u{202e}f", "g\u{7}"];
    let files: Vec<Record> = names.iter().map(|name| file(name, 1)).collect();
    let again = files.clone();
    explore(vec![
        ("RUN \u{1b}]0;title\u{7} x", files),
        ("second\nline", again),
    ])
}

pub(crate) fn press(explorer: &mut Explorer, keys: &[Key]) {
    // A page is as long as it was drawn.
    lines(explorer, 80, 24);
    for key in keys {
        explorer.press(*key);
    }
}

pub(crate) fn typed(explorer: &mut Explorer, text: &str) {
    for c in text.chars() {
        explorer.press(Key::Char(c));
    }
}

/// What is on the screen.
pub(crate) fn lines(explorer: &mut Explorer, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| explorer.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect();
    (0..height).map(line).collect()
}

/// The first line of the tree with a word; empty when there is none.
pub(crate) fn line_with(explorer: &mut Explorer, width: u16, height: u16, word: &str) -> String {
    let lines = lines(explorer, width, height);
    let right = usize::from(width / 2);
    let tree = lines
        .iter()
        .map(|l| l.chars().skip(right).collect::<String>());
    let mut found = tree.filter(|line| line.contains(&format!(" {word}")));
    found.next().unwrap_or_default()
}
