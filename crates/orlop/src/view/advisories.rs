//! The database of advisories: what it holds, and what came of making it.

use std::path::Path;

use jiff::Timestamp;
use orlop_scout::Built;
use orlop_vuln::database::{Contents, Database, FORMAT, Source};
use serde_json::{Value, json};

use crate::scanning::counted;
use crate::table;
use crate::units;

/// Of so many records of a source it is said why they were left out.
const FAULTS: usize = 3;

/// What a database that was made holds.
pub fn summary(built: &Built) -> String {
    let records: u64 = built.contents.sources.iter().map(records).sum();
    let what = match built.is_new {
        true => "Built",
        false => "Unchanged",
    };
    format!(
        "{what}: {records} records of {}, {}, {}\nDigest: {}\n",
        counted(built.contents.sources.len(), "source"),
        counted(built.contents.ecosystems.len(), "ecosystem"),
        units::size(built.size),
        built.digest
    )
}

/// What was left out, a line for each source, and what was lost.
pub fn warnings(built: &Built) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = &built.lost {
        lines.push(format!(
            "the database before it couldn't be read ({why}): records without a date of their own count as new"
        ));
    }
    let faulty = built.contents.sources.iter().filter(|it| it.faults > 0);
    for source in faulty {
        let faults = built.faults.iter().filter(|it| it.source == source.name);
        let mut named: Vec<String> = faults
            .take(FAULTS)
            .map(|fault| format!("{}: {}", fault.record, fault.what))
            .collect();
        if named.is_empty() {
            // It was said when they were read.
            continue;
        }
        if source.faults > named.len() as u64 {
            named.push("…".to_owned());
        }
        let count = usize::try_from(source.faults).unwrap_or(usize::MAX);
        let verb = if count == 1 { "was" } else { "were" };
        let count = counted(count, "record");
        lines.push(format!(
            "{}: {count} {verb} left out: {}",
            source.name,
            named.join("; ")
        ));
    }
    lines
}

/// All of it, for templates and programs.
pub fn object(path: &Path, database: &Database, stale_before: Option<Timestamp>) -> Value {
    let contents = database.contents();
    json!({
        "Path": path.display().to_string(),
        "Digest": format!("sha256:{}", database.digest()),
        "Format": FORMAT,
        "Size": database.size(),
        "Built": time(contents.built),
        "Sources": contents.sources.iter().map(|source| json!({
            "Name": source.name,
            "Date": time(source.date),
            "Records": records(source),
            "Faults": source.faults,
            "Newest": source.newest.map(time),
        })).collect::<Vec<_>>(),
        "Ecosystems": ecosystems(contents, stale_before),
        "EPSS": {
            "Date": contents.epss_date.map(|date| date.to_string()),
            "Scores": contents.epss_scores,
        },
        "KEV": { "CVEs": contents.exploited },
        "BaseImages": contents.base_images,
    })
}

fn ecosystems(contents: &Contents, stale_before: Option<Timestamp>) -> Vec<Value> {
    let ecosystems = contents.ecosystems.iter().map(|ecosystem| {
        let is_stale = stale_before.is_some_and(|time| ecosystem.date < time);
        json!({
            "Name": ecosystem.name,
            "Packages": ecosystem.packages,
            "Advisories": ecosystem.advisories,
            "Date": time(ecosystem.date),
            "State": if is_stale { "stale" } else { "current" },
        })
    });
    ecosystems.collect()
}

fn records(source: &Source) -> u64 {
    source.records.values().sum()
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The same for people.
pub fn table(object: &Value, now: Timestamp) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let day = |value: &Value| text(value).chars().take(10).collect::<String>();
    let built: Timestamp = text(&object["Built"]).parse().unwrap_or_default();
    let epss = match object["EPSS"]["Scores"].as_u64() {
        Some(0) | None => "none".to_owned(),
        Some(count) => {
            let scores = counted(usize::try_from(count).unwrap_or(usize::MAX), "score");
            format!("{scores}, {}", day(&object["EPSS"]["Date"]))
        }
    };
    let kev = object["KEV"]["CVEs"].as_u64().unwrap_or(0);
    let kev = counted(usize::try_from(kev).unwrap_or(usize::MAX), "CVE");
    let bases = object["BaseImages"].as_u64().unwrap_or(0);
    let bases = counted(usize::try_from(bases).unwrap_or(usize::MAX), "image");
    let facts = format!(
        "Database:\t{}\nDigest:\t{}\nBuilt:\t{}, {}\nSize:\t{}\nEPSS:\t{epss}\nKEV:\t{kev}\nBase images:\t{bases}\n",
        text(&object["Path"]),
        text(&object["Digest"]),
        text(&object["Built"]),
        units::ago(built, now),
        units::size(object["Size"].as_u64().unwrap_or(0)),
    );
    let rows = |list: &str, heading: &str, fields: &[&str]| {
        let mut rows = format!("{heading}\n");
        for row in object[list].as_array().into_iter().flatten() {
            let cells = fields.iter().map(|field| match *field {
                "Date" | "Newest" => day(&row[*field]),
                field => one_line(&text(&row[field])),
            });
            rows.push_str(&cells.collect::<Vec<_>>().join("\t"));
            rows.push('\n');
        }
        table::LIST.set(&rows)
    };
    let sources = rows(
        "Sources",
        "SOURCE\tDATE\tRECORDS\tLEFT OUT\tNEWEST",
        &["Name", "Date", "Records", "Faults", "Newest"],
    );
    let ecosystems = rows(
        "Ecosystems",
        "ECOSYSTEM\tPACKAGES\tADVISORIES\tDATE\tSTATE",
        &["Name", "Packages", "Advisories", "Date", "State"],
    );
    let facts = table::LIST.set(&facts);
    format!("{facts}\n{sources}\n{ecosystems}")
}

/// Names are what a feed says: a cell is one line all the same.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|ch| if ch.is_control() { ' ' } else { ch })
        .collect()
}
