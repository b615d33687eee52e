//! Names of Go's structures in templates over documents.
//!
//! buildx's templates say `.Manifest.MediaType` and its `json` prints `"mediaType"`: a structure has two
//! names for everything. Ours are JSON, so what a template says is read as the JSON's name. Maps whose keys
//! are free (labels, annotations) keep theirs: none of them is in the table, and `index` takes texts.

/// Go's name, and that of the JSON (image-spec `specs-go/v1`; buildx, `util/imagetools/printers.go`).
const NAMES: [(&str, &str); 29] = [
    ("Annotations", "annotations"),
    ("Architecture", "architecture"),
    ("ArtifactType", "artifactType"),
    ("Author", "author"),
    ("Comment", "comment"),
    ("Config", "config"),
    ("Created", "created"),
    ("CreatedBy", "created_by"),
    ("Data", "data"),
    ("DiffIDs", "diff_ids"),
    ("Digest", "digest"),
    ("EmptyLayer", "empty_layer"),
    ("History", "history"),
    ("Image", "image"),
    ("Layers", "layers"),
    ("Manifest", "manifest"),
    ("Manifests", "manifests"),
    ("MediaType", "mediaType"),
    ("Name", "name"),
    ("OS", "os"),
    ("OSFeatures", "os.features"),
    ("OSVersion", "os.version"),
    ("Platform", "platform"),
    ("RootFS", "rootfs"),
    ("SchemaVersion", "schemaVersion"),
    ("Size", "size"),
    ("Subject", "subject"),
    ("URLs", "urls"),
    ("Variant", "variant"),
];

/// The template with the JSON's names, where it names fields outside of quotes.
pub(super) fn as_json(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let (text, action) = rest.split_at(open);
        out.push_str(text);
        rest = copy_action(action, &mut out);
    }
    out.push_str(rest);
    out
}

/// Copies an action up to its end, and gives what is behind it.
fn copy_action<'a>(action: &'a str, out: &mut String) -> &'a str {
    let mut rest = action;
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("}}") {
            out.push_str("}}");
            return behind;
        }
        let length = match c {
            '"' | '`' | '\'' => quoted(rest, c),
            '.' => {
                let name = &rest[1..];
                let end = name
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(name.len());
                let name = &name[..end];
                if let Some((_, json)) = NAMES.iter().find(|(go, _)| *go == name) {
                    // A field's name has no dots.
                    if !json.contains('.') {
                        out.push('.');
                        out.push_str(json);
                        rest = &rest[1 + end..];
                        continue;
                    }
                }
                1 + end
            }
            c => c.len_utf8(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    rest
}

/// The length of the text in quotes that `rest` begins with.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_in_actions_are_renamed() {
        for (template, expected) in [
            (
                "{{.Manifest.Digest}} .Digest",
                "{{.manifest.digest}} .Digest",
            ),
            (
                "{{ (index .Image \"a.Digest\").Config.Env }}",
                "{{ (index .image \"a.Digest\").config.Env }}",
            ),
            (
                "{{range .SBOM.SPDX.packages}}{{.Names}}{{end}}",
                "{{range .SBOM.SPDX.packages}}{{.Names}}{{end}}",
            ),
            ("{{json .}}", "{{json .}}"),
            ("{{$x := .Name}}{{$x.Size}}", "{{$x := .name}}{{$x.size}}"),
            (
                "{{`.Digest` '\\'' \"\\\".Digest\"",
                "{{`.Digest` '\\'' \"\\\".Digest\"",
            ),
        ] {
            assert_eq!(as_json(template), expected);
        }
    }
}
