//! `images --tree`: each image with all of its names, and its platforms below it (docker/cli
//! `cli/command/image/tree.go`).

use std::fmt::Write as _;

use orlop_image::model::{ImageSummary, ManifestKind, ManifestSummary};
use unicode_width::UnicodeWidthStr;

use crate::printer::Style;
use crate::table::ellipsis;
use crate::units;

const GAP: &str = "   ";
const UNTAGGED: &str = "<untagged>";
const ID_WIDTH: usize = 12;
const USAGE_WIDTH: usize = 10;
const CONTENT_WIDTH: usize = 12;
const EXTRA: &str = "EXTRA";

/// The tree, for a terminal of this width (or for a pipe), in colour or not.
pub fn render(images: &[ImageSummary], width: Option<usize>, color: bool) -> String {
    let mut sorted: Vec<&ImageSummary> = images.iter().collect();
    sorted.sort_by_key(|image| {
        let first = image.tags.first().map(|name| name.familiar());
        (first.is_none(), first)
    });
    let view = View {
        columns: Columns::fitting(&sorted, width),
        color,
    };
    let mut text = String::new();
    if let Some(width) = width {
        view.legend(&mut text, width.max(20));
    }
    view.heading(&mut text);
    let spaced = sorted.iter().any(|image| platforms(image).next().is_some());
    for image in sorted {
        view.image(&mut text, image, spaced);
    }
    text
}

fn platforms(image: &ImageSummary) -> impl Iterator<Item = (&ManifestSummary, String)> {
    image
        .manifests
        .iter()
        .filter_map(|manifest| match &manifest.kind {
            ManifestKind::Image { platform } => Some((manifest, platform.to_string())),
            ManifestKind::Attestation { .. } | ManifestKind::Unknown => None,
        })
}

struct View {
    columns: Columns,
    color: bool,
}

/// How wide names are, and how many columns follow them.
struct Columns {
    names: usize,
    shown: usize,
}

impl Columns {
    const WIDTHS: [usize; 4] = [ID_WIDTH, USAGE_WIDTH, CONTENT_WIDTH, EXTRA.len()];

    /// Columns that would leave fewer than twelve characters for the names are left out.
    fn fitting(images: &[&ImageSummary], width: Option<usize>) -> Self {
        let names = images.iter().flat_map(|image| {
            let tags = image.tags.iter().map(|name| name.familiar().width());
            tags.chain(platforms(image).map(|(_, platform)| platform.width() + 3))
        });
        let widest = names.chain([UNTAGGED.len()]).max().unwrap_or(0);
        let Some(mut room) = width.map(|width| width.max(20)) else {
            return Self {
                names: widest,
                shown: Self::WIDTHS.len(),
            };
        };
        let mut shown = 0;
        for column in Self::WIDTHS {
            let needed = column + GAP.len();
            if room < needed + 12 {
                break;
            }
            room -= needed;
            shown += 1;
        }
        Self {
            names: widest.min(room),
            shown,
        }
    }
}

/// What stands beside a name.
struct Details<'a> {
    id: &'a str,
    usage: u64,
    content: u64,
    in_use: bool,
}

impl View {
    fn legend(&self, text: &mut String, width: usize) {
        let chip = self.chip();
        let words = "i Info →   U  In Use";
        let painted = words.replacen(" U ", &chip, 1);
        let _ = writeln!(
            text,
            "{}{painted}",
            " ".repeat(width.saturating_sub(words.width()))
        );
    }

    fn chip(&self) -> String {
        Style::Chip.paint(self.color, " U ")
    }

    fn heading(&self, text: &mut String) {
        let mut line = pad_right("IMAGE", self.columns.names);
        let titles = [
            pad_right("ID", ID_WIDTH),
            pad_left("DISK USAGE", USAGE_WIDTH),
            pad_left("CONTENT SIZE", CONTENT_WIDTH),
            EXTRA.to_owned(),
        ];
        for title in &titles[..self.columns.shown] {
            line.push_str(GAP);
            line.push_str(title);
        }
        let _ = writeln!(text, "{}", Style::Bold.paint(self.color, line));
    }

