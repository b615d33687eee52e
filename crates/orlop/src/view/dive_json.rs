//! `explore --json`: dive's document (`cmd/dive/cli/internal/command/export/export.go`). Numbers of modes
//! and types are Go's and tar's, as there.

use orlop_image::look::{FileKind, FileRecord, ImageFiles, LayerFiles, RecordKind, Step, steps};
use serde_json::{Value, json};

/// All of an image.
pub fn object(image: &ImageFiles) -> Value {
    let waste = image.tree().waste();
    let steps = steps(&image.config, image.layers.len());
    let steps = steps.iter().filter(|step| step.layer.is_some());
    let layers = image.layers.iter().zip(&image.manifest.layers).zip(steps);
    let layers = layers
        .enumerate()
        .map(|(index, ((files, descriptor), step))| {
            json!({
                "index": index,
                "id": descriptor.digest.hex(),
                "digestId": files.diff_id.as_str(),
                "sizeBytes": files.size,
                "command": command(step),
                "fileList": file_list(files),
            })
        });
    let references = waste.paths.iter().map(|path| {
        json!({
            "count": path.count,
            "sizeBytes": path.size,
            "file": format!("/{}", String::from_utf8_lossy(&path.path)),
        })
    });
    json!({
        "layer": layers.collect::<Vec<_>>(),
        "image": {
            "sizeBytes": waste.image_size,
            "inefficientBytes": waste.bytes,
            "efficiencyScore": waste.efficiency,
            "fileReference": references.collect::<Vec<_>>(),
        },
    })
}

/// The instruction of a step without the shell that runs it.
pub fn command(step: &Step) -> &str {
    match step.created_by.as_str() {
        "" => "(missing)",
        text => text.strip_prefix("/bin/sh -c ").unwrap_or(text),
    }
}

/// The entries of a layer in the order of its archive.
fn file_list(layer: &LayerFiles) -> Vec<Value> {
    let entries = layer
        .records
        .iter()
        .filter(|record| !record.path.is_empty());
    entries
        .filter_map(|record| match &record.kind {
            RecordKind::File(file) => Some(entry(&record.path, file)),
            RecordKind::Whiteout => Some(whiteout(&record.path)),
            RecordKind::Opaque => None,
        })
        .collect()
}

fn entry(path: &[u8], file: &FileRecord) -> Value {
    json!({
        "path": String::from_utf8_lossy(path),
        "typeFlag": type_flag(file.kind),
        "linkName": String::from_utf8_lossy(&file.link),
        "size": file.size,
        "fileMode": go_mode(file),
        "uid": file.uid,
        "gid": file.gid,
        "isDir": file.kind == FileKind::Directory,
    })
}

/// What hides a path, under the name that it has in the archive.
fn whiteout(path: &[u8]) -> Value {
    let at = path
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |n| n + 1);
    let (folder, name) = path.split_at(at);
    let path = [folder, b".wh.", name].concat();
    json!({
        "path": String::from_utf8_lossy(&path),
        "typeFlag": b'0',
        "linkName": "",
        "size": 0,
        "fileMode": 0,
        "uid": 0,
        "gid": 0,
        "isDir": false,
    })
}

fn type_flag(kind: FileKind) -> u8 {
    match kind {
        FileKind::File => b'0',
        FileKind::HardLink => b'1',
        FileKind::Symlink => b'2',
        FileKind::CharDevice => b'3',
        FileKind::BlockDevice => b'4',
        FileKind::Directory => b'5',
        FileKind::Fifo => b'6',
    }
}

/// Go's `fs.FileMode`.
fn go_mode(file: &FileRecord) -> u32 {
    let kind = match file.kind {
        FileKind::File | FileKind::HardLink => 0,
        FileKind::Directory => 1 << 31,
        FileKind::Symlink => 1 << 27,
        FileKind::BlockDevice => 1 << 26,
        FileKind::CharDevice => 1 << 26 | 1 << 21,
        FileKind::Fifo => 1 << 25,
    };
    let special = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];
    let special = special.iter().filter(|(bit, _)| file.mode & bit != 0);
    special.fold(kind | file.mode & 0o777, |mode, (_, bit)| mode | bit)
}
