//! Patterns for names: Go's `path.Match`, in which `*` stops at a slash.

use orlop_oci::Reference;

/// Whether a pattern means this name (distribution/reference `FamiliarMatch`): its familiar form
/// with the tag, or without. Canonical forms are understood too.
pub(crate) fn matches_reference(pattern: &str, name: &Reference) -> bool {
    let repository = name.repository();
    matches(pattern, &name.familiar())
        || matches(pattern, &repository.familiar_name())
        || matches(pattern, &name.to_string())
        || matches(pattern, &repository.to_string())
}

/// Whether the whole text fits the pattern. A malformed pattern fits nothing.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // Where to go on after the last star: the pattern after it, and how much it swallowed.
    let mut star: Option<(usize, usize)> = None;
    let (mut p, mut t) = (0, 0);
    loop {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, t));
            p += 1;
            continue;
        }
        if p == pattern.len() && t == text.len() {
            return true;
        }
        match text.get(t).and_then(|&ch| one(&pattern[p..], ch)) {
            Some(length) => {
                p += length;
                t += 1;
            }
            None => match star {
                Some((after, swallowed)) if text.get(swallowed).is_some_and(|&ch| ch != '/') => {
                    star = Some((after, swallowed + 1));
                    (p, t) = (after, swallowed + 1);
                }
                _ => return false,
            },
        }
    }
}

/// How long the element at the start of the pattern is, when it fits this character.
fn one(pattern: &[char], ch: char) -> Option<usize> {
    match pattern.first()? {
        '?' => (ch != '/').then_some(1),
        '\\' => (pattern.get(1) == Some(&ch)).then_some(2),
        '[' => class(pattern, ch),
        &literal => (literal == ch).then_some(1),
    }
}

/// `[abc]`, `[a-z]`, `[^a-z]`.
fn class(pattern: &[char], ch: char) -> Option<usize> {
    let negated = pattern.get(1) == Some(&'^');
    let mut at = if negated { 2 } else { 1 };
    let mut found = false;
    loop {
        let low = match pattern.get(at)? {
            ']' if at > 1 + usize::from(negated) => break,
            '\\' => {
                at += 1;
                *pattern.get(at)?
            }
            &low => low,
        };
        at += 1;
        let high = if pattern.get(at) == Some(&'-') && pattern.get(at + 1) != Some(&']') {
            at += 2;
            *pattern.get(at - 1)?
        } else {
            low
        };
        found |= (low..=high).contains(&ch);
    }
    (found != negated && ch != '/').then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_gos_path_match() {
        for (pattern, text, expected) in [
            ("alpine", "alpine", true),
            ("alp*", "alpine", true),
            ("*", "alpine:3.20", true),
            ("*", "me/alpine", false),
            ("*/*", "me/alpine", true),
            ("*/*", "ghcr.io/me/alpine", false),
            ("a*e:3.*", "alpine:3.20", true),
            ("a*e:3.*", "alpine:2.20", false),
            ("alp?ne", "alpine", true),
            ("alp[h-j]ne", "alpine", true),
            ("alp[^h-j]ne", "alpine", false),
            ("alp[xi]ne", "alpine", true),
            ("alp[", "alpine", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("", "", true),
            ("", "x", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn names_with_and_without_their_tag() {
        let name = "docker.io/library/alpine:3.20".parse().expect("a name");
        for (pattern, expected) in [
            ("alpine", true),
            ("alpine:3.20", true),
            ("alpine:3.19", false),
            ("*:3.20", true),
            ("library/alpine", false),
            ("docker.io/library/alpine", true),
            ("docker.io/library/alpine:3.20", true),
        ] {
            assert_eq!(matches_reference(pattern, &name), expected, "{pattern}");
        }
    }
}
