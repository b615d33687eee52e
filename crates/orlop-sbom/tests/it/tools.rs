//! The same as each package manager's own tool says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use flate2::read::GzDecoder;
use orlop_sbom::{Finding, Package};
use orlop_testing::{Finished, Program, impossible, need_programs};
use serde_json::Value;

use crate::tree::catalog;

/// Copies files and folders of this machine to the same places below a root.
fn copy(places: &[&str], root: &Path) {
    for place in places.iter().filter(|place| Path::new(place).exists()) {
        // Links that lead nowhere make it fail, and matter to nobody.
        let _ = Program::new("cp")
            .args(["-r", "--parents", place])
            .arg(root)
            .run();
    }
}

fn findings(root: &Path, cataloger: &str) -> Vec<Finding> {
    let shown = catalog(root, |one| one.name() == cataloger);
    for shown in &shown {
        let faults: Vec<_> = shown.fault.iter().chain(&shown.found.faults).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", shown.path);
    }
    shown
        .into_iter()
        .flat_map(|shown| shown.found.findings)
        .collect()
}

fn packages(findings: &[Finding]) -> impl Iterator<Item = &Package> {
    findings.iter().filter_map(|finding| match finding {
        Finding::Package(package) => Some(&**package),
        _ => None,
    })
}

#[test]
fn dpkg_says_the_same_packages_and_sources() {
    if !need_programs(&[("dpkg-query", "dpkg")]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    copy(&["/var/lib/dpkg/status"], root.path());
    let admin = root.path().join("var/lib/dpkg");
    let fields = [
        "Package",
        "Version",
        "Architecture",
        "source:Package",
        "source:Version",
    ];
    let format = fields.map(|field| format!("${{{field}}}")).join("\t");
    let said = Program::new("dpkg-query")
        .arg(format!("--admindir={}", admin.display()))
        .args(["-W", "-f"])
        .arg(format!("${{db:Status-Status}}\t{format}\n"))
        .ok();
    let theirs: BTreeSet<&str> = said
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("installed\t"))
        .collect();
    let findings = findings(root.path(), "dpkg-db-cataloger");
    let ours: BTreeSet<String> = packages(&findings)
        .map(|package| {
            let (name, version) = match &package.source {
                Some(source) => (&source.name, &source.version),
                None => (&package.name, &package.version),
            };
            let architecture = package.architecture.as_deref().unwrap_or_default();
            [&package.name, &package.version, architecture, name, version].join("\t")
        })
        .collect();
    assert!(ours.len() > 50);
    assert_eq!(
        ours.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        theirs
    );
}

#[test]
fn dpkg_lists_the_same_files() {
    if !need_programs(&[("dpkg-query", "dpkg")]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    copy(&["/var/lib/dpkg/info"], root.path());
    let mut packages = 0;
    for finding in findings(root.path(), "dpkg-db-cataloger").iter().take(40) {
        let Finding::Files { of, paths } = finding else {
            continue;
        };
        let name = match &of.architecture {
            Some(architecture) => format!("{}:{architecture}", of.name),
            None => of.name.clone(),
        };
        let said = Program::new("dpkg-query").args(["-L", &name]).ok();
        // It tells of diversions in further lines, and of folders, which can't be told from files here.
        let theirs: BTreeSet<&str> = said
            .text()
            .lines()
            .filter_map(|l| l.strip_prefix('/'))
            .collect();
        let ours: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
        let parents: BTreeSet<&str> = theirs
            .iter()
            .filter_map(|path| path.rsplit_once('/').map(|(parent, _)| parent))
            .collect();
        for path in &theirs {
            let is_folder = parents.contains(path) || *path == ".";
            assert!(ours.contains(path) || is_folder, "{name}: {path}");
        }
        assert!(ours.is_subset(&theirs), "{name}");
        packages += 1;
    }
    assert!(packages > 20, "{packages}");
}

/// Of each distribution: its name, and the files that are its own.
const DISTRIBUTIONS: &str = "
import importlib.metadata, json, os, sys
site = sys.argv[1]
for d in importlib.metadata.distributions(path=[site]):
    files = d.files
    paths = None
    if files is not None and (d._path / 'RECORD').exists():
        paths = sorted({os.path.normpath(os.path.join(site, str(f))).lstrip('/') for f in files})
    print(json.dumps([d.metadata['Name'], d.version, paths]))
";

#[test]
fn python_says_the_same_distributions_and_files() {
    if !need_programs(&[("python3", "python3")]) {
        return;
    }
    let site = "/usr/lib/python3/dist-packages";
    let own = Program::new("python3")
        .args([
            "-c",
            "import pip, os; print(os.path.dirname(os.path.dirname(pip.__file__)))",
        ])
        .run();
    let sites = [site, own.text().trim()];
    let mut checked = 0;
    for site in sites.iter().filter(|site| Path::new(site).is_dir()) {
        let root = tempfile::tempdir().unwrap();
        copy_metadata(site, root.path());
        let said = Program::new("python3")
            .args(["-c", DISTRIBUTIONS, site])
            .ok();
        let findings = findings(root.path(), "python-installed-package-cataloger");
        let ours: BTreeSet<_> = packages(&findings)
            .map(|package| (package.name.clone(), package.version.clone()))
            .collect();
        let mut files = BTreeMap::new();
        for finding in &findings {
            if let Finding::Files { of, paths } = finding {
                let paths: BTreeSet<_> = paths.iter().map(String::as_str).collect();
                files.insert(of.name.as_str(), paths);
            }
        }
        let mut theirs = BTreeSet::new();
        for line in said.text().lines() {
            let (name, version, paths): (String, String, Option<BTreeSet<String>>) =
                serde_json::from_str(line).unwrap();
            let name = name.to_lowercase().replace(['_', '.'], "-");
            if let Some(paths) = paths {
                let paths: BTreeSet<_> = paths.iter().map(String::as_str).collect();
                assert_eq!(files.get(name.as_str()), Some(&paths), "{name}");
            }
            theirs.insert((name, version));
        }
        assert_eq!(ours, theirs, "{site}");
        checked += ours.len();
    }
    assert!(checked > 0, "no distributions in {sites:?}");
}

/// What is known of each distribution, without its modules.
fn copy_metadata(site: &str, root: &Path) {
    for entry in fs::read_dir(site).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if name.ends_with(".dist-info") || name.ends_with(".egg-info") {
            copy(&[&name], root);
        }
    }
}

