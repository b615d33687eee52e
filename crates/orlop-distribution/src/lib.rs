//! Where images come from and go to: the registry protocol, credentials, mirrors, retries
