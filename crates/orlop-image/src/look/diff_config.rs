//! The configurations of two images, compared field by field. They are compared as the JSON that they
//! are, so that no field is forgotten.

use std::collections::BTreeMap;

use orlop_oci::ImageConfig;
use serde_json::{Map, Value};

/// A value of the configuration that isn't the same.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigDifference {
    /// The field, as it is written in the configuration: `Env`, `Cmd`, `architecture`.
    pub field: String,
    /// Which of a field with names: a variable, a label, a port.
    pub key: Option<String>,
    /// Its value in the first.
    pub before: Option<Value>,
    /// Its value in the second.
    pub after: Option<Value>,
}

/// What isn't how the image is configured: its layers and how they were made are compared as such.
const NOT_HERE: [&str; 3] = ["config", "rootfs", "history"];

/// Compares all that two configurations say, layers and history left out.
pub fn diff_configs(a: &ImageConfig, b: &ImageConfig) -> Vec<ConfigDifference> {
    let (a, b) = (object(a), object(b));
    let mut found = Vec::new();
    let inner = |config: &Map<String, Value>| match config.get("config") {
        Some(Value::Object(inner)) => inner.clone(),
        _ => Map::new(),
    };
    let outer = |config: &Map<String, Value>| {
        let mut config = config.clone();
        config.retain(|field, _| !NOT_HERE.contains(&field.as_str()));
        config
    };
    diff_objects(&outer(&a), &outer(&b), &mut found);
    diff_objects(&inner(&a), &inner(&b), &mut found);
    found
}

fn object(config: &ImageConfig) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn diff_objects(a: &Map<String, Value>, b: &Map<String, Value>, found: &mut Vec<ConfigDifference>) {
    let mut fields: Vec<&String> = a.keys().collect();
    fields.extend(b.keys().filter(|field| !a.contains_key(*field)));
    for field in fields {
        let (before, after) = (a.get(field), b.get(field));
        if before == after {
            continue;
        }
        let parts = match field.as_str() {
            "Env" => parts_of(before, after, variables),
            "Labels" | "ExposedPorts" | "Volumes" => parts_of(before, after, entries),
            _ => Vec::new(),
        };
        if parts.is_empty() {
            found.push(ConfigDifference {
                field: field.clone(),
                key: None,
                before: before.cloned(),
                after: after.cloned(),
            });
        }
        found.extend(parts.into_iter().map(|(key, before, after)| {
            let (field, key) = (field.clone(), Some(key));
            ConfigDifference {
                field,
                key,
                before,
                after,
            }
        }));
    }
}

type Named = BTreeMap<String, Value>;
type Part = (String, Option<Value>, Option<Value>);

/// The names whose values differ. None when all have the same value: then it is their order, or names
/// that occur twice.
fn parts_of(
    before: Option<&Value>,
    after: Option<&Value>,
    names: fn(&Value) -> Named,
) -> Vec<Part> {
    let before = before.map(names).unwrap_or_default();
    let after = after.map(names).unwrap_or_default();
    let mut all: Vec<&String> = before.keys().collect();
    all.extend(after.keys().filter(|name| !before.contains_key(*name)));
    all.sort();
    all.into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
            (name.clone(), before, after)
        })
        .collect()
}

fn variables(list: &Value) -> Named {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = list.iter().filter_map(Value::as_str);
    texts
        .map(|text| {
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            (name.to_owned(), Value::from(value))
        })
        .collect()
}

fn entries(object: &Value) -> Named {
    let object = object.as_object().into_iter().flatten();
    object.map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> ImageConfig {
        ImageConfig::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn names_are_compared_one_by_one_and_lists_as_a_whole() {
        let a = config(
            r#"{"os":"linux","architecture":"amd64","config":{"Env":["PATH=/bin","A=1"],
                "Cmd":["sh"],"Labels":{"x":"1","y":"2"},"User":"root"},"rootfs":{"diff_ids":[]}}"#,
        );
        let b = config(
            r#"{"os":"linux","architecture":"arm64","config":{"Env":["PATH=/bin","A=2","B="],
                "Cmd":["sh","-c"],"Labels":{"x":"1"},"User":"root"},"history":[{"created_by":"x"}]}"#,
        );
        let found: Vec<String> = diff_configs(&a, &b)
            .into_iter()
            .map(|d| {
                let value = |v: Option<Value>| v.map_or("-".to_owned(), |v| v.to_string());
                let key = d.key.unwrap_or_default();
                format!("{} {key} {} {}", d.field, value(d.before), value(d.after))
            })
            .collect();
        assert_eq!(
            found,
            [
                r#"architecture  "amd64" "arm64""#,
                r#"Env A "1" "2""#,
                r#"Env B - """#,
                r#"Cmd  ["sh"] ["sh","-c"]"#,
                r#"Labels y "2" -"#,
            ]
        );
        assert_eq!(diff_configs(&a, &a), []);
    }

    #[test]
    fn another_order_of_variables_is_a_difference() {
        let of = |env: &str| config(&format!(r#"{{"config":{{"Env":{env}}}}}"#));
        let found = diff_configs(&of(r#"["A=1","B=2"]"#), &of(r#"["B=2","A=1"]"#));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, None);
    }
}
