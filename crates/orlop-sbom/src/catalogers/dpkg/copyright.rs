//! The licences of a Debian package: `usr/share/doc/NAME/copyright`.
//!
//! Debian policy 12.5 asks for such a file and leaves its form open. Most are machine-readable
//! (copyright-format 1.0, "DEP-5"): a `License` field with a short name in its first line. Others are
//! prose that points to `/usr/share/common-licenses`.

/// Bytes of a copyright file that is read.
pub(super) const BOUND: u64 = 4 << 20;

/// Where Debian keeps the licences that many packages have.
const COMMON: &str = "/usr/share/common-licenses/";

/// The licences that a copyright file names: those of its fields, or without any those it points to.
pub(super) fn licences(text: &str) -> Vec<String> {
    let fields: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("License:"))
        .map(|licence| licence.trim().to_owned())
        .filter(|licence| !licence.is_empty())
        .collect();
    if !fields.is_empty() {
        return fields;
    }
    text.split(COMMON)
        .skip(1)
        .map(|rest| {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')))
                .unwrap_or(rest.len());
            rest[..end].trim_end_matches(['.', '-']).to_owned()
        })
        .filter(|licence| !licence.is_empty())
        .collect()
}
