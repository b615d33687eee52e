//! The other tools of the field, each with its storage in a temporary folder. Every one of them is
//! `None`, said loudly, where it isn't installed.

mod docker;
mod podman;
mod skopeo;
mod umoci;
mod validators;

pub use docker::DockerEngine;
pub use podman::Podman;
pub use skopeo::Skopeo;
pub use umoci::Umoci;
pub use validators::Validators;
