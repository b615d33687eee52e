//! Orlop's own JSON: all that is known, as [`Sbom`] has it.

use serde_json::{Value, json};

use super::{DocumentError, Subject};
use crate::Sbom;

/// The version of this form. What is only added doesn't change it.
const SCHEMA: &str = "orlop-sbom/1";

pub(super) fn write(subject: &Subject, sbom: &Sbom) -> Value {
    let mut value = json!({ "schema": SCHEMA, "subject": subject });
    let rest = serde_json::to_value(sbom).expect("strings and numbers are always JSON");
    if let (Value::Object(value), Value::Object(rest)) = (&mut value, rest) {
        value.extend(rest);
    }
    value
}

pub(super) fn is(value: &Value) -> bool {
    value["schema"].as_str() == Some(SCHEMA)
}

pub(super) fn read(mut value: Value) -> Result<(Subject, Sbom), DocumentError> {
    let subject = serde_json::from_value(value["subject"].take());
    let subject = subject.map_err(|error| DocumentError::Malformed(error.to_string()))?;
    let sbom = serde_json::from_value(value);
    Ok((
        subject,
        sbom.map_err(|error| DocumentError::Malformed(error.to_string()))?,
    ))
}
