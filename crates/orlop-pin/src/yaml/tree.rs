//! A YAML text as a tree whose scalars know their bytes in the file.
//!
//! The events are `granit-parser`'s, which like libyaml (and so docker and kubectl) takes what people
//! write and the specification doesn't: a closing bracket as far left as its key, above all. Only where
//! a scalar *begins* is taken from the parser: it can be edited when its value stands there letter by
//! letter (plain, or in quotes without escapes), which is looked up in the text. Nothing depends on how
//! a parser counts the blanks, comments and line ends after it.
//!
//! Aliases are edges to the node that they mean, so the tree is a graph, and one may even have circles.
//! Walks keep a list of what they have seen.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Marker, Parser, ScalarStyle};

use crate::error::{Error, Result};
use crate::image::{Image, ends_with_digest};
use crate::position::{Position, Source};

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(usize);

#[derive(Debug)]
enum Node {
    Scalar(Scalar),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
}

/// A scalar and where it stands.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// Its value, as a text.
    pub(crate) value: String,
    /// Where it begins, in bytes.
    at: usize,
    /// The bytes of its value, when they stand in the file as they are.
    range: Option<Range<usize>>,
    /// Whether it stands without quotes: only then can it mean "nothing".
    plain: bool,
}

impl Scalar {
    /// It says nothing: empty, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(self.value.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

/// Collections inside collections.
const MAX_DEPTH: usize = 128;
/// Nodes of all documents together.
const MAX_NODES: usize = 200_000;
/// Mappings that one mapping merges, those that they merge included.
const MAX_MERGES: usize = 64;

/// All documents of a text.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    source: Source<'a>,
    nodes: Vec<Node>,
    documents: Vec<NodeId>,
}

impl<'a> Tree<'a> {
    /// Reads a text.
    pub(crate) fn read(text: &'a str) -> Result<Self> {
        Builder::new(text).build()
    }

    /// The roots of its documents.
    pub(crate) fn documents(&self) -> &[NodeId] {
        &self.documents
    }

