//! What a registry keeps.
mod error;
mod model;
mod name;
mod storage;
pub use error::StorageError;
pub use model::*;
pub use name::{NameError, RepositoryName, TagName, TagOrDigest};
pub use storage::Storage;
