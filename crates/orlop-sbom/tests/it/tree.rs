//! All that the catalogers find in a folder that is the root of a system.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use orlop_sbom::{Cataloger, Content, Fault, FileInfo, Finding, Found, catalogers};

/// What one cataloger found in one file.
pub(crate) struct Shown {
    pub(crate) path: String,
    pub(crate) found: Found,
    pub(crate) fault: Option<Fault>,
}

impl Shown {
    pub(crate) fn packages(&self) -> impl Iterator<Item = &orlop_sbom::Package> {
        let findings = self.found.findings.iter();
        findings.filter_map(|finding| match finding {
            Finding::Package(package) => Some(&**package),
            _ => None,
        })
    }
}

struct Bytes {
    file: fs::File,
    size: u64,
}

impl Content for Bytes {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}

/// Asks the catalogers that are chosen about every regular file.
pub(crate) fn catalog(root: &Path, choose: impl Fn(&dyn Cataloger) -> bool) -> Vec<Shown> {
    let catalogers: Vec<_> = catalogers()
        .iter()
        .filter(|cataloger| choose(**cataloger))
        .collect();
    let mut shown = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            }
            if !kind.is_file() {
                continue;
            }
            let metadata = entry.metadata().unwrap();
            let path = entry.path();
            let path = path.strip_prefix(root).unwrap().to_string_lossy();
            let info = FileInfo {
                path: &path,
                size: metadata.len(),
                is_executable: metadata.permissions().mode() & 0o111 != 0,
            };
            for cataloger in &catalogers {
                if !cataloger.wants(&info) {
                    continue;
                }
                let content = Bytes {
                    file: fs::File::open(entry.path()).unwrap(),
                    size: metadata.len(),
                };
                let mut found = Found::default();
                let fault = cataloger.catalog(&info, &content, &mut found).err();
                shown.push(Shown {
                    path: path.clone().into_owned(),
                    found,
                    fault,
                });
            }
        }
    }
    shown
}