    /// The scalar that the node is.
    pub(crate) fn scalar(&self, node: NodeId) -> Option<&Scalar> {
        match &self.nodes[node.0] {
            Node::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The items of a sequence; of anything else none.
    pub(crate) fn items(&self, node: NodeId) -> &[NodeId] {
        match &self.nodes[node.0] {
            Node::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; of anything else none.
    pub(crate) fn entries(&self, node: NodeId) -> &[(NodeId, NodeId)] {
        match &self.nodes[node.0] {
            Node::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// What a mapping has under a key. Its own entries come before those that it merges (`<<`).
    pub(crate) fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.look_up(node, key, &mut HashSet::new())
    }

    fn look_up(&self, node: NodeId, key: &str, seen: &mut HashSet<NodeId>) -> Option<NodeId> {
        // A mapping that was merged once says nothing new, and one may even merge itself.
        if seen.len() >= MAX_MERGES || !seen.insert(node) {
            return None;
        }
        let entries = self.entries(node);
        let is = |node: NodeId, word: &str| self.scalar(node).is_some_and(|s| s.value == word);
        if let Some((_, value)) = entries.iter().find(|(name, _)| is(*name, key)) {
            return Some(*value);
        }
        entries
            .iter()
            .filter(|(name, _)| is(*name, "<<"))
            .flat_map(|(_, value)| match &self.nodes[value.0] {
                Node::Sequence(items) => items.as_slice(),
                _ => std::slice::from_ref(value),
            })
            .find_map(|merged| self.look_up(*merged, key, seen))
    }

    /// The image that a scalar names after `prefix`. None for a node that isn't a scalar, that says
    /// nothing, or that doesn't begin so.
    pub(crate) fn image(&self, node: NodeId, prefix: &str) -> Option<Image> {
        let scalar = self.scalar(node).filter(|scalar| !scalar.is_null())?;
        let name = scalar.value.strip_prefix(prefix)?;
        if name.is_empty() {
            return None;
        }
        let at = self.source.position(scalar.at);
        if name.contains('$') {
            let why = "it has variables whose values come from elsewhere";
            return Some(Image::with_variables(name, at, why));
        }
        Some(match &scalar.range {
            Some(range) => Image::plain(&self.source, range.start + prefix.len()..range.end),
            None if ends_with_digest(name) => Image::with_variables(name, at, ""),
            None => Image::unresolved(name, at, "it isn't written on one line as it is"),
        })
    }
}

/// A collection that isn't complete.
struct Open {
    node: NodeId,
    /// The key that waits for its value.
    key: Option<NodeId>,
}

struct Builder<'a> {
    tree: Tree<'a>,
    /// Bytes of the mark that the text may begin with.
    skipped: usize,
    anchors: HashMap<usize, NodeId>,
    open: Vec<Open>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let body = text.trim_start_matches('\u{feff}');
        Self {
            tree: Tree {
                source: Source::new(text),
                nodes: Vec::new(),
                documents: Vec::new(),
            },
            skipped: text.len() - body.len(),
            anchors: HashMap::new(),
            open: Vec::new(),
        }
    }

    fn build(mut self) -> Result<Tree<'a>> {
        let mut parser = Parser::new_from_str(&self.tree.source.text[self.skipped..]);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| Error::Yaml {
                at: Position {
                    line: error.marker().line(),
                    column: error.marker().col() + 1,
                },
                why: error.info().to_owned(),
                template: self.tree.source.text.contains("{{"),
            })?;
            let at = self.offset(span.start);
            if self.tree.nodes.len() >= MAX_NODES {
                return Err(self.excessive(at, "larger"));
            }
            match event {
                Event::Scalar(value, style, anchor, _) => {
                    let scalar = self.scalar(&value, style, at);
                    self.add(Node::Scalar(scalar), anchor);
                }
                Event::SequenceStart(_, anchor, _) => {
                    self.enter(Node::Sequence(Vec::new()), anchor, at)?
                }
                Event::MappingStart(_, anchor, _) => {
                    self.enter(Node::Mapping(Vec::new()), anchor, at)?
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    self.open.pop();
                }
                Event::Alias(anchor) => {
                    if let Some(node) = self.anchors.get(&anchor).copied() {
                        self.attach(node);
                    }
                }
                _ => {}
            }
        }
        Ok(self.tree)
    }

    fn excessive(&self, at: usize, what: &'static str) -> Error {
        Error::Excessive {
            at: self.tree.source.position(at),
            what,
        }
    }

    /// The byte of the file that a marker means.
    fn offset(&self, marker: Marker) -> usize {
        // A text that is whole in memory always knows.
        let at = marker.byte_offset().unwrap_or_default();
        (self.skipped + at).min(self.tree.source.text.len())
    }

    fn scalar(&self, value: &str, style: ScalarStyle, at: usize) -> Scalar {
        let text = self.tree.source.text;
        let at = after_properties(text, at);
        let start = match style {
            ScalarStyle::Plain => Some(at),
            ScalarStyle::SingleQuoted => quoted(text, at, value, '\''),
            ScalarStyle::DoubleQuoted => quoted(text, at, value, '"'),
            _ => None,
        };
        let range = start
            .map(|start| start..start + value.len())
            .filter(|range| !value.contains('\n') && text.get(range.clone()) == Some(value));
        Scalar {
            value: value.to_owned(),
            at: range.as_ref().map_or(at, |range| range.start),
            range,
            plain: style == ScalarStyle::Plain,
        }
    }

    fn add(&mut self, node: Node, anchor: usize) -> NodeId {
        let id = NodeId(self.tree.nodes.len());
        self.tree.nodes.push(node);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        self.attach(id);
        id
    }

    fn enter(&mut self, node: Node, anchor: usize, at: usize) -> Result<()> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.excessive(at, "deeper"));
        }
        let node = self.add(node, anchor);
        self.open.push(Open { node, key: None });
        Ok(())
    }

    /// Puts a node where the next one belongs.
    fn attach(&mut self, node: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.tree.documents.push(node);
            return;
        };
        match &mut self.tree.nodes[open.node.0] {
            Node::Sequence(items) => items.push(node),
            Node::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(node),
            },
            Node::Scalar(_) => {}
        }
    }
}

