//! Programs told by their names and the versions in them.

use std::fs;
use std::process::Command;

use orlop_sbom::{FileInfo, PackageKind, catalogers};
use orlop_testing::need_programs;

use crate::catalog::ask;

const BINARIES: &str = "binary-classifier-cataloger";

/// What stands in real builds, cut to what is around the version.
const BUILDS: &[(&str, &[u8], &str, &str)] = &[
    (
        "usr/bin/python3.11",
        b"\x003.1.1\x003.11.2\x00",
        "python",
        "3.11.2",
    ),
    (
        "usr/lib/libpython3.7m.so.1.0",
        b"\x003.7.4\x00",
        "python",
        "3.7.4",
    ),
    (
        "usr/local/bin/node",
        b"node.js/v22.9.0\x00",
        "node",
        "22.9.0",
    ),
    ("usr/local/bin/node", b"\x00v4.9.1\x00", "node", "4.9.1"),
    (
        "usr/sbin/nginx",
        b"\x00nginx version: nginx/1.25.1\x00",
        "nginx",
        "1.25.1",
    ),
    (
        "usr/sbin/nginx",
        b"\x00nginx version: openresty/1.21.4.3\x00",
        "nginx",
        "1.21.4",
    ),
    (
        "usr/local/bin/redis-server",
        b"\x007.2.3buildkitsandbox-1698900000000000000\x00",
        "redis",
        "7.2.3",
    ),
    (
        "usr/local/bin/redis-server",
        b"\x004.0.11841ce7054bd9-1542359302000000000\x00",
        "redis",
        "4.0.11",
    ),
    (
        "usr/bin/redis-check-rdb",
        b"A7.0.151790282056000000000\x00",
        "redis",
        "7.0.15",
    ),
    (
        "usr/bin/valkey-server",
        b"y9.0.0buildkitsandbox-1764887574000000000",
        "valkey",
        "9.0.0",
    ),
    (
        "bin/busybox",
        b"BusyBox v1.36.1 (2023-07-27)",
        "busybox",
        "1.36.1",
    ),
    (
        "usr/bin/openssl",
        b"\x00OpenSSL 1.1.1w  11 Sep 2023\x00",
        "openssl",
        "1.1.1w",
    ),
    (
        "usr/bin/openssl",
        b"\x00OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\x00",
        "aws-lc",
        "1.69.0",
    ),
    (
        "cryptography.libs/libcrypto-8e1b1f5c.so.3",
        b"\x00OpenSSL 3.1.4 24 Oct 2023\x00",
        "openssl",
        "3.1.4",
    ),
    (
        "lib/ld-musl-x86_64.so.1",
        b"musl libc (x86_64)\n\x001.2.5\x00",
        "musl",
        "1.2.5",
    ),
    (
        "usr/sbin/mysqld",
        b"/build/mysql-8.0.37/mysys/my.cc",
        "mysql-server",
        "8.0.37",
    ),
    (
        "usr/bin/mysql",
        b"\x008.0.37\x00\x00\x00mysql_real_esc",
        "mysql",
        "8.0.37",
    ),
    (
        "usr/bin/mysql",
        b" 10.6.15-MariaDB\x00",
        "mariadb",
        "10.6.15",
    ),
    (
        "usr/lib/postgresql/15/bin/postgres",
        b"\x00PostgreSQL 15beta4 on x86_64",
        "postgresql",
        "15beta4",
    ),
    (
        "opt/java/bin/java",
        b"\x00openjdk\x00java\x000.0\x0011.0.22+7\x00-J-ms8m\x00",
        "openjdk",
        "11.0.22+7",
    ),
    (
        "opt/java/bin/java",
        b"\x000.0\x00\x0011.0.22+7\x00\x00openjdk\x00java\x00",
        "openjdk",
        "11.0.22+7",
    ),
    (
        "opt/java/bin/java",
        b"java\x001.8\x001.8.0_451-b10\x00",
        "jre",
        "1.8.0_451-b10",
    ),
    (
        "usr/bin/mongod",
        b"\x007.0.28\x00heap_size",
        "mongodb",
        "7.0.28",
    ),
    (
        "usr/local/bin/envoy",
        b"\x001.36.4\x00envoy_reloadable_features",
        "envoy",
        "1.36.4",
    ),
    (
        "usr/local/bin/helm",
        b"\x00v3.11.1\x00\x00\x00",
        "helm",
        "3.11.1",
    ),
];

