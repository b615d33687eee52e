//! What is said about references: faults, changes, diffs. Pure.

use orlop_oci::Digest;
use orlop_pin::{Image, State};
use similar::TextDiff;

use super::changes::Moves;
use crate::units;

/// What `--check` finds wrong with a reference, given what its name stands for now if that was asked.
pub(super) fn fault(image: &Image, now: Option<&Digest>) -> Option<String> {
    let text = &image.text;
    match &image.state {
        State::Unresolved { why } => Some(format!("{text} is not pinned: {why}")),
        _ if !image.is_pinned() => Some(format!("{text} is not pinned")),
        State::Known(reference) => {
            let (was, now) = (reference.digest()?, now?);
            let name = image.tagged()?.familiar();
            (was != now).then(|| format!("{name} is pinned to {was}, its tag is {now} now"))
        }
        State::Fixed => None,
    }
}

/// What was done to a reference; nothing if nothing was.
pub(super) fn change(image: &Image, now: &Digest, moves: &Moves) -> Option<String> {
    let name = image.tagged()?;
    let familiar = name.familiar();
    match image.reference()?.digest() {
        None => Some(format!("{familiar} pinned to {now}")),
        Some(was) if was == now => None,
        Some(was) => {
            let mut text = format!("{familiar} moved from {was} to {now}");
            for line in moves.of(&name, was).into_iter().flat_map(compare) {
                text.push_str("\n  ");
                text.push_str(&line);
            }
            Some(text)
        }
    }
}

/// Sizes and platforms of what a name stood for and stands for.
fn compare(change: &super::changes::Move) -> Vec<String> {
    let mut lines = Vec::new();
    let platform = &change.platform;
    let size = |size: Option<u64>| size.map_or("unknown".to_owned(), units::size);
    let (old, new) = (&change.old, &change.new);
    let Some(new) = new else { return lines };
    let old_size = old.as_ref().and_then(|old| old.size);
    lines.push(format!(
        "{platform}: {} -> {} to download",
        size(old_size),
        size(new.size)
    ));
    let Some(old) = old else {
        lines.push("the registry doesn't have the old one any more".to_owned());
        return lines;
    };
    let names = |platforms: &mut dyn Iterator<Item = &orlop_oci::Platform>| {
        let names: Vec<String> = platforms.map(ToString::to_string).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(added) = names(&mut new.platforms.difference(&old.platforms)) {
        lines.push(format!("platforms added: {added}"));
    }
    if let Some(removed) = names(&mut old.platforms.difference(&new.platforms)) {
        lines.push(format!("platforms removed: {removed}"));
    }
    if old.platforms == new.platforms && !new.platforms.is_empty() {
        lines.push(format!("platforms: the same {}", new.platforms.len()));
    }
    lines
}

/// A unified diff of one file; empty when nothing changes.
pub(super) fn diff(path: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff()
        .context_radius(3)
        .header(path, path)
        .to_string()
}

#[cfg(test)]
mod tests {
    use orlop_pin::{Kind, find};

    use super::*;

    fn image(text: &str) -> Image {
        find(Kind::Dockerfile, &format!("FROM {text}\n")).expect("a file")[0].clone()
    }

    #[test]
    fn faults() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let pinned = image(&format!("alpine:3@{a}"));
        for (image, now, expected) in [
            (
                image("alpine:3"),
                None,
                Some("alpine:3 is not pinned".to_owned()),
            ),
            (
                image("alpine:$X"),
                None,
                Some("alpine:$X is not pinned: X is set nowhere".to_owned()),
            ),
            (pinned.clone(), None, None),
            (pinned.clone(), Some(&a), None),
            (
                pinned,
                Some(&b),
                Some(format!("alpine:3 is pinned to {a}, its tag is {b} now")),
            ),
            (super::tests::image(&format!("alpine@{a}")), Some(&b), None),
        ] {
            assert_eq!(fault(&image, now), expected);
        }
    }

    #[test]
    fn diffs_name_the_file() {
        assert_eq!(diff("f", "a\nb\n", "a\nb\n"), "");
        assert_eq!(
            diff("f", "a\r\nFROM b", "a\r\nFROM c"),
            "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\r\n-FROM b\n\\ No newline at end of file\n+FROM c\n\\ No newline at end of file\n"
        );
    }
}
