//! The OCI registry server.
//!
//! A request goes one way through here:
//!
//! ```text
//! server      listeners, TLS, connections and their limits in time; files by sendfile
//!   service   one request: ID, account (log, metrics), what every answer has, panics
//!     route     method, path, query -> Route: everything that a client names becomes typed
//!     browser   pages that have no business with an open registry
//!     gate      what the route needs -> who asks -> may they? before any handler
//!     protocol  one handler for each route -> an answer or a Failure
//! ```
//!
//! What is kept is `orlop-registry-store`'s, who may do what is `orlop-access`'s; this room knows
//! neither SQL nor passwords, and those know no HTTP. Nothing here reads the environment or prints:
//! logs go to [`Sinks`], options come as [`ServerOptions`].

mod browser;
pub mod config;
mod error;
pub mod events;
mod failure;
mod gate;
mod operation;
mod options;
mod payload;
mod peer;
mod protocol;
mod registry;
mod route;
mod server;
mod service;
pub mod upkeep;

pub use error::ServerError;
pub use failure::Code;
pub use gate::Needs;
pub use operation::{BesideMetrics, Notice, Observer, Sinks};
pub use options::{Limits, ServerOptions, Timeouts, TlsOptions};
pub use protocol::range::{RangeRequest, parse_chunk_range};
pub use route::{ListQuery, Refusal, Route, StartUpload, TokenMethod, parse as parse_route};
pub use server::Server;
