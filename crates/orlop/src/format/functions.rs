//! The functions that docker adds to Go's templates (docker/cli `templates/templates.go`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gotmpl::{FuncMap, TemplateError, Value};
use orlop_oci::go_json;

/// The key of an object that stands for a list or map that isn't there. No JSON from outside has
/// it: control characters are not part of any name.
const ABSENT: &str = "\0absent";

/// A list that is not there: a template prints `[]`, and `json` prints `null`.
pub fn absent_list() -> serde_json::Value {
    serde_json::json!({ABSENT: "list"})
}

/// A map that is not there: a template prints `map[]`, and `json` prints `null`.
pub fn absent_map() -> serde_json::Value {
    serde_json::json!({ABSENT: "map"})
}

type Answer = Result<Value, TemplateError>;

/// The order in which an object's keys stood, by the address of the map made from it: the template
/// engine keeps maps sorted, `{{json .}}` has to print them as they were.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyOrder(Arc<Mutex<HashMap<usize, Vec<Arc<str>>>>>);

impl KeyOrder {
    /// Turns JSON into the engine's values, and remembers the order of keys. It holds for as long
    /// as the value lives.
    pub(super) fn value(&self, json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Nil,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(n), _) => Value::Int(n),
                (None, Some(n)) => Value::Uint(n),
                _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::String(text.as_str().into()),
            Json::Object(entries) if entries.contains_key(ABSENT) => self.absent(&entries[ABSENT]),
            Json::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            Json::Object(entries) => {
                let keys: Vec<Arc<str>> = entries.keys().map(|key| key.as_str().into()).collect();
                let map = Arc::new(
                    keys.iter()
                        .cloned()
                        .zip(entries.values().map(|item| self.value(item)))
                        .collect(),
                );
                self.lock().insert(address(&map), keys);
                Value::Map(map)
            }
        }
    }

    /// An empty list or map that prints as `null` in JSON, as Go's nil slices and maps do.
    fn absent(&self, kind: &serde_json::Value) -> Value {
        if kind == "list" {
            let list: Arc<[Value]> = Vec::new().into();
            // An address is unique among living values, whatever their type.
            self.lock()
                .insert(Arc::as_ptr(&list).addr(), vec![ABSENT.into()]);
            Value::List(list)
        } else {
            let map = Arc::default();
            self.lock().insert(address(&map), vec![ABSENT.into()]);
            Value::Map(map)
        }
    }

    fn is_absent(&self, address: usize) -> bool {
        self.lock()
            .get(&address)
            .is_some_and(|keys| keys.iter().any(|key| **key == *ABSENT))
    }

    /// Forgets all of it; for when the values are gone.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Vec<Arc<str>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn json(&self, value: &Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match value {
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(n) => Json::from(*n),
            Value::Uint(n) => Json::from(*n),
            Value::Float(n) => Json::from(*n),
            Value::String(text) => Json::from(text.as_ref()),
            Value::List(items) if self.is_absent(Arc::as_ptr(items).addr()) => Json::Null,
            Value::Map(map) if self.is_absent(address(map)) => Json::Null,
            Value::List(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Map(map) => {
                let order = self.lock().get(&address(map)).cloned();
                let keys = order.unwrap_or_else(|| map.keys().cloned().collect());
                keys.iter()
                    .filter_map(|key| Some((key.to_string(), self.json(map.get(key)?))))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
            _ => Json::Null,
        }
    }
}

fn address<T>(map: &Arc<T>) -> usize {
    Arc::as_ptr(map).addr()
}

/// What a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Rows and objects, in which `json` prints one line.
    Data,
    /// The headings of a table: most functions leave their text alone.
    Headings,
    /// Objects, in which `json` prints many lines, indented by two spaces, as buildx has it.
    Document,
}

