//! Who tells: the registry as its events name it, and the names of events.

use orlop_registry_store::{Storage, StorageError};
use ring::digest::{SHA256, digest};

/// The registry as its events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Random, made once, kept in the storage.
    id: String,
    /// `https://registry.example.com`, without a slash at the end.
    url: String,
    /// `registry.example.com`.
    host: String,
}

/// The setting that keeps the registry's ID.
const ID: &str = "registry.id";

impl Source {
    /// The registry of a storage; `url` is where clients find it.
    ///
    /// # Errors
    /// The storage can't be read or written.
    pub async fn open(storage: &Storage, url: &url::Url) -> Result<Self, StorageError> {
        let id = match storage.setting(ID).await? {
            Some(id) => id,
            None => {
                let mut random = [0; 16];
                getrandom::fill(&mut random)
                    .map_err(|error| StorageError::Internal(error.to_string()))?;
                let id = uuid(random);
                storage.set_setting(ID, Some(id.clone())).await?;
                id
            }
        };
        Ok(Self::new(id, url))
    }

    pub(super) fn new(id: String, url: &url::Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Self {
            id,
            url: url.as_str().trim_end_matches('/').to_owned(),
            host,
        }
    }

    /// The registry's ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The name of what is told of events from `first` to `last`: the same each time that it is told.
    pub(super) fn name_of(&self, first: u64, last: u64) -> String {
        let text = format!("{} {first} {last}", self.id);
        let hash = digest(&SHA256, text.as_bytes());
        let half = hash.as_ref()[..16].try_into();
        uuid(half.expect("SHA-256 has 32 bytes"))
    }
}

/// A UUID of these bytes (RFC 9562, version 8: any bytes).
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}
