//! Documents are JSON objects.
//!
//! What serde derives for a structure also reads a list, its values in the order of our fields:
//! `[2]` would be an index, and a list a descriptor. No other reader of these documents takes that,
//! and two readers that disagree about one document are a way to smuggle things (CVE-2021-41190). So
//! whatever a stranger wrote is read through here: a whole document by [`from_slice`], an object
//! within one as an [`Object`]; the structures of this crate refuse lists wherever they stand
//! (`objects_only!`).

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a document, which must be an object.
///
/// # Errors
/// When it isn't JSON, isn't an object, or isn't a `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let read = serde_json::from_slice(bytes).map(|Object(document)| document);
    read.map_err(shortened)
}

/// Characters of an error's beginning and of its end: what is wrong, and where.
const SHOWN: usize = 120;

/// The same error without the middle of a long value: serde tells a value that is of another kind than
/// it should be, and a stranger's may have megabytes.
fn shortened(error: serde_json::Error) -> serde_json::Error {
    let text = error.to_string();
    let beginning = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    let end = text.char_indices().nth_back(SHOWN - 1).map(|(at, _)| at);
    match (beginning, end) {
        (Some(beginning), Some(end)) if beginning < end => {
            let (beginning, end) = (&text[..beginning], &text[end..]);
            serde::de::Error::custom(format_args!("{beginning}…{end}"))
        }
        _ => error,
    }
}

/// A structure that is read from an object only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer
            .deserialize_map(Members(PhantomData))
            .map(Object)
    }
}

/// What stands in errors.
pub(crate) const EXPECTED: &str = "an object";

/// Implements serde's traits for structures that derive them with `#[serde(remote = "Self")]` (which
/// makes functions of the structure's own of them), so that they are read from an object only.
macro_rules! objects_only {
    ($($structure:ty),+) => {$(
        impl serde::Serialize for $structure {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$structure>::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $structure {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $structure;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($crate::json::EXPECTED)
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        members: A,
                    ) -> Result<$structure, A::Error> {
                        <$structure>::deserialize(serde::de::value::MapAccessDeserializer::new(
                            members,
                        ))
                    }
                }

                from.deserialize_map(Members)
            }
        }
    )+};
}

pub(crate) use objects_only;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Document {
        version: u8,
        #[serde(default)]
        parts: Vec<Object<Part>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Part {
        size: u64,
    }

    #[test]
    fn errors_are_short() {
        let long = format!("{{\"version\":\"{}\"}}", "é".repeat(1 << 20));
        let error = from_slice::<Document>(long.as_bytes()).unwrap_err();
        assert_eq!((error.line(), error.column()), (1, 2_097_165));
        let error = error.to_string();
        assert!(error.starts_with("invalid type: string \"éé"), "{error}");
        let end = "éé\", expected u8 at line 1 column 2097165";
        assert!(error.contains("é…é") && error.ends_with(end), "{error}");
        assert!(error.chars().count() == 2 * SHOWN + 1, "{error}");
    }

    #[test]
    fn only_objects_are_structures() {
        let read: Document = from_slice(b" {\"version\":2,\"parts\":[{\"size\":1}]}\n").unwrap();
        assert_eq!(
            (read.version, read.parts),
            (2, vec![Object(Part { size: 1 })])
        );
        for (text, why) in [
            (
                "[2]",
                "invalid type: sequence, expected an object at line 1 column 0",
            ),
            (
                "2",
                "invalid type: integer `2`, expected an object at line 1 column 1",
            ),
            (
                "null",
                "invalid type: null, expected an object at line 1 column 4",
            ),
            (
                "{\"version\":2,\"parts\":[[1]]}",
                "invalid type: sequence, expected an object at line 1 column 22",
            ),
            (
                "{\"version\":2} {}",
                "trailing characters at line 1 column 15",
            ),
            (
                "{\"version\":[]}",
                "invalid type: sequence, expected u8 at line 1 column 11",
            ),
        ] {
            let error = from_slice::<Document>(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), why, "{text}");
        }
    }
}
