//! Reports as documents for other programs. Pure: a report in, a document out.

mod json;
mod verdicts;

pub use json::json;
pub use verdicts::verdicts;
