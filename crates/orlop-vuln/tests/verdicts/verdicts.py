#!/usr/bin/python3
"""Says which advisories of an OSV archive affect which versions, without any of Orlop's code.

    verdicts.py ARCHIVE... [--ecosystem NAME] [--share N] > verdicts
    verdicts.py ARCHIVE... --installed FILE > verdicts
    verdicts.py ARCHIVE... [--ecosystem NAME] --sample BYTES > records

ARCHIVE is an `all.zip` of OSV, or a file with one record in a line. For each package of it, versions are
made at, just below and just above each version that an advisory names, and for each a line is printed:

    ECOSYSTEM <tab> PACKAGE <tab> VERSION <tab> FAULT=FIX FAULT FAULT!unmaintained ?FAULT ...

A fault is a CVE, or where there is none the id of an advisory; `-` is for no fault. Without `=FIX` there is
no fix, and with `?` it can't be told.

How it differs from what it is compared with: versions are compared by the ecosystem's own tool alone
(`packaging`, node-semver, dpkg's own Perl module, `apk`), all versions of a package are put in order
once, and everything after that is arithmetic on their places. A range is a set of intervals of places,
and a fix is where the union of all intervals around a version ends.

--installed asks about the packages of a file instead, a line with ecosystem, package and version for each.
--ecosystem keeps what is of one ecosystem or release, --share every Nth package.

--sample prints records instead, one in a line and without their texts, of so many packages that they and
their verdicts have BYTES: packages with something odd first, others spread evenly.
"""

import argparse
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import defaultdict

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

# Which id stands for a fault that has no CVE.
PREFERRED = ["GHSA-", "RUSTSEC-", "GO-", "PYSEC-"]
OPEN = float("inf")


class Invalid(Exception):
    """It is no version to the tool."""


class Tool:
    """A program that answers a line of two versions by `<`, `=`, `>` or `!`."""

    def __init__(self, command, environment=None):
        environment = dict(os.environ, **(environment or {}))
        pipe = subprocess.PIPE
        self.program = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment
        )
        self.known = {}

    def compare(self, left, right):
        if (left, right) not in self.known:
            self.program.stdin.write(f"{left}\t{right}\n")
            self.program.stdin.flush()
            verdict = self.program.stdout.readline().strip()
            if verdict not in ("<", "=", ">"):
                raise Invalid(left, right, verdict)
            self.known[left, right] = "<=>".index(verdict) - 1
            self.known[right, left] = -self.known[left, right]
        return self.known[left, right]


class Packaging:
    """PyPI: `packaging`."""

    def compare(self, left, right):
        try:
            left, right = Version(left), Version(right)
        except InvalidVersion as error:
            raise Invalid(left, right) from error
        return (left > right) - (left < right)

    def near(self, version):
        yield version
        plain = re.match(r"[0-9.]*[0-9]", version)
        if plain:
            yield f"{plain[0]}.dev1"
            yield f"{plain[0]}rc1"
            yield f"{plain[0]}.post1"
            yield f"{plain[0]}.0"
            yield f"{plain[0]}.1"


class Semver(Tool):
    """crates.io and Go: node-semver, whose order is that of Semantic Versioning 2.0.0."""

    SCRIPT = """
const semver = require("semver");
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
    try { console.log("<=>"[semver.compare(...line.split("\\t")) + 1]); } catch { console.log("!"); }
});"""

    def __init__(self, prefix):
        super().__init__(["node", "-e", self.SCRIPT], {"NODE_PATH": "/usr/share/nodejs"})
        self.prefix = prefix

    def compare(self, left, right):
        return super().compare(left.removeprefix(self.prefix), right.removeprefix(self.prefix))

    def near(self, version):
        yield self.prefix + version
        numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
        if numbers:
            major, minor, patch = map(int, numbers.groups())
            yield f"{self.prefix}{major}.{minor}.{patch}-0"
            yield f"{self.prefix}{major}.{minor}.{patch}-rc.1"
            yield f"{self.prefix}{major}.{minor}.{patch}+build"
            yield f"{self.prefix}{major}.{minor}.{patch + 1}-0"
            yield f"{self.prefix}{major}.{minor}.{patch + 1}"
            if patch:
                yield f"{self.prefix}{major}.{minor}.{patch - 1}"


