//! How grave a fault is, in the words that docker scout counts.

use std::fmt;

/// How grave a fault is; the gravest is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nobody has said, or nobody has yet.
    #[default]
    Unspecified,
    /// Low, and what vendors find even less than that.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// What vendors say, and what it is here. In lower case.
const WORDS: [(&str, Severity); 13] = [
    ("critical", Severity::Critical),
    ("high", Severity::High),
    // Red Hat, SUSE.
    ("important", Severity::High),
    ("medium", Severity::Medium),
    // GitHub, Red Hat, SUSE.
    ("moderate", Severity::Medium),
    ("low", Severity::Low),
    ("minor", Severity::Low),
    // Ubuntu.
    ("negligible", Severity::Low),
    // Debian.
    ("unimportant", Severity::Low),
    ("not yet assigned", Severity::Unspecified),
    ("untriaged", Severity::Unspecified),
    ("unknown", Severity::Unspecified),
    ("none", Severity::Unspecified),
];

impl Severity {
    /// All of them, the gravest first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Unspecified,
    ];

    /// What a vendor's word means: Debian's urgencies (with `*` behind them: automatic), Ubuntu's
    /// priorities, Red Hat's and SUSE's ratings, GitHub's and CVSS's severities, in any case of
    /// letters. What is less than low counts as low, as docker scout counts it. `None` for any
    /// other word.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.trim().trim_end_matches('*').to_ascii_lowercase();
        let found = WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, severity)| *severity)
    }

    /// The letter that counts are written with: `0C     1H     1M     0L     2?`.
    pub fn letter(self) -> char {
        match self {
            Self::Critical => 'C',
            Self::High => 'H',
            Self::Medium => 'M',
            Self::Low => 'L',
            Self::Unspecified => '?',
        }
    }
}

/// `CRITICAL`.
impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Unspecified => "UNSPECIFIED",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_have_their_own_words() {
        for (word, severity) in [
            ("CRITICAL", Some(Severity::Critical)),
            ("Important", Some(Severity::High)),
            ("high**", Some(Severity::High)),
            ("MODERATE", Some(Severity::Medium)),
            (" medium ", Some(Severity::Medium)),
            ("unimportant", Some(Severity::Low)),
            ("negligible", Some(Severity::Low)),
            ("not yet assigned", Some(Severity::Unspecified)),
            ("None", Some(Severity::Unspecified)),
            ("end-of-life", None),
            ("", None),
        ] {
            assert_eq!(Severity::from_word(word), severity, "{word}");
        }
        for severity in Severity::ALL {
            let said = Severity::from_word(&severity.to_string());
            assert_eq!(said.unwrap_or_default(), severity);
        }
        assert!(Severity::ALL.is_sorted_by(|graver, other| graver > other));
        assert_eq!(format!("{:<8}|", Severity::Low), "LOW     |");
    }
}
