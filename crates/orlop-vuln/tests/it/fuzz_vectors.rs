//! Vectors of CVSS and words of vendors, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/vectors.rs`.

use orlop_vuln::{Assessment, CvssScore, Rating, Severity};

/// A vector, or a word.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let ratings = [
        Rating::Word(text.clone().into_owned()),
        Rating::Cvss(text.clone().into_owned()),
    ];
    let assessment = Assessment::of([&ratings[..]]);
    match CvssScore::of(&text) {
        Ok(score) => {
            assert!(score.tenths <= 100, "{text}");
            assert_eq!(
                score.severity == Severity::Critical,
                score.tenths >= 90 && score.vector.starts_with("CVSS:")
            );
            assert_eq!(assessment.severity, score.severity);
            let again = CvssScore::of(&score.vector);
            assert_eq!(again.as_ref(), Ok(&score));
            assert_eq!(assessment.cvss, Some(score));
        }
        Err(error) => {
            assert_eq!(assessment.malformed, [error]);
            assert_eq!(
                assessment.severity,
                Severity::from_word(&text).unwrap_or_default()
            );
        }
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("vectors", 1, check);
}
