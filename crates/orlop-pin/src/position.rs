//! Lines and columns, for people.

use std::fmt;

/// A place in a text, counted as editors do: from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text that knows where its lines begin.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    /// The first byte of each line but the first.
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            text,
            starts: ends.map(|(at, _)| at + 1).collect(),
        }
    }

    /// Where the byte `offset` is.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).map_or(0, |before| self.starts[before]);
        // A byte order mark is no column.
        let before = self.text[start..offset].trim_start_matches('\u{feff}');
        Position {
            line: line + 1,
            column: before.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let source = Source::new("\u{feff}ab\r\nü: x\n");
        for (offset, line, column) in [(3, 1, 1), (5, 1, 3), (7, 2, 1), (11, 2, 4), (99, 3, 1)] {
            assert_eq!(
                source.position(offset),
                Position { line, column },
                "{offset}"
            );
        }
    }
}
