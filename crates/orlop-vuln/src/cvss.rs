//! Scores of the Common Vulnerability Scoring System, and which of several ratings counts.
//!
//! Parsing and arithmetic are those of the crate `cvss` (RustSec). Here is what it leaves to its
//! users: which of a vector's scores is meant, the words for scores of version 2, and the choice.

use std::fmt;

use ::cvss::Cvss;

use crate::{Rating, Severity};

/// The longest vector that is read, in bytes; with every metric there is, one has about 200.
const LENGTH: usize = 512;

/// The version of CVSS that a vector is of; the newest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CvssVersion {
    /// 2.0.
    V2,
    /// 3.0.
    V3_0,
    /// 3.1.
    V3_1,
    /// 4.0.
    V4,
}

impl CvssVersion {
    /// The severity of a score, in tenths. CVSS has words from version 3 on (3.1, section 5; 4.0,
    /// section 6); for version 2 they are those of the National Vulnerability Database, which has no
    /// critical ones there. A score of 0, "none", is low: docker scout has no word below that.
    fn severity(self, tenths: u8) -> Severity {
        match tenths {
            90.. if self > Self::V2 => Severity::Critical,
            70.. => Severity::High,
            40.. => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

/// `3.1`.
impl fmt::Display for CvssVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V2 => "2.0",
            Self::V3_0 => "3.0",
            Self::V3_1 => "3.1",
            Self::V4 => "4.0",
        })
    }
}

/// What a vector comes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CvssScore {
    /// The vector, as it was given.
    pub vector: String,
    /// Its version of CVSS.
    pub version: CvssVersion,
    /// The score in tenths, 0 to 100.
    pub tenths: u8,
    /// The word for it.
    pub severity: Severity,
}

impl CvssScore {
    /// Scores a vector: the base score for versions 2 and 3, whatever other metrics stand in it; for
    /// version 4, which has but one score, all that it says.
    ///
    /// # Errors
    ///
    /// [`MalformedVector`] unless it has all metrics it must have, each once, and only known ones.
    pub fn of(vector: &str) -> Result<Self, MalformedVector> {
        let malformed = || MalformedVector(vector.chars().take(LENGTH).collect());
        if vector.len() > LENGTH {
            return Err(malformed());
        }
        let trimmed = vector.trim();
        // The National Vulnerability Database puts vectors of version 2 in parentheses.
        let inner = trimmed
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'));
        let parsed: Cvss = inner.unwrap_or(trimmed).parse().map_err(|_| malformed())?;
        let version = match &parsed {
            Cvss::CvssV20(_) => CvssVersion::V2,
            Cvss::CvssV30(metrics) if is_complete(metrics) => CvssVersion::V3_0,
            Cvss::CvssV31(metrics) if is_complete(metrics) => CvssVersion::V3_1,
            Cvss::CvssV40(_) => CvssVersion::V4,
            _ => return Err(malformed()),
        };
        let tenths = (parsed.score() * 10.0).round();
        // Every formula ends between 0 and 10.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped"
        )]
        let tenths = tenths.clamp(0.0, 100.0) as u8;
        Ok(Self {
            vector: trimmed.to_owned(),
            version,
            tenths,
            severity: version.severity(tenths),
        })
    }

    /// The score, 0.0 to 10.0.
    pub fn value(&self) -> f64 {
        f64::from(self.tenths) / 10.0
    }
}

/// Whether a vector of version 3 has every base metric (3.1, section 6): the crate takes less, and
/// then has a score that is too low.
fn is_complete(metrics: &::cvss::v3::Vector) -> bool {
    metrics.av.is_some()
        && metrics.ac.is_some()
        && metrics.pr.is_some()
        && metrics.ui.is_some()
        && metrics.s.is_some()
        && metrics.c.is_some()
        && metrics.i.is_some()
        && metrics.a.is_some()
}

/// Not a vector of CVSS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no CVSS vector")]
pub struct MalformedVector(pub String);

/// What ratings come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// How grave it is.
    pub severity: Severity,
    /// The score that counts, if there is any; the severity may come from elsewhere.
    pub cvss: Option<CvssScore>,
    /// Vectors that are none.
    pub malformed: Vec<MalformedVector>,
}

impl Assessment {
    /// Chooses from groups of ratings, those that say more of the package at hand first: what is said
    /// of the package (a distribution's word) before what is said of the fault in general.
    ///
    /// The first group that tells a severity decides it: by the vector of the newest version of CVSS in
    /// it, the first one if there are several, else by the gravest word. The score is chosen in the
    /// same way, on its own.
    pub fn of<'a>(groups: impl IntoIterator<Item = &'a [Rating]>) -> Self {
        let mut chosen = Self::default();
        for ratings in groups {
            let (mut newest, mut word) = (None::<CvssScore>, None);
            for rating in ratings {
                match rating {
                    Rating::Word(said) => word = word.max(Severity::from_word(said)),
                    Rating::Cvss(vector) => match CvssScore::of(vector) {
                        Ok(score) if newest.as_ref().is_none_or(|n| n.version < score.version) => {
                            newest = Some(score);
                        }
                        Ok(_) => {}
                        Err(error) => chosen.malformed.push(error),
                    },
                }
            }
            if chosen.severity == Severity::Unspecified {
                let scored = newest.as_ref().map(|score| score.severity);
                chosen.severity = scored.or(word).unwrap_or_default();
            }
            chosen.cvss = chosen.cvss.or(newest);
        }
        chosen
    }
}
