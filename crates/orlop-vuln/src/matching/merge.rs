//! From what advisories say to findings: each fault of a package once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

use super::lookup::Candidate;
use super::{Answer, Evidence, FixState, Match, Question, Undecidable};
use crate::database::{Database, DatabaseError, Head, RecordId};
use crate::feeds::EpssScore;
use crate::releases::rhel_minor;
use crate::{Assessment, Judgement, Order, Rating, State};

/// Which id stands for a fault without a CVE that several advisories are about.
const PREFERRED: &[&str] = &["GHSA-", "RUSTSEC-", "GO-", "PYSEC-"];

/// A candidate, and what its record says of itself.
type Said<'a> = (&'a Candidate<'a>, &'a Head);
/// The same, with how it was judged.
type Affirmed<'a> = (&'a Candidate<'a>, &'a Head, &'a Judgement);

/// Puts candidates together by package and fault.
pub(super) fn merge(
    database: &Database,
    question: &Question<'_>,
    candidates: &[Candidate<'_>],
) -> Result<Answer, DatabaseError> {
    let heads = heads(database, candidates)?;
    let mut by_package: Vec<Vec<Said<'_>>> = vec![Vec::new(); question.packages.len()];
    for candidate in candidates {
        let head = &heads[&candidate.entry().record];
        if !head.holds_at(question.as_of) {
            continue;
        }
        for package in candidate.packages.iter() {
            by_package[*package].push((candidate, head));
        }
    }
    let context = Context { database, question };
    let mut answer = Answer::default();
    for (package, said) in by_package.into_iter().enumerate() {
        answer.undecidable.extend(undecidable(package, &said));
        for (id, mut said) in by_fault(said) {
            said.sort_by_key(|(candidate, head)| rank(candidate, head));
            answer.findings.extend(context.finding(package, id, &said)?);
        }
    }
    Ok(answer)
}

/// What the records of candidates say of themselves, each read once and in their order.
fn heads(
    database: &Database,
    candidates: &[Candidate<'_>],
) -> Result<HashMap<RecordId, Head>, DatabaseError> {
    let records = candidates.iter().map(|candidate| candidate.entry().record);
    let mut records = records.collect::<BTreeSet<_>>().into_iter().peekable();
    let mut heads = HashMap::new();
    while let Some(first) = records.peek().copied() {
        let family = database.records(first.family())?;
        let mut reader = family.heads();
        while let Some(record) = records.next_if(|record| record.family() == first.family()) {
            heads.insert(record, family.head(record.number(), &mut reader)?);
        }
    }
    Ok(heads)
}

/// Candidates by the id of the fault. An advisory about several CVEs is about each; advisories without
/// one are about the same fault if they share a name.
fn by_fault<'a>(said: Vec<Said<'a>>) -> BTreeMap<&'a str, Vec<Said<'a>>> {
    let mut faults: BTreeMap<&str, Vec<Said<'_>>> = BTreeMap::new();
    let mut others = Groups::default();
    for (candidate, head) in said {
        for cve in &head.cves {
            faults.entry(cve).or_default().push((candidate, head));
        }
        if head.cves.is_empty() {
            others.add((candidate, head));
        }
    }
    for said in others.finish() {
        let ids = said.iter().map(|(_, head)| head.id.as_str());
        if let Some(id) = ids.min_by_key(|id| (preference(id), *id)) {
            faults.insert(id, said);
        }
    }
    faults
}

/// What is said of faults without a CVE, by the fault.
#[derive(Default)]
struct Groups<'a> {
    said: Vec<Said<'a>>,
    /// For each of them one that is about the same fault; the first of a fault has itself.
    same: Vec<usize>,
    /// Who was the first to have a name.
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, said: Said<'a>) {
        let new = self.said.len();
        self.said.push(said);
        self.same.push(new);
        let head = said.1;
        for name in head.aliases.iter().chain([&head.id]) {
            let known = *self.by_name.entry(name).or_insert(new);
            let (one, other) = (self.first(known), self.first(new));
            self.same[one.max(other)] = one.min(other);
        }
    }

    /// The first that is about the same fault.
    fn first(&mut self, mut at: usize) -> usize {
        while self.same[at] != at {
            // The way is half as long the next time.
            self.same[at] = self.same[self.same[at]];
            at = self.same[at];
        }
        at
    }

    /// What is said of each fault; what came last goes first.
    fn finish(mut self) -> impl Iterator<Item = Vec<Said<'a>>> {
        let mut groups: BTreeMap<usize, Vec<Said<'a>>> = BTreeMap::new();
        for at in (0..self.said.len()).rev() {
            let first = self.first(at);
            groups.entry(first).or_default().push(self.said[at]);
        }
        groups.into_values()
    }
}

fn preference(id: &str) -> usize {
    let place = PREFERRED.iter().position(|prefix| id.starts_with(prefix));
    place.unwrap_or(PREFERRED.len())
}

/// Which of several advisories range and fix are told of: one with a fix; one in the publisher's own
/// form; one whose id is preferred.
fn rank<'a>(candidate: &Candidate<'_>, head: &'a Head) -> (bool, bool, bool, usize, &'a str) {
    let judgement = candidate.judgement.as_ref();
    let fixed = judgement
        .ok()
        .and_then(|judgement| judgement.fixed_version.as_ref());
    let is_collected = head.feed == "osv";
    (
        judgement.is_err(),
        fixed.is_none(),
        is_collected,
        preference(&head.id),
        &head.id,
    )
}

