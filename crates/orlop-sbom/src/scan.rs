//! Makes the record of a layer from its files, in whatever way they come: from an archive that passes, or
//! from a directory.

use crate::content::read_at_most;
use crate::record::path_text;
use crate::{
    Cataloger, Content, EntryKind, FileInfo, Found, LayerEntry, LayerSbom, Shown, catalogers,
};

/// Paths that a record has: as many as a layer may have entries.
const MAX_ENTRIES: usize = 4_000_000;
/// Bytes of all paths and link texts of a record.
const MAX_PATH_BYTES: usize = 512 << 20;
/// What the files of one layer may show.
const MAX_FINDINGS: usize = 500_000;
/// Faults that are kept of one layer; whoever breaks a thousand files is not read on.
const MAX_FAULTS: usize = 1000;

/// How to look at a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScanOptions {
    /// Look for what is only declared (lock files) too.
    pub declared: bool,
}

/// How much of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it is enough to know of it.
    Nothing,
    /// The first [`HEAD`] bytes, which tell whether it is a program.
    Head,
    /// All, for a cataloger.
    Whole,
}

/// Bytes at the beginning of a file that tell what it is.
pub const HEAD: usize = 4;

/// The record of a layer in the making. Everything is told in the order of the layer; paths are without `/`
/// at either end.
#[derive(Debug)]
pub struct LayerScan {
    options: ScanOptions,
    record: LayerSbom,
    path_bytes: usize,
    findings: usize,
    faults: usize,
}

impl LayerScan {
    /// Nothing yet.
    pub fn new(options: ScanOptions) -> Self {
        Self {
            options,
            record: LayerSbom {
                has_declared: options.declared,
                ..LayerSbom::default()
            },
            path_bytes: 0,
            findings: 0,
            faults: 0,
        }
    }

    /// How much of a regular file is wanted. Cheap.
    pub fn wants(&self, file: &FileInfo<'_>) -> Wanted {
        if self.asked().any(|cataloger| cataloger.wants(file)) {
            Wanted::Whole
        } else if may_be_program(file) {
            Wanted::Head
        } else {
            Wanted::Nothing
        }
    }

    /// A regular file. `content` is as much as was [wanted](Self::wants), or nothing where it can't be had.
    pub fn file(&mut self, file: &FileInfo<'_>, content: Option<&dyn Content>) {
        let is_program = content.is_some_and(|content| is_program(file, content));
        let kind = match is_program {
            true => EntryKind::Program(file.size),
            false => EntryKind::File,
        };
        let Some(entry) = self.entry(file.path.into(), kind) else {
            return;
        };
        let Some(content) = content else { return };
        let (found, faults) = self.catalog(file, content);
        if found.is_empty() && faults.is_empty() {
            return;
        }
        self.record.shown.push(Shown {
            entry,
            findings: found,
            faults,
        });
    }

    /// A directory; `""` is the root.
    pub fn directory(&mut self, path: &[u8]) {
        self.other(path, EntryKind::Directory);
    }

    /// A symbolic link with its text.
    pub fn symlink(&mut self, path: &[u8], text: &[u8]) {
        self.other(path, EntryKind::Symlink(path_text(text).into()));
    }

    /// Another name of the file at `target`.
    pub fn hard_link(&mut self, path: &[u8], target: &[u8]) {
        self.other(path, EntryKind::HardLink(path_text(target).into()));
    }

    /// A device or pipe.
    pub fn special(&mut self, path: &[u8]) {
        self.other(path, EntryKind::File);
    }

    /// What the layers below have at a path is gone.
    pub fn whiteout(&mut self, path: &[u8]) {
        self.other(path, EntryKind::Whiteout);
    }

    /// What the layers below have in a directory is gone.
    pub fn opaque(&mut self, directory: &[u8]) {
        self.other(directory, EntryKind::Opaque);
    }

    /// Something of the layer, told by its path, couldn't be read.
    pub fn fault(&mut self, path: &str, what: &str) {
        self.layer_fault(format!("{path}: {what}"));
    }

    /// That was all.
    pub fn finish(mut self) -> LayerSbom {
        self.record.entries.shrink_to_fit();
        self.record.shown.shrink_to_fit();
        self.record
    }

