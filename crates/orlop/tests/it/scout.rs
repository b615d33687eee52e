//! `scout`: what is in an image, and what is wrong with it.

mod cache;
