//! Columns by CVE: rows of one length in order of the CVEs, searched in place.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::frames::number;
use crate::feeds::EpssScore;

/// A CVE as two numbers; they sort as rows do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cve {
    year: u32,
    number: u32,
}

impl Cve {
    /// Reads `CVE-2019-1543`. A number with zeros before it that the number hasn't is none: `CVE-2019-0001`
    /// is padded to four digits, and only so.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (year, number) = text.strip_prefix("CVE-")?.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || number.len() < 4 || !digits(year) || !digits(number) {
            return None;
        }
        if number.len() > 4 && number.starts_with('0') {
            return None;
        }
        Some(Self {
            year: year.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// Rows of a CVE and `N` numbers.
struct Table<'a, const N: usize>(&'a [u8]);

impl<const N: usize> Table<'_, N> {
    const ROW: usize = 8 + 4 * N;

    fn get(&self, cve: &str) -> Option<[u32; N]> {
        let cve = Cve::parse(cve)?;
        let (mut low, mut high) = (0, self.0.len() / Self::ROW);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = middle * Self::ROW;
            let found = Cve {
                year: number(self.0, at)?,
                number: number(self.0, at + 4)?,
            };
            match found.cmp(&cve) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let mut row = [0; N];
                    for (column, value) in row.iter_mut().enumerate() {
                        *value = number(self.0, at + 8 + 4 * column)?;
                    }
                    return Some(row);
                }
            }
        }
        None
    }

    fn write(rows: impl Iterator<Item = (Cve, [u32; N])>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (cve, row) in rows {
            for number in [cve.year, cve.number].into_iter().chain(row) {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }
}

/// Scores of EPSS.
pub(super) struct Scores<'a>(Table<'a, 2>);

impl<'a> Scores<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Table(bytes))
    }

    pub(super) fn get(&self, cve: &str) -> Option<EpssScore> {
        let [probability, percentile] = self.0.get(cve)?;
        Some(EpssScore {
            probability,
            percentile,
        })
    }

    pub(super) fn write(scores: &BTreeMap<Cve, EpssScore>) -> Vec<u8> {
        let row = |score: &EpssScore| [score.probability, score.percentile];
        Table::write(scores.iter().map(|(cve, score)| (*cve, row(score))))
    }
}

/// Since when CVEs are exploited.
pub(super) struct Exploited<'a>(Table<'a, 1>);

impl<'a> Exploited<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Table(bytes))
    }

    pub(super) fn get(&self, cve: &str) -> Option<Date> {
        let [date] = self.0.get(cve)?;
        let part = |divisor: u32, modulus: u32| i8::try_from(date / divisor % modulus).ok();
        let year = i16::try_from(date / 10_000).ok()?;
        Date::new(year, part(100, 100)?, part(1, 100)?).ok()
    }

    /// Dates as numbers of their digits: 20211203.
    pub(super) fn write(dates: &BTreeMap<Cve, Date>) -> Vec<u8> {
        let row = |date: &Date| {
            let part = |value: i8| u32::from(value.unsigned_abs());
            let year = u32::from(date.year().unsigned_abs());
            [year * 10_000 + part(date.month()) * 100 + part(date.day())]
        };
        Table::write(dates.iter().map(|(cve, date)| (*cve, row(date))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cve_is_two_numbers() {
        for (text, cve) in [
            ("CVE-2019-1543", Some((2019, 1543))),
            ("CVE-2019-0001", Some((2019, 1))),
            ("CVE-2021-44228", Some((2021, 44228))),
            ("CVE-2021-044228", None),
            ("CVE-2021-1", None),
            ("CVE-2021-99999999999", None),
            ("GHSA-2021-1234", None),
            ("CVE-21-1234", None),
        ] {
            let parsed = Cve::parse(text).map(|cve| (cve.year, cve.number));
            assert_eq!(parsed, cve, "{text}");
        }
    }
}
