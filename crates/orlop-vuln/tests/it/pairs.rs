//! The verdicts of the ecosystems' own tools, as they were noted.

use std::cmp::Ordering;
use std::path::Path;

use orlop_vuln::Order;

/// What a file must hold for its test to mean something.
const LEAST: usize = 300;

#[test]
fn every_order_agrees_with_its_tool() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pairs");
    for order in Order::ALL {
        let file = folder.join(format!("{order:?}.txt").to_lowercase());
        let text = std::fs::read_to_string(file).unwrap();
        let mut counts = [0; 2];
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let [left, verdict, right] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            check(order, left, verdict, right);
            counts[usize::from(verdict == "!")] += 1;
        }
        assert!(counts[0] >= LEAST, "{order}: {counts:?}");
        assert!(
            counts[1] > 20 || matches!(order, Order::Apk | Order::Maven),
            "{order}: {counts:?}"
        );
    }
}

/// Compares one way and the other.
pub(crate) fn check(order: Order, left: &str, verdict: &str, right: &str) {
    let expected = match verdict {
        "<" => Some(Ordering::Less),
        "=" => Some(Ordering::Equal),
        ">" => Some(Ordering::Greater),
        "!" => None,
        _ => panic!("{order}: the tool says {verdict:?} of {left} and {right}"),
    };
    let ours = order.compare(left, right).ok();
    assert_eq!(ours, expected, "{order}: {left} {verdict} {right}");
    let turned = order.compare(right, left).ok();
    assert_eq!(
        turned,
        expected.map(Ordering::reverse),
        "{order}: {right}, {left}"
    );
}

#[test]
fn what_documents_say() {
    // deb-version(7), rpm-version(7), PEP 440, semver.org section 11, Maven's POM reference, the
    // documentation of RubyGems, NuGet and conda, go.dev/ref/mod and go.dev/doc/toolchain.
    for (order, versions) in [
        (
            Order::Apk,
            "1.0_alpha 1.0_beta 1.0_pre 1.0_rc 1.0 1.0_cvs 1.0_svn 1.0_git 1.0_hg 1.0_p1",
        ),
        (
            Order::Apk,
            "1.2_rc1-r3 1.2-r0 1.2-r1 1.2_p1-r0 1.2a-r0 1.2.0-r0 1.2.1-r0 1.10-r0",
        ),
        (Order::Dpkg, "~~ ~~a ~ 0 a +"),
        (
            Order::Dpkg,
            "1.0~beta1~svn1245-1 1.0~beta1-1 1.0-1 1.0-1+deb12u1 1.0-2 1:0.5-1",
        ),
        (Order::Rpm, "1.0~rc1-1 1.0-1 1.0^git1-1 1.0.1-1 1:0.1-1"),
        (
            Order::Semver,
            "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0",
        ),
        (
            Order::Npm,
            "1.0.0-alpha 1.0.0-alpha.1 1.0.0-beta.2 1.0.0-rc.1 v1.0.0 1.0.1",
        ),
        (
            Order::Pep440,
            "1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1",
        ),
        (
            Order::Maven,
            "1-alpha2 1-alpha-123 1-beta-2 1-beta123 1-m2 1-m11 1-rc 1-cr2 1-rc123 1-SNAPSHOT 1 1-sp 1-sp2 1-sp123 1-abc 1-def 1-pom-1 1-1-snapshot 1-1 1-2 1-123",
        ),
        (
            Order::Go,
            "go1.20rc1 go1.20 go1.20.1 go1.21 go1.21rc1 go1.21rc2 go1.21.0 go1.21.1",
        ),
        (
            Order::Go,
            "1.21.0-0 go1.21rc1 1.21.0-rc.2 go1.21.0 1.21.1 go1.21.2-bigcorp",
        ),
        (
            Order::Go,
            "v1.2.2 v1.2.3-0.20191109021931-daa7c04131f5 v1.2.3-pre v1.2.3 v1.2.4+incompatible",
        ),
        (Order::Gem, "1.0.a.2 1.0.b1 1.0 1.0.1 1.1.rc1 1.1 1.10"),
        (
            Order::Composer,
            "1.0-dev 1.0-alpha 1.0-beta2 1.0-RC1 1.0 1.0-p1 1.0.1 1.x-dev 2.0",
        ),
        (
            Order::Nuget,
            "1.0.1-alpha 1.0.1-alpha.2 1.0.1-alpha.10 1.0.1-beta 1.0.1-open 1.0.1-rc 1.0.1-zzz 1.0.1 1.0.1.2",
        ),
        (
            Order::Conda,
            "0.4 0.4.1.rc 0.4.1 0.5a1 0.5b3 0.5 0.9.6 0.960923 1.0 1.1dev1 1.1a1 1.1.0dev1 1.1.a1 1.1.0rc1 1.1 1.1.0post1 1996.07.12 1!0.4.1 1!3.1.1.6 2!0.4.1",
        ),
        (
            Order::Conda,
            "1.0.1dev 1.0.1_ 1.0.1a 1.0.1b 1.0.1 1.0.1post.a",
        ),
    ] {
        let versions: Vec<&str> = versions.split(' ').collect();
        for pair in versions.windows(2) {
            check(order, pair[0], "<", pair[1]);
        }
        check(order, versions[0], "<", versions[versions.len() - 1]);
    }
    for (order, versions) in [
        (Order::Apk, "1.0-r0 1.0-r00"),
        (Order::Dpkg, "1.0-1 0:1.0-1 1.00-01 01.0-1"),
        (Order::Rpm, "1.0-1 0:1.0-1 1_0-1 1.00-1"),
        (Order::Semver, "1.0.0 1.0.0+build 1.0 1"),
        (
            Order::Npm,
            "1.2.3-beta v1.2.3-beta =1.2.3beta 1.2.3-beta+5 01.02.03-beta",
        ),
        (Order::Pep440, "1.0 1 v1.0.0 1.0.0.0 0!1"),
        (
            Order::Maven,
            "1 1.0 1.0.0 1-ga 1-final 1.0.release 1-0 1.0-0",
        ),
        (Order::Go, "v1.2.3 1.2.3 go1.2.3 v1.2.3+incompatible"),
        (Order::Gem, "1 1.0 1.0.0 1.0.0.0"),
        (Order::Composer, "1.0 v1.0.0 1.0.0.0 1.0-stable 1.0+build"),
        (Order::Nuget, "1 1.0 1.00.0.0 1.0.0+x"),
        (Order::Conda, "1.1 1.1.0 0!1.1"),
    ] {
        let versions: Vec<&str> = versions.split(' ').collect();
        for version in &versions {
            check(order, versions[0], "=", version);
        }
    }
}

