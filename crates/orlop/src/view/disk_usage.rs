//! The rows of `system df` (docker/cli `cli/command/formatter/disk_usage.go`).

use orlop_image::model::{ContentKind, ContentUsage, DiskUsage};

use crate::format::{Field, Listing};
use crate::units;

const FIELDS: &[Field] = &[
    Field {
        name: "Type",
        heading: "TYPE",
    },
    Field {
        name: "TotalCount",
        heading: "TOTAL",
    },
    Field {
        name: "Active",
        heading: "ACTIVE",
    },
    Field {
        name: "Size",
        heading: "SIZE",
    },
    Field {
        name: "Reclaimable",
        heading: "RECLAIMABLE",
    },
];

/// The kinds that docker has, in its order, and then ours where there is something of them.
pub fn listing(images: &DiskUsage, removed: &DiskUsage, leftovers: &DiskUsage) -> Listing {
    let nothing = DiskUsage::default();
    let dockers = [
        ("Images", images),
        ("Containers", &nothing),
        ("Local Volumes", &nothing),
        ("Build Cache", &nothing),
    ];
    let ours = [("Removed Images", removed), ("Leftovers", leftovers)];
    let ours = ours.into_iter().filter(|(_, usage)| **usage != nothing);
    Listing {
        type_name: "*formatter.diskUsageImagesContext",
        fields: FIELDS,
        columns: FIELDS.iter().map(|field| field.name).collect(),
        rows: dockers
            .into_iter()
            .chain(ours)
            .map(|(kind, usage)| row(kind, usage))
            .collect(),
    }
}

const CONTENT_FIELDS: &[Field] = &[
    Field {
        name: "Kind",
        heading: "KIND",
    },
    Field {
        name: "Count",
        heading: "COUNT",
    },
    Field {
        name: "Size",
        heading: "SIZE",
    },
];

/// All that the store takes, by kinds, and together.
pub fn content_listing(usage: &[ContentUsage]) -> Listing {
    let row = |usage: &ContentUsage| {
        let kind = match &usage.kind {
            ContentKind::Blobs => "Blobs".to_owned(),
            ContentKind::Layers(driver) => format!("Unpacked layers ({driver})"),
            ContentKind::Arriving => "Downloads under way".to_owned(),
            ContentKind::Unfinished => "Unfinished downloads".to_owned(),
            ContentKind::Quarantined => "Quarantine".to_owned(),
            ContentKind::Database => "Database".to_owned(),
        };
        let count = usage
            .count
            .map_or_else(|| "-".to_owned(), |count| count.to_string());
        vec![kind, count, units::size4(usage.size)]
    };
    let total: u64 = usage.iter().map(|usage| usage.size).sum();
    let mut rows: Vec<Vec<String>> = usage.iter().map(row).collect();
    rows.push(vec![
        "Total".to_owned(),
        "-".to_owned(),
        units::size4(total),
    ]);
    Listing {
        type_name: "*view.contentUsage",
        fields: CONTENT_FIELDS,
        columns: CONTENT_FIELDS.iter().map(|field| field.name).collect(),
        rows,
    }
}

fn row(kind: &str, usage: &DiskUsage) -> Vec<String> {
    let mut reclaimable = units::size4(usage.reclaimable);
    if usage.size > 0 {
        let percent = u128::from(usage.reclaimable) * 100 / u128::from(usage.size);
        reclaimable.push_str(&format!(" ({percent}%)"));
    }
    vec![
        kind.to_owned(),
        usage.images.to_string(),
        usage.active.to_string(),
        units::size4(usage.size),
        reclaimable,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let usage = DiskUsage {
            images: 5,
            active: 1,
            size: 16_430_000,
            reclaimable: 11_630_000,
        };
        let none = DiskUsage::default();
        let left = DiskUsage {
            images: 2,
            active: 0,
            size: 1000,
            reclaimable: 500,
        };
        let more = listing(&usage, &none, &left).render(None).expect("a table");
        assert!(
            more.ends_with("\nLeftovers       2         0         1kB       500B (50%)\n"),
            "{more}"
        );
        assert_eq!(
            listing(&usage, &none, &none).render(None).expect("a table"),
            "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n\
             Images          5         1         16.43MB   11.63MB (70%)\n\
             Containers      0         0         0B        0B\n\
             Local Volumes   0         0         0B        0B\n\
             Build Cache     0         0         0B        0B\n"
        );
    }
}
