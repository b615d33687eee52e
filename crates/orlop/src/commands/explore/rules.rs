//! What may be wasted (dive's `cmd/dive/cli/internal/command/ci/rules.go`).

use orlop_image::look::Waste;

use crate::error::{CliError, CliResult};
use crate::view::dive_report::{Ruling, Verdict, two_decimals};

/// The rules as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleTexts {
    pub(super) lowest_efficiency: String,
    pub(super) highest_wasted_bytes: String,
    pub(super) highest_user_wasted_percent: String,
}

impl Default for RuleTexts {
    fn default() -> Self {
        Self {
            lowest_efficiency: "0.9".to_owned(),
            highest_wasted_bytes: "disabled".to_owned(),
            highest_user_wasted_percent: "0.1".to_owned(),
        }
    }
}

/// A limit, and how it was written.
#[derive(Clone, Debug)]
struct Limit<T> {
    text: String,
    /// None: it is disabled.
    value: Option<T>,
}

/// What an image is checked against.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    lowest_efficiency: Limit<f64>,
    highest_wasted_bytes: Limit<u64>,
    highest_user_wasted_percent: Limit<f64>,
}

const EFFICIENCY: &str = "lowestEfficiency";
const WASTED: &str = "highestWastedBytes";
const USER_WASTED: &str = "highestUserWastedPercent";

impl Rules {
    /// Reads the rules.
    pub(super) fn parse(texts: &RuleTexts) -> CliResult<Self> {
        Ok(Self {
            lowest_efficiency: limit(EFFICIENCY, &texts.lowest_efficiency, ratio)?,
            highest_wasted_bytes: limit(WASTED, &texts.highest_wasted_bytes, bytes)?,
            highest_user_wasted_percent: limit(
                USER_WASTED,
                &texts.highest_user_wasted_percent,
                ratio,
            )?,
        })
    }

    /// Checks an image, in the order of the rules' names.
    pub(super) fn check(&self, waste: &Waste) -> Vec<Ruling> {
        let (part, bytes) = (waste.user_wasted(), waste.bytes);
        let user = &self.highest_user_wasted_percent;
        let efficiency = &self.lowest_efficiency;
        let wasted = &self.highest_wasted_bytes;
        vec![
            // Not a number, when the image adds nothing to its base, is never too much.
            user.rule(USER_WASTED, |most| {
                (part > *most).then(|| {
                    format!(
                        "too many bytes wasted, relative to the user bytes added \
                         (%-user-wasted-bytes={} > threshold={most})",
                        two_decimals(part)
                    )
                })
            }),
            wasted.rule(WASTED, |most| {
                (bytes > *most).then(|| {
                    format!("too many bytes wasted (wasted-bytes={bytes} > threshold={most})")
                })
            }),
            efficiency.rule(EFFICIENCY, |least| {
                (waste.efficiency < *least).then(|| {
                    format!(
                        "image efficiency is too low (efficiency={:.2} < threshold={least})",
                        waste.efficiency
                    )
                })
            }),
        ]
    }
}

impl<T> Limit<T> {
    fn rule(&self, rule: &'static str, broken: impl FnOnce(&T) -> Option<String>) -> Ruling {
        let (verdict, message) = match self.value.as_ref().map(broken) {
            None => (Verdict::Skip, "disabled".to_owned()),
            Some(None) => (Verdict::Pass, self.text.clone()),
            Some(Some(why)) => (Verdict::Fail, why),
        };
        Ruling {
            rule,
            verdict,
            message,
        }
    }
}

fn limit<T>(rule: &str, text: &str, read: fn(&str) -> Result<T, String>) -> CliResult<Limit<T>> {
    let word = text.trim().to_ascii_lowercase();
    let value = match word.as_str() {
        "" | "disabled" | "off" | "false" => None,
        _ => Some(read(text.trim()).map_err(|why| {
            CliError::new(format!(
                "invalid {rule} config value, given {text:?}: {why}"
            ))
        })?),
    };
    Ok(Limit {
        text: text.to_owned(),
        value,
    })
}

