//! What the instructions say about images: stages, `ARG`s, and the references among their words.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use orlop_oci::Reference;

use super::lines::{File, Glyph, Line};
use super::words::{self, Expanded, Letter, Variables};
use crate::error::{Error, Result};
use crate::image::{End, Image, State, ends_with_digest};
use crate::position::{Position, Source};

/// Stages of one file.
const MAX_STAGES: usize = 1000;
/// `ARG`s before the first stage whose values are followed.
const MAX_ARGS: usize = 1000;

/// Reads the instructions in their order.
pub(crate) struct Reader<'a> {
    source: &'a Source<'a>,
    file: &'a File,
    variables: Variables,
    /// The `ARG`s before the first `FROM`, by their numbers.
    args: Vec<String>,
    /// How many stages there are so far.
    stages: usize,
    /// The names of those that have one, in lower case.
    names: HashSet<String>,
    /// Images whose end stands in an `ARG`.
    ends: Vec<EndInArg>,
    /// What the words of `FROM` are that have a part of an `ARG`, by its number.
    uses: HashMap<usize, HashSet<String>>,
    /// `ARG`s that a stage takes over.
    taken_over: HashMap<String, Position>,
    images: Vec<Image>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a Source<'a>, file: &'a File) -> Self {
        Self {
            source,
            file,
            variables: Variables::of_builder(),
            args: Vec::new(),
            stages: 0,
            names: HashSet::new(),
            ends: Vec::new(),
            uses: HashMap::new(),
            taken_over: HashMap::new(),
            images: Vec::new(),
        }
    }

    /// All images.
    pub(crate) fn read(mut self) -> Result<Vec<Image>> {
        if let Some(range) = &self.file.syntax {
            self.images.push(Image::plain(self.source, range.clone()));
        }
        for line in &self.file.lines {
            let words = words::split(&line.glyphs, line.escape);
            self.instruction(line, &words);
            if self.stages > MAX_STAGES {
                let at = line.glyphs.first().map_or(0, |glyph| glyph.at);
                return Err(Error::Excessive {
                    at: self.source.position(at),
                    what: "larger",
                });
            }
        }
        self.refuse_args_of_others();
        Ok(self.images)
    }

    fn instruction(&mut self, line: &Line, words: &[&[Glyph]]) {
        let Some((keyword, rest)) = words.split_first() else {
            return;
        };
        match words::text(keyword).to_ascii_uppercase().as_str() {
            "ONBUILD" => self.instruction(line, rest),
            "ARG" => self.arg(line, rest),
            "FROM" => self.from(line, rest),
            "COPY" | "ADD" => {
                for flag in flags(rest) {
                    if let Some(value) = strip(flag, "--from=") {
                        self.named_by_flag(value);
                    }
                }
            }
            "RUN" => {
                for flag in flags(rest) {
                    if let Some(value) = strip(flag, "--mount=") {
                        self.mount(value);
                    }
                }
            }
            _ => {}
        }
    }

    fn arg(&mut self, line: &Line, words: &[&[Glyph]]) {
        for word in words {
            let equals = word.iter().position(|glyph| glyph.ch == '=');
            let name = words::text(&word[..equals.unwrap_or(word.len())]);
            if self.stages > 0 {
                if equals.is_none()
                    && let Some(first) = word.first()
                {
                    let at = self.source.position(first.at);
                    self.taken_over.entry(name).or_insert(at);
                }
                continue;
            }
            let number = self.args.len();
            self.args.push(name.clone());
            let value = equals.filter(|_| number < MAX_ARGS).map(|at| {
                self.variables
                    .expand(&word[at + 1..], line.escape, Some(number))
            });
            self.variables.set(name, value);
        }
    }

    fn from(&mut self, line: &Line, words: &[&[Glyph]]) {
        let words = &words[flags(words).count()..];
        if let Some(word) = words.first() {
            let expanded = self.variables.expand(word, line.escape, None);
            self.base(word, &expanded);
        }
        if let [_, as_word, name, ..] = words
            && words::text(as_word).eq_ignore_ascii_case("as")
        {
            self.names.insert(words::text(name).to_lowercase());
        }
        self.stages += 1;
    }

    /// The image that a stage begins with, unless it is an earlier stage.
    fn base(&mut self, word: &[Glyph], expanded: &Expanded) {
        let Some(first) = word.first() else { return };
        let at = self.source.position(first.at);
        let Some(letters) = expanded.known() else {
            if self.may_be_a_stage(&expanded.pattern()) {
                return;
            }
            let why = expanded.unknown.clone().unwrap_or_default();
            self.images
                .push(Image::with_variables(&words::text(word), at, why));
            return;
        };
        let name: String = letters.iter().map(|letter| letter.glyph.ch).collect();
        for arg in letters.iter().filter_map(|letter| letter.arg) {
            let uses = self.uses.entry(arg).or_default();
            if !uses.contains(&name) {
                uses.insert(name.clone());
            }
        }
        if name.is_empty() || name == "scratch" || self.is_stage(&name) {
            return;
        }
        let image = match name.parse::<Reference>() {
            Ok(reference) => self.known(&name, reference, &letters, at),
            Err(error) => Image::unresolved(&name, at, error.to_string()),
        };
        self.images.push(image);
    }

    /// An image whose characters are all known: finds where its end stands, and whether a digest may
    /// stand there.
    fn known(
        &mut self,
        name: &str,
        reference: Reference,
        letters: &[Letter],
        at: Position,
    ) -> Image {
        let tail = tail(letters);
        let Some(last) = letters.last() else {
            return Image::unresolved(name, at, "it is empty");
        };
        let in_arg = last.arg;
        let end_at = match in_arg {
            Some(_) => self.source.position(letters[tail.start].glyph.at),
            None => at,
        };
        // A digest that doesn't stand where the name ends can't be written anew.
        let digest_length = reference.digest().map(|d| d.as_str().len());
        if let Some(length) = digest_length
            && length > tail.len()
        {
            return Image {
                text: name.to_owned(),
                at: end_at,
                state: State::Fixed,
                end: None,
            };
        }
        if let (None, Some(foreign)) = (digest_length, overruled(name, letters, in_arg)) {
            let arg = &self.args[foreign];
            let why = format!("its tag depends on ARG {arg}, which a digest would overrule");
            return Image::unresolved(name, at, why);
        }
        if let Some(arg) = in_arg {
            self.ends.push(EndInArg {
                image: self.images.len(),
                arg,
                whole: tail.start == 0,
            });
        }
        let end = last.glyph.end();
        Image {
            text: name.to_owned(),
            at: end_at,
            state: State::Known(reference),
            end: Some(End {
                at: end,
                digest: digest_length.map(|length| end - length..end),
            }),
        }
    }

    fn is_stage(&self, name: &str) -> bool {
        self.names.contains(&name.to_lowercase())
    }

    /// `*` stands for what isn't known: `base-${TARGETARCH}` names one of several stages.
    fn may_be_a_stage(&self, pattern: &str) -> bool {
        let pattern = pattern.to_lowercase();
        // What is only a variable says nothing of a stage.
        pattern.chars().any(|ch| ch != '*') && self.names.iter().any(|stage| fits(&pattern, stage))
    }

    fn mount(&mut self, value: &[Glyph]) {
        for field in value.split(|glyph| glyph.ch == ',') {
            if let Some(value) = strip(unquoted(field), "from=") {
                self.named_by_flag(value);
            }
        }
    }

    /// A stage by its name or number, or an image. Builders expand no variables here.
    fn named_by_flag(&mut self, value: &[Glyph]) {
        let value = unquoted(value);
        let (Some(first), Some(last)) = (value.first(), value.last()) else {
            return;
        };
        let name = words::text(value);
        let is_number = name
            .parse::<usize>()
            .is_ok_and(|number| number < self.stages);
        if name == "scratch" || is_number || self.is_stage(&name) {
            return;
        }
        let at = self.source.position(first.at);
        if name.contains('$') {
            let why = "variables don't count here: name a stage";
            self.images.push(Image::with_variables(&name, at, why));
            return;
        }
        let in_one_piece = value.windows(2).all(|pair| pair[0].end() == pair[1].at);
        self.images.push(if in_one_piece {
            Image::plain(self.source, first.at..last.end())
        } else if ends_with_digest(&name) {
            Image {
                text: name,
                at,
                state: State::Fixed,
                end: None,
            }
        } else {
            Image::unresolved(&name, at, "it is broken over two lines")
        });
    }

    /// An `ARG` may not carry the digest of one image when it is a part of another; nor, when it is
    /// only a part, when a stage uses it too.
    fn refuse_args_of_others(&mut self) {
        for end in &self.ends {
            let arg = &self.args[end.arg];
            let image = &mut self.images[end.image];
            let is_shared = self
                .uses
                .get(&end.arg)
                .is_some_and(|uses| uses.iter().any(|name| *name != image.text));
            let taken_over = self.taken_over.get(arg).filter(|_| !end.whole);
            let why = if is_shared {
                format!("ARG {arg} is a part of other images too")
            } else if let Some(at) = taken_over.filter(|_| !image.is_pinned()) {
                format!("ARG {arg} is used in a stage too (line {})", at.line)
            } else {
                continue;
            };
            image.end = None;
            image.state = if image.is_pinned() {
                State::Fixed
            } else {
                State::unresolved(why)
            };
        }
    }
}

