//! YAML as JSON: PyPA and RustSec's kin keep records of OSV in it.
//!
//! Every scalar becomes a text, but for nulls: nothing in a record is a number, and a version `1.10` that
//! stands there without quotes isn't `1.1`. Aliases aren't followed, which would let a small document be a
//! huge one.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// The largest document, in bytes. Those of PyPA have at most some hundred thousand.
const SIZE: usize = 8 << 20;
/// Collections inside collections.
const DEPTH: usize = 32;

/// Whether a text may be a record in YAML: a line at the margin says which id it has.
pub(super) fn is_record(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    !text.trim_ascii_start().starts_with(b"{") && lines.any(|line| line.starts_with(b"id:"))
}

/// The first document of a text, as JSON.
///
/// # Errors
///
/// A clause about the document.
pub(super) fn to_json(text: &[u8]) -> Result<Vec<u8>, String> {
    if text.len() > SIZE {
        return Err(format!("it has more than {SIZE} bytes of YAML"));
    }
    let text = std::str::from_utf8(text).map_err(|_| "it isn't UTF-8".to_owned())?;
    let value = read(text)?;
    serde_json::to_vec(&value).map_err(|error| error.to_string())
}

/// A collection that isn't complete.
enum Open {
    /// With the key that waits for its value.
    Mapping(Map<String, Value>, Option<String>),
    Sequence(Vec<Value>),
}

fn read(text: &str) -> Result<Value, String> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, _) = event.map_err(|error| {
            let line = error.marker().line();
            format!("it is no YAML: line {line}: {}", error.info())
        })?;
        let value = match event {
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::Alias(_) => return Err("it has an alias, which isn't followed".into()),
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() >= DEPTH => {
                return Err(format!("more than {DEPTH} collections lie in each other"));
            }
            Event::MappingStart(..) => {
                open.push(Open::Mapping(Map::new(), None));
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open::Sequence(Vec::new()));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(Open::Mapping(entries, _)) => Value::Object(entries),
                Some(Open::Sequence(items)) => Value::Array(items),
                None => Value::Null,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open::Sequence(items)) => items.push(value),
            Some(Open::Mapping(entries, key)) => match key.take() {
                Some(key) => drop(entries.insert(key, value)),
                None => *key = Some(value.as_str().unwrap_or_default().to_owned()),
            },
        }
    }
    Err("it is empty".into())
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_null = matches!(text, "" | "~" | "null" | "Null" | "NULL");
    match style == ScalarStyle::Plain && is_null {
        true => Value::Null,
        false => text.into(),
    }
}
