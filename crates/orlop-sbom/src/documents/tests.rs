use serde_json::Value;

use super::*;
use crate::{Location, Package, PackageKind, Release, SourcePackage};

const FORMATS: [DocumentFormat; 4] = [
    DocumentFormat::Orlop,
    DocumentFormat::Spdx,
    DocumentFormat::CycloneDx,
    DocumentFormat::Syft,
];

fn subject() -> Subject {
    Subject {
        name: "example.com/app:v1".to_owned(),
        target: Some(Digest::of(b"index")),
        manifest: Some(Digest::of(b"manifest")),
        platform: Some("linux/amd64".to_owned()),
        layers: vec![DiffId(Digest::of(b"a")), DiffId(Digest::of(b"b"))],
    }
}

fn installed(mut package: Package, release: &Release, licences: &[&str], path: &str) -> Installed {
    package.licences = licences.iter().map(ToString::to_string).collect();
    Installed {
        purl: crate::purl(&package, Some(release)),
        package,
        locations: vec![Location {
            path: path.to_owned(),
            inside: Vec::new(),
            diff_id: Some(DiffId(Digest::of(b"a"))),
        }],
        owned_by: None,
        stage: None,
    }
}

fn sbom() -> Sbom {
    let release = Release {
        id: "alpine".to_owned(),
        version: "3.9.0".to_owned(),
        pretty_name: "Alpine Linux v3.9".to_owned(),
        ..Release::default()
    };
    let mut musl = Package::new(
        PackageKind::Apk,
        "musl-utils",
        "1.1.20-r4",
        "apk-db-cataloger",
    );
    musl.architecture = Some("x86_64".to_owned());
    musl.source = Some(SourcePackage {
        name: "musl".to_owned(),
        version: "1.1.20-r4".to_owned(),
    });
    let jar = Package::new(
        PackageKind::Java,
        "org.slf4j:slf4j-api",
        "1.7",
        "java-archive-cataloger",
    );
    let npm = Package::new(
        PackageKind::Npm,
        "@a/b",
        "1.0.0",
        "javascript-package-cataloger",
    );
    let python = Package::new(
        PackageKind::Python,
        "odd",
        "",
        "python-installed-package-cataloger",
    );
    let of = |package, licences: &[&str], path| installed(package, &release, licences, path);
    let mut jar = of(jar, &["MIT OR Apache-2.0"], "app.jar");
    jar.locations[0].inside = vec!["BOOT-INF/lib/slf4j.jar".to_owned()];
    Sbom {
        packages: vec![
            of(musl, &["BSD", "GPL-2+", "MIT"], "lib/apk/db/installed"),
            of(python, &[], "usr/lib/odd.egg-info"),
            of(npm, &["MIT"], "node_modules/@a/b/package.json"),
            jar,
        ],
        release: Some(release),
        ..Sbom::default()
    }
}

fn document(format: DocumentFormat) -> String {
    write_document(format, &subject(), &sbom(), Some("2026-01-02T03:04:05Z"))
}

#[test]
fn the_own_form_keeps_everything() {
    let (read, back) = read_document(document(DocumentFormat::Orlop).as_bytes()).unwrap();
    assert_eq!((read, back), (subject(), sbom()));
}

#[test]
fn the_forms_of_others_keep_packages() {
    for format in FORMATS {
        let (of, back) = read_document(document(format).as_bytes()).unwrap();
        assert_eq!(of.name, subject().name);
        assert_eq!(of.manifest, subject().manifest, "{format:?}");
        let urls =
            |sbom: &Sbom| -> Vec<String> { sbom.packages.iter().map(|p| p.purl.clone()).collect() };
        assert_eq!(urls(&back), urls(&sbom()), "{format:?}");
        let release = back.release.unwrap();
        assert_eq!(
            (release.id.as_str(), release.version.as_str()),
            ("alpine", "3.9.0")
        );
        let musl = &back.packages[0].package;
        assert_eq!(musl.source.as_ref().unwrap().name, "musl", "{format:?}");
        if format != DocumentFormat::Spdx {
            for (read, written) in back.packages.iter().zip(&sbom().packages) {
                assert_eq!(read.locations, written.locations, "{format:?}");
                assert_eq!(
                    read.package.licences, written.package.licences,
                    "{format:?}"
                );
                assert_eq!(
                    read.package.found_by, written.package.found_by,
                    "{format:?}"
                );
            }
        }
    }
}

