//! The use-cases of images: pull, push, list, inspect, history, tag, remove, prune.

pub mod event;
pub mod model;