fn ratio(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    match (0.0..=1.0).contains(&number) {
        true => Ok(number),
        false => Err("it is outside of the allowed range (0-1)".to_owned()),
    }
}

/// `20MB`, `1.5 GiB`, `1,000`: units as dive takes them, whatever the case of their letters.
fn bytes(text: &str) -> Result<u64, String> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let number: f64 = text[..end]
        .replace(',', "")
        .parse()
        .map_err(|_| "it begins with no number".to_owned())?;
    let unit = text[end..].trim().to_ascii_lowercase();
    let (prefix, base) = match unit.strip_suffix('b').unwrap_or(&unit) {
        prefix if prefix.ends_with('i') => (&prefix[..prefix.len() - 1], 1024_f64),
        prefix => (prefix, 1000_f64),
    };
    let power = match prefix {
        "" if base < 1024.0 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        "e" => 6,
        _ => return Err(format!("it has the unknown unit {unit:?}")),
    };
    let bytes = number * base.powi(power);
    match bytes < u64::MAX as f64 {
        true => Ok(bytes as u64),
        false => Err("it is too large".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waste(efficiency: f64, bytes: u64, user_size: u64) -> Waste {
        Waste {
            efficiency,
            paths: Vec::new(),
            bytes,
            image_size: 0,
            user_size,
        }
    }

    fn rules(lowest: &str, wasted: &str, user: &str) -> CliResult<Rules> {
        Rules::parse(&RuleTexts {
            lowest_efficiency: lowest.to_owned(),
            highest_wasted_bytes: wasted.to_owned(),
            highest_user_wasted_percent: user.to_owned(),
        })
    }

    #[test]
    fn sizes_with_units() {
        for (text, expected) in [
            ("0", 0),
            ("131", 131),
            ("20Mb", 20_000_000),
            ("20 MiB", 20 << 20),
            ("1.5kB", 1500),
            ("1,000", 1000),
            ("2G", 2_000_000_000),
            ("3ki", 3072),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "MB", "1xb", "1i", "99999999EB", "1.2.3kB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_too_much_fails_and_what_is_just_enough_passes() {
        let rules = rules("0.95", "100B", "0.5").expect("good rules");
        let verdicts = |waste: Waste| -> Vec<Verdict> {
            rules.check(&waste).iter().map(|r| r.verdict).collect()
        };
        use Verdict::{Fail, Pass};
        assert_eq!(verdicts(waste(0.95, 100, 200)), [Pass, Pass, Pass]);
        assert_eq!(verdicts(waste(0.94, 101, 200)), [Fail, Fail, Fail]);
        // One layer: no user bytes.
        assert_eq!(verdicts(waste(1.0, 0, 0)), [Pass, Pass, Pass]);
        assert_eq!(verdicts(waste(1.0, 1, 0)), [Fail, Pass, Pass]);
    }

    #[test]
    fn the_words_are_dives() {
        let rules = Rules::parse(&RuleTexts::default()).expect("dive's own");
        let rulings = rules.check(&waste(0.991, 131, 182));
        let lines: Vec<_> = rulings.iter().map(|r| r.message.as_str()).collect();
        assert_eq!(
            lines,
            [
                "too many bytes wasted, relative to the user bytes added \
                 (%-user-wasted-bytes=0.72 > threshold=0.1)",
                "disabled",
                "0.9"
            ]
        );
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for (lowest, wasted, user, words) in [
            ("1.1", "off", "0", "outside of the allowed range (0-1)"),
            ("x", "off", "0", "invalid lowestEfficiency config value"),
            (
                "0.5",
                "many",
                "0",
                "invalid highestWastedBytes config value",
            ),
            (
                "0.5",
                "1",
                "NaN",
                "invalid highestUserWastedPercent config value",
            ),
        ] {
            let error = rules(lowest, wasted, user).expect_err(words);
            assert!(error.message().contains(words), "{error}");
        }
    }
}
