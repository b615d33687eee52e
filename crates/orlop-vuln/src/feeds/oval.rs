//! Red Hat's OVAL definitions (version 2, `rhel-9-including-unpatched.oval.xml`).
//!
//! A definition is an advisory (`patch`) or a fault without a fix (`vulnerability`) about some CVEs. Its
//! criteria name tests, a test an object with the name of a binary package and perhaps a state with the version
//! that it must be older than. All CVEs of a definition leave apart, each with its own ratings. Criteria are
//! and'ed and or'ed; here every test in them counts, because what they ask besides is the release, who signed
//! a package, and which module it is of. A state may also ask for some architectures.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::Offset;
use roxmltree::{Document, Node, ParsingOptions};

use super::osv::cut;
use super::{Feed, Sink, red_hat};
use crate::{Advisory, Affected, Event, Form, Range, RangeKind, Rating, State};

/// The most elements and texts. Those of all of RHEL 8 are some six million.
const NODES: u32 = 20_000_000;
/// How deep criteria may lie in each other.
const DEPTH: usize = 32;
/// The most packages and CVEs of one definition.
const PARTS: usize = 20_000;
/// The architectures of RHEL since version 8. A state that has them all is about every package: most are,
/// and a list with each would be the largest part of the database.
const ARCHITECTURES: [&str; 4] = ["aarch64", "ppc64le", "s390x", "x86_64"];
/// The longest text that is kept, in bytes.
const TEXT: usize = 8_192;

/// Whether a text begins as a document of OVAL does.
pub(super) fn is_one(text: &[u8]) -> bool {
    let start = &text[..text.len().min(4096)];
    start.trim_ascii_start().starts_with(b"<")
        && start
            .windows(b"oval_definitions".len())
            .any(|part| part == b"oval_definitions")
}

/// Reads a document. A definition that is beyond a bound is a fault.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(text: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|_| "it isn't UTF-8".to_owned())?;
    let options = ParsingOptions {
        nodes_limit: NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| format!("it is no XML: {error}"))?;
    let tests = Tests::of(document.root_element());
    let definitions = child(document.root_element(), "definitions");
    let mut by_cve: BTreeMap<String, Advisory> = BTreeMap::new();
    for definition in elements(definitions, "definition") {
        let id = definition.attribute("id").unwrap_or_default();
        // Those say which products aren't affected, which others don't say of them.
        if id.contains(".unaffected:") {
            continue;
        }
        match advisories(definition, &tests) {
            Ok(advisories) => advisories
                .into_iter()
                .for_each(|one| take(&mut by_cve, one)),
            Err(what) => sink.fault(&cut(id.to_owned(), 200), what),
        }
    }
    for mut advisory in by_cve.into_values() {
        advisory.affected = together(advisory.affected);
        for affected in &advisory.affected {
            sink.covers(Feed::Oval, &affected.ecosystem);
        }
        sink.advisory(Feed::Oval, advisory);
    }
    Ok(())
}

/// Puts what a definition says of a CVE to what others said of it: several minor releases have a fix each.
fn take(by_cve: &mut BTreeMap<String, Advisory>, advisory: Advisory) {
    let Some(known) = by_cve.get_mut(&advisory.id) else {
        by_cve.insert(advisory.id.clone(), advisory);
        return;
    };
    let published = [known.published, advisory.published];
    known.published = published.into_iter().flatten().min();
    known.modified = known.modified.max(advisory.modified);
    known.related.extend(advisory.related);
    known.affected.extend(advisory.affected);
}

/// What was said of the same package, in one for all architectures, or one for those with the same fixes.
fn together(affected: Vec<Affected>) -> Vec<Affected> {
    let mut found: BTreeMap<_, Vec<Affected>> = BTreeMap::new();
    for one in affected {
        let names = (one.ecosystem.clone(), one.package.clone());
        let key = (names, one.module.clone(), one.state);
        found.entry(key).or_default().push(one);
    }
    found.into_values().flat_map(of_same_package).collect()
}