/// What can't be told of a package, by the reason.
fn undecidable(package: usize, said: &[Said<'_>]) -> Vec<Undecidable> {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (candidate, head) in said {
        if let Err(what) = &candidate.judgement {
            let ids = reasons.entry(what).or_default();
            match head.cves.is_empty() {
                true => drop(ids.insert(&head.id)),
                false => ids.extend(head.cves.iter().map(String::as_str)),
            }
        }
    }
    let reasons = reasons.into_iter().map(|(what, ids)| Undecidable {
        package,
        what: what.to_owned(),
        ids: ids.into_iter().map(str::to_owned).collect(),
    });
    reasons.collect()
}

struct Context<'a> {
    database: &'a Database,
    question: &'a Question<'a>,
}

impl Context<'_> {
    /// The finding that advisories about one fault make together, the most telling first. None if it
    /// can't be told, or one of them says that the package isn't affected.
    fn finding(
        &self,
        package: usize,
        id: &str,
        said: &[Said<'_>],
    ) -> Result<Option<Match>, DatabaseError> {
        let denies = |(candidate, _): &Said<'_>| candidate.entry().state == State::NotAffected;
        let judged = said.iter().filter_map(|(candidate, head)| {
            let judgement = candidate.judgement.as_ref().ok()?;
            Some((*candidate, *head, judgement))
        });
        let (mut affirmed, denied): (Vec<Affirmed<'_>>, Vec<_>) =
            judged.partition(|(_, _, judgement)| judgement.is_affected());
        if let Some((fixed, _, _)) = denied.first() {
            // Another minor release has a fix of its own.
            let minor = rhel_minor(fixed.lookup.version);
            affirmed.retain(|(_, _, judgement)| {
                let fix = judgement.fixed_version.as_deref();
                fix.is_none_or(|fix| rhel_minor(fix) == minor)
            });
        }
        let Some((first, _, judgement)) = affirmed.first() else {
            return Ok(None);
        };
        if said.iter().any(denies) {
            return Ok(None);
        }
        let fixed_version = self.fix(&affirmed);
        let own = affirmed
            .iter()
            .map(|(it, _, _)| it.entry().ratings.as_slice());
        let general = affirmed.iter().map(|(_, head, _)| head.ratings.as_slice());
        let ratings: Vec<&[Rating]> = own.chain(general).collect();
        let (epss, exploited) = self.scores(id)?;
        let mut informational = first.entry().informational.clone();
        informational = informational.filter(|_| {
            affirmed
                .iter()
                .all(|(it, _, _)| it.entry().informational.is_some())
        });
        Ok(Some(Match {
            package,
            aliases: aliases(id, &affirmed),
            assessment: Assessment::of(ratings),
            state: state(fixed_version.as_deref(), &affirmed),
            affected_range: judgement.affected_range(),
            fixed_version,
            published: affirmed
                .iter()
                .filter_map(|(_, head, _)| head.published())
                .min(),
            epss,
            exploited,
            informational,
            evidence: affirmed.iter().map(|said| self.evidence(*said)).collect(),
            id: id.to_owned(),
        }))
    }

    /// The newest of the fixes, which fixes it by all accounts.
    fn fix(&self, affirmed: &[Affirmed<'_>]) -> Option<String> {
        let mut newest: Option<&String> = None;
        for (candidate, _, judgement) in affirmed {
            let Some(fix) = &judgement.fixed_version else {
                continue;
            };
            let order = Order::of_ecosystem(self.name(candidate));
            let is_newer = |known: &String| {
                order.is_some_and(|order| order.compare(fix, known).is_ok_and(|it| it.is_gt()))
            };
            if newest.is_none_or(is_newer) {
                newest = Some(fix);
            }
        }
        newest.cloned()
    }

    fn name(&self, candidate: &Candidate<'_>) -> &str {
        &self.database.contents().ecosystems[candidate.lookup.ecosystem].name
    }

    fn evidence(&self, (candidate, head, judgement): Affirmed<'_>) -> Arc<Evidence> {
        let evidence = || Evidence {
            record: candidate.entry().record,
            feed: head.feed.clone(),
            advisory: head.id.clone(),
            ecosystem: self.name(candidate).to_owned(),
            package: candidate.lookup.name.clone().into_owned(),
            version: candidate.lookup.version.to_owned(),
            judgement: judgement.clone(),
        };
        Arc::clone(candidate.evidence.get_or_init(|| Arc::new(evidence())))
    }

    /// How likely a CVE is exploited, and since when it is, as far as that was known.
    fn scores(&self, id: &str) -> Result<(Option<EpssScore>, Option<Date>), DatabaseError> {
        let utc = jiff::tz::Offset::UTC;
        let day = self.question.as_of.map(|time| utc.to_datetime(time).date());
        let was_known =
            |date: Option<Date>| day.is_none_or(|day| date.is_some_and(|date| date <= day));
        let epss = match was_known(self.database.contents().epss_date) {
            true => self.database.epss(id)?,
            false => None,
        };
        let exploited = self.database.exploited(id)?;
        Ok((epss, exploited.filter(|added| was_known(Some(*added)))))
    }
}

fn aliases(id: &str, affirmed: &[Affirmed<'_>]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for (_, head, _) in affirmed {
        names.push(&head.id);
        // Other CVEs of the same record are faults of their own.
        let others = head.aliases.iter().filter(|name| !name.starts_with("CVE-"));
        names.extend(others.map(String::as_str));
    }
    names.retain(|name| *name != id);
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

fn state(fix: Option<&str>, affirmed: &[Affirmed<'_>]) -> FixState {
    let is_refused = |(it, _, _): &Affirmed<'_>| it.entry().state == State::WontFix;
    match fix {
        Some(_) => FixState::Fixed,
        None if affirmed.iter().any(is_refused) => FixState::WontFix,
        None => FixState::NotFixed,
    }
}
