//! `history --files`: the rows of `history`, and below each the files of its layer.

use orlop_image::look::{FileTree, ImageFiles, LayerChange, Step, steps};
use orlop_image::model::HistoryEntry;
use serde_json::{Value, json};

use crate::units;
use crate::view::file_words;

/// The table of `history` with a line for each file below its step. `table` has a heading and then one
/// line for each step, the last first.
pub fn text(table: &str, image: &ImageFiles, human: bool) -> String {
    let tree = image.tree();
    let mut text = String::with_capacity(table.len());
    let mut lines = table.split_inclusive('\n');
    text.push_str(lines.next().unwrap_or_default());
    let steps = steps(&image.config, image.layers.len());
    for (line, step) in lines.zip(steps.iter().rev()) {
        text.push_str(line);
        for change in step.layer.iter().flat_map(|layer| tree.changes_of(*layer)) {
            text.push_str(&file_line(&change, human));
        }
    }
    text
}

fn file_line(change: &LayerChange<'_>, human: bool) -> String {
    let size = match human {
        true => units::size(change.size),
        false => change.size.to_string(),
    };
    let letter = file_words::letter(change.change);
    let path = file_words::path(&change.path, change.file);
    format!("  {letter} {size:>8} {path}\n")
}

/// The steps as objects, the last first, with their files when `with_files`.
pub fn objects(entries: &[HistoryEntry], image: &ImageFiles, with_files: bool) -> Vec<Value> {
    let tree = with_files.then(|| image.tree());
    let steps = steps(&image.config, image.layers.len());
    let rows = entries.iter().zip(steps.iter().rev());
    rows.map(|(entry, step)| object(entry, step, image, tree.as_ref()))
        .collect()
}

fn object(entry: &HistoryEntry, step: &Step, image: &ImageFiles, tree: Option<&FileTree>) -> Value {
    let tags: Vec<String> = entry.tags.iter().map(|tag| tag.familiar()).collect();
    let mut object = json!({
        "id": entry.id.as_ref().map(ToString::to_string),
        "created": entry.created.map(|time| time.to_string()),
        "createdBy": entry.created_by,
        "comment": entry.comment,
        "tags": tags,
        "size": entry.size,
        "layer": Value::Null,
    });
    let Some(layer) = step.layer else {
        return object;
    };
    let files = &image.layers[layer];
    object["layer"] = json!({
        "digest": image.manifest.layers[layer].digest.as_str(),
        "diffID": files.diff_id.as_str(),
        "compressedSize": image.manifest.layers[layer].size,
        "filesSize": files.size,
    });
    if let Some(tree) = tree {
        object["files"] = tree.changes_of(layer).iter().map(file).collect();
    }
    object
}

fn file(change: &LayerChange<'_>) -> Value {
    let mut object = serde_json::Map::new();
    let path = file_words::json_path(&change.path);
    object.insert("path".to_owned(), path.into());
    let word = file_words::change_word(change.change);
    object.insert("change".to_owned(), word.into());
    object.extend(file_words::fields(change.file));
    object.insert("size".to_owned(), change.size.into());
    object.into()
}
