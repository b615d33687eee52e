//! What `diff` shows of two images: files, configuration, layers, sizes.

use orlop_image::look::{
    Change, ConfigDifference, FileDifference, ImageFiles, diff_configs, diff_files,
};
use serde_json::{Map, Value, json};

use crate::units;
use crate::view::file_words::{self, one_line};

/// All that is another in the second of two images.
#[derive(Debug)]
pub struct ImageDiff<'a> {
    images: [&'a ImageFiles; 2],
    names: [&'a str; 2],
    files: Vec<FileDifference>,
    configuration: Vec<ConfigDifference>,
    /// How many layers from the bottom are the same.
    common: usize,
}

impl<'a> ImageDiff<'a> {
    /// Compares two images, which one [`Looker`](orlop_image::look::Looker) read.
    pub fn new(images: [&'a ImageFiles; 2], names: [&'a str; 2]) -> Self {
        let [a, b] = images;
        let layers = |image: &'a ImageFiles| image.manifest.layers.iter().zip(&image.layers);
        let common = layers(a)
            .zip(layers(b))
            .take_while(|((a, x), (b, y))| a.digest == b.digest && x.diff_id == y.diff_id)
            .count();
        Self {
            files: diff_files(&a.tree(), &b.tree()),
            configuration: diff_configs(&a.config, &b.config),
            images,
            names,
            common,
        }
    }

    /// There is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.configuration.is_empty() && !self.layers_differ()
    }

    fn layers_differ(&self) -> bool {
        self.images.iter().any(|i| i.layers.len() != self.common)
    }

    /// For people. Nothing when there is no difference.
    pub fn text(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut sections = Vec::new();
        if !self.files.is_empty() {
            sections.push(self.file_lines());
        }
        if !self.configuration.is_empty() {
            let mut text = "Configuration:\n".to_owned();
            text.extend(self.configuration.iter().map(config_line));
            sections.push(text);
        }
        if self.layers_differ() {
            sections.push(self.layer_lines());
        }
        sections.push(self.size_lines());
        sections.join("\n")
    }

    fn file_lines(&self) -> String {
        let mut text = format!("Files: {}\n", self.file_summary());
        for file in &self.files {
            let letter = file_words::letter(file.change);
            let shown = file.after.as_ref().or(file.before.as_ref());
            let size = units::size(shown.map_or(0, |file| file.size));
            let path = file_words::path(&file.path, shown);
            text.push_str(&format!("{letter} {size:>8} {path}{}\n", details(file)));
        }
        text
    }

    fn file_summary(&self) -> String {
        let count = |change| self.files.iter().filter(|f| f.change == change).count();
        format!(
            "{} added, {} changed, {} removed",
            count(Change::Added),
            count(Change::Modified),
            count(Change::Removed)
        )
    }

    fn layer_lines(&self) -> String {
        let mut text = "Layers:\n".to_owned();
        let [a, b] = self.images;
        for (sign, image, range) in [
            ('=', a, 0..self.common),
            ('-', a, self.common..a.layers.len()),
            ('+', b, self.common..b.layers.len()),
        ] {
            for layer in range {
                let descriptor = &image.manifest.layers[layer];
                let size = units::size(descriptor.size);
                let other = if sign == '+' { a } else { b };
                let same = match sign != '=' && has_content(other, image, layer) {
                    true => "  (same content in another place or compression)",
                    false => "",
                };
                text.push_str(&format!("{sign} {size:>8} {}{same}\n", descriptor.digest));
            }
        }
        text
    }

    fn size_lines(&self) -> String {
        let mut text = "Size:\n".to_owned();
        for (what, size) in SIZES {
            let [a, b] = self.images.map(size);
            let change = match (a, b) {
                _ if a == b => "the same".to_owned(),
                _ if a < b => format!("+{}", units::size4(b - a)),
                _ => format!("-{}", units::size4(a - b)),
            };
            let (a, b) = (units::size4(a), units::size4(b));
            text.push_str(&format!("  {what}: {a} -> {b} ({change})\n"));
        }
        text
    }

    /// For programs.
    pub fn object(&self) -> Value {
        let [a, b] = self.images;
        let layers = |image: &ImageFiles, range: std::ops::Range<usize>| -> Vec<Value> {
            let layer = |at: usize| {
                let descriptor = &image.manifest.layers[at];
                json!({
                    "digest": descriptor.digest.as_str(),
                    "diffID": image.layers[at].diff_id.as_str(),
                    "size": descriptor.size,
                })
            };
            range.map(layer).collect()
        };
        json!({
            "images": [self.image(0), self.image(1)],
            "files": self.files.iter().map(file_object).collect::<Vec<_>>(),
            "configuration": self.configuration.iter().map(config_object).collect::<Vec<_>>(),
            "layers": {
                "common": layers(a, 0..self.common),
                "removed": layers(a, self.common..a.layers.len()),
                "added": layers(b, self.common..b.layers.len()),
            },
        })
    }

    fn image(&self, at: usize) -> Value {
        let image = self.images[at];
        json!({
            "name": self.names[at],
            "digest": image.target.as_str(),
            "manifest": image.digest.as_str(),
            "platform": image.config.platform.to_string(),
            "compressedSize": compressed(image),
            "filesSize": in_files(image),
        })
    }
}

