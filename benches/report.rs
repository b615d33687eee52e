//! What a benchmark says: progress on standard error, results on standard output.

use std::io::Write;
use std::time::Duration;

/// A line of progress.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A line of results.
pub(crate) fn result(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The value in the middle; of an even number the mean of the two there.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

/// Smallest, middle and largest of times, in milliseconds.
pub(crate) fn spread(times: &[Duration]) -> String {
    let mut values: Vec<f64> = times
        .iter()
        .map(|time| time.as_secs_f64() * 1000.0)
        .collect();
    values.sort_by(f64::total_cmp);
    let (first, last) = (
        values.first().copied().unwrap_or(f64::NAN),
        values.last().copied().unwrap_or(f64::NAN),
    );
    format!(
        "median {:.1} ms (best {first:.1}, worst {last:.1}, {} runs)",
        median(values),
        times.len()
    )
}