class Dpkg(Tool):
    """Debian: dpkg's own Perl module."""

    SCRIPT = """
use Dpkg::Version; $| = 1;
while (<STDIN>) {
    chomp; my ($left, $right) = map { Dpkg::Version->new($_, check => 1) } split /\\t/;
    print defined $left && defined $right ? ("<", "=", ">")[($left <=> $right) + 1] : "!", "\\n";
}"""

    def __init__(self):
        super().__init__(["perl", "-e", self.SCRIPT])

    def near(self, version):
        yield version
        yield f"{version}~"
        yield f"{version}~deb8u1"
        yield f"{version}+b1"
        yield f"{version}a"


class Apk(Tool):
    """Alpine: `apk` in the file tree of an image, whose path is in APK_ROOT."""

    SCRIPT = """
while IFS='	' read -r left right; do apk version -t -- "$left" "$right" || echo '!'; done"""

    def __init__(self):
        super().__init__(["chroot", os.environ["APK_ROOT"], "/bin/sh", "-c", self.SCRIPT])

    def near(self, version):
        yield version
        revision = re.search(r"-r(\d+)$", version)
        if revision:
            number, plain = int(revision[1]), version[: revision.start()]
            yield f"{plain}-r{number + 1}"
            if number:
                yield f"{plain}-r{number - 1}"
            if "_" not in plain:
                yield f"{plain}_rc1-r{number}"
                yield f"{plain}_p1-r{number}"


TOOLS = {
    "PyPI": Packaging,
    "crates.io": lambda: Semver(""),
    "Go": lambda: Semver("v"),
    "Debian": Dpkg,
    "Alpine": Apk,
}


def records(path):
    """The records of an archive."""
    if not path.endswith(".zip"):
        return [json.loads(line) for line in open(path)]
    archive = zipfile.ZipFile(path)
    return [json.loads(archive.read(name)) for name in sorted(archive.namelist())]


class Names:
    """The faults that a record is about."""

    def __init__(self, all_records):
        self.cves = defaultdict(set)
        for record in all_records:
            for name in names(record):
                self.cves[name] |= own_cves(record)

    def of(self, record):
        own = own_cves(record)
        others = set().union(*(self.cves[name] for name in names(record)))
        return own or others


def names(record):
    return {record["id"], *(record.get("aliases") or [])}


def own_cves(record):
    named = [record["id"], *(record.get("aliases") or []), *(record.get("upstream") or [])]
    found = (re.search(r"^CVE-.*|(?<=-)CVE-.*", name) for name in named)
    return {match[0] for match in found if match}


def preference(name):
    known = (place for place, prefix in enumerate(PREFERRED) if name.startswith(prefix))
    return (next(known, len(PREFERRED)), name)


class Line:
    """All versions of a package, in order: each has a place, equal ones the same."""

    def __init__(self, tool, versions):
        by_tool = functools.cmp_to_key(tool.compare)
        self.places, place, last = {}, 0, None
        for version in sorted(versions, key=by_tool):
            if last is not None and tool.compare(last, version):
                place += 1
            self.places[version] = place
            last = version

    def of(self, version):
        return -1 if version == "0" else self.places[version]


def intervals(line, affected):
    """`(start, end, fix)` of each range: places, `end` not included, and what fixes it."""
    for part in affected:
        for one in part.get("ranges") or []:
            if one["type"] == "GIT":
                continue
            # Of events at one version, the first listed counts first.
            events = [next(iter(event.items())) for event in one["events"]]
            events.sort(key=lambda event: line.of(event[1]) + (event[0] == "last_affected") / 2)
            start = None
            for kind, version in events:
                place = line.of(version)
                if kind == "introduced":
                    start = place if start is None else start
                elif kind in ("fixed", "last_affected") and start is not None:
                    is_fix = kind == "fixed"
                    yield start, place + (0 if is_fix else 0.5), version if is_fix else None
                    start = None
            if start is not None:
                yield start, OPEN, None


def judge(line, affected, version):
    """`(is affected, fix)`."""
    place = line.of(version)
    parts = list(intervals(line, affected))
    around = [part for part in parts if part[0] <= place < part[1]]
    if around:
        end, fix = last(around)
        # Another range may have what fixes this one.
        while grown := [part for part in parts if part[0] <= end < part[1]]:
            end, fix = last(grown)
        return True, fix
    if is_listed(line, affected, version):
        fixes = (fix for fix in named_fixes(affected) if line.of(fix) > place)
        return True, min(fixes, key=line.of, default=None)
    return False, None


