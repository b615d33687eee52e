//! Programs and archives, whatever is in them. Also fuzz targets: `fuzz/src/bin/{programs,jars}.rs`.

use orlop_sbom::{FileInfo, Finding, Found, catalogers};

/// The first line is the name of an executable, the rest what is in it. All that is found has a name,
/// and is found again.
pub(crate) fn check(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (path, content) = (String::from_utf8_lossy(&data[..end]), &data[end + 1..]);
    let file = FileInfo {
        path: &path,
        size: content.len() as u64,
        is_executable: true,
    };
    for cataloger in catalogers() {
        let name = cataloger.name();
        let is_of_programs = ["binary", "java"].iter().any(|part| name.contains(part));
        if !is_of_programs || !cataloger.wants(&file) {
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
        for finding in &findings {
            let Finding::Package(package) = finding else {
                panic!("no package: {finding:?}");
            };
            let texts = [&package.name, &package.version];
            assert!(!package.name.is_empty(), "{package:?}");
            assert!(
                !texts.iter().any(|text| text.contains(char::is_control)),
                "{package:?}"
            );
        }
    }
}

#[test]
fn programs_near_the_seeds() {
    crate::seeds::replay("programs", 37, check);
}

#[test]
fn jars_near_the_seeds() {
    crate::seeds::replay("jars", 7, check);
}
