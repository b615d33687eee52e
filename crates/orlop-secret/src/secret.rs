//! A text that must not show.

use std::fmt;

use serde::{Deserialize, Deserializer, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// 32 letters and digits that nobody takes for one another (no `i`, `l`, `o`, `u`): five bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BITS_OF_A_LETTER: usize = 5;

/// A password, a token, a key. `Debug` and `Display` print asterisks; only [`Secret::expose`] gives
/// the text, so every place that uses it can be found. Two are compared in constant time (for one
/// length: the length may show), and the memory is overwritten when one is dropped.
///
/// It is read by serde but not written: a field that has to be written says so, with
/// `#[serde(serialize_with = "orlop_secret::exposed")]`. And it has no `Hash`, whose time and whose
/// value would both tell.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// A new one that can't be guessed, of at least `bits` bits, in small letters and digits.
    pub fn random(bits: usize) -> Self {
        let mut bytes = Zeroizing::new(vec![0; bits.div_ceil(BITS_OF_A_LETTER)]);
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
        Self(Zeroizing::new(bytes.iter().map(letter).collect()))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Writes the text of a secret: for `#[serde(serialize_with = "orlop_secret::exposed")]`.
pub fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_shows() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn two_are_compared() {
        for (left, right, same) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("a", "ab", false),
            ("", "a", false),
        ] {
            assert_eq!(Secret::new(left) == Secret::new(right), same);
        }
    }

    #[test]
    fn random_ones_have_their_bits_and_differ() {
        let (one, other) = (Secret::random(128), Secret::random(128));
        assert_eq!(one.expose().len(), 26, "130 bits");
        assert!(one.expose().bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(one, other);
        assert_eq!(Secret::random(256).expose().len(), 52);
        let many = Secret::random(5 * 10_000);
        assert!(
            ALPHABET
                .iter()
                .all(|l| many.expose().bytes().any(|b| b == *l)),
            "every letter comes"
        );
    }

    #[test]
    fn it_is_read_and_written_only_where_that_is_said() {
        #[derive(Deserialize, serde::Serialize)]
        struct File {
            #[serde(serialize_with = "exposed")]
            password: Secret,
        }
        let file: File = serde_json::from_str(r#"{"password":"hunter2"}"#).unwrap();
        assert_eq!(file.password, Secret::new("hunter2"));
        assert_eq!(
            serde_json::to_string(&file).unwrap(),
            r#"{"password":"hunter2"}"#
        );
    }
}
