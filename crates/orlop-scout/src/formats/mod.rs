//! Reports as documents for other programs. Pure: a report in, a document out.

mod json;

pub use json::json;
