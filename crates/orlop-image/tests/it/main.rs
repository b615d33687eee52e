//! The use-cases over a real store and driver, from image layouts on disk.

mod pull;
mod remove;
mod world;
