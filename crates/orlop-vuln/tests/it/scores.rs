//! Scores of CVSS, and the choice among ratings.

use orlop_vuln::{Assessment, CvssScore, CvssVersion, Rating, Severity};

#[test]
fn scores_are_those_of_another_program() {
    let table = include_str!("../scores/cvss.txt");
    let mut counts = [0; 5];
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (expected, vector) = line.split_once(' ').unwrap();
        let score = CvssScore::of(vector);
        if expected == "!" {
            assert!(score.is_err(), "{vector}: {score:?}");
            counts[4] += 1;
            continue;
        }
        let score = score.unwrap();
        assert_eq!(format!("{:.1}", score.value()), expected, "{vector}");
        counts[score.version as usize] += 1;
    }
    assert!(
        counts[..4].iter().all(|count| *count > 70) && counts[4] > 5,
        "{counts:?}"
    );
}

#[test]
fn words_go_by_the_bands() {
    for (vector, version, word) in [
        // 10.0, 6.8, 3.3 and 0.0.
        ("(AV:N/AC:L/Au:N/C:C/I:C/A:C)", "2.0", Severity::High),
        ("AV:N/AC:M/Au:N/C:P/I:P/A:P", "2.0", Severity::Medium),
        ("AV:L/AC:M/Au:N/C:P/I:P/A:N", "2.0", Severity::Low),
        ("AV:N/AC:L/Au:N/C:N/I:N/A:N", "2.0", Severity::Low),
        // 9.0, 8.8, 7.0, 6.8, 4.0, 3.9 and 0.0.
        (
            "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H",
            "3.1",
            Severity::Critical,
        ),
        (
            "CVSS:3.0/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "3.0",
            Severity::High,
        ),
        (
            "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H",
            "3.1",
            Severity::High,
        ),
        (
            "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "3.1",
            Severity::Medium,
        ),
        (
            "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
            "3.1",
            Severity::Medium,
        ),
        (
            "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:L/A:L",
            "3.1",
            Severity::Low,
        ),
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N",
            "3.1",
            Severity::Low,
        ),
        (
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
            "4.0",
            Severity::Critical,
        ),
    ] {
        let score = CvssScore::of(vector).unwrap();
        assert_eq!(
            (score.version.to_string().as_str(), score.severity),
            (version, word),
            "{vector} {}",
            score.value()
        );
    }
    for vector in [
        "",
        "CVSS:3.1/",
        "CVSS:3.1/AV:N",
        &"A".repeat(5000),
        "CVSS:5.0/AV:N",
    ] {
        let error = CvssScore::of(vector).unwrap_err().to_string();
        assert!(
            error.ends_with("is no CVSS vector") && error.len() < 600,
            "{error}"
        );
    }
}

#[test]
fn the_newest_version_counts_and_what_is_said_of_the_package_first() {
    let v2 = Rating::Cvss("AV:N/AC:L/Au:N/C:C/I:C/A:C".to_owned());
    let v31 = Rating::Cvss("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N".to_owned());
    let other = Rating::Cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned());
    let v4 =
        Rating::Cvss("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N".to_owned());
    let word = |word: &str| Rating::Word(word.to_owned());
    let broken = Rating::Cvss("CVSS:3.1/AV".to_owned());
    type Row = (Vec<Vec<Rating>>, Severity, Option<(CvssVersion, u8)>);
    let rows: Vec<Row> = vec![
        (vec![], Severity::Unspecified, None),
        (
            vec![vec![v2.clone(), v31.clone()]],
            Severity::Low,
            Some((CvssVersion::V3_1, 31)),
        ),
        (
            vec![vec![v31.clone(), v4.clone(), v2.clone()]],
            Severity::High,
            Some((CvssVersion::V4, 73)),
        ),
        (
            vec![vec![v31.clone(), other.clone()]],
            Severity::Low,
            Some((CvssVersion::V3_1, 31)),
        ),
        (
            vec![vec![word("moderate"), v31.clone()]],
            Severity::Low,
            Some((CvssVersion::V3_1, 31)),
        ),
        (
            vec![vec![word("moderate")], vec![other.clone()]],
            Severity::Medium,
            Some((CvssVersion::V3_1, 98)),
        ),
        (
            vec![vec![word("unimportant")], vec![v4.clone()]],
            Severity::Low,
            Some((CvssVersion::V4, 73)),
        ),
        (
            vec![vec![word("not yet assigned")], vec![v4.clone()]],
            Severity::High,
            Some((CvssVersion::V4, 73)),
        ),
        (vec![vec![word("low"), word("high")]], Severity::High, None),
        (
            vec![vec![broken.clone(), word("High")]],
            Severity::High,
            None,
        ),
        (vec![vec![word("grave")]], Severity::Unspecified, None),
    ];
    for (groups, severity, cvss) in rows {
        let assessment = Assessment::of(groups.iter().map(Vec::as_slice));
        let chosen = assessment.cvss.map(|score| (score.version, score.tenths));
        assert_eq!(
            (assessment.severity, chosen),
            (severity, cvss),
            "{groups:?}"
        );
        let broken = groups.iter().flatten().filter(|rating| **rating == broken);
        assert_eq!(assessment.malformed.len(), broken.count());
    }
}
