//! Files of images in words: the letters of `docker diff`, modes as numbers, names that are safe to print.

use orlop_image::look::{Change, FileKind, FileRecord};
use orlop_layer::{is_invisible, printable};
use serde_json::{Map, Value, json};

/// The letter that `docker diff` has for it.
pub fn letter(change: Change) -> char {
    match change {
        Change::Unmodified => ' ',
        Change::Modified => 'C',
        Change::Added => 'A',
        Change::Removed => 'D',
    }
}

/// The word for it in JSON.
pub fn change_word(change: Change) -> &'static str {
    match change {
        Change::Unmodified => "unchanged",
        Change::Modified => "changed",
        Change::Added => "added",
        Change::Removed => "removed",
    }
}

/// A path from the root as people write it, with `/` at the end of a directory, and where a link leads.
pub fn path(path: &[u8], file: Option<&FileRecord>) -> String {
    let mut text = format!("/{}", printable(path));
    match file.map(|file| file.kind) {
        None | Some(FileKind::Directory) if !path.is_empty() => text.push('/'),
        Some(FileKind::Symlink) => {
            let link = file.map(|file| printable(&file.link)).unwrap_or_default();
            text.push_str(&format!(" -> {link}"));
        }
        Some(FileKind::HardLink) => {
            let link = file.map(|file| printable(&file.link)).unwrap_or_default();
            text.push_str(&format!(" => /{link}"));
        }
        _ => {}
    }
    text
}

/// What kind of file it is, in one word.
pub fn kind_word(file: Option<&FileRecord>) -> &'static str {
    match file.map(|file| file.kind) {
        Some(FileKind::File) => "file",
        Some(FileKind::HardLink) => "hardlink",
        Some(FileKind::Symlink) => "symlink",
        Some(FileKind::CharDevice) => "chardevice",
        Some(FileKind::BlockDevice) => "blockdevice",
        Some(FileKind::Fifo) => "fifo",
        // A directory that no layer has an entry for is made all the same.
        Some(FileKind::Directory) | None => "directory",
    }
}

/// Permissions as `chmod` takes them.
pub fn mode(file: &FileRecord) -> String {
    format!("{:04o}", file.mode)
}

/// Owner and group.
pub fn owner(file: &FileRecord) -> String {
    format!("{}:{}", file.uid, file.gid)
}

/// The fields of a file in JSON.
pub fn fields(file: Option<&FileRecord>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), kind_word(file).into());
    let Some(file) = file else {
        return fields;
    };
    fields.insert("mode".to_owned(), mode(file).into());
    fields.insert("uid".to_owned(), file.uid.into());
    fields.insert("gid".to_owned(), file.gid.into());
    fields.insert("size".to_owned(), file.size.into());
    if !file.link.is_empty() {
        let link = String::from_utf8_lossy(&file.link);
        fields.insert("link".to_owned(), link.into());
    }
    if matches!(file.kind, FileKind::CharDevice | FileKind::BlockDevice) {
        let (major, minor) = file.device;
        fields.insert("device".to_owned(), json!([major, minor]));
    }
    fields
}

/// A path from the root, for JSON. What isn't UTF-8 is replaced.
pub fn json_path(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

/// A text that somebody else wrote, on one line.
pub fn one_line(text: &str) -> String {
    let safe = |c: char| match c.is_control() || is_invisible(c) {
        true => ' ',
        false => c,
    };
    text.chars().map(safe).collect()
}
