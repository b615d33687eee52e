//! The report of `explore --ci`, to the letter dive's
//! (`cmd/dive/cli/internal/command/ci/evaluator.go`).

use orlop_image::look::Waste;
use orlop_layer::printable;

use crate::printer::Style;

/// How a check of one rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The image keeps it.
    Pass,
    /// It doesn't.
    Fail,
    /// The rule is disabled.
    Skip,
}

/// The answer to one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The name of the rule.
    pub rule: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, or what the rule says.
    pub message: String,
}

/// As Go writes it, also when it is infinite.
pub fn two_decimals(number: f64) -> String {
    match number.is_infinite() {
        true => "+Inf".to_owned(),
        false => format!("{number:.2}"),
    }
}

/// Whether no rule failed.
pub fn passes(rulings: &[Ruling]) -> bool {
    rulings.iter().all(|ruling| ruling.verdict != Verdict::Fail)
}

/// The report.
pub fn text(waste: &Waste, rulings: &[Ruling], color: bool) -> String {
    let sections = [
        analysis(waste, color),
        files(waste, color),
        evaluation(rulings, color),
    ];
    format!("{}\n", sections.join("\n\n"))
}

fn analysis(waste: &Waste, color: bool) -> String {
    let (wasted, percent) = match waste.bytes {
        0 => (String::new(), "0 %".to_owned()),
        bytes => (
            format!("({})", size(bytes)),
            format!("{} %", two_decimals(waste.user_wasted() * 100.0)),
        ),
    };
    let row = |key: &str, value: String| format!("  {key:<18} {value}");
    [
        Style::Bold.paint(color, "Analysis:"),
        row("efficiency:", format!("{:.2} %", waste.efficiency * 100.0)),
        row("wastedBytes:", format!("{} bytes {wasted}", waste.bytes)),
        row("userWastedPercent:", percent),
    ]
    .join("\n")
}

fn files(waste: &Waste, color: bool) -> String {
    let title = Style::Bold.paint(color, "Inefficient Files:");
    if waste.paths.is_empty() {
        return format!("{title} (None)");
    }
    let heading = format!("  {:<5}  {:<12}  File Path", "Count", "Wasted Space");
    let mut lines = vec![title, Style::Bold.paint(color, heading)];
    lines.extend(waste.paths.iter().map(|path| {
        let name = printable(&path.path);
        format!("  {:<5}  {:<12}  /{name}", path.count, size(path.size))
    }));
    lines.join("\n")
}

fn evaluation(rulings: &[Ruling], color: bool) -> String {
    let mut lines = vec![Style::Bold.paint(color, "Evaluation:")];
    lines.extend(rulings.iter().map(|ruling| {
        let (word, style) = match ruling.verdict {
            Verdict::Pass => ("PASS", Style::Good),
            Verdict::Fail => ("FAIL", Style::Error),
            Verdict::Skip => ("SKIP", Style::Faint),
        };
        let text = format!("{} ({})", ruling.rule, ruling.message);
        let text = match ruling.verdict {
            Verdict::Skip => Style::Faint.paint(color, text),
            _ => text,
        };
        format!("  {}  {text}", style.paint(color, word))
    }));
    lines.push(String::new());
    let count = |verdict| rulings.iter().filter(|r| r.verdict == verdict).count();
    let tally: Vec<String> = [
        ("pass", count(Verdict::Pass)),
        ("fail", count(Verdict::Fail)),
        ("skip", count(Verdict::Skip)),
    ]
    .iter()
    .filter(|(_, count)| *count > 0)
    .map(|(word, count)| format!("{word}:{count}"))
    .collect();
    let (word, style) = match passes(rulings) {
        true => ("PASS", Style::Good),
        false => ("FAIL", Style::Error),
    };
    let tally = Style::Faint.paint(color, format!(" [{}]", tally.join(" ")));
    lines.push(format!("{}{tally}", style.paint(color, word)));
    lines.join("\n")
}

/// A size as dive shows it (dustin/go-humanize, `bytes.go`): `131 B`, `1.5 kB`, `13 kB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut scale = 1_u64;
    while unit + 1 < UNITS.len() && bytes / 1000 >= scale {
        scale *= 1000;
        unit += 1;
    }
    let value = (bytes as f64 / scale as f64 * 10.0 + 0.5).floor() / 10.0;
    match value < 10.0 {
        true => format!("{value:.1} {}", UNITS[unit]),
        false => format!("{value:.0} {}", UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use orlop_image::look::WastedPath;

    use super::*;

    #[test]
    fn sizes_are_dives() {
        for (bytes, shown) in [
            (0, "0 B"),
            (9, "9 B"),
            (131, "131 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1500, "1.5 kB"),
            (12_810, "13 kB"),
            (4_277_894, "4.3 MB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    /// A report of dive's own, word by word.
    #[test]
    fn the_report_is_dives() {
        let path = |path: &str, count, size| WastedPath {
            path: path.into(),
            count,
            size,
        };
        let waste = Waste {
            efficiency: 0.99999,
            paths: vec![
                path("root/saved.txt", 3, 80),
                path("root/example/somefile1.txt", 2, 34),
                path("root/example/somefile3.txt", 2, 17),
                path("root", 2, 0),
                path("etc", 10, 0),
            ],
            bytes: 131,
            image_size: 0,
            user_size: 182,
        };
        let ruling = |rule, verdict, message: &str| Ruling {
            rule,
            verdict,
            message: message.to_owned(),
        };
        let rulings = [
            ruling(
                "highestUserWastedPercent",
                Verdict::Fail,
                "too many bytes wasted, relative to the user bytes added \
                 (%-user-wasted-bytes=0.72 > threshold=0.1)",
            ),
            ruling("highestWastedBytes", Verdict::Skip, "disabled"),
            ruling("lowestEfficiency", Verdict::Pass, "0.9"),
        ];
        assert_eq!(
            text(&waste, &rulings, false),
            "\
Analysis:
  efficiency:        100.00 %
  wastedBytes:       131 bytes (131 B)
  userWastedPercent: 71.98 %

Inefficient Files:
  Count  Wasted Space  File Path
  3      80 B          /root/saved.txt
  2      34 B          /root/example/somefile1.txt
  2      17 B          /root/example/somefile3.txt
  2      0 B           /root
  10     0 B           /etc

Evaluation:
  FAIL  highestUserWastedPercent (too many bytes wasted, relative to the user bytes added (%-user-wasted-bytes=0.72 > threshold=0.1))
  SKIP  highestWastedBytes (disabled)
  PASS  lowestEfficiency (0.9)

FAIL [pass:1 fail:1 skip:1]
"
        );
    }
}
