//! Maven's order: `org.apache.maven.artifact.versioning.ComparableVersion` (Maven 4).
//!
//! Its answers don't always agree with each other: `1-ga` and `1-ga1` both equal `1`, and yet the
//! second is newer than the first; a word between dots (`1.foo.1`) is older than any list, even where a
//! list is older than the end. So this is no order in the strict sense, and nothing may sort by it that
//! relies on one. It is kept as it is, because it is what Maven goes by.

use std::cmp::Ordering;

use super::number::Number;

/// Qualifiers, oldest first. The empty one is the release.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
/// Where the release stands among them.
const RELEASE: usize = 5;

/// A list of what dots divide, which ends in a list where a hyphen divides, or a letter from a digit.
#[derive(Clone, Debug)]
pub(crate) struct Version(Vec<Item>);

#[derive(Clone, Debug)]
enum Item {
    Number(String),
    Word(Qualifier),
    /// `rc1` or `rc-1`.
    Combination(Qualifier, String),
    List(Vec<Item>),
}

/// Its place among [`QUALIFIERS`], and its name where that is no place in particular.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Qualifier(usize, Vec<u16>);

impl Version {
    pub(super) fn parse(version: &str) -> Option<Self> {
        if version.is_empty() {
            return None;
        }
        let text = version.to_lowercase();
        let mut parser = Parser::new(&text);
        for (at, character) in text.char_indices() {
            parser.read(at, character);
        }
        Some(Self(parser.end()))
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        compare_lists(&self.0, &other.0)
    }
}

/// Reads a version character by character.
struct Parser<'a> {
    text: &'a str,
    /// Lists that aren't finished, each the last item of the one before.
    lists: Vec<Vec<Item>>,
    /// Where the item that is read starts.
    start: usize,
    is_digit: bool,
    is_combination: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            lists: vec![Vec::new()],
            start: 0,
            is_digit: false,
            is_combination: false,
        }
    }

    fn read(&mut self, at: usize, character: char) {
        match character {
            '.' => {
                self.add(at);
                self.start = at + 1;
                self.is_combination = false;
            }
            '-' => {
                let next = self.text.as_bytes().get(at + 1);
                let is_number_next = next.is_some_and(u8::is_ascii_digit);
                if at > self.start && !self.is_digit && is_number_next {
                    // `rc-1` is `rc1`.
                    self.is_combination = true;
                    return;
                }
                self.add(at);
                self.start = at + 1;
                self.open_list_unless_empty();
                self.is_combination = false;
            }
            '0'..='9' => {
                if !self.is_digit && at > self.start {
                    self.is_combination = true;
                    self.open_list_unless_empty();
                }
                self.is_digit = true;
            }
            _ => {
                if self.is_digit && at > self.start {
                    self.add(at);
                    self.start = at;
                    self.lists.push(Vec::new());
                    self.is_combination = false;
                }
                self.is_digit = false;
            }
        }
    }

    fn end(mut self) -> Vec<Item> {
        if self.start < self.text.len() {
            // `.x` is read as `-x`.
            if !self.is_digit {
                self.open_list_unless_empty();
            }
            self.add(self.text.len());
        }
        // Each list but the first is the last item of the one before.
        let mut inner = None;
        while let Some(mut list) = self.lists.pop() {
            list.extend(inner.take().map(Item::List));
            normalize(&mut list);
            inner = Some(list);
        }
        inner.unwrap_or_default()
    }

    fn open_list_unless_empty(&mut self) {
        if self.lists.last().is_some_and(|list| !list.is_empty()) {
            self.lists.push(Vec::new());
        }
    }

    /// Adds what was read up to `end`; of nothing, zero.
    fn add(&mut self, end: usize) {
        let text = &self.text[self.start..end];
        let item = if text.is_empty() {
            Item::Number("0".to_owned())
        } else if self.is_combination {
            let text = text.replace('-', "");
            let digits = text.find(|character: char| character.is_ascii_digit());
            let (word, number) = text.split_at(digits.unwrap_or(text.len()));
            Item::Combination(Qualifier::new(word, true), number.to_owned())
        } else if self.is_digit {
            Item::Number(text.to_owned())
        } else {
            Item::Word(Qualifier::new(text, false))
        };
        if let Some(list) = self.lists.last_mut() {
            list.push(item);
        }
    }
}

/// Takes away what is nothing at the end, and before words.
fn normalize(list: &mut Vec<Item>) {
    for at in (0..list.len()).rev() {
        let is_nothing = match &list[at] {
            Item::Number(number) => value(number).is_zero(),
            Item::List(items) => items.is_empty(),
            Item::Word(_) | Item::Combination(..) => false,
        };
        let removed = is_nothing
            && match list.get(at + 1) {
                None | Some(Item::Word(_)) => true,
                Some(Item::List(next)) => {
                    matches!(next.first(), Some(Item::Word(_) | Item::Combination(..)))
                }
                _ => false,
            };
        if removed {
            list.remove(at);
        }
    }
}

fn value(digits: &str) -> Number<'_> {
    Number::parse(digits).unwrap_or(Number::ZERO)
}

impl Qualifier {
    fn new(word: &str, before_number: bool) -> Self {
        let word = match word {
            "a" if before_number => "alpha",
            "b" if before_number => "beta",
            "m" if before_number => "milestone",
            "cr" => "rc",
            "ga" | "final" | "release" => "",
            _ => word,
        };
        match QUALIFIERS.iter().position(|known| *known == word) {
            Some(place) => Self(place, Vec::new()),
            // Java compares words by UTF-16.
            None => Self(QUALIFIERS.len(), word.encode_utf16().collect()),
        }
    }
}

impl Item {
    /// An item where the other version has ended.
    fn cmp_end(&self) -> Ordering {
        match self {
            Self::Number(number) => value(number).cmp(&Number::ZERO),
            Self::Word(word) | Self::Combination(word, _) => word.0.cmp(&RELEASE),
            Self::List(items) => items
                .iter()
                .map(Item::cmp_end)
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => value(left).cmp(&value(right)),
            (Self::Word(left), Self::Word(right)) => left.cmp(right),
            (Self::Word(left), Self::Combination(right, _)) => left.cmp(right).then(Ordering::Less),
            (Self::Combination(left, _), Self::Word(right)) => {
                left.cmp(right).then(Ordering::Greater)
            }
            (Self::Combination(left, number), Self::Combination(right, other)) => left
                .cmp(right)
                .then_with(|| value(number).cmp(&value(other))),
            (Self::List(left), Self::List(right)) => compare_lists(left, right),
            _ => self.kind().cmp(&other.kind()),
        }
    }

    /// Words before lists, lists before numbers.
    fn kind(&self) -> u8 {
        match self {
            Self::Word(_) | Self::Combination(..) => 0,
            Self::List(_) => 1,
            Self::Number(_) => 2,
        }
    }
}

fn compare_lists(left: &[Item], right: &[Item]) -> Ordering {
    (0..left.len().max(right.len()))
        .map(|at| match (left.get(at), right.get(at)) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(left), None) => left.cmp_end(),
            (None, Some(right)) => right.cmp_end().reverse(),
            (None, None) => Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
