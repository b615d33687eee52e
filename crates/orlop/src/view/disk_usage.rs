//! The rows of `system df` (docker/cli `cli/command/formatter/disk_usage.go`).

use orlop_image::model::DiskUsage;

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

/// One row for each kind of thing that docker counts.
pub fn listing(images: &DiskUsage) -> Listing {
    let nothing = DiskUsage::default();
    let kinds = [
        ("Images", images),
        ("Containers", &nothing),
        ("Local Volumes", &nothing),
        ("Build Cache", &nothing),
    ];
    Listing {
        type_name: "*formatter.diskUsageImagesContext",
        fields: FIELDS,
        columns: FIELDS.iter().map(|field| field.name).collect(),
        rows: kinds.iter().map(|(kind, usage)| row(kind, usage)).collect(),
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
        assert_eq!(
            listing(&usage).render(None).expect("a table"),
            "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n\
             Images          5         1         16.43MB   11.63MB (70%)\n\
             Containers      0         0         0B        0B\n\
             Local Volumes   0         0         0B        0B\n\
             Build Cache     0         0         0B        0B\n"
        );
    }
}
