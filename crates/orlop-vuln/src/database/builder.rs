//! Making a database from feeds.
//!
//! The bytes depend on what is put in and on nothing else: records keep the order in which they came,
//! ecosystems and packages are sorted, and the time is the caller's.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use super::bases::BasesWriter;
use super::contents::{Contents, Ecosystem, Family, Section, Source};
use super::frames::Place;
use super::packages::{Entry, PackagesWriter};
use super::records::{Head, RecordId, RecordsWriter, Text};
use super::scores::{Cve, Exploited, Scores};
use super::{Database, DatabaseError, header};
use crate::feeds::{self, EpssScore, Feed, FeedError, Sink};
use crate::matching::normalized;
use crate::{Advisory, Affected, BaseImage, judge};

/// So many faults are kept; the rest is counted.
const FAULTS: usize = 1_000;
/// Ids that stand for several CVEs, which older records have in `related`.
const COLLECTIONS: &[&str] = &[
    "DSA-",
    "DLA-",
    "USN-",
    "RHSA-",
    "RLSA-",
    "ALSA-",
    "ELSA-",
    "SUSE-",
    "openSUSE-",
    "MGASA-",
];

/// How a database is built.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuilderOptions<'a> {
    /// When it is built: the date of records that have none.
    pub built: Timestamp,
    /// The database before it, which knows when records without a date were first seen.
    pub previous: Option<&'a Database>,
}

/// A record that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The source it is in.
    pub source: String,
    /// Its name, or the file it is in.
    pub record: String,
    /// What is wrong: a clause about it.
    pub what: String,
}

/// Makes a database.
#[derive(Default)]
pub struct Builder {
    contents: Contents,
    faults: Vec<Fault>,
    families: Vec<FamilyBuilder>,
    by_family: HashMap<String, u16>,
    ecosystems: BTreeMap<String, EcosystemBuilder>,
    /// Records of OSV that were taken, and when they were changed: archives overlap.
    taken: HashMap<String, (Option<Timestamp>, RecordId)>,
    superseded: HashSet<RecordId>,
    /// CVEs by the other names of the same fault.
    aliases: HashMap<String, Vec<String>>,
    first_seen: HashMap<(String, String), i64>,
    epss: BTreeMap<Cve, EpssScore>,
    kev: BTreeMap<Cve, Date>,
    bases: BasesWriter,
    /// What went wrong where no error can be returned.
    error: Option<DatabaseError>,
}

struct FamilyBuilder {
    name: String,
    records: RecordsWriter,
    heads: Vec<(Head, Place)>,
}

#[derive(Default)]
struct EcosystemBuilder {
    date: Timestamp,
    packages: BTreeMap<String, Vec<(RecordId, Vec<u8>)>>,
}

impl Builder {
    /// Begins a database.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`] of the database before it.
    pub fn new(options: BuilderOptions<'_>) -> Result<Self, DatabaseError> {
        let mut builder = Self::default();
        builder.contents.built = options.built;
        if let Some(previous) = options.previous {
            for family in 0..previous.contents.families.len() {
                let records = previous.records(family)?;
                let mut heads = records.heads();
                for record in 0..records.len() {
                    let head = records.head(record, &mut heads)?;
                    builder
                        .first_seen
                        .insert((head.feed, head.id), head.first_seen);
                }
            }
        }
        Ok(builder)
    }

    /// Begins a source: what comes next is from it.
    pub fn begin(&mut self, name: &str, date: Timestamp) {
        self.contents.sources.push(Source {
            name: name.to_owned(),
            date,
            ..Source::default()
        });
    }

    /// Takes a file or folder as a source.
    ///
    /// # Errors
    ///
    /// [`FeedError`] where it can't be read, or is no feed.
    pub fn add_path(
        &mut self,
        name: &str,
        date: Timestamp,
        path: &Path,
    ) -> Result<Vec<Feed>, FeedError> {
        self.begin(name, date);
        feeds::read_path(path, self)
    }