fn of_same_package(parts: Vec<Affected>) -> Vec<Affected> {
    let Some(first) = parts.first().cloned() else {
        return Vec::new();
    };
    // What is said of all architectures can't be told from what is said of "the others".
    let is_of_all = parts.iter().any(|part| part.architectures.is_empty());
    let mut fixes: BTreeMap<String, Vec<Range>> = BTreeMap::new();
    for part in parts {
        let names = match is_of_all {
            true => vec![String::new()],
            false => part.architectures,
        };
        for name in names {
            fixes.entry(name).or_default().extend(part.ranges.clone());
        }
    }
    let mut told: Vec<Affected> = Vec::new();
    for (name, ranges) in fixes {
        let ranges = red_hat::together(ranges);
        let same = told.iter_mut().find(|known| known.ranges == ranges);
        let architectures = (!name.is_empty()).then_some(name);
        match (same, architectures) {
            (Some(known), architectures) => known.architectures.extend(architectures),
            (None, architectures) => told.push(Affected {
                ranges,
                architectures: architectures.into_iter().collect(),
                ..first.clone()
            }),
        }
    }
    told
}

/// The architectures that the pattern of a state (`aarch64|x86_64`) asks for; none where that is all of them,
/// or the pattern is no list of names.
fn architectures(pattern: Option<&str>) -> Vec<&str> {
    let names: BTreeSet<&str> = pattern.into_iter().flat_map(|it| it.split('|')).collect();
    let is_name = |name: &&str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (1..=16).contains(&name.len()) && name.bytes().all(is_part)
    };
    let is_all = ARCHITECTURES.iter().all(|name| names.contains(name));
    match is_all || names.len() > 16 || !names.iter().all(is_name) {
        true => Vec::new(),
        false => names.into_iter().collect(),
    }
}

/// What a test asks for: a package older than a version, or of any, and its architectures as a pattern.
struct Test<'a> {
    package: &'a str,
    fixed: Option<&'a str>,
    architectures: Option<&'a str>,
}

struct Tests<'a>(HashMap<&'a str, Test<'a>>);

impl<'a> Tests<'a> {
    fn of(root: Node<'a, '_>) -> Self {
        let names = by_id(root, "objects", "rpminfo_object", "name");
        let versions = by_id(root, "states", "rpminfo_state", "evr");
        let patterns = by_id(root, "states", "rpminfo_state", "arch");
        let mut tests = HashMap::new();
        for test in elements(child(root, "tests"), "rpminfo_test") {
            let reference = |of: &str, name: &str| child(test, of)?.attribute(name);
            let package = reference("object", "object_ref").and_then(|id| names.get(id));
            let state = reference("state", "state_ref");
            let fixed = state.and_then(|id| versions.get(id)).copied();
            let architectures = state.and_then(|id| patterns.get(id)).copied();
            let is_absence = test.attribute("check_existence") == Some("none_exist");
            // A state without a version is about a signature.
            let is_of_package = !is_absence && (state.is_none() || fixed.is_some());
            if let (Some(id), Some(&package), true) = (test.attribute("id"), package, is_of_package)
            {
                let test = Test {
                    package,
                    fixed,
                    architectures,
                };
                tests.insert(id, test);
            }
        }
        Self(tests)
    }
}

/// The text of a child of each element of a section, by the id of the element.
fn by_id<'a>(
    root: Node<'a, '_>,
    section: &str,
    element: &'static str,
    wanted: &str,
) -> HashMap<&'a str, &'a str> {
    let mut found = HashMap::new();
    for one in elements(child(root, section), element) {
        let value = child(one, wanted).and_then(|it| it.text()).map(str::trim);
        let length = value.map_or(0, str::len);
        if let (Some(id), Some(value), 1..=1024) = (one.attribute("id"), value, length) {
            found.insert(id, value);
        }
    }
    found
}

