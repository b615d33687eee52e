//! The rows of `images` (docker/cli `cli/command/formatter/image.go`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orlop_image::model::ImageSummary;

use crate::format::{Field, Listing};
use crate::units;

const NONE: &str = "<none>";

/// What the rows shall show.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--digests`.
    pub digests: bool,
    /// The format of `--format` wants digests.
    pub format_has_digest: bool,
    /// `--no-trunc`.
    pub no_trunc: bool,
    /// What is "now" for `2 weeks ago`.
    pub now: Timestamp,
    /// The time zone of `CreatedAt`.
    pub zone: TimeZone,
}

const FIELDS: &[Field] = &[
    Field {
        name: "ID",
        heading: "IMAGE ID",
    },
    Field {
        name: "Repository",
        heading: "REPOSITORY",
    },
    Field {
        name: "Tag",
        heading: "TAG",
    },
    Field {
        name: "Digest",
        heading: "DIGEST",
    },
    Field {
        name: "CreatedSince",
        heading: "CREATED",
    },
    Field {
        name: "CreatedAt",
        heading: "CREATED AT",
    },
    Field {
        name: "Size",
        heading: "SIZE",
    },
    Field {
        name: "Containers",
        heading: "CONTAINERS",
    },
    Field {
        name: "SharedSize",
        heading: "SHARED SIZE",
    },
    Field {
        name: "UniqueSize",
        heading: "UNIQUE SIZE",
    },
];

/// One row for each image and name, newest image first as they come.
pub fn listing(images: &[ImageSummary], options: &Options) -> Listing {
    let columns = if options.digests {
        vec!["Repository", "Tag", "Digest", "ID", "CreatedSince", "Size"]
    } else {
        vec!["Repository", "Tag", "ID", "CreatedSince", "Size"]
    };
    let rows = images
        .iter()
        .flat_map(|image| {
            let names = names(image, options);
            names.into_iter().map(move |name| row(image, name, options))
        })
        .collect();
    Listing {
        type_name: "*formatter.imageContext",
        fields: FIELDS,
        columns,
        rows,
    }
}

/// One row for each image under its first name, for `system df -v`.
pub fn usage_listing(images: &[ImageSummary], options: &Options) -> Listing {
    let rows = images.iter().map(|image| {
        let name = image.tags.first().map_or_else(
            || [NONE, NONE, NONE].map(str::to_owned),
            |name| {
                let tag = name.tag().unwrap_or(NONE).to_owned();
                [name.repository().familiar_name(), tag, NONE.to_owned()]
            },
        );
        row(image, name, options)
    });
    Listing {
        type_name: "*formatter.imageContext",
        fields: FIELDS,
        columns: vec![
            "Repository",
            "Tag",
            "ID",
            "CreatedSince",
            "Size",
            "SharedSize",
            "UniqueSize",
            "Containers",
        ],
        rows: rows.collect(),
    }
}

/// The repository, tag and digest of each row of an image.
fn names(image: &ImageSummary, options: &Options) -> Vec<[String; 3]> {
    let none = || NONE.to_owned();
    if image.tags.is_empty() && image.digests.is_empty() {
        return vec![[none(), none(), none()]];
    }
    let mut digests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in &image.digests {
        if let Some(digest) = name.digest() {
            let repository = name.repository().familiar_name();
            digests
                .entry(repository)
                .or_default()
                .push(digest.to_string());
        }
    }
    let mut rows = Vec::new();
    let mut tagged = Vec::new();
    for name in &image.tags {
        let repository = name.repository().familiar_name();
        let tag = name.tag().unwrap_or(NONE);
        let wanted = (options.digests || options.format_has_digest)
            .then(|| digests.get(&repository))
            .flatten();
        match wanted {
            Some(digests) => rows.extend(
                digests
                    .iter()
                    .map(|digest| [repository.clone(), tag.to_owned(), digest.clone()]),
            ),
            None => rows.push([repository.clone(), tag.to_owned(), none()]),
        }
        tagged.push(repository);
    }
    for (repository, digests) in digests {
        if tagged.contains(&repository) {
            continue;
        }
        if options.digests {
            rows.extend(
                digests
                    .into_iter()
                    .map(|digest| [repository.clone(), none(), digest]),
            );
        } else {
            rows.push([repository, none(), String::new()]);
        }
    }
    rows
}