def last(parts):
    """Where the last of intervals ends."""
    return max(((end, fix) for _, end, fix in parts), key=lambda it: it[0])


def named_fixes(affected):
    """All of them, whether they end an interval or not."""
    events = [event for part in affected for one in ranges_of(part) for event in one["events"]]
    return [event["fixed"] for event in events if "fixed" in event]


def is_listed(line, affected, version):
    listed = [other for part in affected for other in part.get("versions") or []]
    same = [other for other in listed if other in line.places and line.of(other) == line.of(version)]
    return bool(same)


class Package:
    """What the records of an archive say of a package."""

    def __init__(self, tool, known, about, asked=None):
        self.tool, self.known = tool, known
        self.behind, self.all = about, [record for record, _ in about]
        self.about = [it for it in about if not it[0].get("withdrawn")]
        parts = [part for _, affected in self.about for part in affected]
        ranges = [one for part in parts for one in ranges_of(part)]
        bounds = {v for one in ranges for event in one["events"] for v in event.values()} - {"0"}
        listed = {version for part in parts for version in part.get("versions") or []}
        self.broken = sorted(version for version in bounds if not self.is_valid(version))
        # What the tool can't read can still be listed, by the very same text.
        self.odd = {version for version in listed if not self.is_valid(version)}
        named = (bounds | listed) - self.odd - set(self.broken)
        near = {new for version in named for new in tool.near(version)}
        self.asked = {version for version in near | listed - self.odd if self.is_valid(version)}
        if asked is not None:
            self.asked = {version for version in asked if self.is_valid(version)}
            self.odd = set()
        self.line = Line(tool, named | self.asked)

    def is_valid(self, version):
        try:
            self.tool.compare(version, version)
            return True
        except Invalid:
            return False

    def verdicts(self):
        """`(version, words)`, oldest first."""
        for version in sorted(self.asked, key=lambda it: (self.line.of(it), it)):
            yield version, self.faults(lambda affected: judge(self.line, affected, version))
        for version in sorted(self.odd):
            lists = lambda affected: any(version in (it.get("versions") or []) for it in affected)
            unknown = set()
            for record, affected in self.about:
                if not lists(affected):
                    unknown |= self.known.of(record) or {record["id"]}
            known = self.faults(lambda affected: (lists(affected), None))
            yield version, known + [f"?{name}" for name in sorted(unknown)]

    def faults(self, judged):
        """The faults of one version, each with the newest of its fixes."""
        groups, nameless = defaultdict(list), []
        for record, affected in self.about:
            is_affected, fix = judged(affected)
            if not is_affected:
                continue
            one = (record, affected, fix)
            cves = self.known.of(record)
            for cve in cves:
                groups[cve].append(one)
            if not cves:
                mine = names(record)
                same = [group for group in nameless if any(mine & names(it[0]) for it in group)]
                nameless = [group for group in nameless if group not in same]
                nameless.append([one, *(it for group in same for it in group)])
        for group in nameless:
            groups[min((it[0]["id"] for it in group), key=preference)] = group
        return [self.word(fault, groups[fault]) for fault in sorted(groups)]

    def word(self, fault, said):
        fixes = [fix for _, _, fix in said if fix]
        fix = "=" + max(fixes, key=self.line.of) if fixes else ""
        kinds = [kind(affected) for _, affected, _ in said]
        return fault + fix + ("" if None in kinds else f"!{kinds[0]}")

    def is_odd(self):
        """Whether it has what is rare in the field, and easily got wrong."""
        for record, affected in self.behind:
            if len(affected) > 1:
                return True
            for part in affected:
                ranges = list(ranges_of(part))
                kinds = {key for one in ranges for event in one["events"] for key in event}
                is_long = any(len(one["events"]) > 4 for one in ranges)
                if "last_affected" in kinds or len(ranges) != 1 or is_long or kind([part]):
                    return True
        return bool(self.odd) or len(self.all) > len(self.about)


def kind(affected):
    """RustSec's kind of what is no vulnerability."""
    specific = affected[0].get("database_specific") or {}
    return specific.get("informational")


