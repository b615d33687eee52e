//! The ecosystems' own tools, asked now: other pairs than the noted ones.

use orlop_testing::{Program, fixtures, is_root, need_programs};
use orlop_vuln::Order;

use crate::{near, pairs};

/// How many pairs a tool is asked about that answers thousands in a second.
const MANY: usize = 5000;
/// Another than `examples/pairs.rs` begins with.
const SEED: u64 = 42;
/// And one that is started anew for each.
const FEW: usize = 200;

/// Writes pairs to a tool's input, a line each with tabs, and compares its verdicts.
fn agree(order: Order, count: usize, tool: Program) {
    let made = near::pairs(order, SEED, count, &[]);
    let lines: String = made
        .iter()
        .map(|(left, right)| format!("{left}\t{right}\n"))
        .collect();
    let said = tool.input(lines).ok();
    let verdicts = said.lines();
    assert_eq!(verdicts.len(), made.len(), "{order}");
    let valid = verdicts.iter().filter(|verdict| **verdict != "!").count();
    assert!(
        valid > count / 5,
        "{order}: {valid} of {count} are versions"
    );
    for ((left, right), verdict) in made.iter().zip(verdicts) {
        pairs::check(order, left, verdict, right);
    }
}

#[test]
fn dpkg() {
    if !need_programs(&[("dpkg", "dpkg")]) {
        return;
    }
    const ASK: &str = r#"
while IFS='	' read -r left right; do
    verdict='!'
    for relation in lt eq gt; do
        dpkg --compare-versions "$left" "$relation" "$right" 2>/dev/null && verdict=$relation
    done
    echo "$verdict"
done | sed 's/lt/</;s/eq/=/;s/gt/>/'"#;
    agree(Order::Dpkg, FEW, Program::new("sh").args(["-c", ASK]));
}

#[test]
fn rpm() {
    // The module is one of Debian's Python, which another Python on the path doesn't see.
    let python = "/usr/bin/python3";
    let script = r#"
import re, rpm, sys
def divided(version):
    if not version or re.search(r"\s", version): raise ValueError
    epoch, rest = re.match(r"(?:(\d*):)?(.*)$", version).groups()
    version, hyphen, release = rest.rpartition("-")
    if not hyphen: version, release = release, None
    if not version: raise ValueError
    return ((epoch or "0").lstrip("0") or "0", version, release)
for line in sys.stdin:
    try: print("<=>"[rpm.labelCompare(*map(divided, line[:-1].split("\t"))) + 1])
    except ValueError: print("!")
"#;
    if python_has(python, "rpm", "python3-rpm") {
        agree(Order::Rpm, MANY, Program::new(python).args(["-c", script]));
    }
}

#[test]
fn packaging() {
    let python = "/usr/bin/python3";
    let script = r#"
import sys
from packaging.version import InvalidVersion, Version
for line in sys.stdin:
    try:
        left, right = map(Version, line[:-1].split("\t"))
        print("<" if left < right else ">" if left > right else "=")
    except InvalidVersion: print("!")
"#;
    if python_has(python, "packaging", "python3-packaging") {
        agree(
            Order::Pep440,
            MANY,
            Program::new(python).args(["-c", script]),
        );
    }
}

pub(crate) fn python_has(python: &str, module: &str, package: &str) -> bool {
    if !need_programs(&[("python3", "python3")]) {
        return false;
    }
    let import = format!("import {module}");
    let found = Program::new(python)
        .args(["-c", &import])
        .run()
        .status
        .success();
    if !found {
        orlop_testing::missing(
            &format!("Python's {module}"),
            &format!("apt-get install {package}"),
        );
    }
    found
}

