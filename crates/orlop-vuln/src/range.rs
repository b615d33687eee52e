//! Whether a version is affected, and how that was decided.
//!
//! The algorithm is OSV's (schema 1.7.0, "Evaluation"): the events of a range are put in order, and
//! each that the version has reached turns it affected or not. Where OSV leaves open what two
//! events at one version mean, the order in which the record lists them decides. A range is also
//! told as people read it (`>=1.0.0,<1.2.3`), and each comparison is kept, so that an answer can be
//! explained.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;

use crate::advisory::{Event, Range, RangeKind};
use crate::order::{MalformedVersion, Order, Version};

/// More events than any record has in one range; what lies beyond is not looked at, and said.
const EVENTS: usize = 4096;

/// What an advisory says of one version of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why it is affected; `None` if it isn't.
    pub reason: Option<Reason>,
    /// The lowest version above it that isn't affected any more and is named as a fix.
    pub fixed_version: Option<String>,
    /// The comparisons that made it affected, in the order in which they were made: those of the range
    /// that includes it. What else was compared [`explain`] tells. A search for findings tells none:
    /// whoever wants to know asks [`judge`].
    pub comparisons: Vec<Comparison>,
}

impl Judgement {
    /// Whether the version is affected.
    pub fn is_affected(&self) -> bool {
        self.reason.is_some()
    }

    /// The range that it lies in, as docker scout writes it: `<2.6.0-r0`, `>=1.0.0,<1.2.3`,
    /// `=1.4.0` for a version that is listed alone. `None` if it isn't affected.
    pub fn affected_range(&self) -> Option<String> {
        self.reason.as_ref().map(|reason| match reason {
            Reason::Listed { version } => format!("={version}"),
            Reason::InRange { interval, .. } => interval.to_string(),
        })
    }
}

/// Why a version is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The advisory lists it.
    Listed {
        /// As the advisory writes it.
        version: String,
    },
    /// It lies in a range.
    InRange {
        /// Which one, counted from 0 as the advisory lists them.
        range: usize,
        /// The part of the range around it.
        interval: Interval,
    },
}

/// A part of a range without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first version in it; `None` if it begins before every version.
    pub from: Option<String>,
    /// Where it ends.
    pub end: End,
}

/// Where an interval ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nowhere: there is no fix.
    Open,
    /// Before this version, which is a fix.
    Fixed(String),
    /// With this version.
    Last(String),
    /// Before this version, of which nothing is known.
    Limit(String),
}

impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.end) {
            (None, End::Open) => return formatter.write_str(">=0"),
            (Some(from), End::Open) => return write!(formatter, ">={from}"),
            (Some(from), _) => write!(formatter, ">={from},")?,
            (None, _) => {}
        }
        match &self.end {
            End::Fixed(version) | End::Limit(version) => write!(formatter, "<{version}"),
            End::Last(version) => write!(formatter, "<={version}"),
            End::Open => Ok(()),
        }
    }
}

/// One comparison of the version with an event of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The range, counted from 0.
    pub range: usize,
    /// By which order.
    pub order: Order,
    /// The version in question.
    pub version: String,
    /// How it stands to the version of the event.
    pub ordering: Ordering,
    /// The event.
    pub event: Event,
}

/// `1.1.1b-r1 < 1.1.1d-r1 (fixed), as apk orders versions`.
impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.ordering {
            Ordering::Less => '<',
            Ordering::Equal => '=',
            Ordering::Greater => '>',
        };
        let (word, bound) = match &self.event {
            Event::Introduced(bound) => ("introduced", bound),
            Event::Fixed(bound) => ("fixed", bound),
            Event::LastAffected(bound) => ("last affected", bound),
            Event::Limit(bound) => ("limit", bound),
        };
        let Self { order, version, .. } = self;
        write!(
            formatter,
            "{version} {sign} {bound} ({word}), as {order} orders versions"
        )
    }
}

/// Why it can't be told whether a version is affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// The version itself, or one in the advisory, is none.
    #[error(transparent)]
    Malformed(#[from] MalformedVersion),
    /// The ecosystem has no order that is known.
    #[error("the order of {0:?} versions isn't known")]
    NoOrder(String),
    /// The advisory is beyond reason.
    #[error("a range has {0} events; at most {EVENTS} are read")]
    TooMany(usize),
}

