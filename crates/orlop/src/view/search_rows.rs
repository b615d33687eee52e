//! The rows of `search` (docker/cli `cli/command/registry/formatter_search.go`).

use orlop_distribution::FoundRepository;

use crate::format::{Field, Listing};
use crate::table::ellipsis;

const FIELDS: &[Field] = &[
    Field {
        name: "Name",
        heading: "NAME",
    },
    Field {
        name: "Description",
        heading: "DESCRIPTION",
    },
    Field {
        name: "StarCount",
        heading: "STARS",
    },
    Field {
        name: "IsOfficial",
        heading: "OFFICIAL",
    },
    Field {
        name: "IsAutomated",
        heading: "AUTOMATED",
    },
];

const DESCRIPTION_WIDTH: usize = 45;

/// One row for each result, in the registry's order.
pub fn listing(results: &[FoundRepository], no_trunc: bool) -> Listing {
    let tick = |is: bool| if is { "[OK]" } else { "" }.to_owned();
    let row = |found: &FoundRepository| {
        let description = if no_trunc {
            found.description.clone()
        } else {
            ellipsis(&found.description, DESCRIPTION_WIDTH)
        };
        vec![
            found.name.clone(),
            description,
            found.stars.to_string(),
            tick(found.official),
            tick(found.automated),
        ]
    };
    Listing {
        type_name: "*registry.searchContext",
        fields: FIELDS,
        columns: vec!["Name", "Description", "StarCount", "IsOfficial"],
        rows: results.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let found = |name: &str, description: &str, stars, official| FoundRepository {
            name: name.to_owned(),
            description: description.to_owned(),
            stars,
            official,
            automated: false,
        };
        let results = [
            found(
                "alpine",
                "A minimal Docker image based on Alpine Linux with a complete package index",
                11000,
                true,
            ),
            found("user/alp", "", 0, false),
        ];
        assert_eq!(
            listing(&results, false).render(None).expect("a table"),
            "NAME       DESCRIPTION                                     STARS     OFFICIAL\n\
             alpine     A minimal Docker image based on Alpine Linux…   11000     [OK]\n\
             user/alp                                                   0         \n"
        );
        assert_eq!(
            listing(&results[..1], true)
                .render(Some("{{.Description}}|{{.StarCount}}|{{.IsAutomated}}"))
                .expect("lines"),
            "A minimal Docker image based on Alpine Linux with a complete package index|11000|\n"
        );
    }
}
