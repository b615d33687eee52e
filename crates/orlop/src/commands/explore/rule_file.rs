//! `.dive-ci`: rules in YAML.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use granit_parser::{Event, Parser};

use super::rules::RuleTexts;
use crate::error::{CliError, CliResult};

/// Nobody needs more for three rules.
const MAX_SIZE: u64 = 1 << 20;
const MAX_DEPTH: usize = 64;

/// Takes over the rules of a file.
pub(super) fn read(path: &Path, rules: &mut RuleTexts) -> CliResult {
    let failed = |why: CliError| why.context(format_args!("rules in {}", path.display()));
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_string(&mut text))
        .map_err(|error| failed(error.into()))?;
    if text.len() as u64 > MAX_SIZE {
        return Err(failed(CliError::new(format!("more than {MAX_SIZE} bytes"))));
    }
    parse(&text, rules).map_err(|why| failed(CliError::new(why)))
}

/// A collection that isn't complete.
enum Open {
    /// With the key that waits for its value.
    Mapping(Option<String>),
    Sequence,
}

fn parse(text: &str, rules: &mut RuleTexts) -> Result<(), String> {
    let mut parser = Parser::new_from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Open> = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, _) = event.map_err(|error| {
            let line = error.marker().line();
            format!("line {line}: {}", error.info())
        })?;
        match event {
            Event::Scalar(value, ..) => scalar(&mut open, &value, rules),
            Event::Alias(_) => scalar(&mut open, "", rules),
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() >= MAX_DEPTH => {
                return Err(format!(
                    "more than {MAX_DEPTH} collections inside each other"
                ));
            }
            Event::MappingStart(..) => open.push(Open::Mapping(None)),
            Event::SequenceStart(..) => open.push(Open::Sequence),
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                // A collection was a value, or a key that is none of ours.
                if let Some(Open::Mapping(key)) = open.last_mut() {
                    *key = match key {
                        Some(_) => None,
                        None => Some(String::new()),
                    };
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn scalar(open: &mut [Open], value: &str, rules: &mut RuleTexts) {
    let is_rule = match &*open {
        [Open::Mapping(Some(section)), Open::Mapping(Some(_))] => section == "rules",
        _ => false,
    };
    let Some(Open::Mapping(waiting)) = open.last_mut() else {
        return;
    };
    let Some(key) = waiting.take() else {
        *waiting = Some(value.to_owned());
        return;
    };
    let rule = match key.as_str() {
        "lowestEfficiency" => &mut rules.lowest_efficiency,
        "highestWastedBytes" => &mut rules.highest_wasted_bytes,
        "highestUserWastedPercent" => &mut rules.highest_user_wasted_percent,
        // dive's files have rules of its plugins, too.
        _ => return,
    };
    if is_rule {
        value.clone_into(rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<RuleTexts, String> {
        let mut rules = RuleTexts::default();
        parse(text, &mut rules).map(|()| rules)
    }

    #[test]
    fn rules_are_read_and_all_else_left() {
        let rules = of("---\nplugins:\n  - plugin1\n\nrules:\n  # a comment\n  \
             lowestEfficiency: 0.95\n  highestWastedBytes: 20Mb # more\n  nested: {lowestEfficiency: 1}\n  \
             [a, b]: c\n  highestUserWastedPercent: \"0.5\"\n  plugin1/rule1: error\n\
             lowestEfficiency: 0.1\n")
        .expect("good YAML");
        assert_eq!(
            rules,
            RuleTexts {
                lowest_efficiency: "0.95".to_owned(),
                highest_wasted_bytes: "20Mb".to_owned(),
                highest_user_wasted_percent: "0.5".to_owned(),
            }
        );
        assert_eq!(of("").expect("empty"), RuleTexts::default());
        assert_eq!(of("- rules\n- x: y").expect("a list"), RuleTexts::default());
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        let error = of("rules:\n  a: [1\nb: 2\n").expect_err("an open bracket");
        assert!(error.starts_with("line "), "{error}");
        let deep = format!("{}x", "- ".repeat(100));
        assert!(of(&deep).expect_err("deep").contains("more than 64"));
    }
}