/// An image whose end stands in an `ARG`.
struct EndInArg {
    /// Its number among the images.
    image: usize,
    /// The number of the `ARG`.
    arg: usize,
    /// All of it stands there.
    whole: bool,
}

/// The last characters that stand side by side in the file.
fn tail(letters: &[Letter]) -> Range<usize> {
    let mut start = letters.len().saturating_sub(1);
    while start > 0
        && letters[start - 1].glyph.end() == letters[start].glyph.at
        && letters[start - 1].arg == letters[start].arg
    {
        start -= 1;
    }
    start..letters.len()
}

/// The `ARG` that gives a part of the tag although the reference doesn't end in it: who sets it would
/// be overruled by a digest at the end.
fn overruled(name: &str, letters: &[Letter], in_arg: Option<usize>) -> Option<usize> {
    let path = name.rfind('/').map_or(0, |at| at + 1);
    let colon = path + name[path..].find(':')?;
    let tag = &letters[name[..=colon].chars().count()..];
    let foreign = tag.iter().find(|l| l.arg.is_some() && l.arg != in_arg);
    if let Some(letter) = foreign {
        return letter.arg;
    }
    // The same ARG twice would get the digest twice.
    let pieces = tag
        .windows(2)
        .filter(|pair| pair[0].arg != in_arg && pair[1].arg == in_arg)
        .count();
    in_arg.filter(|_| pieces > 1 || twice(letters, in_arg))
}

