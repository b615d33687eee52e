//! The whole interface: which pane has the keys, which layers are compared.

use orlop_image::look::Comparison;

use crate::key::Key;
use crate::subject::Subject;
use crate::tree_view::TreeView;

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// More keys are wanted.
    Continue,
    /// The user has seen enough.
    Quit,
}

/// The pane that has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Layers,
    Tree,
    Image,
}

/// An image, being explored.
#[derive(Debug)]
pub struct Explorer {
    pub(crate) subject: Subject,
    pub(crate) pane: Pane,
    pub(crate) layer: usize,
    /// All layers from the second up to the selected one are compared with the bottom one; else the
    /// selected one with all below it.
    pub(crate) aggregated: bool,
    pub(crate) comparison: Comparison,
    pub(crate) tree: TreeView,
    /// A filter is being typed.
    pub(crate) filtering: bool,
    /// The first line of the image's details that is shown, and how many fitted.
    pub(crate) image_offset: usize,
    pub(crate) image_height: usize,
    pub(crate) layers_height: usize,
}

impl Explorer {
    /// Begins with the bottom layer.
    pub fn new(subject: Subject) -> Self {
        let comparison = compare(&subject, 0, false);
        let mut tree = TreeView::new(&subject.tree);
        tree.refresh(&subject.tree, &comparison);
        Self {
            subject,
            pane: Pane::Layers,
            layer: 0,
            aggregated: false,
            comparison,
            tree,
            filtering: false,
            image_offset: 0,
            image_height: 1,
            layers_height: 1,
        }
    }

    /// Does what a key means.
    pub fn press(&mut self, key: Key) -> Flow {
        if key == Key::Ctrl('c') {
            return Flow::Quit;
        }
        if self.filtering {
            self.edit_filter(key);
            return Flow::Continue;
        }
        match key {
            Key::Char('q') => return Flow::Quit,
            Key::Tab => self.pane = self.pane.next(),
            Key::BackTab => self.pane = self.pane.next().next(),
            // Terminals send `_` or `7` for Ctrl+/.
            Key::Ctrl('f' | '/' | '_' | '7') | Key::Char('/') => {
                self.filtering = true;
                self.pane = Pane::Tree;
            }
            Key::Esc => self.set_filter(String::new()),
            Key::Ctrl('b') => {
                let shown = self.tree.attributes.unwrap_or(true);
                self.tree.attributes = Some(!shown);
            }
            _ => self.press_in_pane(key),
        }
        Flow::Continue
    }

    fn press_in_pane(&mut self, key: Key) {
        match self.pane {
            Pane::Layers => self.press_in_layers(key),
            Pane::Tree => {
                if self.tree.press(key, &self.subject.tree, &self.comparison) {
                    self.tree.refresh(&self.subject.tree, &self.comparison);
                }
            }
            Pane::Image => {
                let lines = self.subject.waste.paths.len() + crate::draw::IMAGE_LINES;
                let most = lines.saturating_sub(self.image_height);
                let at = self.image_offset;
                let at = moved(key, at, self.image_height, most).unwrap_or(at);
                self.image_offset = at.min(most);
            }
        }
    }

    fn press_in_layers(&mut self, key: Key) {
        let last = self.subject.layers.len().saturating_sub(1);
        let (layer, aggregated) = match key {
            Key::Ctrl('a') => (self.layer, true),
            Key::Ctrl('l') => (self.layer, false),
            _ => match moved(key, self.layer, self.layers_height, last) {
                Some(layer) => (layer, self.aggregated),
                None => return,
            },
        };
        if (layer, aggregated) != (self.layer, self.aggregated) {
            (self.layer, self.aggregated) = (layer, aggregated);
            self.comparison = compare(&self.subject, layer, aggregated);
            self.tree.refresh(&self.subject.tree, &self.comparison);
        }
    }

    fn edit_filter(&mut self, key: Key) {
        let mut text = self.tree.filter().to_owned();
        match key {
            Key::Enter | Key::Tab => {
                self.filtering = false;
                return;
            }
            Key::Esc | Key::Ctrl('f' | '/' | '_' | '7') => {
                self.filtering = false;
                text.clear();
            }
            Key::Char(c) => text.push(c),
            Key::Backspace => {
                text.pop();
            }
            Key::Ctrl('u') => text.clear(),
            _ => return,
        }
        self.set_filter(text);
    }

    fn set_filter(&mut self, text: String) {
        if text != self.tree.filter() {
            self.tree.set_filter(text);
            self.tree.refresh(&self.subject.tree, &self.comparison);
        }
    }
}

impl Pane {
    fn next(self) -> Self {
        match self {
            Self::Layers => Self::Tree,
            Self::Tree => Self::Image,
            Self::Image => Self::Layers,
        }
    }
}

/// The bottom layer is what all others are compared with, so nothing in it is new.
fn compare(subject: &Subject, layer: usize, aggregated: bool) -> Comparison {
    let before = match aggregated {
        true => 0,
        false => layer.saturating_sub(1),
    };
    subject.tree.compare(Some(before), layer)
}

/// Where a key leads in a list.
fn moved(key: Key, at: usize, page: usize, last: usize) -> Option<usize> {
    Some(match key {
        Key::Up | Key::Char('k') => at.saturating_sub(1),
        Key::Down | Key::Char('j') => (at + 1).min(last),
        Key::PageUp | Key::Char('u') => at.saturating_sub(page),
        Key::PageDown | Key::Char('d') => (at + page).min(last),
        Key::Home => 0,
        Key::End => last,
        _ => return None,
    })
}
