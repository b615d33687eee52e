//! A table for people.

use unicode_width::UnicodeWidthStr as _;

use crate::Sbom;

const GAP: usize = 2;

pub(super) fn write(sbom: &Sbom) -> String {
    let head = ["NAME", "VERSION", "TYPE"].map(str::to_owned);
    let rows = sbom.packages.iter().map(|installed| {
        let package = &installed.package;
        let kind = package.kind.purl_type();
        [
            printable(&package.name),
            printable(&package.version),
            kind.to_owned(),
        ]
    });
    let rows: Vec<[String; 3]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths = [width(0), width(1)].map(|width| width.unwrap_or(0) + GAP);
    let mut text = String::new();
    for [name, version, kind] in rows {
        text.push_str(&name);
        text.push_str(&" ".repeat(widths[0] - name.width()));
        text.push_str(&version);
        text.push_str(&" ".repeat(widths[1] - version.width()));
        text.push_str(&kind);
        text.push('\n');
    }
    text
}

/// Names come from images: they mustn't move the cursor.
fn printable(text: &str) -> String {
    orlop_layer::printable(text.as_bytes())
}