/// Whether an installer brought what it was asked for; says so where its registry can't be reached.
fn installed(registry: &str, done: &Finished) -> bool {
    if !done.status.success() {
        impossible(registry, done.stderr.trim());
    }
    done.status.success()
}

#[test]
fn pip_lists_what_it_installed() {
    if !need_programs(&[("python3", "python3"), ("pip3", "python3-pip")]) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let site = root.path().join("site-packages");
    let pip = |arguments: &[&str]| {
        let pip = Program::new("pip3").arg("--disable-pip-version-check");
        pip.args(arguments).arg(&site).run()
    };
    let wanted = ["six==1.10.0", "idna==2.6", "Jinja2==2.9.6"];
    let install = [&["install", "--quiet"], &wanted[..], &["--target"]].concat();
    if !installed("packages of PyPI", &pip(&install)) {
        return;
    }
    let list = pip(&["list", "--format", "json", "--path"]);
    let list: Vec<BTreeMap<String, String>> = serde_json::from_str(list.text()).unwrap();
    let theirs: BTreeSet<_> = list
        .iter()
        .map(|one| (one["name"].to_lowercase(), one["version"].clone()))
        .collect();
    // One of them needs another one.
    assert!(theirs.len() > wanted.len(), "{theirs:?}");
    assert_eq!(
        named(root.path(), "python-installed-package-cataloger"),
        theirs
    );
}

#[test]
fn npm_lists_what_it_installed() {
    // Debian's npm conflicts with the nodejs of other archives, so nobody is made to have it.
    if std::process::Command::new("npm")
        .arg("--version")
        .output()
        .is_err()
    {
        impossible("npm", "it is a peer where it is installed");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let npm = |arguments: &[&str]| {
        let npm = Program::new("npm").args(arguments);
        npm.arg("--prefix").arg(root.path()).run()
    };
    let wanted = ["is-odd@3.0.1", "minimist@0.0.8", "@types/ms@0.7.31"];
    let install = [
        &["install", "--ignore-scripts", "--no-audit", "--no-fund"],
        &wanted[..],
    ];
    if !installed("packages of npm", &npm(&install.concat())) {
        return;
    }
    let list: Value = serde_json::from_str(npm(&["ls", "--all", "--json"]).text()).unwrap();
    let mut theirs = BTreeSet::new();
    let mut left = vec![&list];
    while let Some(one) = left.pop() {
        let needed = one["dependencies"].as_object().into_iter().flatten();
        for (name, one) in needed {
            let version = one["version"].as_str().unwrap();
            theirs.insert((name.clone(), version.to_owned()));
            left.push(one);
        }
    }
    // One of them needs another one.
    assert!(theirs.len() > wanted.len(), "{theirs:?}");
    assert_eq!(named(root.path(), "javascript-package-cataloger"), theirs);
}

/// The names and versions of packages below a root.
fn named(root: &Path, cataloger: &str) -> BTreeSet<(String, String)> {
    let findings = findings(root, cataloger);
    packages(&findings)
        .map(|package| (package.name.clone(), package.version.clone()))
        .collect()
}

#[test]
fn apk_has_the_packages_that_real_images_have() {
    let Some(fixtures) = orlop_testing::fixtures() else {
        return;
    };
    let expected = fs::read(fixtures.join("expected/alpine-3.9.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let layout = fixtures.join("images/alpine-3.9/blobs/sha256");
    for image in expected["images"].as_array().unwrap() {
        let digest = image["manifest"].as_str().unwrap();
        let manifest = fs::read(layout.join(digest.strip_prefix("sha256:").unwrap())).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap();
        let layer = fs::File::open(layout.join(layer.strip_prefix("sha256:").unwrap())).unwrap();
        let root = tempfile::tempdir().unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(layer));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.path().unwrap().ends_with("lib/apk/db/installed") {
                entry.unpack_in(root.path()).unwrap();
            }
        }
        let findings = findings(root.path(), "apk-db-cataloger");
        assert_eq!(packages(&findings).count(), image["packages_installed"]);
        for finding in image["findings"].as_array().unwrap() {
            let is_there = packages(&findings).any(|package| {
                let source = package.source.as_ref();
                let source = source.map_or(&package.name, |source| &source.name);
                package.name == finding["package"]
                    && package.version == finding["version"]
                    && *source == finding["source"]
            });
            assert!(is_there, "{finding}");
        }
    }
}
