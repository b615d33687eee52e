use super::*;

/// Of Debian 12, with fewer fields.
const STATUS: &str = "\
Package: libc6
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 12983
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u4
Description: GNU C Library: Shared libraries
 Contains the standard libraries that are used by nearly all programs on
 the system.
 .
 Version: 1

Package: libgcc-s1
Status: install ok unpacked
Architecture: amd64
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+deb12u1

Package: vim
Status: deinstall ok config-files
Architecture: amd64
Version: 2:9.0.1378-2
Conffiles:
 /etc/vim/vimrc 5bb8bbbf

Package: adduser
Status: install ok triggers-pending
Architecture: all
Version: 3.134

Package: nothing
Status: unknown ok not-installed
";

fn read(path: &str, text: &str) -> Vec<Finding> {
    let file = FileInfo {
        path,
        size: 0,
        is_executable: false,
    };
    assert!(Dpkg.wants(&file), "{path}");
    let mut found = Found::default();
    Dpkg.catalog(&file, &text.as_bytes(), &mut found).unwrap();
    assert_eq!(found.faults, []);
    found.findings
}

fn packages(path: &str, text: &str) -> Vec<Package> {
    let findings = read(path, text).into_iter();
    let packages = findings.map(|finding| match finding {
        Finding::Package(package) => *package,
        other => panic!("{other:?}"),
    });
    packages.collect()
}

#[test]
fn packages_whose_files_are_there() {
    let packages = packages("var/lib/dpkg/status", STATUS);
    let [libc, libgcc, adduser] = &packages[..] else {
        panic!("{packages:?}");
    };
    assert_eq!((&*libc.name, &*libc.version), ("libc6", "2.36-9+deb12u4"));
    assert_eq!(libc.architecture.as_deref(), Some("amd64"));
    let keeper = "GNU Libc Maintainers <debian-glibc@lists.debian.org>";
    assert_eq!(libc.maintainer.as_deref(), Some(keeper));
    let source = |name: &str, version: &str| {
        Some(SourcePackage {
            name: name.to_owned(),
            version: version.to_owned(),
        })
    };
    assert_eq!(libc.source, source("glibc", "2.36-9+deb12u4"));
    assert_eq!(libgcc.source, source("gcc-12", "12.2.0-14"));
    assert_eq!((&*adduser.name, &adduser.source), ("adduser", &None));
}

#[test]
fn parts_of_distroless_images() {
    let text = "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\nDescription: x\n";
    let packages = packages("var/lib/dpkg/status.d/tzdata", text);
    assert_eq!(packages[0].name, "tzdata");
    let sums = "c1e1aa2b2cc3  etc/x\nd41d8cd98f00  usr/share/a b\n";
    let findings = read("var/lib/dpkg/status.d/tzdata.md5sums", sums);
    let of = package_ref("tzdata");
    let paths = vec!["etc/x".to_owned(), "usr/share/a b".to_owned()];
    assert_eq!(findings, [Finding::Files { of, paths }]);
}

#[test]
fn a_list_gives_files_without_their_folders() {
    let text = "/.\n/lib\n/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu/libc.so.6\n/lib/x86_64-linux-gnu/libc.so.6.old\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/libc6\n/usr/share/doc/libc6/copyright\n";
    let findings = read("var/lib/dpkg/info/libc6:amd64.list", text);
    let [Finding::Files { of, paths }] = &findings[..] else {
        panic!("{findings:?}");
    };
    assert_eq!(of.name, "libc6");
    assert_eq!(of.architecture.as_deref(), Some("amd64"));
    assert_eq!(
        paths,
        &[
            "lib/x86_64-linux-gnu/libc.so.6",
            "lib/x86_64-linux-gnu/libc.so.6.old",
            "usr/share/doc/libc6/copyright"
        ]
    );
}

#[test]
fn licences_of_fields_else_of_prose() {
    for (text, expected) in [
        (
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+\n This\n see /usr/share/common-licenses/GPL-2\n\nFiles: b\nLicense: BSD-3-clause\n\nLicense: GPL-2+\n text\n",
            &["GPL-2+", "BSD-3-clause"][..],
        ),
        (
            "On Debian systems, see `/usr/share/common-licenses/LGPL-2.1'. Also\n/usr/share/common-licenses/GPL-2.\n",
            &["LGPL-2.1", "GPL-2"],
        ),
    ] {
        let findings = read("usr/share/doc/x/copyright", text);
        let [Finding::Licences { licences, .. }] = &findings[..] else {
            panic!("{findings:?}");
        };
        assert_eq!(licences, expected);
    }
    assert_eq!(read("usr/share/doc/x/copyright", "Public domain.\n"), []);
}

#[test]
fn what_opkg_has_is_the_same() {
    let text = "Package: busybox\nVersion: 1.36.1-1\nStatus: install user installed\nArchitecture: x86_64\n";
    assert_eq!(packages("usr/lib/opkg/status", text)[0].name, "busybox");
}

#[test]
fn other_files_are_left_alone() {
    for path in [
        "var/lib/dpkg/status-old",
        "var/lib/dpkg/info/libc6:amd64.md5sums",
        "var/lib/dpkg/status.d/base.postinst",
        "usr/share/doc/a/b/copyright",
        "opt/var/lib/dpkg/status",
    ] {
        let file = FileInfo {
            path,
            size: 0,
            is_executable: false,
        };
        assert!(!Dpkg.wants(&file), "{path}");
    }
}
