//! Dockerfiles: `FROM`, `COPY --from`, `RUN --mount=from=`, `# syntax=`.
//!
//! What counts as a line, a comment, a heredoc and a variable is as in BuildKit's
//! `frontend/dockerfile/parser` and `shell/lex.go`; instructions that name no image are passed over
//! unread. Nothing is thrown away on the way: each character of a word knows its byte in the file, so
//! that a reference that went through continuation lines, quotes and an `ARG` still knows where it ends.

mod lines;
mod reader;
mod words;

use crate::error::Result;
use crate::image::Image;
use crate::position::Source;

/// All image references of a Dockerfile.
pub(crate) fn images(text: &str) -> Result<Vec<Image>> {
    let source = Source::new(text);
    let file = lines::read(&source)?;
    reader::Reader::new(&source, &file).read()
}

/// The first instruction is one that a Dockerfile begins with, and there is a `FROM`.
pub(crate) fn looks_like(text: &str) -> bool {
    let Ok(file) = lines::read(&Source::new(text)) else {
        return false;
    };
    let keyword = |line: &lines::Line| line.keyword().to_ascii_uppercase();
    file.lines
        .first()
        .is_some_and(|line| ["FROM", "ARG"].contains(&keyword(line).as_str()))
        && file.lines.iter().any(|line| keyword(line) == "FROM")
}
