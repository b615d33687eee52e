//! CISA's catalogue of Known Exploited Vulnerabilities (cisa.gov, JSON).

use jiff::civil::Date;
use serde::Deserialize;

use super::{Feed, Sink};

#[derive(Deserialize)]
struct Catalogue {
    #[serde(rename = "dateReleased", default)]
    released: Option<String>,
    vulnerabilities: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(rename = "dateAdded")]
    added: Date,
}

/// Reads the catalogue.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn read(json: &[u8], sink: &mut dyn Sink) -> Result<(), String> {
    let catalogue: Catalogue = serde_json::from_slice(json)
        .map_err(|error| format!("it is no catalogue of exploited vulnerabilities: {error}"))?;
    let released = catalogue
        .released
        .as_deref()
        .and_then(|date| date.get(..10));
    if let Some(date) = released.and_then(|date| date.parse().ok()) {
        sink.dated(Feed::Kev, date);
    }
    for (number, entry) in catalogue.vulnerabilities.into_iter().enumerate() {
        match serde_json::from_value::<Entry>(entry) {
            Ok(entry) if entry.cve.len() < 64 => sink.exploited(&entry.cve, entry.added),
            Ok(_) => sink.fault(
                &format!("entry {}", number + 1),
                "its id is too long".into(),
            ),
            Err(error) => sink.fault(&format!("entry {}", number + 1), error.to_string()),
        }
    }
    Ok(())
}
