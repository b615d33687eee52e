//! Security advisories and VEX in CSAF 2.0 (docs.oasis-open.org/csaf), as Red Hat publishes them.
//!
//! A product is a component in a platform: the component has a package URL, the platform a CPE whose
//! tail is OSV's name for Red Hat's ecosystems (`enterprise_linux:9::baseos`). A module is a component
//! between the two.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::Timestamp;
use packageurl::PackageUrl;
use serde::Deserialize;

use super::osv::cut;
use super::{Feed, Sink, red_hat};
use crate::{Advisory, Affected, Event, Form, Range, RangeKind, Rating, State};

/// The most products of one document. Those about the kernel have some ten thousand.
const PRODUCTS: usize = 2_000_000;
/// How deep the tree of products may be.
const DEPTH: usize = 32;
/// The longest text that is kept, in bytes.
const TEXT: usize = 8_192;

#[derive(Deserialize)]
struct Csaf {
    document: Document,
    #[serde(default)]
    product_tree: Tree,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Document {
    tracking: Tracking,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    #[serde(default)]
    initial_release_date: Option<String>,
    #[serde(default)]
    current_release_date: Option<String>,
}

#[derive(Default, Deserialize)]
struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    #[serde(default)]
    product_identification_helper: Helper,
}

#[derive(Default, Deserialize)]
struct Helper {
    #[serde(default)]
    cpe: Option<String>,
    #[serde(default)]
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Product,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    cve: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    notes: Vec<Note>,
    #[serde(default)]
    product_status: Status,
    #[serde(default)]
    remediations: Vec<Remediation>,
    #[serde(default)]
    scores: Vec<BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    threats: Vec<Threat>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Note {
    category: String,
    text: String,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    fixed: Vec<String>,
    #[serde(default)]
    known_affected: Vec<String>,
    #[serde(default)]
    under_investigation: Vec<String>,
}

#[derive(Deserialize)]
struct Remediation {
    category: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Threat {
    category: String,
    details: String,
}

#[derive(Deserialize)]
struct Reference {
    url: String,
}

/// Reads a document.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(json: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let csaf: Csaf =
        serde_json::from_slice(json).map_err(|error| format!("it is no CSAF: {error}"))?;
    let products = Products::of(&csaf.product_tree)?;
    let tracking = &csaf.document.tracking;
    let (published, modified) = (
        date(tracking.initial_release_date.as_deref())?,
        date(tracking.current_release_date.as_deref())?,
    );
    for ecosystem in products.ecosystems() {
        sink.covers(Feed::Csaf, &ecosystem);
    }
    for vulnerability in csaf.vulnerabilities {
        let mut advisory = advisory(vulnerability, &products, &tracking.id);
        advisory.published = published;
        advisory.modified = modified;
        sink.advisory(Feed::Csaf, advisory);
    }
    Ok(())
}

fn advisory(vulnerability: Vulnerability, products: &Products<'_>, tracking: &str) -> Advisory {
    let id = vulnerability
        .cve
        .clone()
        .unwrap_or_else(|| tracking.to_owned());
    let related = match id == tracking {
        true => Vec::new(),
        false => vec![tracking.to_owned()],
    };
    let details = vulnerability
        .notes
        .iter()
        .find(|note| note.category == "description");
    Advisory {
        related,
        summary: cut(vulnerability.title.clone().unwrap_or_default(), TEXT),
        details: cut(
            details.map(|note| note.text.clone()).unwrap_or_default(),
            TEXT,
        ),
        ratings: ratings(&vulnerability),
        affected: affected(&vulnerability, products),
        references: vulnerability
            .references
            .into_iter()
            .map(|reference| reference.url)
            .filter(|url| url.len() <= TEXT)
            .take(24)
            .collect(),
        id: cut(id, TEXT),
        ..Advisory::default()
    }
}

fn ratings(vulnerability: &Vulnerability) -> Vec<Rating> {
    let mut ratings = BTreeSet::new();
    for score in vulnerability.scores.iter().take(1) {
        for (key, value) in score {
            let vector = value
                .get("vectorString")
                .and_then(serde_json::Value::as_str);
            if let Some(vector) = vector.filter(|_| key.starts_with("cvss_")) {
                ratings.insert(Rating::Cvss(cut(vector.to_owned(), TEXT)));
            }
        }
    }
    let impact = vulnerability
        .threats
        .iter()
        .find(|threat| threat.category == "impact");
    ratings.extend(impact.map(|threat| Rating::Word(cut(threat.details.clone(), TEXT))));
    ratings.into_iter().collect()
}

fn affected(vulnerability: &Vulnerability, products: &Products<'_>) -> Vec<Affected> {
    let status = &vulnerability.product_status;
    let mut found: BTreeMap<(String, String, Option<String>, Form, State), Affected> =
        BTreeMap::new();
    let mut take = |id: &str, state: State| {
        let Some(part) = products.part(id) else {
            return;
        };
        let mut events = vec![Event::Introduced("0".into())];
        if state == State::Ranges {
            let Some(version) = part.version.clone() else {
                return;
            };
            events.push(Event::Fixed(version));
        }
        let range = Range {
            kind: RangeKind::Ecosystem,
            events,
        };
        let Part {
            ecosystem,
            package,
            module,
            form,
            ..
        } = part;
        let key = (
            ecosystem.clone(),
            package.clone(),
            module.clone(),
            form,
            state,
        );
        let entry = found.entry(key).or_insert_with(|| Affected {
            ecosystem,
            package,
            module,
            form,
            state,
            ..Affected::default()
        });
        if !entry.ranges.contains(&range) {
            entry.ranges.push(range);
        }
    };
    for id in &status.fixed {
        take(id, State::Ranges);
    }
    let refused = refused(&vulnerability.remediations);
    for id in &status.known_affected {
        let state = match refused.contains(id.as_str()) {
            true => State::WontFix,
            false => State::Unfixed,
        };
        take(id, state);
    }
    for id in &status.under_investigation {
        take(id, State::UnderInvestigation);
    }
    let together = found.into_values().map(|affected| Affected {
        ranges: red_hat::together(affected.ranges),
        ..affected
    });
    without_binaries(together.collect())
}

/// Where a platform has the source package, its binary packages say the same again.
fn without_binaries(mut affected: Vec<Affected>) -> Vec<Affected> {
    let sources: BTreeSet<(String, State)> = affected
        .iter()
        .filter(|affected| affected.form == Form::Source)
        .map(|affected| (affected.ecosystem.clone(), affected.state))
        .collect();
    affected.retain(|affected| {
        affected.form == Form::Source
            || !sources.contains(&(affected.ecosystem.clone(), affected.state))
    });
    affected
}

/// The products that get no fix, or none soon.
fn refused(remediations: &[Remediation]) -> BTreeSet<&str> {
    let refusals = remediations.iter().filter(|remediation| {
        remediation.category == "no_fix_planned"
            || (remediation.category == "none_available"
                && ["Will not fix", "Fix deferred", "Out of support scope"]
                    .contains(&remediation.details.as_str()))
    });
    refusals
        .flat_map(|remediation| remediation.product_ids.iter().map(String::as_str))
        .collect()
}

/// A component in a platform.
struct Part {
    ecosystem: String,
    package: String,
    version: Option<String>,
    module: Option<String>,
    form: Form,
}

/// The products of a document by their ids.
#[derive(Default)]
struct Products<'a> {
    helpers: BTreeMap<&'a str, &'a Helper>,
    parts: BTreeMap<&'a str, (&'a str, &'a str)>,
}

