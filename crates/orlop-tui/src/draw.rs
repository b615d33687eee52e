//! What it looks like: layers and details at the left, files at the right, keys at the bottom. On a
//! narrow terminal only the pane that has the keys is there.

use orlop_image::look::{Change, FileKind, FileRecord};
use orlop_layer::printable;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use crate::explorer::{Explorer, Pane};
use crate::rows::guides;
use crate::subject::one_line;

/// Lines of the image's details before its wasted paths.
pub(crate) const IMAGE_LINES: usize = 6;

/// Below this width panes don't stand side by side.
const NARROW: u16 = 56;
/// A pane of files of this width has room for modes, owners and sizes.
const WIDE_TREE: u16 = 66;

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

impl Explorer {
    /// Draws all of it.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let [body, status] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
        if body.width < NARROW {
            match self.pane {
                Pane::Layers => self.draw_layers(frame, body),
                Pane::Tree => self.draw_tree(frame, body),
                Pane::Image => self.draw_image(frame, body),
            }
        } else {
            let left = (body.width / 2).min(80) - 1;
            let [left, _, right] = Layout::horizontal([
                Constraint::Length(left),
                Constraint::Length(1),
                Constraint::Min(0),
            ])
            .areas(body);
            self.draw_left(frame, left);
            self.draw_tree(frame, right);
        }
        self.draw_status(frame, status);
    }

    fn draw_left(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let layers = u16::try_from(self.subject.layers.len() + 2).unwrap_or(u16::MAX);
        let layers = layers.min(area.height * 2 / 5).max(4);
        let details = 8.min(area.height / 3);
        let [layers, details, image] = Layout::vertical([
            Constraint::Length(layers),
            Constraint::Length(details),
            Constraint::Min(0),
        ])
        .areas(area);
        self.draw_layers(frame, layers);
        self.draw_layer(frame, details);
        self.draw_image(frame, image);
    }

    fn draw_layers(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let title = match self.aggregated {
            true => "Layers (aggregated changes)",
            false => "Layers",
        };
        let inner = self.pane_block(frame, area, title, Some(Pane::Layers));
        let height = usize::from(inner.height).saturating_sub(1);
        self.layers_height = height.max(1);
        let first = (self.layer + 1).saturating_sub(self.layers_height);
        let mut lines = vec![Line::styled("Cmp     Size  Command", BOLD)];
        let layers = self.subject.layers.iter().enumerate();
        for (index, layer) in layers.skip(first).take(height) {
            let size = (self.subject.size)(layer.size);
            let text = format!(" {size:>8}  {}", one_line(&layer.command));
            let style = match index == self.layer {
                true => SELECTED,
                false => Style::new(),
            };
            lines.push(Line::from(vec![
                self.compare_bar(index),
                Span::raw(" "),
                Span::styled(text, style),
            ]));
        }
        frame.render_widget(Paragraph::new(lines), inner);
    }

    /// Which layers are compared with which.
    fn compare_bar(&self, index: usize) -> Span<'static> {
        let bottom = Span::styled("▒▒", Style::new().fg(Color::Magenta));
        let top = Span::styled("██", Style::new().fg(Color::Green));
        let lowest_top = match self.aggregated {
            true => 1,
            false => self.layer,
        };
        match index {
            _ if index > self.layer => Span::raw("  "),
            _ if index == self.layer || index >= lowest_top => top,
            _ => bottom,
        }
    }

    fn draw_layer(&self, frame: &mut Frame<'_>, area: Rect) {
        let inner = self.pane_block(frame, area, "Layer Details", None);
        let Some(layer) = self.subject.layers.get(self.layer) else {
            return;
        };
        let size = self.subject.size;
        let sizes = format!(
            "{} ({} compressed)",
            size(layer.size),
            size(layer.compressed)
        );
        // Digests are cut; a command is what people want to read.
        let [heads, command] =
            Layout::vertical([Constraint::Length(3), Constraint::Min(0)]).areas(inner);
        let head_lines = vec![
            labelled("Digest: ", layer.digest.clone()),
            labelled("DiffID: ", layer.diff_id.clone()),
            labelled("Size:   ", sizes),
        ];
        frame.render_widget(Paragraph::new(head_lines), heads);
        let command_line = labelled("Command: ", one_line(&layer.command));
        let text = Paragraph::new(command_line).wrap(Wrap { trim: true });
        frame.render_widget(text, command);
    }

    fn draw_image(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let inner = self.pane_block(frame, area, "Image Details", Some(Pane::Image));
        self.image_height = usize::from(inner.height).max(1);
        let (subject, waste) = (&self.subject, &self.subject.waste);
        let mut lines = vec![
            labelled("Image name: ", one_line(&subject.name)),
            labelled("Total Image size: ", (subject.size)(waste.image_size)),
            labelled("Potential wasted space: ", (subject.size)(waste.bytes)),
            labelled(
                "Image efficiency score: ",
                format!("{} %", (waste.efficiency * 100.0).floor()),
            ),
            Line::raw(""),
            Line::styled("Count   Total Space  Path", BOLD),
        ];
        debug_assert_eq!(lines.len(), IMAGE_LINES);
        // No more of the paths than can be seen: there may be many thousands.
        let fitting = (self.image_offset + self.image_height).saturating_sub(IMAGE_LINES);
        lines.extend(waste.paths.iter().take(fitting).map(|path| {
            Line::raw(format!(
                "{:>5}  {:>12}  /{}",
                path.count,
                (subject.size)(path.size),
                printable(&path.path)
            ))
        }));
        let shown: Vec<Line<'_>> = lines.into_iter().skip(self.image_offset).collect();
        frame.render_widget(Paragraph::new(shown), inner);
    }

    fn draw_tree(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let title = match self.aggregated {
            true => "Aggregated Layer Contents",
            false => "Current Layer Contents",
        };
        let inner = self.pane_block(frame, area, title, Some(Pane::Tree));
        let attributes = self.tree.attributes.unwrap_or(area.width >= WIDE_TREE);
        let height = usize::from(inner.height).saturating_sub(1);
        let heading = match attributes {
            true => "  Permission     UID:GID      Size  Filetree",
            false => "      Size  Filetree",
        };
        let mut lines = vec![Line::styled(heading, BOLD)];
        for row in self.tree.window(height) {
            lines.push(self.tree_line(row, attributes));
        }
        if self.tree.rows().is_empty() {
            lines.push(Line::styled("  (nothing to show)", FAINT));
        }
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn tree_line(&self, index: usize, attributes: bool) -> Line<'static> {
        let rows = self.tree.rows();
        let row = rows[index];
        let tree = &self.subject.tree;
        let change = self
            .comparison
            .change(row.node)
            .unwrap_or(Change::Unmodified);
        let file = self.comparison.file(tree, row.node);
        let (letter, style) = look_of(change);
        let size = (self.subject.size)(self.comparison.size(row.node));
        let head = match attributes {
            true => format!("{letter} {} {:>11} {size:>9}  ", mode(file), owner(file)),
            false => format!("{letter} {size:>8}  "),
        };
        let mut branches = String::new();
        for last in guides(rows, index) {
            branches.push_str(if last { "    " } else { "│   " });
        }
        branches.push_str(if row.is_last { "└─" } else { "├─" });
        let folded = row.has_children && self.tree.is_collapsed(row.node);
        branches.push_str(if folded { "⊕ " } else { "─ " });
        let name = name(tree.name(row.node), file);
        let name_style = match index == self.tree.cursor() && self.pane == Pane::Tree {
            true => style.patch(SELECTED),
            false => style,
        };
        Line::from(vec![
            Span::styled(head, style),
            Span::raw(branches),
            Span::styled(name, name_style),
        ])
    }

    fn draw_status(&self, frame: &mut Frame<'_>, area: Rect) {
        if self.filtering || !self.tree.filter().is_empty() {
            let cursor = if self.filtering { "▏" } else { "" };
            let text = format!("Path Filter: {}{cursor}", one_line(self.tree.filter()));
            let hint = match self.filtering {
                true => "   Enter keep  Esc close",
                false => "   ^F edit  Esc close",
            };
            let line = Line::from(vec![Span::styled(text, BOLD), Span::styled(hint, FAINT)]);
            frame.render_widget(Paragraph::new(line), area);
            return;
        }
        let mut spans = vec![Span::raw("q quit  Tab pane  ^F filter  ")];
        match self.pane {
            Pane::Layers => {
                spans.push(option("^L layer changes", !self.aggregated));
                spans.push(Span::raw("  "));
                spans.push(option("^A aggregated changes", self.aggregated));
            }
            Pane::Tree => {
                spans.push(Span::raw("Space fold  ^Space all  "));
                for (text, change) in [
                    ("^A added", Change::Added),
                    ("^R removed", Change::Removed),
                    ("^M modified", Change::Modified),
                    ("^U unmodified", Change::Unmodified),
                ] {
                    spans.push(option(text, !self.tree.is_hidden(change)));
                    spans.push(Span::raw(" "));
                }
                spans.push(option("^O by size", self.tree.by_size()));
                spans.push(Span::raw(" ^B attributes"));
            }
            Pane::Image => spans.push(Span::raw("↑↓ scroll")),
        }
        frame.render_widget(Paragraph::new(Line::from(spans)), area);
    }

    /// Draws the title of a pane, and says where its content goes.
    fn pane_block(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        title: &'static str,
        pane: Option<Pane>,
    ) -> Rect {
        let has_keys = pane == Some(self.pane);
        let (mark, style) = match has_keys {
            true => ("┃● ", BOLD),
            false => ("│ ", Style::new()),
        };
        let block = Block::new()
            .borders(Borders::TOP)
            .title(Line::styled(format!("{mark}{title} "), style));
        let inner = block.inner(area);
        frame.render_widget(block, area);
        inner
    }
}

