//! Changes of a text that leave everything else as it is.

use std::ops::Range;

/// Bytes of a text, and what stands in their place afterwards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes: the same when something is put in.
    pub end: usize,
    /// The new text.
    pub text: String,
}

impl Edit {
    pub(crate) fn replace(range: Range<usize>, text: String) -> Self {
        Self {
            start: range.start,
            end: range.end,
            text,
        }
    }

    pub(crate) fn insert(at: usize, text: String) -> Self {
        Self::replace(at..at, text)
    }
}

/// The text after the edits. The same edit twice is one; of edits that overlap, and of those that
/// don't fit the text, the later is left out.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort();
    edits.dedup();
    let mut out =
        String::with_capacity(text.len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        let Some(between) = text.get(done..edit.start) else {
            continue;
        };
        if text.get(edit.start..edit.end).is_none() {
            continue;
        }
        out.push_str(between);
        out.push_str(&edit.text);
        done = edit.end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_in_order_and_once() {
        let insert = |at, text: &str| Edit::insert(at, text.to_owned());
        let edits = [
            insert(5, "!"),
            Edit::replace(0..1, "J".to_owned()),
            insert(5, "!"),
            Edit::replace(4..9, "out of bounds".to_owned()),
        ];
        assert_eq!(apply("hello", &edits), "Jello!");
        assert_eq!(apply("hello", &[]), "hello");
    }
}
