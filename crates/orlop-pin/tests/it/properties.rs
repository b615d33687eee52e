//! Whatever the file: pinning changes nothing but digests, and reading it again gives the same names.

use orlop_pin::{Image, Kind, find, rewrite};
use proptest::prelude::*;

use crate::digest_of;

fn name() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["", "ghcr.io/o/", "localhost:5000/", "user/"]),
        "[a-z][a-z0-9]{0,5}",
        prop::option::of("[a-z0-9][a-z0-9.-]{0,4}"),
        any::<bool>(),
    )
        .prop_map(|(place, name, tag, pinned)| {
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = if pinned {
                format!("@{}", digest_of(&name))
            } else {
                String::new()
            };
            format!("{place}{name}{tag}{digest}")
        })
}

/// Quotes around a name, or none.
fn written() -> impl Strategy<Value = String> {
    (name(), prop::sample::select(vec!["", "\"", "'"]))
        .prop_map(|(name, quote)| format!("{quote}{name}{quote}"))
}

fn dockerfile_part() -> impl Strategy<Value = String> {
    prop_oneof![
        written().prop_map(|name| format!("FROM {name} AS s\n")),
        name().prop_map(|name| format!("FROM \\\n  # no\n {name}\n")),
        name().prop_map(|name| format!("COPY --from={name} a b\n")),
        name().prop_map(|name| format!("RUN --mount=type=bind,from={name},target=/x true\n")),
        (written(), "[A-Z]{1,2}")
            .prop_map(|(name, arg)| format!("ARG {arg}={name}\nFROM ${{{arg}}}\n")),
        "[A-Z]{1,2}".prop_map(|arg| format!("FROM x:${arg}\n")),
        "[A-Z]{1,2}".prop_map(|arg| format!("FROM x:${{{arg}:-1}}-y\n")),
        Just("RUN <<EOF\nFROM no\nEOF\n".to_owned()),
        Just("# ü\r\n\r\n".to_owned()),
        Just("COPY --from=s c d\n".to_owned()),
    ]
}

/// Tags put together of arguments, which are shared, nested, set twice and taken over by stages.
fn arguments() -> impl Strategy<Value = String> {
    let arg = || "[AB]";
    let set = prop_oneof![
        (arg(), "[0-9a]{1,2}").prop_map(|(a, value)| format!("ARG {a}={value}\n")),
        (arg(), arg()).prop_map(|(a, b)| format!("ARG {a}=${b}\n")),
        (arg(), arg()).prop_map(|(a, b)| format!("ARG {a}=x:1${b}\n")),
    ];
    let stage = prop_oneof![
        (arg(), arg()).prop_map(|(a, b)| format!("FROM go:${a}-a${b}\n")),
        ("[ab]", arg()).prop_map(|(name, a)| format!("FROM {name}:1${a}\n")),
        ("[ab]", arg()).prop_map(|(name, a)| format!("FROM {name}:${{{a}:-2}}\n")),
        arg().prop_map(|a| format!("FROM ${a}\n")),
        arg().prop_map(|a| format!("ARG {a}\n")),
    ];
    let many = |part: BoxedStrategy<String>| prop::collection::vec(part, 1..5);
    (many(set.boxed()), many(stage.boxed()))
        .prop_map(|(set, stages)| set.concat() + &stages.concat())
}

fn compose_part() -> impl Strategy<Value = String> {
    (
        written(),
        "[a-z]{1,3}",
        prop::sample::select(vec!["", " # ü", "\r"]),
    )
        .prop_map(|(name, key, end)| format!("  {key}:\n    image: {name}{end}\n"))
}

fn kubernetes_part() -> impl Strategy<Value = String> {
    (written(), written()).prop_map(|(a, b)| {
        format!("---\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {a}\n  - {{image: {b}}}\n")
    })
}

fn workflow_part() -> impl Strategy<Value = String> {
    (name(), written(), "[a-z]{1,3}").prop_map(|(a, b, key)| {
        format!("  {key}:\n    container: {b}\n    steps:\n    - uses: docker://{a}\n")
    })
}

fn file() -> impl Strategy<Value = (Kind, String)> {
    let parts = |part: BoxedStrategy<String>| {
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    };
    prop_oneof![
        parts(dockerfile_part().boxed()).prop_map(|text| (Kind::Dockerfile, text)),
        arguments().prop_map(|text| (Kind::Dockerfile, text)),
        parts(compose_part().boxed())
            .prop_map(|text| (Kind::Compose, format!("services:\n{text}"))),
        parts(kubernetes_part().boxed()).prop_map(|text| (Kind::Kubernetes, text)),
        parts(workflow_part().boxed()).prop_map(|text| (Kind::Workflow, format!("jobs:\n{text}"))),
    ]
}

/// The text without any digest and without the tag that goes with a new one.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@sha256:") {
        out.push_str(before.strip_suffix(":latest").unwrap_or(before));
        rest = &after[64..];
    }
    out + rest
}

fn names(images: &[Image]) -> Vec<String> {
    let name = |image: &Image| match image.tagged() {
        Some(tagged) => tagged.to_string(),
        None => bare(&image.text),
    };
    images.iter().map(name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn only_digests_change((kind, text) in file()) {
        // The same key twice, or a name that YAML reads otherwise, is nobody's file.
        let Ok(before) = find(kind, &text) else { return Ok(()) };
        let new = |image: &Image| Some(digest_of(&image.tagged()?.to_string()));
        let pinned = match rewrite(kind, &text, new) {
            Ok(pinned) => pinned,
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{text}"))),
        };
        prop_assert_eq!(bare(&pinned), bare(&text));
        let after = find(kind, &pinned).unwrap();
        prop_assert_eq!(names(&after), names(&before), "{}\n{}", text, pinned);
        for image in &after {
            if let Some(tagged) = image.tagged() {
                let digest = image.reference().and_then(|r| r.digest()).cloned();
                prop_assert_eq!(digest, Some(digest_of(&tagged.to_string())));
            }
        }
        // Once more changes nothing.
        prop_assert_eq!(rewrite(kind, &pinned, new).unwrap(), pinned);
    }

    #[test]
    fn no_text_is_too_strange(text in "(FROM|ARG|RUN|COPY|--from=|--mount=|<<|EOF|\\$|\\{|\\}|:-|\"|'|\\\\|\n|\r| |a|:|@|#|syntax=|image|services|- |\\[|\\]|&a|\\*a|ü|\t|jobs|uses|docker://|\u{feff}){0,40}") {
        for kind in Kind::ALL {
            if let Ok(images) = find(kind, &text) {
                let new = |image: &Image| Some(digest_of(&image.tagged()?.to_string()));
                if let Ok(pinned) = rewrite(kind, &text, new) {
                    prop_assert_eq!(find(kind, &pinned).unwrap().len(), images.len());
                }
            }
        }
        let _ = Kind::of_shape(&text);
    }
}
