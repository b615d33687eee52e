use orlop_oci::Digest;

use super::*;
use crate::{LayerEntry, LayerSbom};

/// A layer in the making.
#[derive(Default)]
struct Record(LayerSbom);

impl Record {
    fn put(mut self, path: &str, kind: EntryKind) -> Self {
        self.0.entries.push(LayerEntry {
            path: path.into(),
            kind,
        });
        self
    }

    fn show(self, path: &str, findings: &[Finding]) -> Self {
        self.show_in(path, EntryKind::File, findings)
    }

    fn show_in(self, path: &str, kind: EntryKind, findings: &[Finding]) -> Self {
        let entry = self.0.entries.len() as u32;
        let mut record = self.put(path, kind);
        record.0.shown.push(Shown {
            entry,
            findings: findings.to_vec(),
            faults: Vec::new(),
        });
        record
    }
}

fn package(kind: PackageKind, name: &str, version: &str) -> Package {
    Package::new(kind, name, version, "test")
}

fn shown(package: Package) -> Finding {
    Finding::Package(Box::new(package))
}

fn deb(name: &str, architecture: &str) -> Package {
    let mut package = package(PackageKind::Deb, name, "1");
    package.architecture = Some(architecture.to_owned());
    package
}

fn reference(kind: PackageKind, name: &str, architecture: Option<&str>) -> PackageRef {
    PackageRef {
        kind,
        name: name.to_owned(),
        architecture: architecture.map(str::to_owned),
        shown_in: None,
    }
}

fn list(of: PackageRef, paths: &[&str]) -> Finding {
    let paths = paths.iter().map(ToString::to_string).collect();
    Finding::Files { of, paths }
}

fn diff_id(number: usize) -> DiffId {
    DiffId(Digest::of(&[number as u8]))
}

fn sbom(records: impl IntoIterator<Item = Record>) -> Sbom {
    let records: Vec<LayerSbom> = records.into_iter().map(|record| record.0).collect();
    let ids: Vec<DiffId> = (0..records.len()).map(diff_id).collect();
    let layers: Vec<Layer<'_>> = ids
        .iter()
        .zip(&records)
        .map(|(diff_id, record)| Layer { diff_id, record })
        .collect();
    Sbom::of(&layers)
}

fn names(sbom: &Sbom) -> Vec<&str> {
    sbom.packages
        .iter()
        .map(|p| p.package.name.as_str())
        .collect()
}

fn places(installed: &Installed) -> Vec<(&str, usize)> {
    let number = |location: &Location| {
        let of = |n: &usize| location.diff_id.as_ref() == Some(&diff_id(*n));
        (0..9).find(of).unwrap()
    };
    let locations = installed.locations.iter();
    locations.map(|l| (l.path.as_str(), number(l))).collect()
}

const STATUS: &str = "var/lib/dpkg/status";

#[test]
fn a_package_is_there_once_with_all_its_places() {
    let one = || shown(package(PackageKind::Npm, "a", "1"));
    let sbom = sbom([
        Record::default()
            .show("x/node_modules/a/package.json", &[one()])
            .show("gone/node_modules/a/package.json", &[one()]),
        Record::default()
            .put("gone", EntryKind::Whiteout)
            .show("b/node_modules/a/package.json", &[one()])
            .show(
                "c/package.json",
                &[shown(package(PackageKind::Npm, "a", "2"))],
            ),
    ]);
    assert_eq!(names(&sbom), ["a", "a"]);
    assert_eq!(
        places(&sbom.packages[0]),
        [
            ("b/node_modules/a/package.json", 1),
            ("x/node_modules/a/package.json", 0)
        ]
    );
    assert_eq!(sbom.packages[1].package.version, "2");
}

#[test]
fn a_package_of_a_database_is_of_the_layer_that_added_it() {
    let status = |names: &[&str]| {
        let findings: Vec<Finding> = names.iter().map(|n| shown(deb(n, "amd64"))).collect();
        Record::default().show(STATUS, &findings)
    };
    let sbom = sbom([
        status(&["base", "back"]),
        status(&["base"]),
        Record::default(),
        status(&["base", "new", "back"]),
    ]);
    assert_eq!(names(&sbom), ["back", "base", "new"]);
    let layers: Vec<usize> = sbom.packages.iter().map(|p| places(p)[0].1).collect();
    assert_eq!(layers, [3, 0, 3]);
}

#[test]
fn lists_and_licences_go_to_the_package_that_is_meant() {
    let licences = |of, licence: &str| Finding::Licences {
        of,
        licences: vec![licence.to_owned()],
    };
    let python = |folder: &str| PackageRef {
        shown_in: Some(folder.to_owned()),
        ..reference(PackageKind::Python, "pip", None)
    };
    let mut declared = package(PackageKind::Python, "pip", "1");
    declared.licences = vec!["MIT".to_owned()];
    let deb_of = |architecture| reference(PackageKind::Deb, "libc6", architecture);
    let sbom = sbom([Record::default()
        .show(
            STATUS,
            &[shown(deb("libc6", "amd64")), shown(deb("libc6", "i386"))],
        )
        .show("copyright", &[licences(deb_of(None), "GPL")])
        .show("copyright2", &[licences(deb_of(Some("i386")), "LGPL")])
        .show("a/METADATA", &[shown(declared)])
        .show(
            "b/METADATA",
            &[shown(package(PackageKind::Python, "pip", "2"))],
        )
        .show("b/RECORD", &[licences(python("b"), "BSD")])]);
    let licences: Vec<String> = sbom
        .packages
        .iter()
        .map(|p| p.package.licences.join(" "))
        .collect();
    assert_eq!(licences, ["GPL", "GPL LGPL", "MIT", "BSD"]);
}