/// Judges `installed` by the ranges and the listed versions of an advisory, in the order of an
/// ecosystem as OSV names it (`Debian:12`).
///
/// # Errors
///
/// [`Undecided`] if something can't be compared and nothing else says that the version is affected:
/// then it must not pass for safe.
pub fn judge(
    ecosystem: &str,
    ranges: &[Range],
    versions: &[String],
    installed: &str,
) -> Result<Judgement, Undecided> {
    let installed = Installed::new(installed);
    let judge = Judge::new(ecosystem, ranges, versions);
    let mut judgement = judge.judge(&installed)?;
    if let Some(reason) = &judgement.reason {
        judgement.comparisons = judge.comparisons(&installed, reason);
    }
    Ok(judgement)
}

/// The same for whoever doesn't explain the answer: without the comparisons.
pub(crate) fn judge_alone(
    ecosystem: &str,
    ranges: &[Range],
    versions: &[String],
    installed: &Installed<'_>,
) -> Result<Judgement, Undecided> {
    Judge::new(ecosystem, ranges, versions).judge(installed)
}

/// Every comparison of `installed` with the events of every range, whatever came of it: what there is
/// to say of a version that isn't affected. A range with something that can't be
/// compared is left out.
pub fn explain(ecosystem: &str, ranges: &[Range], installed: &str) -> Vec<Comparison> {
    let judge = Judge::new(ecosystem, ranges, &[]);
    let installed = Installed::new(installed);
    let compared = (0..ranges.len()).flat_map(|at| judge.comparisons_with(at, &installed));
    compared.collect()
}

impl Event {
    /// The end that GitHub's advisories give a range without one, as
    /// `database_specific.last_known_affected_version_range`: `<= 1.2.3`, `< 2.0`.
    pub fn from_last_known(range: &str) -> Option<Self> {
        let range = range.trim();
        let (make, version): (fn(String) -> Self, _) = match range.strip_prefix("<=") {
            Some(version) => (Self::LastAffected, version),
            None => (Self::Limit, range.strip_prefix('<')?),
        };
        let version = version.trim();
        (!version.is_empty() && !version.contains([' ', ','])).then(|| make(version.to_owned()))
    }
}

impl RangeKind {
    /// The order of such a range in an ecosystem with this order.
    fn order(self, ecosystem: Option<Order>) -> Option<Order> {
        match (self, ecosystem) {
            (Self::Ecosystem, order) => order,
            (Self::Semver, Some(Order::Npm | Order::Go)) => ecosystem,
            (Self::Semver, _) => Some(Order::Semver),
        }
    }
}

/// A version that many advisories are asked about, read once for each order.
pub(crate) struct Installed<'a> {
    version: &'a str,
    /// In the order of the ecosystem, and in that of Semantic Versioning: no range has a third.
    read: [OnceCell<(Order, Read<'a>)>; 2],
}

type Read<'a> = Result<Version<'a>, MalformedVersion>;

impl<'a> Installed<'a> {
    pub(crate) fn new(version: &'a str) -> Self {
        Self {
            version,
            read: [OnceCell::new(), OnceCell::new()],
        }
    }

    /// How it stands to the version of an event.
    fn compare(&self, order: Order, bound: &Bound<'_>) -> Result<Ordering, MalformedVersion> {
        for cell in &self.read {
            let (its, read) = cell.get_or_init(|| (order, order.read(self.version)));
            if *its == order {
                let own = read.as_ref().map_err(Clone::clone)?;
                return Ok(own.cmp(bound.read(order)?));
            }
        }
        order.compare(self.version, bound.event.version())
    }
}

/// An event, whose version is read when it is first compared.
struct Bound<'a> {
    event: &'a Event,
    read: OnceCell<Read<'a>>,
}

impl<'a> Bound<'a> {
    fn new(event: &'a Event) -> Self {
        Self {
            event,
            read: OnceCell::new(),
        }
    }

    fn read(&self, order: Order) -> Result<&Version<'a>, MalformedVersion> {
        let read = self.read.get_or_init(|| order.read(self.event.version()));
        read.as_ref().map_err(Clone::clone)
    }
}

/// What an advisory says of a package.
struct Judge<'a> {
    ecosystem: &'a str,
    order: Option<Order>,
    ranges: &'a [Range],
    versions: &'a [String],
}

impl<'a> Judge<'a> {
    fn new(ecosystem: &'a str, ranges: &'a [Range], versions: &'a [String]) -> Self {
        Self {
            ecosystem,
            order: Order::of_ecosystem(ecosystem),
            ranges,
            versions,
        }
    }