#[test]
fn the_same_is_written_the_same_and_the_other_another() {
    for format in FORMATS {
        assert_eq!(document(format), document(format));
    }
    let ids = |sbom: &Sbom| {
        let text = write_document(DocumentFormat::CycloneDx, &subject(), sbom, None);
        let value: Value = serde_json::from_str(&text).unwrap();
        value["serialNumber"].as_str().unwrap().to_owned()
    };
    let mut other = sbom();
    other.packages.pop();
    assert_ne!(ids(&sbom()), ids(&other));
}

#[test]
fn licences_are_written_as_each_form_wants_them() {
    let spdx: Value = serde_json::from_str(&document(DocumentFormat::Spdx)).unwrap();
    let declared = |at: usize| spdx["packages"][at]["licenseDeclared"].as_str().unwrap();
    assert!(
        declared(1).starts_with("LicenseRef-BSD AND LicenseRef-GPL-2-"),
        "{}",
        declared(1)
    );
    assert!(declared(1).ends_with(" AND MIT"), "{}", declared(1));
    assert_eq!(declared(2), "NOASSERTION");
    assert_eq!(declared(4), "MIT OR Apache-2.0");
    let texts = spdx["hasExtractedLicensingInfos"].as_array().unwrap();
    assert_eq!(texts.len(), 2);
    let cyclonedx: Value = serde_json::from_str(&document(DocumentFormat::CycloneDx)).unwrap();
    let licences = |at: usize| cyclonedx["components"][at]["licenses"].to_string();
    assert_eq!(
        licences(0),
        r#"[{"license":{"name":"BSD"}},{"license":{"name":"GPL-2+"}},{"license":{"id":"MIT"}}]"#
    );
    assert_eq!(licences(3), r#"[{"expression":"MIT OR Apache-2.0"}]"#);
}

#[test]
fn a_list_is_in_columns_and_safe_to_print() {
    let mut sbom = sbom();
    sbom.packages.truncate(2);
    sbom.packages[1].package.name = "\u{1b}[2Jé".to_owned();
    let text = write_document(DocumentFormat::List, &subject(), &sbom, None);
    let expected = "NAME        VERSION    TYPE\n\
                    musl-utils  1.1.20-r4  apk\n\
                    \\u{1b}[2Jé             pypi\n";
    assert_eq!(text, expected);
}

#[test]
fn documents_of_others_are_read() {
    let buildkit = r#"{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document",
        "predicate":{"spdxVersion":"SPDX-2.3","name":"x","packages":[
            {"name":"musl","externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl",
             "referenceLocator":"pkg:apk/alpine/musl@1.2?arch=x86_64&distro=alpine-3.20.3"}]},
            {"name":"none"}]}}"#;
    let (_, sbom) = read_document(buildkit.as_bytes()).unwrap();
    assert_eq!(sbom.packages.len(), 1);
    assert_eq!(sbom.release.unwrap().version, "3.20.3");
    let trivy = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"type":"container","name":"x"}},
        "components":[{"type":"operating-system","name":"debian","version":"12.4"},
            {"type":"library","name":"a","purl":"pkg:deb/debian/a@1?distro=debian-12.4",
             "components":[{"type":"library","name":"b","purl":"pkg:npm/b@2"}]},
            {"type":"library","name":"a","purl":"pkg:deb/debian/a@1?distro=debian-12.4"}]}"#;
    let (_, sbom) = read_document(trivy.as_bytes()).unwrap();
    let names: Vec<&str> = sbom
        .packages
        .iter()
        .map(|p| p.package.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(sbom.release.unwrap().version, "12.4");
}

#[test]
fn what_is_no_document_is_told() {
    let table = [
        ("", "it is malformed: "),
        ("{", "it is malformed: "),
        ("[]", "it is no SBOM of Orlop"),
        ("{}", "it is no SBOM of Orlop"),
        (r#"{"spdxVersion":"SPDX-3.0"}"#, "it is no SBOM of Orlop"),
        (r#"{"schema":"orlop-sbom/1"}"#, "it is malformed: "),
    ];
    for (text, expected) in table {
        let error = read_document(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let deep = format!(r#"{{"bomFormat":{}"#, "[".repeat(100_000));
    read_document(deep.as_bytes()).unwrap_err();
}
