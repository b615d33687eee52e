//! Fixtures, servers and peers for tests.
//!
//! This crate stands on none of the crates that it helps to test: images are made with the `tar`
//! crate, pushed by a small HTTP client of its own, and read back by the other tools of the field
//! (skopeo, podman, umoci, the Docker engine). So a mistake in Orlop cannot hide behind the same
//! mistake here, and every crate can use this one in its tests without a circle.
//!
//! The parts, from data to programs:
//!
//! - [`Tarball`] and [`Layer`]: the content of a layer, tame or hostile;
//! - [`Image`]: configurations, manifests and indexes, written to an OCI layout or pushed;
//! - [`Registry`], [`TokenServer`], [`Certificates`]: a real registry, its logins and its TLS;
//! - [`FileServer`]: a mirror of files; [`Receiver`]: an endpoint of webhooks; [`SmallDisk`]: a disk that can be full;
//! - [`FaultProxy`]: the same registry having a bad day, and a count of what it was asked;
//! - [`Btrfs`], [`ZfsPool`]: file systems of kinds that the machine may not have;
//! - [`User`]: somebody without privileges;
//! - [`peer`]: the other tools; [`Orlop`]: our own program.
//!
//! What needs a program that isn't installed returns `None` after saying so on standard error,
//! past the test harness's capture ([`missing`]). With `ORLOP_TEST_STRICT=1`, as
//! `cargo xtask test` sets it for root, it fails instead: there nothing may be skipped unseen.

mod btrfs;
mod certificates;
mod disk;
mod fault;
mod files;
mod http;
mod image;
mod layer;
mod orlop;
pub mod peer;
mod process;
mod receiver;
mod registry;
mod runnable;
mod server;
mod skip;
mod tarball;
mod token;
mod turn;
mod user;
mod zfs;

pub use btrfs::Btrfs;
pub use certificates::Certificates;
pub use disk::SmallDisk;
pub use fault::{Fault, FaultProxy, Request, Rule};
pub use files::FileServer;
pub use http::{HttpResponse, Method, http, try_http};
pub use image::{Document, Image, MediaTypes, PlatformName};
pub use layer::{Compression, Layer, digest_of};
pub use orlop::{Orlop, OrlopRun};
pub use process::{Finished, Program, Running};
pub use receiver::{Delivery, Receiver};
pub use registry::{Registry, RegistryOptions};
pub use runnable::busybox_layer;
pub use skip::{fixtures, impossible, is_root, missing, need_programs};
pub use tarball::{Tarball, access_list};
pub use token::{TokenServer, TokenServerOptions};
pub use user::User;
pub use zfs::ZfsPool;