fn row(image: &ImageSummary, name: [String; 3], options: &Options) -> Vec<String> {
    let [repository, tag, digest] = name;
    let id = if options.no_trunc {
        image.id.as_str()
    } else {
        image.id.short()
    };
    let since = image.created.map(|time| units::ago(time, options.now));
    let at = image
        .created
        .map(|time| units::go_time(time, &options.zone));
    let unknown = || "N/A".to_owned();
    vec![
        id.to_owned(),
        repository,
        tag,
        digest,
        since.unwrap_or_else(unknown),
        at.unwrap_or_else(unknown),
        units::size(image.disk_usage),
        image.containers.to_string(),
        image.shared_size.map_or_else(unknown, units::size4),
        image.shared_size.map_or_else(unknown, |shared| {
            units::size4(image.disk_usage.saturating_sub(shared))
        }),
    ]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use orlop_image::model::{ManifestKind, ManifestSummary};
    use orlop_oci::{Descriptor, Digest, MediaType, Platform};

    pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";

    /// An image made up from its names.
    pub(crate) fn image(seed: &str, tags: &[&str], digests: &[&str]) -> ImageSummary {
        let id = Digest::of(seed.as_bytes());
        let name = |text: &&str| text.parse().expect("a name");
        let pinned = |text: &&str| format!("{text}@{id}").parse().expect("a name");
        ImageSummary {
            tags: tags.iter().map(name).collect(),
            digests: digests.iter().map(pinned).collect(),
            created: Some("2026-11-10T08:30:00Z".parse().expect("a time")),
            stored: NOW.parse().expect("a time"),
            used: NOW.parse().expect("a time"),
            disk_usage: 12_812_345,
            content_size: 3_623_807,
            shared_size: None,
            containers: 0,
            labels: BTreeMap::new(),
            manifests: vec![manifest(seed, "linux/amd64", true)],
            id,
        }
    }

    pub(crate) fn manifest(seed: &str, platform: &str, available: bool) -> ManifestSummary {
        let platform: Platform = platform.parse().expect("a platform");
        ManifestSummary {
            descriptor: Descriptor::new(
                MediaType::OciManifest,
                Digest::of(format!("{seed} {platform}").as_bytes()),
                527,
            ),
            kind: ManifestKind::Image { platform },
            available,
            content_size: if available { 3_623_807 } else { 0 },
            unpacked_size: if available { 9_188_538 } else { 0 },
            containers: 0,
        }
    }

    pub(crate) fn options() -> Options {
        Options {
            digests: false,
            format_has_digest: false,
            no_trunc: false,
            now: NOW.parse().expect("a time"),
            zone: TimeZone::UTC,
        }
    }

    fn images() -> Vec<ImageSummary> {
        let mut young = image("c", &[], &[]);
        young.created = Some("2026-11-24T11:59:00Z".parse().expect("a time"));
        let mut undated = image("d", &["localhost:5000/team/app:v1"], &[]);
        undated.created = None;
        vec![
            young,
            image(
                "a",
                &["alpine:3.20", "alpine:latest", "ghcr.io/me/alpine:v1"],
                &["alpine", "ghcr.io/me/alpine"],
            ),
            image("b", &[], &["quay.io/team/pinned"]),
            undated,
        ]
    }

    #[test]
    fn the_table() {
        let table = listing(&images(), &options())
            .render(None)
            .expect("a table");
        assert_eq!(
            table,
            "REPOSITORY                TAG       IMAGE ID       CREATED              SIZE\n\
             <none>                    <none>    2e7d2c03a950   About a minute ago   12.8MB\n\
             alpine                    3.20      ca978112ca1b   2 weeks ago          12.8MB\n\
             alpine                    latest    ca978112ca1b   2 weeks ago          12.8MB\n\
             ghcr.io/me/alpine         v1        ca978112ca1b   2 weeks ago          12.8MB\n\
             quay.io/team/pinned       <none>    3e23e8160039   2 weeks ago          12.8MB\n\
             localhost:5000/team/app   v1        18ac3e7343f0   N/A                  12.8MB\n"
        );
    }

    #[test]
    fn digests_have_a_column() {
        let options = Options {
            digests: true,
            no_trunc: true,
            ..options()
        };
        let table = listing(&images()[1..3], &options)
            .render(None)
            .expect("a table");
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].starts_with("REPOSITORY            TAG       DIGEST  "),
            "{}",
            lines[0]
        );
        let id = Digest::of(b"a");
        assert_eq!(
            lines[1],
            format!("alpine                3.20      {id}   {id}   2 weeks ago   12.8MB")
        );
        assert!(
            lines[4].contains("quay.io/team/pinned   <none>    sha256:"),
            "{}",
            lines[4]
        );
    }

    #[test]
    fn as_json() {
        let line = listing(&images()[1..2], &options())
            .render(Some("json"))
            .expect("json");
        assert_eq!(
            line.lines().next().expect("a line"),
            "{\"Containers\":\"0\",\"CreatedAt\":\"2026-11-10 08:30:00 +0000 UTC\",\
             \"CreatedSince\":\"2 weeks ago\",\"Digest\":\"<none>\",\"ID\":\"ca978112ca1b\",\
             \"Repository\":\"alpine\",\"SharedSize\":\"N/A\",\"Size\":\"12.8MB\",\"Tag\":\"3.20\",\
             \"UniqueSize\":\"N/A\"}"
        );
    }
}