#[test]
fn a_malformed_version_is_named() {
    // These Alpine's database has. apk compares whatever it is given.
    for version in ["4.10-1-r1", "2.7.16-33", "1.0-rc1"] {
        assert!(!Order::Apk.is_valid(version), "{version}");
        check(Order::Apk, "1.0-r0", "<", version);
    }
    assert!(!Order::Apk.is_valid("1.0_foo"));
    check(Order::Apk, "1.0_foo", "<", "1.0");
    check(Order::Apk, "2.7.16-r4", "<", "2.7.16-33");
    check(Order::Apk, "2.7.17-r0", ">", "2.7.16-33");
    for (order, version) in [
        (Order::Apk, ""),
        (Order::Dpkg, "1 0"),
        (Order::Rpm, ""),
        (Order::Semver, "1.0.0.0"),
        (Order::Npm, "latest"),
        (Order::Pep440, "2004d.beta"),
        (Order::Maven, ""),
        (Order::Go, "devel +abc"),
        (Order::Gem, "1..0"),
        (Order::Composer, "dev-main"),
        (Order::Nuget, "1.0.0.0.0"),
        (Order::Conda, "1.0-a_b"),
    ] {
        assert!(!order.is_valid(version), "{order} {version}");
        let error = order.compare("1.0", version).unwrap_err();
        let said = format!("{version:?} is no version to {order}");
        assert_eq!(error.to_string(), said);
    }
    let long = "1".repeat(2000);
    for order in Order::ALL {
        let said = order.compare(&long, "1").unwrap_err().to_string();
        assert!(said.len() < 150, "{said}");
    }
}
