//! `--format`: what docker's formatter understands.
//!
//! A list takes `table` (its own columns), `table TEMPLATE`, `json` (an object a line) and a plain
//! Go template; an object takes `json` and a template. See docker/cli
//! `cli/command/formatter/formatter.go` and `templates/templates.go`.

mod functions;
mod go_names;
mod listing;
mod template;

pub use functions::{absent_list, absent_map};
pub use listing::{Field, Listing};
pub use template::Template;

/// The help of `--format` for lists, in docker's words.
pub const LIST_HELP: &str = "Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template";

/// The help of `--format` for objects, in docker's words.
pub const OBJECT_HELP: &str = "Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template";

/// JSON in one line, as Go writes it: no spaces.
pub fn compact_json(value: &serde_json::Value) -> String {
    value.to_string()
}

/// JSON on many lines, indented by four spaces, as `docker inspect` prints it.
pub fn indented_json(value: &serde_json::Value) -> String {
    use serde::Serialize;
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        // A value that is JSON already can always be written to memory.
        Err(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indents_by_four() {
        let value = serde_json::json!([{"Id": "x", "Tags": [], "Labels": {}}]);
        assert_eq!(
            indented_json(&value),
            "[\n    {\n        \"Id\": \"x\",\n        \"Tags\": [],\n        \"Labels\": {}\n    }\n]"
        );
    }
}
