//! FIRST's EPSS scores (first.org/epss/data_stats): CSV with a comment that has the day.

use jiff::civil::Date;

use super::{EpssScore, Feed, Sink};

/// The most scores. There are some 300,000 CVEs.
const SCORES: usize = 5_000_000;
/// Lines that can't be read are told one by one up to this many.
const FAULTS: usize = 20;

/// Reads all scores.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(csv: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let csv = std::str::from_utf8(csv).map_err(|_| "it isn't UTF-8".to_owned())?;
    let mut faults = 0;
    for (number, line) in csv.lines().enumerate() {
        if number > SCORES {
            return Err(format!("it has more than {SCORES} scores"));
        }
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(date) = date(comment) {
                sink.dated(Feed::Epss, date);
            }
        } else if !line.is_empty() && !line.starts_with("cve,") {
            match score(line) {
                Some((cve, score)) => sink.score(cve, score),
                None if faults < FAULTS => {
                    faults += 1;
                    sink.fault(
                        &format!("line {}", number + 1),
                        "it is no score of EPSS".into(),
                    );
                }
                None => {}
            }
        }
    }
    Ok(())
}

/// `score_date:2024-01-01T00:00:00+0000`.
fn date(comment: &str) -> Option<Date> {
    let (_, date) = comment.split_once("score_date:")?;
    date.get(..10)?.parse().ok()
}

fn score(line: &str) -> Option<(&str, EpssScore)> {
    let mut fields = line.split(',').map(str::trim);
    let cve = fields
        .next()
        .filter(|cve| cve.starts_with("CVE-") && cve.len() < 64)?;
    let mut number = || fraction(fields.next()?);
    let score = EpssScore {
        probability: number()?,
        percentile: number()?,
    };
    Some((cve, score))
}

/// A number from 0 to 1, in hundred-thousandths.
fn fraction(text: &str) -> Option<u32> {
    let number: f64 = text.parse().ok()?;
    let range = 0.0..=1.0;
    range
        .contains(&number)
        .then(|| (number * f64::from(EpssScore::ONE)).round() as u32)
}