/// The parser lets a scalar begin with its anchor and its tag (`&x !!str value`).
fn after_properties(text: &str, at: usize) -> usize {
    let mut rest = text.get(at..).unwrap_or_default();
    while rest.starts_with(['&', '!']) {
        rest = rest.trim_start_matches(|ch: char| !ch.is_whitespace());
        rest = rest.trim_start();
    }
    text.len() - rest.len()
}

/// Where a value begins that stands in quotes at `at`, letter by letter.
fn quoted(text: &str, at: usize, value: &str, quote: char) -> Option<usize> {
    let inner = text.get(at..)?.strip_prefix(quote)?;
    inner
        .strip_prefix(value)?
        .starts_with(quote)
        .then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_know_their_bytes() {
        let text = "\u{feff}# ü\r\nkey: &x  plain value # comment\r\n'k': 'single'\n\"d\": \"dou\\tble\"\n\
                    e: !!str tagged\nf: |\n  block\ng: ~\nh: [ a, \"b\" ]\ni: *x\nj: 'it''s'\nü: ß\n";
        let tree = Tree::read(text).unwrap();
        let root = tree.documents()[0];
        let written = |key: &str| {
            let node = tree.get(root, key).unwrap();
            let scalar = tree.scalar(node).unwrap();
            scalar.range.clone().map(|range| &text[range])
        };
        assert_eq!(written("key"), Some("plain value"));
        assert_eq!(written("k"), Some("single"));
        assert_eq!(written("d"), None, "an escape");
        assert_eq!(written("e"), Some("tagged"));
        assert_eq!(written("f"), None, "a block");
        assert_eq!(written("i"), Some("plain value"), "an alias");
        assert_eq!(written("j"), None, "a quote in quotes");
        assert_eq!(written("ü"), Some("ß"));
        let items = tree.items(tree.get(root, "h").unwrap());
        let items: Vec<_> = items
            .iter()
            .map(|n| &tree.scalar(*n).unwrap().value)
            .collect();
        assert_eq!(items, ["a", "b"]);
        assert!(tree.scalar(tree.get(root, "g").unwrap()).unwrap().is_null());
    }

    #[test]
    fn what_people_write_is_read_as_docker_reads_it() {
        let text = "a:\n  b: [\n    x,\n  ]\n  c: {\n    y: 1\n  }\n  d: z\n";
        let tree = Tree::read(text).unwrap();
        let a = tree.get(tree.documents()[0], "a").unwrap();
        assert_eq!(tree.items(tree.get(a, "b").unwrap()).len(), 1);
        assert_eq!(tree.scalar(tree.get(a, "d").unwrap()).unwrap().value, "z");
    }

    #[test]
    fn merges_come_after_own_entries() {
        let text =
            "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd: &d {<<: *d}\n";
        let tree = Tree::read(text).unwrap();
        let root = tree.documents()[0];
        let value = |name: &str, key: &str| {
            let node = tree.get(tree.get(root, name).unwrap(), key)?;
            tree.scalar(node).map(|scalar| scalar.value.as_str())
        };
        assert_eq!(value("c", "x"), Some("3"));
        assert_eq!(value("c", "y"), Some("1"));
        assert_eq!(value("c", "z"), Some("2"));
        assert_eq!(value("d", "x"), None, "a circle ends");
    }

    #[test]
    fn bounds() {
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        assert!(matches!(
            Tree::read(&deep),
            Err(Error::Excessive { what: "deeper", .. })
        ));
        let long = format!("[{}]", "1,".repeat(MAX_NODES));
        assert!(matches!(
            Tree::read(&long),
            Err(Error::Excessive { what: "larger", .. })
        ));
        let Err(Error::Yaml { at, .. }) = Tree::read("a: b\n{{ .Values.x }}: y\n}") else {
            panic!("no YAML");
        };
        assert!(at.line >= 2, "{at}");
    }
}
