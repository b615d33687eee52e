//! The files that were named: found, read, and written back whole.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use orlop_pin::{Image, Kind, MAX_FILE_SIZE, find};

use crate::app::App;
use crate::error::{CliError, CliResult};

/// A file with its references.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// As people know it.
    pub(super) shown: String,
    /// Where it is; none for standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) images: Vec<Image>,
}

/// Directories that a directory's files may be in.
const WORKFLOWS: &str = ".github/workflows";

/// Reads all that was named: files, directories, `-`.
pub(super) fn gather(names: &[String], kind: Option<Kind>) -> CliResult<Vec<SourceFile>> {
    let mut files = Vec::new();
    for name in names {
        let path = Path::new(name);
        if name == "-" {
            if files.iter().any(|file: &SourceFile| file.path.is_none()) {
                return Err(CliError::new("standard input can be read only once"));
            }
            let text = read_text(std::io::stdin().lock(), "standard input")?;
            let kind = kind.or_else(|| Kind::of_shape(&text));
            files.push(of_text("standard input".to_owned(), None, text, kind)?);
        } else if path.is_dir() {
            files.extend(of_directory(path, kind)?);
        } else {
            files.push(of_file(path, kind)?);
        }
    }
    Ok(files)
}

fn of_file(path: &Path, kind: Option<Kind>) -> CliResult<SourceFile> {
    let shown = path.display().to_string();
    let text = read(path)?;
    let kind = kind
        .or_else(|| Kind::of_path(&absolute(path)))
        .or_else(|| Kind::of_shape(&text));
    of_text(shown, Some(path.to_owned()), text, kind)
}

fn of_text(
    shown: String,
    path: Option<PathBuf>,
    text: String,
    kind: Option<Kind>,
) -> CliResult<SourceFile> {
    let Some(kind) = kind else {
        let words: Vec<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
        return Err(CliError::new(format!(
            "{shown}: neither its name nor its shape is that of a file that names images"
        ))
        .hint(format!("--type says what it is: {}", words.join(", "))));
    };
    let images = find(kind, &text).map_err(|error| unreadable(&shown, &error))?;
    Ok(SourceFile {
        shown,
        path,
        kind,
        text,
        images,
    })
}

/// The files of a directory that have a name or a shape that is known, sorted.
fn of_directory(folder: &Path, kind: Option<Kind>) -> CliResult<Vec<SourceFile>> {
    let mut paths = list(folder)?;
    let workflows = folder.join(WORKFLOWS);
    if workflows.is_dir() {
        paths.extend(list(&workflows)?);
    }
    let mut files = Vec::new();
    for path in paths {
        let by_name = Kind::of_path(&absolute(&path));
        let known = match by_name {
            Some(found) => Some(found),
            // A file of any other name may be what it likes.
            None if Kind::may_have_shape(&path) => {
                read(&path).ok().and_then(|text| Kind::of_shape(&text))
            }
            None => None,
        };
        if let Some(known) = known
            && kind.is_none_or(|wanted| wanted == known)
        {
            files.push(of_file(&path, Some(known))?);
        }
    }
    if files.is_empty() {
        return Err(CliError::new(format!(
            "{}: no file in it names images",
            folder.display()
        )));
    }
    Ok(files)
}

fn list(folder: &Path) -> CliResult<Vec<PathBuf>> {
    let failed = |error| CliError::from(error).context(folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            // `./Dockerfile` is `Dockerfile` to everybody.
            paths.push(path.strip_prefix(".").map_or(path.clone(), Path::to_owned));
        }
    }
    paths.sort();
    Ok(paths)
}

/// `ci.yml` may lie in `.github/workflows`, where we are.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn read(path: &Path) -> CliResult<String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| CliError::from(error).context(&shown))?;
    read_text(file, shown)
}

fn read_text(reader: impl std::io::Read, shown: impl std::fmt::Display) -> CliResult<String> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_FILE_SIZE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::from(error).context(&shown))?;
    if bytes.len() > MAX_FILE_SIZE {
        return Err(CliError::new(format!(
            "{shown}: more than the {MAX_FILE_SIZE} bytes that are read of a file"
        )));
    }
    String::from_utf8(bytes).map_err(|_| CliError::new(format!("{shown}: it is no UTF-8 text")))
}

/// A file that can't be read as what it is.
pub(super) fn unreadable(shown: &str, error: &orlop_pin::Error) -> CliError {
    // `FILE:LINE:COLUMN: WHY`, as compilers have it, where there is a place.
    let text = error.to_string();
    let has_place = text.starts_with(|ch: char| ch.is_ascii_digit());
    let message = CliError::new(if has_place {
        format!("{shown}:{text}")
    } else {
        format!("{shown}: {text}")
    });
    match error.hint() {
        Some(hint) => message.hint(hint),
        None => message,
    }
}

impl SourceFile {
    /// Writes the new text: in place of the old one, or to standard output.
    pub(super) fn write(&self, app: &App, text: &str) -> CliResult {
        match &self.path {
            None => app.printer.text(text),
            Some(_) if text == self.text => Ok(()),
            Some(path) => self
                .replace(path, text)
                .map_err(|error| error.context(&self.shown)),
        }
    }

    /// All of the new file or all of the old, with the owner and the mode that it had. A link keeps
    /// pointing to where it did.
    fn replace(&self, path: &Path, text: &str) -> CliResult {
        let path = fs::canonicalize(path)?;
        let before = fs::metadata(&path)?;
        if read(&path)? != self.text {
            return Err(CliError::new(
                "it was changed meanwhile, and is left as it is",
            ));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut new = tempfile::Builder::new()
            .prefix(".orlop-pin-")
            .tempfile_in(folder)?;
        new.write_all(text.as_bytes())?;
        // Who isn't root gives the file to nobody else; then it is the writer's, as with any editor.
        let _ = fchown(new.as_file(), Some(before.uid()), Some(before.gid()));
        new.as_file().set_permissions(before.permissions())?;
        new.as_file().sync_all()?;
        new.persist(&path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()?;
        Ok(())
    }
}