/// A definition as advisories, one for each CVE.
fn advisories(definition: Node<'_, '_>, tests: &Tests<'_>) -> Result<Vec<Advisory>, String> {
    let metadata = child(definition, "metadata");
    let own = metadata.and_then(|it| child(it, "advisory"));
    let mut parts = Parts::default();
    parts.walk(child(definition, "criteria"), tests, None, 0)?;
    let ecosystems = ecosystems(own, parts.major);
    let state = match definition.attribute("class") {
        Some("patch") => State::Ranges,
        _ => unfixed(own),
    };
    parts
        .found
        .retain(|part| part.fixed.is_some() == (state == State::Ranges));
    let mut affected = Vec::new();
    for ecosystem in &ecosystems {
        affected.extend(
            parts
                .found
                .iter()
                .map(|part| part.affected(ecosystem, state)),
        );
    }
    let references: Vec<Node<'_, '_>> = elements(metadata, "reference").take(PARTS).collect();
    let cves = cves(own, &references);
    if affected.len().saturating_mul(cves.len()) > PARTS * 100 {
        return Err("it is about too many packages and CVEs".into());
    }
    let related = references.iter().filter_map(|it| it.attribute("ref_id"));
    let related: Vec<&str> = related.filter(|id| !id.starts_with("CVE-")).collect();
    let text = |name| {
        metadata
            .and_then(|it| child(it, name)?.text())
            .unwrap_or_default()
    };
    let date = |name| own.and_then(|it| date(child(it, name)?.attribute("date")?));
    let made = cves.into_iter().map(|(id, cve)| Advisory {
        id: id.to_owned(),
        related: related.iter().map(|id| cut((*id).to_owned(), 64)).collect(),
        published: date("issued"),
        modified: date("updated"),
        summary: cut(text("title").trim().to_owned(), 1024),
        details: cut(text("description").to_owned(), TEXT),
        ratings: ratings(cve, own),
        affected: affected.clone(),
        references: cve
            .attribute("href")
            .or(cve.attribute("ref_url"))
            .map(|url| cut(url.to_owned(), 1024))
            .into_iter()
            .collect(),
        ..Advisory::default()
    });
    Ok(made.collect())
}

/// The CVEs of a definition, and where it says more of them. One without a fix only refers to its own.
fn cves<'a, 'i>(
    advisory: Option<Node<'a, 'i>>,
    references: &[Node<'a, 'i>],
) -> BTreeMap<&'a str, Node<'a, 'i>> {
    let is_id = |id: &&str| id.starts_with("CVE-") && id.len() < 64;
    let referred = references.iter().filter_map(|it| {
        let id = it.attribute("ref_id").map(str::trim).filter(is_id)?;
        Some((id, *it))
    });
    let mut cves: BTreeMap<_, _> = referred.collect();
    cves.extend(elements(advisory, "cve").take(PARTS).filter_map(|it| {
        let id = it.text().map(str::trim).filter(is_id)?;
        Some((id, it))
    }));
    cves
}

/// The packages that criteria name: each with the version that fixes it and its module.
#[derive(Default)]
struct Parts<'a> {
    found: BTreeSet<Part<'a>>,
    /// Of which RHEL they are, where that is asked.
    major: Option<&'a str>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part<'a> {
    package: &'a str,
    fixed: Option<&'a str>,
    module: Option<&'a str>,
    architectures: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn walk(
        &mut self,
        criteria: Option<Node<'a, '_>>,
        tests: &Tests<'a>,
        module: Option<&'a str>,
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEPTH {
            return Err(format!("its criteria are nested deeper than {DEPTH}"));
        }
        let criterions = || elements(criteria, "criterion");
        let comments = criterions().filter_map(|it| it.attribute("comment"));
        let mut module = module;
        for comment in comments {
            let between = |start, end| comment.strip_prefix(start)?.strip_suffix(end);
            module = between("Module ", " is enabled").or(module);
            let major = between("Red Hat Enterprise Linux ", " is installed");
            self.major = self.major.or(major);
        }
        for criterion in criterions() {
            let id = criterion.attribute("test_ref").unwrap_or_default();
            if let Some(test) = tests.0.get(id) {
                self.found.insert(Part {
                    package: test.package,
                    fixed: test.fixed,
                    module,
                    architectures: test.architectures,
                });
            }
        }
        if self.found.len() > PARTS {
            return Err(format!("it is about more than {PARTS} packages"));
        }
        for inner in elements(criteria, "criteria") {
            self.walk(Some(inner), tests, module, depth + 1)?;
        }
        Ok(())
    }
}

