//! What must hold for what strangers write and only this crate reads, for the fuzz targets in
//! `fuzz/`. Not part of the library: there only for its tests and with the feature `fuzzing`.

use crate::users::Users;

/// A file of users: whom it names is found with the hash that stands there, and nobody else; a
/// refusal names a line that is there, and shows no hash.
pub fn users(data: &[u8]) {
    let lines: Vec<_> = data.split(|byte| *byte == b'\n').collect();
    let users = match Users::parse(data) {
        Ok(users) => users,
        Err((line, reason)) => {
            assert!((1..=lines.len()).contains(&line));
            let line = String::from_utf8_lossy(lines[line - 1]);
            let (name, hash) = line.split_once(':').unwrap_or(("", &line));
            let hash = hash.trim_end();
            // Short ones may be a part of anything.
            assert!(
                hash.len() < 16 || name.contains(hash) || !reason.contains(hash),
                "{reason}"
            );
            assert!(!reason.contains('\n'), "{reason}");
            return;
        }
    };
    let mut written = String::new();
    for line in lines {
        let line = std::str::from_utf8(line).expect("it was read");
        let Some((name, hash)) = line.split_once(':').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let found = users.get(name).expect("it was read").as_str();
        assert_eq!(found, hash.trim_end_matches('\r'));
        assert_eq!(found.len(), 60);
        written.push_str(&format!("{name}:{found}\r\n"));
    }
    let again = Users::parse(written.as_bytes()).expect("it was read");
    assert_eq!(again.len(), users.len());
    assert!(written.lines().count() == users.len());
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[test]
fn users_near_the_seeds() {
    seeds::replay("users", 1, users);
}