#[test]
fn files_are_owned_through_links_of_directories() {
    let pip = shown(package(PackageKind::Python, "pip", "1"));
    let paths = ["/lib/python/pip/METADATA", "/bin/tool", "/usr/bin/node"];
    let sbom = sbom([
        Record::default()
            .put("usr/lib", EntryKind::Directory)
            .put("lib", EntryKind::Symlink("usr/lib".into()))
            .put("bin", EntryKind::Symlink("/usr/bin".into()))
            .show(STATUS, &[shown(deb("python3-pip", "all"))])
            .show(
                "var/lib/dpkg/info/python3-pip.list",
                &[list(
                    reference(PackageKind::Deb, "python3-pip", None),
                    &paths,
                )],
            )
            .show("usr/lib/python/pip/METADATA", std::slice::from_ref(&pip))
            .put("usr/bin/tool", EntryKind::Program(100))
            .put("usr/bin/own", EntryKind::Program(10))
            .show_in(
                "usr/bin/node",
                EntryKind::Program(1000),
                &[shown(package(PackageKind::Binary, "node", "20"))],
            )
            .show_in(
                "opt/deno",
                EntryKind::Program(5),
                &[shown(package(PackageKind::Binary, "deno", "1"))],
            ),
        Record::default().put("usr/bin/tool2", EntryKind::HardLink("usr/bin/tool".into())),
    ]);
    assert_eq!(
        names(&sbom),
        ["python3-pip", "pip", "deno"],
        "node is the package's"
    );
    let owner = sbom.packages[1].owned_by.as_ref().unwrap();
    assert_eq!(
        (owner.name.as_str(), owner.kind),
        ("python3-pip", PackageKind::Deb)
    );
    assert!(sbom.packages[0].owned_by.is_none() && sbom.packages[2].owned_by.is_none());
    let Coverage {
        explained_bytes,
        program_bytes,
    } = sbom.coverage;
    assert_eq!((explained_bytes, program_bytes), (1105, 1115));
}

#[test]
fn a_package_with_a_place_of_its_own_isnt_owned() {
    let of = |path: &str| {
        (
            path.to_owned(),
            shown(package(PackageKind::Python, "pip", "1")),
        )
    };
    let (owned, own) = (of("usr/pip/METADATA"), of("opt/pip/METADATA"));
    let paths = ["usr/pip/METADATA"];
    let sbom = sbom([Record::default()
        .show(STATUS, &[shown(deb("python3-pip", "all"))])
        .show(
            "l",
            &[list(
                reference(PackageKind::Deb, "python3-pip", None),
                &paths,
            )],
        )
        .show(&owned.0, &[owned.1])
        .show(&own.0, &[own.1])]);
    assert!(sbom.packages.iter().all(|p| p.owned_by.is_none()));
    assert_eq!(sbom.packages[1].locations.len(), 2);
}

#[test]
fn folders_of_packages_without_lists_are_theirs() {
    let gem = shown(package(PackageKind::Gem, "json", "2.1"));
    let npm = shown(package(PackageKind::Npm, "esbuild", "1"));
    let sbom = sbom([Record::default()
        .show(
            "g/specifications/default/json-2.1.gemspec",
            std::slice::from_ref(&gem),
        )
        .put("g/gems/json-2.1/lib/parser.so", EntryKind::Program(1))
        .put("g/gems/json-2.2/lib/parser.so", EntryKind::Program(10))
        .show(
            "node_modules/esbuild/package.json",
            std::slice::from_ref(&npm),
        )
        .put("node_modules/esbuild/bin/esbuild", EntryKind::Program(100))
        .show("app/package.json", &[npm])
        .put("app/bin/server", EntryKind::Program(1000))]);
    assert_eq!(sbom.coverage.explained_bytes, 101);
    assert_eq!(sbom.coverage.program_bytes, 1111);
}

#[test]
fn the_release_is_the_one_of_the_best_file() {
    let release = |id: &str, version: &str| {
        Finding::Release(Release {
            id: id.to_owned(),
            version: version.to_owned(),
            ..Release::default()
        })
    };
    let sbom = sbom([Record::default()
        .show("etc/alpine-release", &[release("alpine", "3")])
        .show("etc/os-release", &[release("", "")])
        .show("usr/lib/os-release", &[release("alpine", "3.9.0")])
        .show(
            "lib/apk/db/installed",
            &[shown(package(PackageKind::Apk, "musl", "1"))],
        )]);
    assert_eq!(sbom.release.as_ref().unwrap().version, "3.9.0");
    assert_eq!(
        sbom.packages[0].purl,
        "pkg:apk/alpine/musl@1?distro=alpine-3.9.0"
    );
}

#[test]
fn faults_are_told_as_long_as_their_file_is_there() {
    let faulty = |path: &str| {
        let mut record = Record::default().show(path, &[]);
        record.0.shown[0].faults.push("it ends early".to_owned());
        record
    };
    let mut broken = Record::default().put("a", EntryKind::Whiteout);
    broken.0.faults.push("x: it can't be read".to_owned());
    let sbom = sbom([faulty("a"), faulty("b"), broken]);
    let told: Vec<String> = sbom.faults.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["x: it can't be read", "b: it ends early"]);
    assert_eq!(sbom.faults[1].diff_id, Some(diff_id(1)));
}