    /// Whether a version is affected, and what fixes it. Most versions that are looked up aren't.
    fn judge(&self, installed: &Installed<'_>) -> Result<Judgement, Undecided> {
        let reason = self.decide(installed)?;
        let fix = reason.as_ref();
        Ok(Judgement {
            fixed_version: fix.and_then(|reason| self.fix(installed.version, reason)),
            reason,
            comparisons: Vec::new(),
        })
    }

    /// Why a version is affected, if it is.
    fn decide(&self, installed: &Installed<'_>) -> Result<Option<Reason>, Undecided> {
        let mut undecided = None;
        for at in 0..self.ranges.len() {
            match self.in_range(at, installed, |_, _| ()) {
                Ok(Some(interval)) => {
                    return Ok(Some(Reason::InRange {
                        range: at,
                        interval,
                    }));
                }
                Ok(None) => {}
                Err(error) => undecided = undecided.or(Some(error)),
            }
        }
        if let Some(version) = self
            .versions
            .iter()
            .find(|version| self.equal(version, installed.version))
        {
            let version = version.clone();
            return Ok(Some(Reason::Listed { version }));
        }
        undecided.map_or(Ok(None), Err)
    }

    /// Whether a listed version is the installed one, perhaps written differently.
    fn equal(&self, listed: &str, installed: &str) -> bool {
        let equal = |order: Order| order.compare(listed, installed) == Ok(Ordering::Equal);
        listed == installed || self.order.is_some_and(equal)
    }

    fn order_of(&self, range: &Range) -> Result<Order, Undecided> {
        let order = range.kind.order(self.order);
        order.ok_or_else(|| Undecided::NoOrder(self.ecosystem.to_owned()))
    }

    /// The part of a range that a version lies in, if it does. `compared` hears of each event.
    fn in_range(
        &self,
        at: usize,
        installed: &Installed<'_>,
        mut compared: impl FnMut(&Event, Ordering),
    ) -> Result<Option<Interval>, Undecided> {
        let range = &self.ranges[at];
        let order = self.order_of(range)?;
        let (mut from, mut end) = (None, None);
        let (mut is_limited, mut limit) = (false, None);
        let bounds = in_order(order, &range.events)?;
        for bound in &bounds {
            let ordering = match place(bound.event) {
                0 => installed.compare(order, bound)?,
                place => 0.cmp(&place),
            };
            compared(bound.event, ordering);
            match bound.event {
                Event::Introduced(_) if ordering.is_ge() => from = from.or(Some(bound.event)),
                Event::Fixed(_) if ordering.is_ge() => from = None,
                Event::LastAffected(_) if ordering.is_gt() => from = None,
                Event::Introduced(_) => {}
                Event::Fixed(_) | Event::LastAffected(_) => end = end.or(Some(bound)),
                Event::Limit(_) => {
                    is_limited = true;
                    // Events are in order, and the last limit is the one that counts.
                    limit = ordering.is_lt().then_some(bound).or(limit);
                }
            }
        }
        if range.events.iter().all(|event| place(event) != 0) {
            // It was compared with nothing, and yet must be a version.
            order.compare(installed.version, installed.version)?;
        }
        let Some(from) = from.filter(|_| !is_limited || limit.is_some()) else {
            return Ok(None);
        };
        let limit = limit.filter(|limit| limit.event.version() != "*");
        let end = match (end, limit) {
            (Some(end), Some(limit)) if compare_bounds(order, limit, end)?.is_lt() => Some(limit),
            (end, limit) => end.or(limit),
        };
        Ok(Some(Interval {
            from: Some(from.version().to_owned()).filter(|version| version != "0"),
            end: End::of(end.map(|bound| bound.event)),
        }))
    }

    /// The comparisons behind a reason.
    fn comparisons(&self, installed: &Installed<'_>, reason: &Reason) -> Vec<Comparison> {
        match reason {
            Reason::InRange { range, .. } => self.comparisons_with(*range, installed),
            Reason::Listed { .. } => Vec::new(),
        }
    }

    fn comparisons_with(&self, at: usize, installed: &Installed<'_>) -> Vec<Comparison> {
        let mut comparisons = Vec::new();
        let Ok(order) = self.order_of(&self.ranges[at]) else {
            return comparisons;
        };
        let decided = self.in_range(at, installed, |event, ordering| {
            comparisons.push(Comparison {
                range: at,
                order,
                version: installed.version.to_owned(),
                ordering,
                event: event.clone(),
            });
        });
        if decided.is_err() {
            comparisons.clear();
        }
        comparisons
    }

