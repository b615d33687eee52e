//! JSON as package managers write it: fields of several shapes, lists of any length.

use std::fmt;
use std::marker::PhantomData;

use orlop_oci::json::{Object, from_slice};
use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::bounds::PACKAGES;
use crate::{Content, Fault, read_whole};

/// Words of one field.
const WORDS: usize = 100;

/// Texts of one list: the files of a large package.
const TEXTS: usize = 300_000;

/// Reads a file of at most `bound` bytes, which must be an object; a byte order mark is passed over.
pub(super) fn read<T: DeserializeOwned>(content: &dyn Content, bound: u64) -> Result<T, Fault> {
    let bytes = read_whole(content, bound)?;
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    from_slice(json).map_err(|error| fault(&error))
}

/// What is wrong with a file that isn't the JSON it should be.
pub(super) fn fault(error: &serde_json::Error) -> Fault {
    Fault::new(format!("it can't be read as JSON: {error}"))
}

/// A text; empty where something else stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

/// The texts of a field that is a text, an object with its text as `type` or `name`, or a list of
/// both: licences and authors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(pub(super) Vec<String>);

/// A list of texts; what else is in it is passed over, as is what is no list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts(pub(super) Vec<String>);

/// A list of objects, at most as long as packages are counted; empty where something else stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// An object's members in their order, at most as many as packages are counted; none where something
/// else stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Members<T>(pub(super) Vec<(String, T)>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What is asked of a value of any kind; whatever a kind isn't wanted as is passed over.
trait Reads<'de>: Sized + Default {
    fn of_text(&mut self, _: &str) {}

    fn of_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn of_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

impl Reads<'_> for Text {
    fn of_text(&mut self, text: &str) {
        text.clone_into(&mut self.0);
    }
}

impl<'de> Reads<'de> for Words {
    fn of_text(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn of_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(Words(words)) = list.next_element()? {
            let room = WORDS.saturating_sub(self.0.len());
            self.0.extend(words.into_iter().take(room));
        }
        Ok(())
    }

    fn of_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<String>()? {
            if matches!(key.as_str(), "type" | "name") {
                self.0.push(object.next_value::<Text>()?.0);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        self.0.retain(|word| !word.is_empty());
        self.0.truncate(1);
        Ok(())
    }
}

impl<'de> Reads<'de> for Texts {
    fn of_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(Text(text)) = list.next_element()? {
            if !text.is_empty() {
                bounded(self.0.len(), TEXTS)?;
                self.0.push(text);
            }
        }
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Reads<'de> for List<T> {
    fn of_list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(Object(element)) = list.next_element()? {
            bounded(self.0.len(), PACKAGES)?;
            self.0.push(element);
        }
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Reads<'de> for Members<T> {
    fn of_object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(member) = object.next_entry()? {
            bounded(self.0.len(), PACKAGES)?;
            self.0.push(member);
        }
        Ok(())
    }
}

fn bounded<E: Error>(length: usize, bound: usize) -> Result<(), E> {
    if length >= bound {
        return Err(E::custom(format_args!(
            "more than {bound} elements in a list"
        )));
    }
    Ok(())
}

/// Reads a value of any kind.
struct Any<T>(PhantomData<T>);

impl<'de, T: Reads<'de>> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let mut read = T::default();
        read.of_text(text);
        Ok(read)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        let mut read = T::default();
        read.of_list(list)?;
        Ok(read)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        let mut read = T::default();
        read.of_object(object)?;
        Ok(read)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_several_shapes() {
        for (json, words) in [
            (r#""MIT""#, &["MIT"][..]),
            (r#"{"type":"MIT","url":"u"}"#, &["MIT"]),
            (r#"{"email":"e","name":"A B"}"#, &["A B"]),
            (r#"["MIT",{"type":"BSD"},7,[["X"]]]"#, &["MIT", "BSD", "X"]),
            ("null", &[]),
            ("true", &[]),
            ("-1", &[]),
            ("1.5", &[]),
        ] {
            let read: Words = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, words, "{json}");
        }
        for (json, text) in [
            (r#""a""#, "a"),
            ("[1,2]", ""),
            (r#"{"a":1}"#, ""),
            ("1", ""),
        ] {
            let read: Text = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, text, "{json}");
        }
    }

    #[test]
    fn lists_and_objects_are_not_taken_for_each_other() {
        let members: Members<Text> = serde_json::from_str(r#"{"b":"1","a":[]}"#).unwrap();
        let expected =
            [("b", "1"), ("a", "")].map(|(key, text)| (key.to_owned(), Text(text.into())));
        assert_eq!(members.0, expected);
        assert!(
            serde_json::from_str::<Members<Text>>("[1]")
                .unwrap()
                .0
                .is_empty()
        );
        assert!(serde_json::from_str::<List<Text>>("[1]").is_err());
        assert!(
            serde_json::from_str::<List<Text>>("{}")
                .unwrap()
                .0
                .is_empty()
        );
    }

    #[test]
    fn lists_have_an_end() {
        #[derive(Deserialize)]
        struct Nothing {}
        let long = format!("[{}{{}}]", "{},".repeat(PACKAGES));
        let error = serde_json::from_str::<List<Nothing>>(&long).err().unwrap();
        assert!(error.to_string().starts_with("more than 100000 elements"));
        let many = format!("[{}1]", "\"a\",".repeat(WORDS + 9));
        assert_eq!(serde_json::from_str::<Words>(&many).unwrap().0.len(), WORDS);
    }
}
