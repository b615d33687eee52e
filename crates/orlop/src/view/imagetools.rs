//! What `buildx imagetools inspect` shows of an image: names and values in columns, as Go's tabwriter
//! sets them (an empty name is a line of spaces, as wide as the others).

use orlop_oci::{Descriptor, Index, Raw};

/// The text. `name` is the image's full name, `pinned` makes that of a manifest of the index.
pub fn details(
    name: &str,
    raw: &Raw,
    index: Option<&Index>,
    pinned: impl Fn(&Descriptor) -> String,
) -> String {
    let mut text = columns(&[
        ("Name:", name.to_owned()),
        ("MediaType:", raw.media_type().to_string()),
        ("Digest:", raw.digest().to_string()),
    ]);
    let Some(index) = index else { return text };
    text.push_str(&columns(&[
        ("", String::new()),
        ("Manifests:", String::new()),
    ]));
    let mut rows = Vec::new();
    for (number, manifest) in index.manifests.iter().enumerate() {
        if number > 0 {
            rows.push(("", String::new()));
        }
        rows.push(("  Name:", pinned(manifest)));
        rows.push(("  MediaType:", manifest.media_type.to_string()));
        if let Some(platform) = &manifest.platform {
            rows.push(("  Platform:", platform.to_string()));
            if let Some(version) = &platform.os_version {
                rows.push(("  OSVersion:", version.clone()));
            }
            if !platform.os_features.is_empty() {
                rows.push(("  OSFeatures:", platform.os_features.join(", ")));
            }
        }
        if !manifest.urls.is_empty() {
            rows.push(("  URLs:", manifest.urls.join(", ")));
        }
        if !manifest.annotations.is_empty() {
            // Annotations have columns of their own; what comes after them begins anew.
            rows.push(("  Annotations:", String::new()));
            text.push_str(&columns(&rows));
            rows.clear();
            let notes = manifest.annotations.iter();
            let notes: Vec<(String, String)> = notes
                .map(|(key, value)| (format!("    {key}:"), value.clone()))
                .collect();
            text.push_str(&columns(&notes));
        }
    }
    text.push_str(&columns(&rows));
    text
}

fn columns<S: AsRef<str>>(rows: &[(S, String)]) -> String {
    let length = |row: &(S, String)| row.0.as_ref().chars().count();
    let width = rows.iter().map(length).max().unwrap_or(0) + 1;
    let lines = rows.iter().map(|(name, value)| {
        let name = name.as_ref();
        format!("{name:width$}{value}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use orlop_oci::{Manifest, MediaType};

    use super::*;

    #[test]
    fn columns_are_those_of_buildx() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let index = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1,
                 "platform": {"os": "windows", "architecture": "amd64", "os.version": "10", "os.features": ["a", "b"]}},
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1,
                 "annotations": {"k": "v", "long": "w"}, "platform": {"os": "unknown", "architecture": "unknown"}},
                {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1,
                 "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            ],
        });
        let raw = Raw::new(MediaType::OciIndex, index.to_string().into_bytes());
        let Ok(Manifest::Index(index)) = raw.manifest() else {
            panic!("an index")
        };
        let text = details("docker.io/library/x:1", &raw, Some(&index), |_| {
            "N".to_owned()
        });
        let expected = format!(
            "Name:      docker.io/library/x:1
MediaType: application/vnd.oci.image.index.v1+json
Digest:    {}
...........
Manifests:.
  Name:        N
  MediaType:   application/vnd.oci.image.manifest.v1+json
  Platform:    windows/amd64
  OSVersion:   10
  OSFeatures:  a, b
...............
  Name:        N
  MediaType:   application/vnd.oci.image.manifest.v1+json
  Platform:    unknown/unknown
  Annotations:.
    k:    v
    long: w
.............
  Name:      N
  MediaType: application/vnd.oci.image.manifest.v1+json
  Platform:  linux/arm/v7
",
            raw.digest()
        );
        // Spaces at the ends of lines, so that they can be seen.
        let shown = text.lines().map(|line| match line.trim_end() {
            "" => ".".repeat(line.len()),
            rest => format!("{rest}{}", ".".repeat(line.len() - rest.len())),
        });
        let shown: String = shown.map(|line| line + "\n").collect();
        assert_eq!(shown, expected);
        let alone = details("x", &raw, None, |_| String::new());
        assert_eq!(alone.lines().count(), 3);
    }
}