/// Something that is on or off.
fn option(text: &'static str, on: bool) -> Span<'static> {
    match on {
        true => Span::styled(text, SELECTED),
        false => Span::styled(text, FAINT),
    }
}

fn labelled(label: &'static str, text: String) -> Line<'static> {
    Line::from(vec![Span::styled(label, BOLD), Span::raw(text)])
}

/// The letter is for those who can't see the colour.
fn look_of(change: Change) -> (char, Style) {
    match change {
        Change::Unmodified => (' ', Style::new()),
        Change::Modified => ('M', Style::new().fg(Color::Yellow)),
        Change::Added => ('A', Style::new().fg(Color::Green)),
        Change::Removed => ('R', Style::new().fg(Color::Red)),
    }
}

fn name(name: &[u8], file: Option<&FileRecord>) -> String {
    let mut text = printable(name);
    if let Some(file) = file
        && matches!(file.kind, FileKind::Symlink | FileKind::HardLink)
    {
        text.push_str(&format!(" → {}", printable(&file.link)));
    }
    text
}

fn owner(file: Option<&FileRecord>) -> String {
    file.map_or_else(
        || "-".to_owned(),
        |file| format!("{}:{}", file.uid, file.gid),
    )
}

/// `drwxr-xr-x`, as `ls` has it.
fn mode(file: Option<&FileRecord>) -> String {
    let Some(file) = file else {
        return "d---------".to_owned();
    };
    let kind = match file.kind {
        FileKind::File | FileKind::HardLink => '-',
        FileKind::Directory => 'd',
        FileKind::Symlink => 'l',
        FileKind::CharDevice => 'c',
        FileKind::BlockDevice => 'b',
        FileKind::Fifo => 'p',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = file.mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, file.mode & special != 0) {
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}
