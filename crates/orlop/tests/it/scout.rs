//! `scout`: what is in an image, and what is wrong with it.

mod cache;
mod db;
mod db_registry;
mod db_update;
mod fixtures;
mod hostile;
