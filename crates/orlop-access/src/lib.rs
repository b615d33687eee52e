//! Who may do what in a registry.
mod action;
mod actor;
pub use action::{Action, Actions};
pub use actor::{Actor, ActorKind};