fn program(bytes: &[u8]) -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\x00".as_slice(), bytes, b"\x00"].concat()
}

#[test]
fn versions_are_found_in_what_builds_say() {
    for (path, bytes, name, version) in BUILDS {
        let said = ask(BINARIES, path, &&program(bytes)[..]);
        assert_eq!(
            said.list(),
            [(*name, *version)],
            "{path} {}",
            String::from_utf8_lossy(bytes)
        );
        assert_eq!(said.faults, Vec::<String>::new());
        assert_eq!(said.packages[0].kind, PackageKind::Binary);
    }
}

#[test]
fn a_version_across_two_pieces_of_a_large_file_is_whole() {
    // Two pieces end near 1 MiB and 4 KiB: move the version over both ends.
    for shift in 0..40 {
        for end in [1 << 20, (1 << 20) + (4 << 10)] {
            let mut bytes = program(&vec![b'.'; end - 30 + shift]);
            bytes.extend_from_slice(b"BusyBox v1.36.1234 (2023)");
            bytes.extend_from_slice(&[0; 1 << 20]);
            let said = ask(BINARIES, "bin/busybox", &&bytes[..]);
            assert_eq!(said.list(), [("busybox", "1.36.1234")], "{shift} {end}");
        }
    }
}

#[test]
fn names_alone_tell_nothing() {
    let cases: [(&str, Vec<u8>); 6] = [
        (
            "usr/bin/node",
            program(b"some other thing that is called node v1"),
        ),
        // Busybox as gzip.
        ("bin/gzip", program(b"BusyBox v1.36.1\x00 %s\x001.12\x00")),
        // Python 2.6 isn't of 2.7.
        ("usr/lib/libpython2.7.so.1", program(b"\x002.6.9\x00")),
        // A script of that name, and code with that of a script.
        (
            "etc/bash_completion.d/curl",
            b"# for curl/8.1.0 and later".to_vec(),
        ),
        ("usr/bin/composer", program(b"'pretty_version' => '2.1.0'")),
        ("usr/bin/openssl", Vec::new()),
    ];
    for (path, bytes) in cases {
        let said = ask(BINARIES, path, &&bytes[..]);
        assert_eq!((said.list(), said.faults.len()), (vec![], 0), "{path}");
    }
}

#[test]
fn only_files_with_known_names_are_read() {
    let binaries = catalogers()
        .iter()
        .find(|one| one.name() == BINARIES)
        .unwrap();
    let wants = |path| {
        let size = 1;
        binaries.wants(&FileInfo {
            path,
            size,
            is_executable: false,
        })
    };
    for path in [
        "node",
        "usr/bin/python3.11",
        "lib/libcrypto.so.1.1",
        "x/elixir/ebin/elixir.app",
    ] {
        assert!(wants(path), "{path}");
    }
    for path in [
        "usr/bin/nodes",
        "lib/libcrypto.a",
        "usr/libpython",
        "x/ebin/elixir.app",
        "nelixir/ebin/elixir.app",
    ] {
        assert!(!wants(path), "{path}");
    }
}

#[test]
fn programs_of_this_machine_have_the_version_that_they_tell() {
    let programs = [
        ("bash", "bash"),
        ("perl", "perl-base"),
        ("openssl", "openssl"),
        ("xz", "xz-utils"),
        ("gzip", "gzip"),
        ("zstd", "zstd"),
    ];
    if !need_programs(&programs) {
        return;
    }
    for (name, _) in programs {
        let flag = if name == "openssl" {
            "version"
        } else {
            "--version"
        };
        let output = Command::new(name).arg(flag).output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let path = Command::new("which").arg(name).output().unwrap().stdout;
        let bytes = fs::read(String::from_utf8(path).unwrap().trim()).unwrap();
        if !bytes.starts_with(b"\x7fELF") {
            continue;
        }
        let said = ask(BINARIES, &format!("bin/{name}"), &&bytes[..]);
        let [(_, version)] = said.list()[..] else {
            panic!("{name}: {said:?}");
        };
        assert!(output.contains(version), "{name} {version}: {output}");
    }
}
