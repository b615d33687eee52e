//! Manifests and indexes, whatever they say. Also a fuzz target: `fuzz/src/bin/manifests.rs`.

use orlop_oci::{Manifest, MediaType, Raw};
use serde_json::Value;

/// A `Content-Type`, a line feed, a document: what is read is of one kind only, as large as its
/// bytes allow, and the same when it is written and read again; the bytes stay what they are.
pub(crate) fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (header, rest) = data.split_at(end.unwrap_or(0));
    let bytes = rest.strip_prefix(b"\n").unwrap_or(rest);
    let media_type = MediaType::from_header(&String::from_utf8_lossy(header));

    let raw = Raw::new(media_type.clone(), bytes.to_vec());
    assert_eq!(raw.bytes(), bytes);
    let described = Raw::described(&raw.descriptor(), bytes.to_vec());
    assert_eq!(described.as_ref(), Ok(&raw));

    let Ok(manifest) = raw.manifest() else {
        return;
    };
    let written = match &manifest {
        Manifest::Image(image) => serde_json::to_vec(image),
        Manifest::Index(index) => serde_json::to_vec(index),
    };
    let written = written.expect("texts and numbers are written");
    let again = Manifest::parse(&media_type, &written);
    assert_eq!(again.as_ref(), Ok(&manifest), "{}", written.escape_ascii());
    // A digest alone has 71 characters.
    assert!(manifest.children().len() * 71 <= bytes.len());
    if let Ok(json) = serde_json::from_slice::<Value>(bytes) {
        check_kind(&manifest, &json);
    }
}

/// Nobody can take it for the other kind (CVE-2021-41190).
fn check_kind(manifest: &Manifest, json: &Value) {
    let listed = |path| json.pointer(path).is_some_and(Value::is_array);
    assert!(!listed("") && !listed("/config") && !listed("/subject") && !listed("/manifests/0"));
    let has = |key: &str| json.get(key).is_some_and(|value| !value.is_null());
    match manifest {
        Manifest::Image(image) => {
            assert!(has("config") && !has("manifests"));
            assert!(
                image
                    .media_type
                    .as_ref()
                    .is_none_or(|inside| !inside.is_index())
            );
        }
        Manifest::Index(index) => {
            assert!(!has("config") && !has("layers"));
            assert!(
                index
                    .media_type
                    .as_ref()
                    .is_none_or(|inside| !inside.is_manifest())
            );
        }
    }
}

#[test]
fn near_the_seeds() {
    crate::seeds::replay("manifests", 3, check);
}