impl<'a> Products<'a> {
    fn of(tree: &'a Tree) -> Result<Self, String> {
        let mut products = Self::default();
        let mut left: Vec<(&Branch, usize)> =
            tree.branches.iter().map(|branch| (branch, 1)).collect();
        while let Some((branch, depth)) = left.pop() {
            if depth > DEPTH {
                return Err(format!("its products are nested deeper than {DEPTH}"));
            }
            left.extend(branch.branches.iter().map(|branch| (branch, depth + 1)));
            if let Some(product) = &branch.product {
                let helper = &product.product_identification_helper;
                products.helpers.insert(&product.product_id, helper);
            }
        }
        for relationship in &tree.relationships {
            products.parts.insert(
                &relationship.full_product_name.product_id,
                (
                    &relationship.product_reference,
                    &relationship.relates_to_product_reference,
                ),
            );
        }
        match products.helpers.len() + products.parts.len() > PRODUCTS {
            true => Err(format!("it has more than {PRODUCTS} products")),
            false => Ok(products),
        }
    }

    fn ecosystems(&self) -> BTreeSet<String> {
        self.helpers
            .values()
            .filter_map(|helper| ecosystem(helper))
            .collect()
    }

    fn purl(&self, id: &str) -> Option<PackageUrl<'a>> {
        let helper: &'a Helper = self.helpers.get(id)?;
        PackageUrl::from_str(helper.purl.as_deref()?).ok()
    }

    fn part(&self, id: &str) -> Option<Part> {
        let (component, mut platform) = *self.parts.get(id)?;
        let purl = self.purl(component)?;
        let mut module = purl.qualifiers().get("rpmmod").map(|module| stream(module));
        if let Some((between, below)) = self.parts.get(platform) {
            let between = self.purl(between)?;
            let version = between.version().unwrap_or_default();
            module = Some(stream(&format!("{}:{version}", between.name())));
            platform = below;
        }
        if purl.ty() != "rpm" {
            return None;
        }
        let epoch = purl.qualifiers().get("epoch").filter(|epoch| *epoch != "0");
        let version = purl.version().map(|version| match epoch {
            Some(epoch) => format!("{epoch}:{version}"),
            None => version.to_owned(),
        });
        let form = match purl.qualifiers().get("arch").map(|arch| arch.as_ref()) {
            Some("src") => Form::Source,
            Some(_) => Form::Binary,
            None => Form::Any,
        };
        Some(Part {
            ecosystem: ecosystem(self.helpers.get(platform)?)?,
            package: purl.name().to_owned(),
            version,
            module,
            form,
        })
    }
}

/// `nodejs:16` of `nodejs:16:8080020230718:63b34585`.
fn stream(module: &str) -> String {
    module.split(':').take(2).collect::<Vec<_>>().join(":")
}

/// `Red Hat:enterprise_linux:9::baseos` of `cpe:/o:redhat:enterprise_linux:9::baseos`.
fn ecosystem(helper: &Helper) -> Option<String> {
    let (_, tail) = helper.cpe.as_deref()?.split_once(":redhat:")?;
    (tail.len() <= TEXT).then(|| format!("Red Hat:{tail}"))
}

fn date(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| "a date of its tracking is none".to_owned())
    };
    text.map(parse).transpose()
}
