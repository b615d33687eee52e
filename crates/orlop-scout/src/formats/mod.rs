//! Reports as documents for other programs. Pure: a report in, a document out.
//!
//! What is written depends on the report, the texts of its advisories and the one time that is given:
//! ids and fingerprints come from what they stand for. Names come from images and texts from feeds, so each
//! format writes them in a way in which they can't be anything but text.

mod gaps;
mod gitlab;
mod json;
mod markdown;
mod sarif;
mod sbom;
mod spdx;
mod texts;
mod verdicts;

#[cfg(test)]
mod tests;

pub use gaps::no_data;
pub use gitlab::gitlab;
pub use json::json;
pub use markdown::markdown;
pub use sarif::sarif;
pub use sbom::sbom;
pub use spdx::spdx;
pub use texts::Texts;
pub use verdicts::verdicts;