    /// What was left out up to now; after the first thousand only its count in [`Source::faults`].
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Puts the database together.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::TooLarge`].
    pub fn finish(mut self) -> Result<Vec<u8>, DatabaseError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut file = vec![0; header::LENGTH];
        let mut families: Vec<Family> = Vec::new();
        families.resize(self.families.len(), Family::default());
        let mut order: Vec<(usize, FamilyBuilder)> =
            self.families.into_iter().enumerate().collect();
        order.sort_by(|left, right| left.1.name.cmp(&right.1.name));
        let mut ecosystems = self.ecosystems.into_iter().peekable();
        let contents = &mut self.contents;
        for (place, family) in order {
            let ours = |name: &String| family_of(name) <= family.name.as_str();
            while let Some((name, ecosystem)) = ecosystems.next_if(|(name, _)| ours(name)) {
                let written = ecosystem.write(name, &self.superseded, &mut file)?;
                contents.ecosystems.push(written);
            }
            families[place] = family.write(&self.aliases, &mut file)?;
        }
        for (name, ecosystem) in ecosystems {
            let written = ecosystem.write(name, &self.superseded, &mut file)?;
            contents.ecosystems.push(written);
        }
        contents
            .ecosystems
            .sort_by(|left, right| left.name.cmp(&right.name));
        contents.families = families;
        contents.epss = Section::write_checked(&mut file, &Scores::write(&self.epss));
        contents.epss_scores = self.epss.len() as u64;
        contents.kev = Section::write_checked(&mut file, &Exploited::write(&self.kev));
        contents.exploited = self.kev.len() as u64;
        contents.bases = Section::write_checked(&mut file, &self.bases.finish()?);
        contents.base_images = self.bases.len();
        Ok(header::write(file, contents))
    }

    fn source(&mut self) -> &mut Source {
        if self.contents.sources.is_empty() {
            self.begin("", self.contents.built);
        }
        let last = self.contents.sources.len() - 1;
        &mut self.contents.sources[last]
    }

    fn ecosystem(&mut self, name: &str) -> &mut EcosystemBuilder {
        let date = self.source().date;
        let ecosystem = self.ecosystems.entry(name.to_owned()).or_default();
        ecosystem.date = ecosystem.date.max(date);
        ecosystem
    }

    fn family(&mut self, ecosystem: &str) -> Result<u16, DatabaseError> {
        let name = family_of(ecosystem);
        if let Some(family) = self.by_family.get(name) {
            return Ok(*family);
        }
        let number = u16::try_from(self.families.len());
        let number = number.map_err(|_| DatabaseError::TooLarge("ecosystems"))?;
        self.by_family.insert(name.to_owned(), number);
        self.families.push(FamilyBuilder {
            name: name.to_owned(),
            records: RecordsWriter::new(),
            heads: Vec::new(),
        });
        Ok(number)
    }

    fn take(&mut self, feed: Feed, advisory: Advisory) -> Result<(), DatabaseError> {
        let source = self.source();
        *source.records.entry(feed.name().to_owned()).or_default() += 1;
        source.newest = source.newest.max(advisory.modified).max(advisory.published);
        let Some(first) = advisory.affected.first() else {
            return Ok(());
        };
        let family = self.family(&first.ecosystem)?;
        let heads = self.families[usize::from(family)].heads.len();
        let number = u32::try_from(heads).map_err(|_| DatabaseError::TooLarge("advisories"))?;
        let record = RecordId { family, number };
        if feed == Feed::Osv && !self.is_newest(&advisory, record) {
            return Ok(());
        }
        let head = self.head(feed, &advisory);
        let text = Text {
            summary: advisory.summary,
            details: advisory.details,
            references: advisory.references,
        };
        let family = &mut self.families[usize::from(family)];
        let place = family.records.add_text(&text)?;
        family.heads.push((head, place));
        for affected in advisory.affected {
            let ecosystem = affected.ecosystem.clone();
            let name = normalized(&ecosystem, &affected.package).into_owned();
            let entry = entry(record, affected).write();
            let packages = &mut self.ecosystem(&ecosystem).packages;
            packages.entry(name).or_default().push((record, entry));
        }
        Ok(())
    }

    /// Whether a record of OSV is newer than one of its id that was taken, if one was.
    fn is_newest(&mut self, advisory: &Advisory, record: RecordId) -> bool {
        let known = self.taken.get(&advisory.id).copied();
        if let Some((modified, old)) = known {
            if modified >= advisory.modified {
                return false;
            }
            self.superseded.insert(old);
        }
        let id = advisory.id.clone();
        self.taken.insert(id, (advisory.modified, record));
        true
    }

    fn head(&mut self, feed: Feed, advisory: &Advisory) -> Head {
        let cves = cves(advisory);
        if !cves.is_empty() {
            let names = advisory.aliases.iter().chain([&advisory.id]);
            for name in names.filter(|name| !name.starts_with("CVE-")) {
                let known = self.aliases.entry(name.clone()).or_default();
                known.extend(cves.iter().cloned());
            }
        }
        let key = (feed.name().to_owned(), advisory.id.clone());
        let built = self.contents.built.as_second();
        let seconds = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        let mut related = advisory.related.clone();
        related.extend(
            advisory
                .upstream
                .iter()
                .filter(|id| !cves.contains(id))
                .cloned(),
        );
        Head {
            first_seen: self.first_seen.get(&key).copied().unwrap_or(built),
            feed: key.0,
            id: key.1,
            aliases: advisory.aliases.clone(),
            cves,
            related,
            published: seconds(advisory.published),
            modified: seconds(advisory.modified),
            withdrawn: seconds(advisory.withdrawn),
            ratings: advisory.ratings.clone(),
        }
    }
}

impl Sink for Builder {
    fn advisory(&mut self, feed: Feed, advisory: Advisory) {
        if self.error.is_none() {
            self.error = self.take(feed, advisory).err();
        }
    }

    fn covers(&mut self, _feed: Feed, ecosystem: &str) {
        self.ecosystem(ecosystem);
    }

    fn score(&mut self, cve: &str, score: EpssScore) {
        *self
            .source()
            .records
            .entry(Feed::Epss.name().to_owned())
            .or_default() += 1;
        match Cve::parse(cve) {
            Some(cve) => drop(self.epss.insert(cve, score)),
            None => self.fault(cve, "it is no id of a CVE".into()),
        }
    }

    fn exploited(&mut self, cve: &str, added: Date) {
        *self
            .source()
            .records
            .entry(Feed::Kev.name().to_owned())
            .or_default() += 1;
        match Cve::parse(cve) {
            Some(cve) => drop(self.kev.insert(cve, added)),
            None => self.fault(cve, "it is no id of a CVE".into()),
        }
    }

    fn base_image(&mut self, image: BaseImage) {
        *self
            .source()
            .records
            .entry(Feed::BaseImages.name().to_owned())
            .or_default() += 1;
        if !self.bases.add(&image) {
            let what = "its layers aren't named by SHA-256";
            self.fault(&image.name.to_string(), what.into());
        }
    }

    fn dated(&mut self, feed: Feed, date: Date) {
        if feed == Feed::Epss {
            self.contents.epss_date = self.contents.epss_date.max(Some(date));
        }
    }

    fn fault(&mut self, record: &str, what: String) {
        let source = self.source();
        source.faults += 1;
        let source = source.name.clone();
        if self.faults.len() < FAULTS {
            self.faults.push(Fault {
                source,
                record: feeds::one_line(record.to_owned()),
                what: feeds::one_line(what),
            });
        }
    }
}

impl FamilyBuilder {
    fn write(
        mut self,
        aliases: &HashMap<String, Vec<String>>,
        file: &mut Vec<u8>,
    ) -> Result<Family, DatabaseError> {
        let count = self.heads.len() as u64;
        for (mut head, text) in self.heads {
            if head.cves.is_empty() {
                let names = head.aliases.iter().chain([&head.id]);
                let known = names.filter_map(|name| aliases.get(name)).flatten();
                head.cves = known.cloned().collect();
                head.cves.sort_unstable();
                head.cves.dedup();
            }
            self.records.add(&head, text)?;
        }
        let [index, heads, texts] = self.records.finish()?;
        Ok(Family {
            name: self.name,
            records: count,
            index: Section::write_checked(file, &index),
            heads: Section::write(file, &heads),
            texts: Section::write(file, &texts),
        })
    }
}

impl EcosystemBuilder {
    fn write(
        self,
        name: String,
        superseded: &HashSet<RecordId>,
        file: &mut Vec<u8>,
    ) -> Result<Ecosystem, DatabaseError> {
        let mut writer = PackagesWriter::new();
        let (mut packages, mut advisories) = (0, 0);
        for (package, entries) in self.packages {
            let mut bytes = Vec::new();
            for (record, entry) in entries {
                if !superseded.contains(&record) {
                    advisories += 1;
                    bytes.extend_from_slice(&entry);
                }
            }
            if !bytes.is_empty() {
                packages += 1;
                writer.add(&package, &bytes)?;
            }
        }
        let (index, frames) = writer.finish()?;
        Ok(Ecosystem {
            name,
            date: self.date,
            packages,
            advisories,
            index: Section::write_checked(file, &index),
            frames: Section::write(file, &frames),
        })
    }
}

/// The first part of the name of an ecosystem.
fn family_of(ecosystem: &str) -> &str {
    ecosystem.split(':').next().unwrap_or_default()
}

/// What an advisory says of a package. Versions that are in its ranges anyway aren't kept.
fn entry(record: RecordId, affected: Affected) -> Entry {
    let (ecosystem, ranges) = (affected.ecosystem, affected.ranges);
    let mut versions = affected.versions;
    if !ranges.is_empty() {
        versions.retain(|version| {
            let judged = judge(&ecosystem, &ranges, &[], version);
            !judged.is_ok_and(|judged| judged.is_affected())
        });
    }
    Entry {
        record,
        form: affected.form,
        state: affected.state,
        ranges,
        versions,
        ratings: affected.ratings,
        architectures: affected.architectures,
        module: affected.module,
        informational: affected.informational,
    }
}

/// The CVEs that an advisory is about, each once.
fn cves(advisory: &Advisory) -> Vec<String> {
    // `DEBIAN-CVE-2020-1234` and its like.
    let own = advisory.id.find("CVE-").map(|at| &advisory.id[at..]);
    let named = advisory.aliases.iter().chain(&advisory.upstream);
    let mut cves: Vec<&str> = own.into_iter().chain(named.map(String::as_str)).collect();
    cves.retain(|name| name.starts_with("CVE-"));
    let is_collection = COLLECTIONS
        .iter()
        .any(|prefix| advisory.id.starts_with(prefix));
    if cves.is_empty() && is_collection {
        cves = advisory.related.iter().map(String::as_str).collect();
        cves.retain(|name| name.starts_with("CVE-"));
    }
    let mut cves: Vec<String> = cves.into_iter().map(str::to_owned).collect();
    cves.sort_unstable();
    cves.dedup();
    cves
}
