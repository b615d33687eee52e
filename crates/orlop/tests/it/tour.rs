//! The tour, which is the first thing that somebody runs.

use crate::orlop;

#[test]
fn the_tour_pushes_pulls_and_leaves_nothing() {
    let orlop = orlop();
    let scratch = orlop.folder().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    let tour = orlop
        .program()
        .arg("quickstart")
        .env("TMPDIR", &scratch)
        .ok();
    let lines = tour.lines();
    let digest = lines.iter().find_map(|line| line.strip_prefix("Digest: "));
    let digest = digest.expect("it pulled").to_owned();
    let said = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(
        said(&format!("Digest: {digest}")),
        2,
        "back from the registry\n{tour}"
    );
    assert_eq!(said(&format!("v1: digest: {digest}")), 1, "pushed\n{tour}");
    assert_eq!(said(&format!("Deleted: {digest}")), 2, "removed\n{tour}");
    assert_eq!(said("Read 4 blobs"), 1, "verified\n{tour}");
    assert_eq!(
        said("Everything that the tour made is removed."),
        1,
        "{tour}"
    );
    assert_eq!(
        std::fs::read_dir(&scratch).unwrap().count(),
        0,
        "nothing is left"
    );
    assert!(!orlop.store().exists(), "the user's store isn't touched");
}
