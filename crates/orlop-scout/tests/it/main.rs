//! What is in images, from every place that images come from.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod alpine;
mod hostile;
mod index;
mod peer;
mod world;
