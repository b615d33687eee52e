//! A configuration as Go programs write the image specification's (image-spec `specs-go/v1/config.go`):
//! members in their order, empty ones and those that it doesn't know left out, maps sorted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const IMAGE: &[&str] = &[
    "created",
    "author",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "rootfs",
    "history",
];
const CONFIG: &[&str] = &[
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "ArgsEscaped",
];
const STEP: &[&str] = &["created", "created_by", "author", "comment", "empty_layer"];

/// The configuration, given as its JSON.
pub fn image_config(config: &Value) -> Value {
    let known = members(config, IMAGE);
    let part = |name: &str| match name {
        "architecture" | "os" => Some(known.get(name).cloned().unwrap_or_else(|| "".into())),
        "config" => Some(members(&config[name], CONFIG).into()),
        "rootfs" => Some(root_fs(&config[name])),
        "history" => {
            let steps = config[name].as_array().filter(|steps| !steps.is_empty())?;
            let steps = steps.iter().map(|step| members(step, STEP).into());
            Some(steps.collect::<Vec<Value>>().into())
        }
        _ => known.get(name).cloned(),
    };
    let parts = IMAGE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), part(name)?)));
    parts.collect::<Map<String, Value>>().into()
}

fn root_fs(root_fs: &Value) -> Value {
    let known = members(root_fs, &["type", "diff_ids"]);
    json!({
        "type": known.get("type").cloned().unwrap_or_else(|| "".into()),
        "diff_ids": known.get("diff_ids"),
    })
}

/// The members of an object that have a value, in this order.
fn members(object: &Value, names: &[&str]) -> Map<String, Value> {
    let present = names.iter().filter_map(|&name| {
        let value = object.get(name).filter(|value| !is_empty(value))?;
        Some((name.to_owned(), sorted(name, value)))
    });
    present.collect()
}

/// What Go leaves out as `omitempty`.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Maps are sorted by their keys; a time is written without zeros at the end of its fraction.
fn sorted(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let map: BTreeMap<&String, &Value> = map.iter().collect();
            let members = map
                .into_iter()
                .map(|(key, value)| (key.clone(), value.clone()));
            members.collect::<Map<String, Value>>().into()
        }
        Value::String(time) if name == "created" => short_time(time).into(),
        other => other.clone(),
    }
}

fn short_time(time: &str) -> String {
    let Some((whole, rest)) = time.split_once('.') else {
        return time.to_owned();
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(end);
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}{zone}"),
        fraction => format!("{whole}.{fraction}{zone}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_ordered_and_empty_ones_left_out() {
        let config = json!({
            "architecture": "arm64", "os": "linux", "variant": "v8", "author": "",
            "created": "2024-01-02T03:04:05.120000000Z", "docker_version": "20.10",
            "config": {"Cmd": ["sh"], "Env": [], "Labels": {"b": "2", "a": "1"}, "Shell": ["sh"],
                "ArgsEscaped": false, "User": "app"},
            "rootfs": {"diff_ids": ["sha256:aa"], "type": "layers"},
            "history": [{"empty_layer": false, "created_by": "x", "created": "2024-01-02T03:04:05.000Z"}],
        });
        let expected = r#"{"created":"2024-01-02T03:04:05.12Z","architecture":"arm64","os":"linux","variant":"v8","config":{"User":"app","Cmd":["sh"],"Labels":{"a":"1","b":"2"}},"rootfs":{"type":"layers","diff_ids":["sha256:aa"]},"history":[{"created":"2024-01-02T03:04:05Z","created_by":"x"}]}"#;
        assert_eq!(image_config(&config).to_string(), expected);
    }

    #[test]
    fn what_is_always_there_is_there() {
        let expected =
            r#"{"architecture":"","os":"","config":{},"rootfs":{"type":"","diff_ids":null}}"#;
        assert_eq!(image_config(&json!({})).to_string(), expected);
    }
}
