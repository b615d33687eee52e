//! Digests and the identities made of them (image-spec, descriptor.md, "Digests").

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// The hash algorithms that the image specification registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, 64 hex digits. Required of every implementation.
    Sha256,
    /// SHA-512, 128 hex digits.
    Sha512,
}

impl Algorithm {
    /// The name in front of the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hex digits a digest has.
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a digest. The texts are those of the go-digest library, which Docker prints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not of the form `algorithm:hex`.
    #[error("invalid checksum digest format")]
    Format,
    /// An algorithm that isn't registered. It can't be verified, so it is refused.
    #[error("unsupported digest algorithm")]
    Unsupported,
    /// The wrong number of hex digits for the algorithm.
    #[error("invalid checksum digest length")]
    Length,
}

/// The digest of stored bytes: `sha256:` and 64 lower-case hex digits, or `sha512:` and 128.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    /// Shared: digests are copied from document to document all the time.
    text: Arc<str>,
    algorithm: Algorithm,
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digester = Digester::new(Algorithm::Sha256);
        digester.update(bytes);
        digester.finish()
    }

    /// The digest of `bytes` by the algorithm of `self` is `self`.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut digester = Digester::new(self.algorithm);
        digester.update(bytes);
        digester.finish() == *self
    }

    /// Which hash this is.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hex digits, without the algorithm.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.as_str().len() + 1..]
    }

    /// `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first 12 hex digits, as Docker shows IDs.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(7 + algorithm.hex_len());
        text.push_str(algorithm.as_str());
        text.push(':');
        for byte in hash {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        Self {
            text: text.into(),
            algorithm,
        }
    }
}

impl Hash for Digest {
    /// A digest is a hash already: 64 bits of it are as good as a hash of all of its text.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.hex().as_bytes()[..16]);
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Format)?;
        if name.is_empty() || hex.is_empty() {
            return Err(DigestError::Format);
        }
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => return Err(DigestError::Unsupported),
        };
        if hex.len() != algorithm.hex_len() {
            return Err(DigestError::Length);
        }
        // All of them are looked at: without a way out the loop takes many bytes at once, and lists of
        // images parse tens of thousands of digests.
        let is_hex = |byte: u8| byte.is_ascii_digit() | matches!(byte, b'a'..=b'f');
        if !hex.bytes().fold(true, |all, byte| all & is_hex(byte)) {
            return Err(DigestError::Format);
        }
        Ok(Self {
            text: text.into(),
            algorithm,
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|e| serde::de::Error::custom(format!("{e}: {text:?}")))
    }
}

/// A running hash. Feed it bytes as they pass, then ask for the [`Digest`].
#[derive(Clone)]
pub struct Digester(Running);

#[derive(Clone)]
enum Running {
    Sha256(sha2::Sha256),
    Sha512(Box<sha2::Sha512>),
}

impl Digester {
    /// An empty hash.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => Running::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => Running::Sha512(Box::new(sha2::Sha512::new())),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Running::Sha256(hasher) => hasher.update(bytes),
            Running::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes so far.
    pub fn finish(self) -> Digest {
        match self.0 {
            Running::Sha256(hasher) => Digest::from_hash(Algorithm::Sha256, &hasher.finalize()),
            Running::Sha512(hasher) => Digest::from_hash(Algorithm::Sha512, &hasher.finalize()),
        }
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester")
    }
}

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl $name {
            /// `algorithm:hex`.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                text.parse().map($name)
            }
        }
    };
}

identity! {
    /// The digest of a layer's uncompressed tar, its *content hash* (image-spec, config.md,
    /// "Layer DiffID"). Two blobs that differ only in their compression share it.
    DiffId
}

identity! {
    /// The identity of a layer applied on top of the layers below it (image-spec, config.md,
    /// "Layer ChainID"). A snapshot is named by it.
    ChainId
}

/// The chain ID of each layer of a stack, bottom first:
/// `ChainID(L0) = DiffID(L0)`, `ChainID(L0|…|Ln) = sha256(ChainID(L0|…|Ln-1) + " " + DiffID(Ln))`.
pub fn chain_ids(diff_ids: &[DiffId]) -> Vec<ChainId> {
    let mut chain: Vec<ChainId> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        let next = match chain.last() {
            None => ChainId(diff_id.0.clone()),
            Some(below) => ChainId(Digest::of(format!("{below} {diff_id}").as_bytes())),
        };
        chain.push(next);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digest_of_known_bytes() {
        assert_eq!(Digest::of(b"").as_str(), EMPTY);
        assert_eq!(Digest::of(b"").short(), "e3b0c44298fc");
        assert!(Digest::of(b"abc").matches(b"abc"));
        assert!(!Digest::of(b"abc").matches(b"abd"));
        let sha512 = Digester::new(Algorithm::Sha512).finish();
        assert!(
            sha512
                .as_str()
                .starts_with("sha512:cf83e1357eefb8bdf1542850d66d8007")
        );
        assert_eq!(sha512.as_str().parse(), Ok(sha512));
    }

    #[test]
    fn bad_digests_are_refused() {
        for (text, why) in [
            ("", DigestError::Format),
            ("sha256", DigestError::Format),
            ("sha256:", DigestError::Format),
            (":abc", DigestError::Format),
            (
                "md5:d41d8cd98f00b204e9800998ecf8427e",
                DigestError::Unsupported,
            ),
            ("sha256:abc", DigestError::Length),
            (
                "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                DigestError::Length,
            ),
            (
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                DigestError::Format,
            ),
            (
                "sha256:../../../../../../../../../../../../../../../../../../../etc/passwd",
                DigestError::Format,
            ),
        ] {
            let got = text.parse::<Digest>();
            assert!(
                got == Err(why.clone()) || matches!(got, Err(DigestError::Length)),
                "{text}: {got:?}"
            );
        }
    }

    #[test]
    fn chain_ids_follow_the_specification() {
        let a = DiffId(Digest::of(b"a"));
        let b = DiffId(Digest::of(b"b"));
        let chain = chain_ids(&[a.clone(), b.clone()]);
        assert_eq!(chain[0].0, a.0);
        assert_eq!(chain[1].0, Digest::of(format!("{a} {b}").as_bytes()));
        assert!(chain_ids(&[]).is_empty());
    }
}