/// A byte of the file stands in the word more than once.
fn twice(letters: &[Letter], arg: Option<usize>) -> bool {
    let mut places: Vec<usize> = letters
        .iter()
        .filter(|letter| letter.arg == arg)
        .map(|letter| letter.glyph.at)
        .collect();
    let count = places.len();
    places.sort_unstable();
    places.dedup();
    places.len() < count
}

/// The words before the first that is no flag.
fn flags<'w, 'g>(words: &'w [&'g [Glyph]]) -> impl Iterator<Item = &'g [Glyph]> + use<'w, 'g> {
    words
        .iter()
        .copied()
        .take_while(|word| word.len() > 2 && word[0].ch == '-' && word[1].ch == '-')
}

/// The word without the text that it begins with, if it does.
fn strip<'g>(word: &'g [Glyph], prefix: &str) -> Option<&'g [Glyph]> {
    let mut rest = word.iter();
    let fits = prefix
        .chars()
        .all(|ch| rest.next().is_some_and(|glyph| glyph.ch == ch));
    fits.then_some(rest.as_slice())
}

/// Without the quotes around it.
fn unquoted(word: &[Glyph]) -> &[Glyph] {
    match word {
        [first, inner @ .., last]
            if first.ch == last.ch && (first.ch == '"' || first.ch == '\'') =>
        {
            inner
        }
        // A quote that spans several fields of a mount.
        [first, inner @ ..] if first.ch == '"' => inner,
        [inner @ .., last] if last.ch == '"' => inner,
        _ => word,
    }
}

/// `*` in the pattern stands for any characters.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}
