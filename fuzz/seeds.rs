//! The seeds, for the tests of the crates whose input is fuzzed: each crate's `tests/it` has the
//! property as a plain function, runs it here over the seeds and what is near them, and the fuzz
//! target of the same name runs it over everything else.

use std::path::Path;

/// Bytes that mean something to one parser or another.
const TELLING: &[u8] = b"\0 \"%+-./09:=@\\{\xff";

/// Checks each seed of a target as it is; cut short at every `step`th byte; and with every `step`th
/// byte changed to each that is telling.
pub(crate) fn replay(target: &str, step: usize, check: impl Fn(&[u8])) {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = crates.join("../../fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(file.unwrap().path()).unwrap();
        check(&seed);
        for at in (0..seed.len()).step_by(step) {
            check(&seed[..at]);
            let mut changed = seed.clone();
            for byte in TELLING {
                changed[at] = *byte;
                check(&changed);
            }
        }
        seeds += 1;
    }
    assert!(seeds > 0, "no seeds of {target}");
}