    /// The lowest fix above a version that is affected: the end of its interval, or, where another
    /// range has that, the end of that one's.
    fn fix(&self, installed: &str, reason: &Reason) -> Option<String> {
        if let Reason::InRange { interval, .. } = reason
            && self.begins_once()
        {
            // Nothing begins again after it.
            return match &interval.end {
                End::Fixed(version) => Some(version.clone()),
                End::Open | End::Last(_) | End::Limit(_) => None,
            };
        }
        let mut reason = reason.clone();
        // Each step goes up to another event.
        let events: usize = self.ranges.iter().map(|range| range.events.len()).sum();
        for _ in 0..=events {
            let candidate = match reason {
                Reason::InRange { interval, .. } => match interval.end {
                    End::Fixed(version) => version,
                    End::Open | End::Last(_) | End::Limit(_) => return None,
                },
                Reason::Listed { .. } => self.next_fix(installed)?,
            };
            match self.decide(&Installed::new(&candidate)) {
                Ok(Some(next @ Reason::InRange { .. })) => reason = next,
                _ => return Some(candidate),
            }
        }
        None
    }

    /// Whether there is but one range, and it has but one beginning.
    fn begins_once(&self) -> bool {
        let [range] = self.ranges else { return false };
        let is_beginning = |event: &&Event| matches!(event, Event::Introduced(_));
        range.events.iter().filter(is_beginning).count() == 1
    }

    /// The lowest fix above a version that only the list has.
    fn next_fix(&self, installed: &str) -> Option<String> {
        let mut lowest: Option<&str> = None;
        for range in self.ranges {
            let order = range.kind.order(self.order)?;
            for event in &range.events {
                let Event::Fixed(fix) = event else { continue };
                let is_above = order.compare(fix, installed).is_ok_and(Ordering::is_gt);
                let is_lower = lowest
                    .is_none_or(|lowest| order.compare(fix, lowest).is_ok_and(Ordering::is_lt));
                if is_above && is_lower {
                    lowest = Some(fix);
                }
            }
        }
        lowest.map(str::to_owned)
    }
}

impl End {
    fn of(event: Option<&Event>) -> Self {
        match event {
            Some(Event::Fixed(version)) => Self::Fixed(version.clone()),
            Some(Event::LastAffected(version)) => Self::Last(version.clone()),
            Some(Event::Limit(version)) => Self::Limit(version.clone()),
            Some(Event::Introduced(_)) | None => Self::Open,
        }
    }
}

/// The events by their versions, those at one version as they are listed.
///
/// It takes no order for granted, as the library's sorting does: Maven's isn't one.
fn in_order(order: Order, events: &[Event]) -> Result<Vec<Bound<'_>>, Undecided> {
    if events.len() > EVENTS {
        return Err(Undecided::TooMany(events.len()));
    }
    let mut sorted: Vec<Bound<'_>> = Vec::with_capacity(events.len());
    for event in events {
        let bound = Bound::new(event);
        let mut malformed = None;
        let mut is_before = |earlier: &Bound<'_>| {
            compare_bounds(order, earlier, &bound)
                .map_err(|error| malformed = Some(error))
                .is_ok_and(Ordering::is_le)
        };
        // Records list events in order, most of them.
        let at = match sorted.last() {
            Some(last) if !is_before(last) => sorted.partition_point(|bound| is_before(bound)),
            _ => sorted.len(),
        };
        if let Some(error) = malformed {
            return Err(error.into());
        }
        sorted.insert(at, bound);
    }
    Ok(sorted)
}

fn compare_bounds(
    order: Order,
    left: &Bound<'_>,
    right: &Bound<'_>,
) -> Result<Ordering, MalformedVersion> {
    match place(left.event).cmp(&place(right.event)) {
        Ordering::Equal if place(left.event) == 0 => Ok(left.read(order)?.cmp(right.read(order)?)),
        decided => Ok(decided),
    }
}

/// -1 for what is before every version, 1 for what is after all of them, 0 for a version.
fn place(event: &Event) -> i8 {
    match event {
        Event::Introduced(version) if version == "0" => -1,
        Event::Limit(version) if version == "*" => 1,
        _ => 0,
    }
}
