//! Rows with named fields, shown as a table, as JSON lines or by a template.

use serde_json::Value;

use super::Template;
use crate::error::CliResult;
use crate::table;

/// One field of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its placeholder: `{{.Repository}}`.
    pub name: &'static str,
    /// Its heading in a table.
    pub heading: &'static str,
}

/// Rows that all have the same fields.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What the rows are for Go, in errors.
    pub type_name: &'static str,
    /// The fields, in the order of the cells.
    pub fields: &'static [Field],
    /// The columns of `--format table`, by field.
    pub columns: Vec<&'static str>,
    /// The rows, one cell for each field.
    pub rows: Vec<Vec<String>>,
}

impl Listing {
    /// Shows the rows as docker does for this `--format`; `table` when there is none.
    ///
    /// # Errors
    /// The template is malformed or names a field that the rows don't have.
    pub fn render(&self, format: Option<&str>) -> CliResult<String> {
        match format.unwrap_or("table") {
            "" | "table" => Ok(self.table()),
            "json" => Ok(self.json_lines()),
            template => match template.strip_prefix("table") {
                Some(cells) => self.table_of(&unescape(cells)),
                None => self.each(&unescape(template)),
            },
        }
    }

    /// The given field of each row, a line each.
    pub fn column(&self, name: &str) -> String {
        let index = self.index(name);
        self.rows
            .iter()
            .map(|row| format!("{}\n", row[index]))
            .collect()
    }

    /// The rows as objects.
    pub fn objects(&self) -> Vec<Value> {
        self.rows
            .iter()
            .map(|row| self.object(row.iter().map(String::as_str)))
            .collect()
    }

    fn index(&self, name: &str) -> usize {
        self.fields
            .iter()
            .position(|field| field.name == name)
            .expect("columns name fields of their own listing")
    }

    fn table(&self) -> String {
        let columns: Vec<usize> = self.columns.iter().map(|name| self.index(name)).collect();
        let mut text = String::new();
        let headings = columns.iter().map(|&column| self.fields[column].heading);
        text.push_str(&headings.collect::<Vec<_>>().join("\t"));
        text.push('\n');
        for row in &self.rows {
            for (position, &column) in columns.iter().enumerate() {
                if position > 0 {
                    text.push('\t');
                }
                push_cell(&mut text, &row[column]);
            }
            text.push('\n');
        }
        table::LIST.set(&text)
    }

    fn table_of(&self, template: &str) -> CliResult<String> {
        let headings = self.object(self.fields.iter().map(|field| field.heading));
        let heading = Template::parse_headings(template)?
            .of_type(self.type_name)
            .render(&headings)?;
        let rows = self.each(template)?;
        Ok(table::LIST.set(&format!("{heading}\n{rows}")))
    }

    fn each(&self, template: &str) -> CliResult<String> {
        let template = Template::parse(template)?.of_type(self.type_name);
        let mut text = String::new();
        for row in &self.rows {
            let row = self.object(row.iter().map(String::as_str));
            text.push_str(&template.render(&row)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// An object a line, its keys sorted as Go sorts the keys of a map.
    fn json_lines(&self) -> String {
        let mut order: Vec<usize> = (0..self.fields.len()).collect();
        order.sort_by_key(|&index| self.fields[index].name);
        let line = |row: &Vec<String>| {
            let object: serde_json::Map<String, Value> = order
                .iter()
                .map(|&index| {
                    (
                        self.fields[index].name.to_owned(),
                        Value::from(row[index].as_str()),
                    )
                })
                .collect();
            format!("{}\n", Value::from(object))
        };
        self.rows.iter().map(line).collect()
    }

    fn object<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Value {
        let mut entries: Vec<_> = self
            .fields
            .iter()
            .zip(cells)
            .map(|(field, cell)| (field.name.to_owned(), Value::from(cell)))
            .collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
            .into_iter()
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// A cell is one line without tabs, whatever an image's author wrote into it.
fn push_cell(text: &mut String, cell: &str) {
    text.extend(
        cell.chars()
            .map(|ch| if ch.is_control() { ' ' } else { ch }),
    );
}

/// `\t` and `\n` may be typed as such, and spaces around the template don't count.
fn unescape(template: &str) -> String {
    template
        .trim_matches(' ')
        .replace("\\t", "\t")
        .replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        Field {
            name: "Repository",
            heading: "REPOSITORY",
        },
        Field {
            name: "Tag",
            heading: "TAG",
        },
        Field {
            name: "ID",
            heading: "IMAGE ID",
        },
    ];

    fn listing() -> Listing {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        Listing {
            type_name: "*formatter.imageContext",
            fields: FIELDS,
            columns: vec!["Repository", "Tag", "ID"],
            rows: vec![
                row(["alpine", "3.20", "0123456789ab"]),
                row(["busybox", "latest", "ba9876543210"]),
            ],
        }
    }

    #[test]
    fn formats() {
        for (format, expected) in [
            (
                "table",
                "REPOSITORY   TAG       IMAGE ID\n\
                 alpine       3.20      0123456789ab\n\
                 busybox      latest    ba9876543210\n",
            ),
            (
                "table {{.ID}}\\t{{.Repository}}:{{upper .Tag}}",
                "IMAGE ID       REPOSITORY:TAG\n\
                 0123456789ab   alpine:3.20\n\
                 ba9876543210   busybox:LATEST\n",
            ),
            (
                "json",
                "{\"ID\":\"0123456789ab\",\"Repository\":\"alpine\",\"Tag\":\"3.20\"}\n\
                 {\"ID\":\"ba9876543210\",\"Repository\":\"busybox\",\"Tag\":\"latest\"}\n",
            ),
            ("{{.Repository}}:{{.Tag}}", "alpine:3.20\nbusybox:latest\n"),
            (
                "{{json .}}",
                "{\"ID\":\"0123456789ab\",\"Repository\":\"alpine\",\"Tag\":\"3.20\"}\n\
                 {\"ID\":\"ba9876543210\",\"Repository\":\"busybox\",\"Tag\":\"latest\"}\n",
            ),
        ] {
            assert_eq!(
                listing().render(Some(format)).expect(format),
                expected,
                "{format}"
            );
        }
    }

    #[test]
    fn a_table_without_rows_has_headings() {
        let mut empty = listing();
        empty.rows.clear();
        assert_eq!(
            empty.render(None).expect("a table"),
            "REPOSITORY   TAG       IMAGE ID\n"
        );
        assert_eq!(empty.render(Some("{{.ID}}")).expect("nothing"), "");
        assert!(empty.render(Some("table {{.Nope}}")).is_err());
    }

    #[test]
    fn cells_cannot_break_the_table() {
        let mut listing = listing();
        listing.rows[0][0] = "evil\tname\n\x1b[31m".to_owned();
        let table = listing.render(None).expect("a table");
        assert_eq!(table.lines().count(), 3);
        assert!(!table.contains('\x1b'));
    }
}
