//! What must hold for a file of configuration, for the fuzz target `fuzz/src/bin/settings.rs`. Not
//! part of the library: there only for its tests and with the feature `fuzzing`.

use super::file;

/// A file that is taken is taken again as it is written from what was read. A refusal is one line,
/// and the line that it names is there.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let error = match file::parse(&text, "FILE") {
        Ok(table) => {
            let again = file::parse(&table.to_string(), "FILE");
            assert_eq!(again.map_err(|error| error.to_string()), Ok(table));
            return;
        }
        Err(error) => error,
    };
    let message = error.message();
    assert!(
        message.starts_with("FILE: ") && !message.contains('\n'),
        "{message}"
    );
    let named = message.strip_prefix("FILE: line ");
    let named = named.and_then(|rest| rest.split(':').next()?.parse().ok());
    assert!(
        (1..=text.split('\n').count()).contains(&named.unwrap_or(1)),
        "{message}"
    );
}

#[path = "../../../../fuzz/seeds.rs"]
#[cfg(test)]
mod seeds;

#[test]
fn near_the_seeds() {
    seeds::replay("settings", 7, settings);
}