#[test]
fn node_semver() {
    let script = r#"
const semver = require("semver");
// OSV's short forms.
const whole = (v) => /^[v=\s]*\d+$/.test(v) ? v + ".0.0" : /^[v=\s]*\d+\.\d+$/.test(v) ? v + ".0" : v;
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
    const [left, right] = line.split("\t").map(whole);
    try { console.log("<=>"[semver.compare(left, right, true) + 1]); } catch { console.log("!"); }
}
"#;
    if !node_has_semver() {
        return;
    }
    agree(
        Order::Npm,
        MANY,
        Program::new("node")
            .env("NODE_PATH", "/usr/share/nodejs")
            .args(["-e", script]),
    );
}

pub(crate) fn node_has_semver() -> bool {
    if !need_programs(&[("node", "nodejs")]) {
        return false;
    }
    let is_there = std::path::Path::new("/usr/share/nodejs/semver").exists();
    if !is_there {
        orlop_testing::missing("node-semver", "apt-get install node-semver");
    }
    is_there
}

#[test]
fn rubygems() {
    let script = r#"
STDIN.each_line(chomp: true) do |line|
  left, right = line.split("\t", -1).map { |version| Gem::Version.new(version) }
  puts "<=>"[(left <=> right) + 1]
rescue ArgumentError
  puts "!"
end
"#;
    if need_programs(&[("ruby", "ruby")]) {
        agree(Order::Gem, MANY, Program::new("ruby").args(["-e", script]));
    }
}

#[test]
fn composer() {
    let script = r#"
require "Composer/Semver/autoload.php";
$parser = new Composer\Semver\VersionParser;
while (($line = fgets(STDIN)) !== false) {
    try {
        [$left, $right] = array_map([$parser, "normalize"], explode("\t", rtrim($line, "\n")));
        $branch = str_starts_with($left, "dev-") || str_starts_with($right, "dev-");
        echo $branch ? "!" : "<=>"[version_compare($left, $right) + 1], "\n";
    } catch (UnexpectedValueException) { echo "!\n"; }
}
"#;
    if !need_programs(&[("php", "php-cli")]) {
        return;
    }
    if !std::path::Path::new("/usr/share/php/Composer/Semver").exists() {
        orlop_testing::missing("composer/semver", "apt-get install php-composer-semver");
        return;
    }
    agree(
        Order::Composer,
        MANY,
        Program::new("php").args(["-r", script]),
    );
}

/// Alpine's own program, in the file tree of a real image.
#[test]
fn root_apk() {
    const ASK: &str = r#"
while IFS='	' read -r left right; do
    apk version -t -- "$left" "$right"
done"#;
    let Some(tree) = alpine() else {
        return;
    };
    let chroot = Program::new("chroot").arg(tree.path());
    agree(Order::Apk, FEW, chroot.args(["/bin/sh", "-c", ASK]));
}

/// The file tree of an image with `apk` in it, where it can run.
pub(crate) fn alpine() -> Option<tempfile::TempDir> {
    let (true, Some(fixtures)) = (is_root(), fixtures()) else {
        return None;
    };
    if !need_programs(&[("tar", "tar"), ("chroot", "coreutils")])
        || std::env::consts::ARCH != "x86_64"
    {
        return None;
    }
    let tree = tempfile::tempdir().unwrap();
    let blobs = fixtures.join("images/alpine-3.20/blobs/sha256");
    let mut unpacked = false;
    for blob in std::fs::read_dir(blobs).unwrap() {
        let blob = blob.unwrap().path();
        // The layers; one of them is of this machine's architecture.
        if std::fs::metadata(&blob).unwrap().len() < 1_000_000 {
            continue;
        }
        let tar = |arguments: &[&str]| Program::new("tar").args(arguments).arg(&blob);
        let architecture = tar(&["-xOz", "./etc/apk/arch", "-f"]).run();
        if architecture.text() == "x86_64" {
            let tree = tree.path().to_str().unwrap();
            tar(&["-C", tree, "-xzf"]).ok();
            unpacked = true;
        }
    }
    assert!(unpacked);
    Some(tree)
}
