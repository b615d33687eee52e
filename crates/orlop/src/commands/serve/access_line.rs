//! A line of the access log, for people.

use std::time::Duration;

use serde_json::Value;

/// `200 GET team/app:v1 1.2 ms alice@192.0.2.7 docker/28`. What isn't a line of the access log stays
/// as it is.
pub(super) fn for_people(line: &str) -> String {
    let Ok(Value::Object(record)) = serde_json::from_str::<Value>(line) else {
        return line.to_owned();
    };
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let (Some(status), false) = (record.get("status"), text("method").is_empty()) else {
        return line.to_owned();
    };
    let micros = record.get("duration_us").and_then(Value::as_u64);
    let time = Duration::from_micros(micros.unwrap_or_default());
    let mut words = vec![
        status.to_string(),
        text("method").to_owned(),
        what(text("repository"), text("reference"), text("route")),
        format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        format!("{}@{}", text("actor"), text("address")),
    ];
    let agent = text("user_agent").split_whitespace().next();
    words.extend(agent.map(str::to_owned));
    if !text("error").is_empty() {
        words.push(format!("({})", text("error")));
    }
    // What clients sent must not move the cursor of a terminal.
    words
        .join(" ")
        .chars()
        .filter(|ch| !ch.is_control())
        .collect()
}

/// What was asked for.
fn what(repository: &str, reference: &str, route: &str) -> String {
    match (repository, reference) {
        ("", _) => route.to_owned(),
        (name, "") => {
            let kind = route
                .rsplit('/')
                .find(|part| !part.starts_with(['{', '<', ':']));
            format!("{name} {}", kind.unwrap_or(route))
        }
        (name, digest) if digest.contains(':') => format!("{name}@{digest}"),
        (name, tag) => format!("{name}:{tag}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_what_matters() {
        for (line, expected) in [
            (
                r#"{"status":200,"method":"GET","route":"/v2/{name}/manifests/{reference}","repository":"a/b","reference":"v1","duration_us":1230,"actor":"alice","address":"192.0.2.7","user_agent":"docker/28 go/1"}"#,
                "200 GET a/b:v1 1.2 ms alice@192.0.2.7 docker/28",
            ),
            (
                r#"{"status":500,"method":"GET","route":"/v2/","duration_us":0,"actor":"anonymous","address":"::1","error":"disk \u001b[31m"}"#,
                "500 GET /v2/ 0.0 ms anonymous@::1 (disk [31m)",
            ),
            ("not json", "not json"),
            (r#"{"event":"push"}"#, r#"{"event":"push"}"#),
        ] {
            assert_eq!(for_people(line), expected);
        }
    }
}
