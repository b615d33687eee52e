//! What `inspect` shows of an image: docker's fields in docker's order (moby
//! `api/types/image/image_inspect.go`), and the digest of its configuration after them.

use orlop_image::model::{GraphDriver, ImageDetails, ManifestKind, ManifestSummary};
use orlop_oci::ContainerConfig;
use serde_json::{Map, Value, json};

use crate::format::{absent_list, absent_map};

/// Whether what is empty shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// It is left out, as in docker's JSON.
    Omitted,
    /// It is there, as in the value that docker's templates work on.
    Kept,
}

/// The image as an object.
pub fn object(image: &ImageDetails, empty: Empty) -> Value {
    let names = |names: &[orlop_oci::Reference]| -> Vec<String> {
        names.iter().map(|name| name.familiar()).collect()
    };
    let config = image.config.as_ref();
    let platform = config.map(|config| &config.platform);
    let text = |text: Option<&str>| Value::from(text.unwrap_or_default());
    let mut object = Object {
        map: Map::new(),
        empty,
    };
    object.put("Id", image.summary.id.as_str());
    object.put("RepoTags", names(&image.summary.tags));
    object.put("RepoDigests", names(&image.summary.digests));
    object.put_unless_empty("Comment", last_comment(image).into());
    let created = config
        .and_then(|config| config.created)
        .map(|time| time.to_string());
    object.put_unless_empty("Created", text(created.as_deref()));
    object.put_unless_empty(
        "Author",
        text(config.and_then(|config| config.author.as_deref())),
    );
    let container = config
        .and_then(|config| config.config.clone())
        .unwrap_or_default();
    object.put("Config", container_config(&container, empty));
    object.put(
        "Architecture",
        text(platform.map(|p| p.architecture.as_str())),
    );
    object.put_unless_empty("Variant", text(platform.and_then(|p| p.variant.as_deref())));
    object.put("Os", text(platform.map(|p| p.os.as_str())));
    object.put_unless_empty(
        "OsVersion",
        text(platform.and_then(|p| p.os_version.as_deref())),
    );
    object.put("Size", image.size);
    object.put("GraphDriver", graph_driver(&image.graph_driver));
    object.put("RootFS", root_fs(image));
    object.put(
        "Metadata",
        json!({"LastTagTime": image.summary.stored.to_string()}),
    );
    object.put(
        "Descriptor",
        serde_json::to_value(&image.target).unwrap_or_default(),
    );
    if image.target.media_type.is_index() {
        let manifests = image
            .summary
            .manifests
            .iter()
            .map(manifest)
            .collect::<Vec<_>>();
        object.put("Manifests", manifests);
    }
    let config_digest = image.config_digest.as_ref().map(|digest| digest.as_str());
    object.put_unless_empty("ConfigDigest", text(config_digest));
    object.map.into()
}

struct Object {
    map: Map<String, Value>,
    empty: Empty,
}

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.map.insert(key.to_owned(), value.into());
    }

    fn put_unless_empty(&mut self, key: &str, value: Value) {
        let is_empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            _ => false,
        };
        if !is_empty || self.empty == Empty::Kept {
            self.put(key, value);
        }
    }

    fn put_list(&mut self, key: &str, items: &[String]) {
        if !items.is_empty() {
            self.put(key, items);
        } else if self.empty == Empty::Kept {
            self.put(key, absent_list());
        }
    }

    fn put_map(&mut self, key: &str, entries: Map<String, Value>) {
        if !entries.is_empty() {
            self.put(key, entries);
        } else if self.empty == Empty::Kept {
            self.put(key, absent_map());
        }
    }
}

fn last_comment(image: &ImageDetails) -> &str {
    let config = image.config.as_ref();
    config
        .and_then(|config| config.history.last())
        .map_or("", |step| step.comment.as_str())
}

/// The order is that of moby's `DockerOCIImageConfig`.
fn container_config(config: &ContainerConfig, empty: Empty) -> Value {
    let mut object = Object {
        map: Map::new(),
        empty,
    };
    let list = |items: &Option<Vec<String>>| items.clone().unwrap_or_default();
    object.put_unless_empty("User", config.user.as_str().into());
    object.put_map(
        "ExposedPorts",
        config.exposed_ports.clone().into_iter().collect(),
    );
    object.put_list("Env", &config.env);
    object.put_list("Entrypoint", &list(&config.entrypoint));
    object.put_list("Cmd", &list(&config.cmd));
    object.put_map("Volumes", config.volumes.clone().into_iter().collect());
    object.put_unless_empty("WorkingDir", config.working_dir.as_str().into());
    let labels = config
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()));
    object.put_map("Labels", labels.collect());
    object.put_unless_empty("StopSignal", config.stop_signal.as_str().into());
    object.put_unless_empty("ArgsEscaped", config.args_escaped.into());
    let healthcheck = config.healthcheck.as_ref().map(serde_json::to_value);
    let healthcheck = healthcheck.and_then(Result::ok).unwrap_or_default();
    object.put_unless_empty("Healthcheck", healthcheck);
    object.put_list("OnBuild", &config.on_build);
    object.put_list("Shell", &config.shell);
    object.map.into()
}

/// The directories under the names that docker's overlay2 gives them.
fn graph_driver(driver: &GraphDriver) -> Value {
    let path = |path: &std::path::PathBuf| path.display().to_string();
    let data = match driver.directories.split_first() {
        None => Value::Null,
        Some((top, [])) => json!({"UpperDir": path(top)}),
        Some((top, lower)) => {
            let lower = lower.iter().map(path).collect::<Vec<_>>().join(":");
            json!({"LowerDir": lower, "UpperDir": path(top)})
        }
    };
    json!({"Data": data, "Name": driver.name})
}