    fn image(&self, text: &mut String, image: &ImageSummary, spaced: bool) {
        let width = self.columns.names;
        if image.tags.is_empty() {
            text.push_str(&Style::Faint.paint(self.color, pad_right(UNTAGGED, width)));
        }
        for (index, name) in image.tags.iter().enumerate() {
            let name = name.familiar();
            let last = index + 1 == image.tags.len();
            let too_long = name.width() > width;
            let alone = !last || too_long;
            let shown = if alone { name } else { pad_right(&name, width) };
            text.push_str(&Style::Name.paint(self.color, shown));
            if alone {
                text.push('\n');
            }
            if last && too_long {
                text.push_str(&" ".repeat(width));
            }
        }
        let running = |manifest: &ManifestSummary| manifest.containers > 0;
        self.details(
            text,
            &Details {
                id: image.id.short(),
                usage: image.disk_usage,
                content: image
                    .manifests
                    .iter()
                    .map(|manifest| manifest.content_size)
                    .sum(),
                in_use: image.containers > 0 || image.manifests.iter().any(running),
            },
            true,
        );
        let children: Vec<_> = platforms(image).collect();
        for (index, (manifest, platform)) in children.iter().enumerate() {
            let branch = if index + 1 == children.len() {
                "└─ "
            } else {
                "├─ "
            };
            let line = pad_right(&ellipsis(&format!("{branch}{platform}"), width), width);
            text.push_str(&self.faint_unless(manifest.available, line));
            self.details(
                text,
                &Details {
                    id: manifest.descriptor.digest.short(),
                    usage: manifest.content_size + manifest.unpacked_size,
                    content: manifest.content_size,
                    in_use: running(manifest),
                },
                manifest.available,
            );
        }
        if spaced {
            text.push('\n');
        }
    }

    fn details(&self, text: &mut String, details: &Details<'_>, bright: bool) {
        let cells = [
            pad_right(details.id, ID_WIDTH),
            pad_left(&units::size(details.usage), USAGE_WIDTH),
            pad_left(&units::size(details.content), CONTENT_WIDTH),
        ];
        for cell in &cells[..self.columns.shown.min(cells.len())] {
            text.push_str(GAP);
            text.push_str(&self.faint_unless(bright, cell));
        }
        if details.in_use && self.columns.shown > cells.len() {
            text.push_str(GAP);
            text.push_str(&self.chip());
        }
        while text.ends_with(' ') {
            text.pop();
        }
        text.push('\n');
    }

    fn faint_unless(&self, bright: bool, text: impl std::fmt::Display) -> String {
        Style::Faint.paint(self.color && !bright, text)
    }
}

fn pad_right(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::super::image_rows::tests::{image, manifest};
    use super::*;

    fn images() -> Vec<ImageSummary> {
        let mut alpine = image("a", &["alpine:3.20", "alpine:latest"], &["alpine"]);
        alpine.manifests = vec![
            manifest("a", "linux/amd64", true),
            ManifestSummary {
                kind: ManifestKind::Attestation { of: None },
                ..manifest("a", "unknown/unknown", true)
            },
            manifest("a", "linux/arm64", false),
        ];
        alpine.manifests[1].content_size = 0;
        let mut used = image("b", &["busybox:latest"], &[]);
        used.containers = 1;
        vec![image("c", &[], &[]), used, alpine]
    }

    #[test]
    fn names_above_platforms() {
        assert_eq!(
            render(&images(), None, false),
            "IMAGE            ID             DISK USAGE   CONTENT SIZE   EXTRA\n\
             alpine:3.20\n\
             alpine:latest    ca978112ca1b       12.8MB         3.62MB\n\
             ├─ linux/amd64   7c1bf27ef4cf       12.8MB         3.62MB\n\
             └─ linux/arm64   3f5ac5ee8d3b           0B             0B\n\
             \n\
             busybox:latest   3e23e8160039       12.8MB         3.62MB    U\n\
             └─ linux/amd64   90e3fb21c7ec       12.8MB         3.62MB\n\
             \n\
             <untagged>       2e7d2c03a950       12.8MB         3.62MB\n\
             └─ linux/amd64   2bcc8d6ac6ae       12.8MB         3.62MB\n\
             \n"
            .replace(
                "7c1bf27ef4cf",
                manifest("a", "linux/amd64", true).descriptor.digest.short()
            )
            .replace(
                "3f5ac5ee8d3b",
                manifest("a", "linux/arm64", true).descriptor.digest.short()
            )
            .replace(
                "90e3fb21c7ec",
                manifest("b", "linux/amd64", true).descriptor.digest.short()
            )
            .replace(
                "2bcc8d6ac6ae",
                manifest("c", "linux/amd64", true).descriptor.digest.short()
            )
        );
    }

    #[test]
    fn a_narrow_terminal_loses_columns() {
        let text = render(&images(), Some(50), false);
        let heading = text.lines().nth(1).expect("a heading");
        assert_eq!(heading, "IMAGE            ID             DISK USAGE");
        assert!(
            text.lines()
                .next()
                .expect("a legend")
                .ends_with("U  In Use")
        );
        for width in [1, 20, 30, 40, 60, 200] {
            let widest = render(&images(), Some(width), false)
                .lines()
                .map(|l| l.width())
                .max();
            assert!(widest <= Some(width.max(20)), "{width}");
        }
    }

    #[test]
    fn colours_do_not_change_the_text() {
        let plain = render(&images(), Some(100), false);
        let mut painted = render(&images(), Some(100), true);
        for code in ["1", "2", "1;34", "30;106", "0"] {
            painted = painted.replace(&format!("\x1b[{code}m"), "");
        }
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(&painted), squeeze(&plain));
    }
}