def ranges_of(part):
    return (one for one in part.get("ranges") or [] if one["type"] != "GIT")


def key_of(part):
    ecosystem, name = part["package"]["ecosystem"], part["package"]["name"]
    return ecosystem, canonicalize_name(name) if ecosystem == "PyPI" else name


def digest(key):
    return hashlib.sha256("\t".join(key).encode()).hexdigest()


def grouped(all_records, wanted):
    """What records say of each package: `{key: [(record, affected)]}`."""
    found = defaultdict(list)
    for record in all_records:
        parts = defaultdict(list)
        for part in record.get("affected") or []:
            parts[key_of(part)].append(part)
        for key, affected in parts.items():
            if key[0].startswith(wanted):
                found[key].append((record, affected))
    return found


def packages(all_records, wanted, share=1):
    """`(key, package)` by key, which is ecosystem and name."""
    found = grouped(all_records, wanted)
    known, tools = Names(all_records), {}
    for key in sorted(key for key in found if int(digest(key), 16) % share == 0):
        family = key[0].split(":")[0]
        if family not in tools:
            tools[family] = TOOLS[family]()
        package = Package(tools[family], known, found[key])
        if package.broken:
            print(f"left out: {' '.join(key)}: {' '.join(package.broken)}", file=sys.stderr)
            continue
        yield key, package


def installed(all_records, path):
    """Lines for `ECOSYSTEM <tab> PACKAGE <tab> VERSION` of a file, which stand there once each."""
    found, asked = grouped(all_records, ""), defaultdict(set)
    for line in open(path):
        ecosystem, name, version = line.rstrip("\n").split("\t")
        asked[ecosystem, name].add(version)
    known, tools = Names(all_records), {}
    for key in sorted(asked):
        family = key[0].split(":")[0]
        if family not in tools:
            tools[family] = TOOLS[family]()
        package = Package(tools[family], known, found[key], asked[key])
        for version, words in package.verdicts():
            yield "\t".join([*key, version, " ".join(words) or "-"]) + "\n"


def lines(all_records, wanted, share):
    for key, package in packages(all_records, wanted, share):
        for version, words in package.verdicts():
            yield "\t".join([*key, version, " ".join(words) or "-"]) + "\n"


def small(record, keys):
    """A record without what doesn't matter here."""
    fields = ("id", "modified", "withdrawn", "aliases", "upstream")
    kept = {name: record[name] for name in fields if record.get(name)}
    kept["affected"] = []
    for part in record["affected"]:
        if key_of(part) not in keys:
            continue
        package = {name: part["package"][name] for name in ("ecosystem", "name")}
        one = {"package": package, "ranges": list(ranges_of(part))}
        if part.get("versions"):
            one["versions"] = part["versions"]
        if kind([part]):
            one["database_specific"] = {"informational": kind([part])}
        kept["affected"].append(one)
    return json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n"


def sample(all_records, wanted, size):
    """Records of packages until they and their verdicts have `size` bytes: half of it of odd ones, the
    rest by the sums of their names."""
    kept, left = {}, size
    found = sorted(packages(all_records, wanted), key=lambda it: (not it[1].is_odd(), digest(it[0])))
    for key, package in found:
        cost = sum(len(small(record, {key})) for record in package.all)
        cost += sum(len(f"{key} {version} {words}") for version, words in package.verdicts())
        reserve = size / 2 if package.is_odd() else 0
        # No package may take the place of many.
        if cost < size / 20 and cost < left - reserve:
            left -= cost
            kept[key] = package
    by_id = {record["id"]: record for package in kept.values() for record in package.all}
    return [small(by_id[name], kept) for name in sorted(by_id)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--ecosystem", default="")
    parser.add_argument("--share", type=int, default=1, metavar="N")
    parser.add_argument("--installed", metavar="FILE")
    parser.add_argument("--sample", type=int, metavar="BYTES")
    arguments = parser.parse_args()
    all_records = [record for path in arguments.archives for record in records(path)]
    if arguments.sample:
        sys.stdout.writelines(sample(all_records, arguments.ecosystem, arguments.sample))
    elif arguments.installed:
        sys.stdout.writelines(installed(all_records, arguments.installed))
    else:
        sys.stdout.writelines(lines(all_records, arguments.ecosystem, arguments.share))


main()
