//! Configurations of images, whatever they say. Also a fuzz target:
//! `fuzz/src/bin/image_configs.rs`.

use orlop_oci::ImageConfig;
use serde_json::Value;

/// What is read is an object, and the same when it is written and read again.
pub(crate) fn check(data: &[u8]) {
    let Ok(config) = ImageConfig::parse(data) else {
        return;
    };
    let written = serde_json::to_vec(&config).expect("texts and numbers are written");
    let again = ImageConfig::parse(&written);
    assert_eq!(again.as_ref(), Ok(&config), "{}", written.escape_ascii());
    // A digest has 71 characters, a step of the history two.
    assert!(config.rootfs.diff_ids.len() * 71 <= data.len());
    assert!(config.history.len() * 2 <= data.len());
    let json: Value = match serde_json::from_slice(data) {
        Ok(json) => json,
        // A number too large where nothing of ours stands: it was skipped.
        Err(_) => return,
    };
    for path in [
        "",
        "/config",
        "/config/Healthcheck",
        "/rootfs",
        "/history/0",
    ] {
        let found = json.pointer(path);
        assert!(!found.is_some_and(Value::is_array), "{path}: {json}");
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("image_configs", 3, check);
}
