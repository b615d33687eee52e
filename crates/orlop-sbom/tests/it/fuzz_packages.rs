//! Files that show packages, whatever is in them. Also fuzz targets:
//! `fuzz/src/bin/{package_databases,package_manifests,lock_files}.rs`.

use std::path::{Component, Path};

use orlop_sbom::{FileInfo, Finding, Found, catalogers};

/// The first line is the path of a file, the rest what is in it. All that is found has a name, and no
/// path leads out of the root.
pub(crate) fn check(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (path, content) = (String::from_utf8_lossy(&data[..end]), &data[end + 1..]);
    if !is_below_root(&path) {
        return;
    }
    let file = FileInfo {
        path: &path,
        size: content.len() as u64,
        is_executable: false,
    };
    for cataloger in catalogers() {
        if !cataloger.wants(&file) {
            continue;
        }
        let read = || {
            let mut found = Found::default();
            let fault = cataloger.catalog(&file, &content, &mut found).err();
            (found.findings, found.faults, fault)
        };
        let (findings, faults, fault) = read();
        assert_eq!(
            read(),
            (findings.clone(), faults, fault),
            "not twice the same"
        );
        // No package takes less than a few bytes.
        assert!(findings.len() <= data.len(), "{findings:?}");
        findings.iter().for_each(check_finding);
    }
}

fn check_finding(finding: &Finding) {
    let paths = match finding {
        Finding::Package(package) => {
            for text in [&package.name, &package.version] {
                assert!(
                    !text.is_empty() && !text.contains(char::is_control),
                    "{package:?}"
                );
            }
            &package.files
        }
        Finding::Files { paths, .. } => paths,
        Finding::Licences { licences, .. } => {
            assert!(!licences.is_empty());
            return;
        }
        Finding::Release(release) => {
            assert!(!release.id.is_empty());
            return;
        }
    };
    for path in paths {
        assert!(is_below_root(path), "{path:?}");
    }
}

fn is_below_root(path: &str) -> bool {
    let mut components = Path::new(path).components();
    let is_below = components.all(|component| matches!(component, Component::Normal(_)));
    is_below && !path.is_empty()
}

#[test]
fn databases_near_the_seeds() {
    crate::seeds::replay("package_databases", 61, check);
}

#[test]
fn manifests_near_the_seeds() {
    crate::seeds::replay("package_manifests", 3, check);
}

#[test]
fn lock_files_near_the_seeds() {
    crate::seeds::replay("lock_files", 3, check);
}