fn root_fs(image: &ImageDetails) -> Value {
    let Some(config) = &image.config else {
        return json!({});
    };
    let layers = config
        .rootfs
        .diff_ids
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    json!({"Type": config.rootfs.kind, "Layers": layers})
}

/// As moby's `ManifestSummary`.
fn manifest(manifest: &ManifestSummary) -> Value {
    let mut object = json!({
        "ID": manifest.descriptor.digest,
        "Descriptor": manifest.descriptor,
        "Available": manifest.available,
        "Size": {
            "Content": manifest.content_size,
            "Total": manifest.content_size + manifest.unpacked_size,
        },
    });
    match &manifest.kind {
        ManifestKind::Image { platform } => {
            object["Kind"] = "image".into();
            object["ImageData"] = json!({
                "Platform": platform,
                "Size": {"Unpacked": manifest.unpacked_size},
            });
        }
        ManifestKind::Attestation { of } => {
            object["Kind"] = "attestation".into();
            object["AttestationData"] = json!({"For": of});
        }
        ManifestKind::Unknown => object["Kind"] = "unknown".into(),
    }
    object
}

#[cfg(test)]
mod tests {
    use super::super::image_rows::tests::{NOW, image};
    use super::*;
    use crate::format::{Template, indented_json};
    use orlop_oci::{Descriptor, Digest, ImageConfig, MediaType};

    fn details() -> ImageDetails {
        let config = ImageConfig::parse(
            br#"{"created":"2026-11-10T08:30:00.123456789Z","architecture":"arm64","os":"linux","variant":"v8",
                 "config":{"Env":["PATH=/bin"],"Cmd":["/bin/sh"],"Labels":{"b":"2","a":"1"},"OnBuild":null},
                 "rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000001"]},
                 "history":[{"comment":"buildkit.dockerfile.v0"}]}"#,
        )
        .expect("a configuration");
        let summary = image("a", &["alpine:3.20"], &["alpine"]);
        ImageDetails {
            target: Descriptor::new(MediaType::OciManifest, summary.id.clone(), 527),
            manifest: None,
            config_digest: Some(Digest::of(b"config")),
            config: Some(config),
            graph_driver: GraphDriver {
                name: "overlay2".into(),
                directories: vec!["/s/2/diff".into(), "/s/1/diff".into()],
            },
            size: 12_812_345,
            summary,
        }
    }

    #[test]
    fn dockers_fields_in_dockers_order() {
        let id = Digest::of(b"a");
        let expected = format!(
            r#"[
    {{
        "Id": "{id}",
        "RepoTags": [
            "alpine:3.20"
        ],
        "RepoDigests": [
            "alpine@{id}"
        ],
        "Comment": "buildkit.dockerfile.v0",
        "Created": "2026-11-10T08:30:00.123456789Z",
        "Config": {{
            "Env": [
                "PATH=/bin"
            ],
            "Cmd": [
                "/bin/sh"
            ],
            "Labels": {{
                "a": "1",
                "b": "2"
            }}
        }},
        "Architecture": "arm64",
        "Variant": "v8",
        "Os": "linux",
        "Size": 12812345,
        "GraphDriver": {{
            "Data": {{
                "LowerDir": "/s/1/diff",
                "UpperDir": "/s/2/diff"
            }},
            "Name": "overlay2"
        }},
        "RootFS": {{
            "Type": "layers",
            "Layers": [
                "sha256:0000000000000000000000000000000000000000000000000000000000000001"
            ]
        }},
        "Metadata": {{
            "LastTagTime": "{NOW}"
        }},
        "Descriptor": {{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "{id}",
            "size": 527
        }},
        "ConfigDigest": "{}"
    }}
]"#,
            Digest::of(b"config")
        );
        let array = Value::Array(vec![object(&details(), Empty::Omitted)]);
        assert_eq!(indented_json(&array), expected);
    }

    #[test]
    fn templates_see_what_is_empty() {
        let object = object(&details(), Empty::Kept);
        for (template, expected) in [
            ("{{.Id}}", details().summary.id.to_string().as_str()),
            ("[{{.Config.User}}]", "[]"),
            ("[{{.Author}}]", "[]"),
            (
                "{{.Config.Entrypoint}} {{json .Config.Entrypoint}}",
                "[] null",
            ),
            ("{{json .Config.Volumes}}", "null"),
            ("{{json .Config.Labels}}", r#"{"a":"1","b":"2"}"#),
            ("{{.Config.Labels.a}} {{index .Config.Labels \"b\"}}", "1 2"),
            ("{{.Os}}/{{.Architecture}}", "linux/arm64"),
            (
                "{{range .RootFS.Layers}}{{truncate . 9}}{{end}}",
                "sha256:00",
            ),
            ("{{.GraphDriver.Data.UpperDir}}", "/s/2/diff"),
            ("{{len .RepoTags}}", "1"),
            (
                "{{.Descriptor.mediaType}}",
                "application/vnd.oci.image.manifest.v1+json",
            ),
        ] {
            let text = Template::parse(template)
                .and_then(|t| t.render(&object))
                .expect(template);
            assert_eq!(text, expected, "{template}");
        }
        let nosuch = Template::parse("{{.Nope}}").and_then(|t| t.render(&object));
        assert!(nosuch.is_err());
    }
}