    fn asked(&self) -> impl Iterator<Item = &'static dyn Cataloger> + use<> {
        let declared = self.options.declared;
        let all = catalogers().iter().copied();
        all.filter(move |cataloger| declared || !cataloger.is_declared())
    }

    fn other(&mut self, path: &[u8], kind: EntryKind) {
        self.entry(path_text(path).into(), kind);
    }

    /// Adds an entry and tells its index, or that there are too many.
    fn entry(&mut self, path: Box<str>, kind: EntryKind) -> Option<u32> {
        let text = match &kind {
            EntryKind::Symlink(text) | EntryKind::HardLink(text) => text.len(),
            _ => 0,
        };
        let bytes = self.path_bytes + path.len() + text;
        let entry = self.record.entries.len();
        if entry >= MAX_ENTRIES || bytes > MAX_PATH_BYTES {
            self.layer_fault(format!(
                "it has more than {MAX_ENTRIES} files or {MAX_PATH_BYTES} bytes of paths; the rest isn't seen"
            ));
            return None;
        }
        self.path_bytes = bytes;
        self.record.entries.push(LayerEntry { path, kind });
        u32::try_from(entry).ok()
    }

    fn catalog(
        &mut self,
        file: &FileInfo<'_>,
        content: &dyn Content,
    ) -> (Vec<crate::Finding>, Vec<String>) {
        let mut all = Found::default();
        for cataloger in self.asked().filter(|cataloger| cataloger.wants(file)) {
            let mut found = Found::default();
            let outcome = cataloger.catalog(file, content, &mut found);
            all.findings.append(&mut found.findings);
            all.faults.append(&mut found.faults);
            all.faults.extend(outcome.err());
        }
        let mut findings = all.findings;
        let mut faults: Vec<String> = all.faults.iter().map(ToString::to_string).collect();
        let room = MAX_FINDINGS - self.findings;
        if findings.len() > room {
            findings.truncate(room);
            faults.push(format!(
                "with it the layer shows more than {MAX_FINDINGS} things; the rest isn't kept"
            ));
        }
        faults.truncate(MAX_FAULTS - self.faults);
        self.findings += findings.len();
        self.faults += faults.len();
        (findings, faults)
    }

    fn layer_fault(&mut self, fault: String) {
        if self.faults < MAX_FAULTS && self.record.faults.last() != Some(&fault) {
            self.faults += 1;
            self.record.faults.push(fault);
        }
    }
}

/// Whether a file may be a program, by what is known without reading it. Libraries need no permission to
/// be executed.
fn may_be_program(file: &FileInfo<'_>) -> bool {
    file.size >= HEAD as u64 && (file.is_executable || is_library_name(file.name()))
}

/// `libz.so`, `libz.so.1.2.13`.
fn is_library_name(name: &str) -> bool {
    name.ends_with(".so") || name.contains(".so.")
}

fn is_program(file: &FileInfo<'_>, content: &dyn Content) -> bool {
    if !may_be_program(file) {
        return false;
    }
    let head = read_at_most(content, HEAD);
    head == b"\x7fELF" || (file.is_executable && head.starts_with(b"#!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64, is_executable: bool) -> FileInfo<'_> {
        FileInfo {
            path,
            size,
            is_executable,
        }
    }

    #[test]
    fn programs_are_told_by_their_first_bytes() {
        let table: &[(&str, bool, &[u8], bool)] = &[
            ("bin/a", true, b"\x7fELF...", true),
            ("bin/a", false, b"\x7fELF...", false),
            ("lib/liba.so", false, b"\x7fELF...", true),
            ("lib/liba.so.1", false, b"\x7fELF...", true),
            ("lib/liba.so", false, b"INPUT ( x )", false),
            ("bin/s", true, b"#!/bin/sh", true),
            ("lib/s.so", false, b"#!/bin/sh", false),
            ("bin/t", true, b"text", false),
            ("bin/t", true, b"\x7fE", false),
        ];
        for (path, is_executable, bytes, expected) in table {
            let mut scan = LayerScan::new(ScanOptions::default());
            let size = bytes.len() as u64;
            scan.file(&file(path, size, *is_executable), Some(bytes));
            let kind = &scan.finish().entries[0].kind;
            let is_program = *kind == EntryKind::Program(size);
            assert_eq!(is_program, *expected, "{path} {}", bytes.escape_ascii());
        }
    }

    #[test]
    fn the_same_fault_of_a_layer_is_told_once() {
        let mut scan = LayerScan::new(ScanOptions::default());
        scan.fault("a", "it can't be read");
        scan.fault("a", "it can't be read");
        for n in 0..2 * MAX_FAULTS {
            scan.fault(&n.to_string(), "it can't be read");
        }
        let faults = scan.finish().faults;
        assert_eq!(faults.len(), MAX_FAULTS);
        assert_eq!(faults[..2], ["a: it can't be read", "0: it can't be read"]);
    }
}