/// All functions.
pub(super) fn all(order: &KeyOrder, purpose: Purpose) -> FuncMap {
    let mut functions = FuncMap::new();
    let mut add = |name: &str, function: fn(&[Value]) -> Answer| {
        functions.insert(name.to_owned(), Arc::new(function));
    };
    add("index", index);
    if purpose == Purpose::Headings {
        for name in [
            "json", "split", "join", "title", "lower", "upper", "truncate",
        ] {
            add(name, |args| Ok(args.first().cloned().unwrap_or(Value::Nil)));
        }
        add("pad", pad);
    } else {
        add("split", split);
        add("join", join);
        add("title", |args| Ok(title(&text("title", args, 0)?).into()));
        add("lower", |args| {
            Ok(text("lower", args, 0)?.to_lowercase().into())
        });
        add("upper", |args| {
            Ok(text("upper", args, 0)?.to_uppercase().into())
        });
        add("pad", pad);
        add("truncate", truncate);
        let order = order.clone();
        functions.insert(
            "json".to_owned(),
            Arc::new(move |args: &[Value]| {
                let value = args.first().ok_or_else(|| missing("json", 1, args.len()))?;
                let text = order.json(value).to_string();
                Ok(match purpose {
                    Purpose::Document => go_json::indented(&go_json::html_safe(&text), "  ").into(),
                    _ => text.into(),
                })
            }),
        );
    }
    functions
}

fn missing(name: &str, expected: usize, got: usize) -> TemplateError {
    TemplateError::Exec(format!(
        "wrong number of args for {name}: want {expected} got {got}"
    ))
}

fn text(name: &str, args: &[Value], index: usize) -> Result<String, TemplateError> {
    match args.get(index) {
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(other) => Err(TemplateError::Exec(format!(
            "wrong type for value; expected string; got {}",
            other.type_name()
        ))),
        None => Err(missing(name, index + 1, args.len())),
    }
}

fn number(name: &str, args: &[Value], index: usize) -> Result<usize, TemplateError> {
    match args.get(index).map(Value::as_int) {
        Some(Some(n)) => Ok(usize::try_from(n).unwrap_or(0).min(1 << 16)),
        Some(None) => Err(TemplateError::Exec(format!(
            "wrong type for value in {name}; expected int"
        ))),
        None => Err(missing(name, index + 1, args.len())),
    }
}

/// Go's own, except that a key that isn't there gives an empty text, as it does in Go for the maps
/// of strings that images have (labels, annotations).
fn index(args: &[Value]) -> Answer {
    let (first, keys) = args.split_first().ok_or_else(|| missing("index", 1, 0))?;
    let mut value = first.clone();
    for key in keys {
        value = match value.index(key)? {
            Value::Nil => "".into(),
            found => found,
        };
    }
    Ok(value)
}

fn split(args: &[Value]) -> Answer {
    let (text, separator) = (text("split", args, 0)?, text("split", args, 1)?);
    Ok(Value::List(if separator.is_empty() {
        text.chars().map(|ch| Value::from(ch.to_string())).collect()
    } else {
        text.split(&separator).map(Value::from).collect()
    }))
}

fn join(args: &[Value]) -> Answer {
    let separator = text("join", args, 1)?;
    let items: Vec<String> = match &args[0] {
        Value::Nil => Vec::new(),
        Value::List(items) => items.iter().map(Value::to_string).collect(),
        Value::Map(map) => {
            let mut values: Vec<String> = map.values().map(Value::to_string).collect();
            values.sort();
            values
        }
        other => {
            return Err(TemplateError::Exec(format!(
                "expected slice, got {}",
                other.type_name()
            )));
        }
    };
    Ok(items.join(&separator).into())
}

/// Go's `strings.Title`: a letter after something that is no letter, digit, underscore or
/// apostrophe becomes upper-case.
fn title(text: &str) -> String {
    let mut starts = true;
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        if starts {
            out.extend(ch.to_uppercase());
        } else {
            out.push(ch);
        }
        starts = !(ch.is_alphanumeric() || ch == '_' || ch == '\'');
    }
    out
}

fn pad(args: &[Value]) -> Answer {
    let source = text("pad", args, 0)?;
    if source.is_empty() {
        return Ok(source.into());
    }
    let (before, after) = (number("pad", args, 1)?, number("pad", args, 2)?);
    Ok(format!("{}{source}{}", " ".repeat(before), " ".repeat(after)).into())
}

/// Counts bytes, as docker does, but never cuts a character in two.
fn truncate(args: &[Value]) -> Answer {
    let source = text("truncate", args, 0)?;
    let mut end = number("truncate", args, 1)?.min(source.len());
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    Ok(source[..end].into())
}