type SizeOf = fn(&ImageFiles) -> u64;
const SIZES: [(&str, SizeOf); 2] = [("compressed", compressed), ("files", in_files)];

/// Bytes to download.
fn compressed(image: &ImageFiles) -> u64 {
    let layers = image.manifest.layers.iter().map(|layer| layer.size);
    layers.fold(image.manifest.config.size, u64::saturating_add)
}

/// Bytes of the files of all layers.
fn in_files(image: &ImageFiles) -> u64 {
    let layers = image.layers.iter().map(|layer| layer.size);
    layers.fold(0, u64::saturating_add)
}

fn has_content(other: &ImageFiles, image: &ImageFiles, layer: usize) -> bool {
    let wanted = &image.layers[layer].diff_id;
    other.layers.iter().any(|layer| layer.diff_id == *wanted)
}

/// `  (content 12B -> 13B, mode 0644 -> 0755)`.
fn details(file: &FileDifference) -> String {
    let (Some(before), Some(after)) = (&file.before, &file.after) else {
        return String::new();
    };
    let mut words = Vec::new();
    if file.what.kind {
        let word = |file| file_words::kind_word(Some(file));
        words.push(format!("type {} -> {}", word(before), word(after)));
    }
    if file.what.content {
        words.push(match before.size == after.size {
            true => "content".to_owned(),
            false => format!(
                "content {} -> {}",
                units::size(before.size),
                units::size(after.size)
            ),
        });
    }
    if file.what.mode {
        let (a, b) = (file_words::mode(before), file_words::mode(after));
        words.push(format!("mode {a} -> {b}"));
    }
    if file.what.owner {
        let (a, b) = (file_words::owner(before), file_words::owner(after));
        words.push(format!("owner {a} -> {b}"));
    }
    if file.what.xattrs {
        words.push("xattrs".to_owned());
    }
    match words.is_empty() {
        true => String::new(),
        false => format!("  ({})", words.join(", ")),
    }
}

fn config_change(difference: &ConfigDifference) -> Change {
    match (&difference.before, &difference.after) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Modified,
    }
}

/// `C Env PATH: "/bin" -> "/usr/bin"`. Values are JSON, which is safe to print.
fn config_line(difference: &ConfigDifference) -> String {
    let letter = file_words::letter(config_change(difference));
    let value = |value: &Option<Value>| value.as_ref().map(|value| one_line(&value.to_string()));
    let values = match (value(&difference.before), value(&difference.after)) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (before, after) => before.or(after).unwrap_or_default(),
    };
    let key = difference.key.as_deref().map(one_line);
    let key = key.map(|key| format!(" {key}")).unwrap_or_default();
    format!("{letter} {}{key}: {values}\n", difference.field)
}

fn config_object(difference: &ConfigDifference) -> Value {
    let change = file_words::change_word(config_change(difference));
    let mut object = Map::new();
    object.insert("field".to_owned(), difference.field.as_str().into());
    if let Some(key) = &difference.key {
        object.insert("key".to_owned(), key.as_str().into());
    }
    object.insert("change".to_owned(), change.into());
    for (name, value) in [("before", &difference.before), ("after", &difference.after)] {
        if let Some(value) = value {
            object.insert(name.to_owned(), value.clone());
        }
    }
    object.into()
}

fn file_object(file: &FileDifference) -> Value {
    let mut object = Map::new();
    let path = file_words::json_path(&file.path);
    object.insert("path".to_owned(), path.into());
    let change = file_words::change_word(file.change);
    object.insert("change".to_owned(), change.into());
    if file.change == Change::Modified {
        object.insert("what".to_owned(), json!(file.what.words()));
    }
    let there_before = file.change != Change::Added;
    let there_after = file.change != Change::Removed;
    for (name, there, side) in [
        ("before", there_before, &file.before),
        ("after", there_after, &file.after),
    ] {
        if there {
            let fields = file_words::fields(side.as_ref());
            object.insert(name.to_owned(), fields.into());
        }
    }
    object.into()
}