impl Part<'_> {
    fn affected(&self, ecosystem: &str, state: State) -> Affected {
        let mut events = vec![Event::Introduced("0".into())];
        let fixed = self
            .fixed
            .map(|version| version.strip_prefix("0:").unwrap_or(version));
        events.extend(fixed.map(|version| Event::Fixed(version.to_owned())));
        Affected {
            ecosystem: ecosystem.to_owned(),
            package: self.package.to_owned(),
            form: Form::Binary,
            ranges: vec![Range {
                kind: RangeKind::Ecosystem,
                events,
            }],
            state,
            module: self.module.map(str::to_owned),
            architectures: architectures(self.architectures)
                .into_iter()
                .map(str::to_owned)
                .collect(),
            ..Affected::default()
        }
    }
}

/// The ecosystems of the products, by their CPEs; else that of the release. Those of RHEL have repositories
/// at the end, which all are parts of the release.
fn ecosystems(advisory: Option<Node<'_, '_>>, major: Option<&str>) -> BTreeSet<String> {
    let list = advisory.and_then(|it| child(it, "affected_cpe_list"));
    let cpes = elements(list, "cpe").filter_map(|cpe| cpe.text());
    let tails = cpes.filter_map(|cpe| Some(cpe.split_once(":redhat:")?.1));
    let mut found: BTreeSet<String> = tails
        .filter(|tail| tail.len() < 256)
        .map(|tail| match tail.starts_with("enterprise_linux:") {
            true => tail.split("::").next().unwrap_or(tail),
            false => tail,
        })
        .map(|tail| format!("Red Hat:{tail}"))
        .collect();
    if let (true, Some(major)) = (found.is_empty(), major.filter(|it| it.len() < 16)) {
        found.insert(format!("Red Hat:enterprise_linux:{major}"));
    }
    found
}

/// What is done about a fault without a fix.
fn unfixed(advisory: Option<Node<'_, '_>>) -> State {
    let affected = advisory.and_then(|it| child(it, "affected"));
    let resolution = affected.and_then(|it| child(it, "resolution")?.attribute("state"));
    match resolution {
        Some("Will not fix" | "Fix deferred" | "Out of support scope") => State::WontFix,
        Some("Under investigation") => State::UnderInvestigation,
        _ => State::Unfixed,
    }
}

/// The vectors of a CVE, after their scores, and the word for its impact.
fn ratings(cve: Node<'_, '_>, advisory: Option<Node<'_, '_>>) -> Vec<Rating> {
    let mut ratings = Vec::new();
    for name in ["cvss3", "cvss2"] {
        let vector = cve.attribute(name).and_then(|it| it.split_once('/'));
        let vector = vector.filter(|(_, vector)| vector.len() < 256);
        ratings.extend(vector.map(|(_, vector)| Rating::Cvss(vector.to_owned())));
    }
    let general = || advisory.and_then(|it| child(it, "severity")?.text());
    let word = cve.attribute("impact").or_else(general);
    let word = word.filter(|word| !word.is_empty() && word.len() < 64);
    ratings.extend(word.map(|word| Rating::Word(word.to_owned())));
    ratings
}

fn date(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

fn elements<'a, 'i>(
    parent: Option<Node<'a, 'i>>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    let children = parent.into_iter().flat_map(|parent| parent.children());
    children.filter(move |it| it.is_element() && it.tag_name().name() == name)
}

fn child<'a, 'i>(parent: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    let mut children = parent.children();
    children.find(|it| it.is_element() && it.tag_name().name() == name)
}
