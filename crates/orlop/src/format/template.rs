//! A Go template over JSON data.

use gotmpl::{MissingKey, TemplateError};

use super::functions::{self, KeyOrder, Purpose};
use super::go_names;
use crate::error::{CliError, CliResult};

/// A parsed template.
pub struct Template {
    source: String,
    order: KeyOrder,
    strict: gotmpl::Template,
    lenient: gotmpl::Template,
    /// Go's name for the type of the data, for errors; absent for a map.
    type_name: Option<&'static str>,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

/// Objects whose keys the image's author chose: one that isn't there is no mistake in the
/// template, but a value that the image does not have.
const OPEN_MAPS: [&str; 5] = [
    "Labels",
    "Annotations",
    "ExposedPorts",
    "Volumes",
    "annotations",
];

impl Template {
    /// Parses it.
    ///
    /// # Errors
    /// It is no Go template.
    pub fn parse(source: &str) -> CliResult<Self> {
        Self::build(source, Purpose::Data)
    }

    /// Parses it to print the headings of a table: most functions leave their text alone.
    ///
    /// # Errors
    /// It is no Go template.
    pub fn parse_headings(source: &str) -> CliResult<Self> {
        Self::build(source, Purpose::Headings)
    }

    /// Parses one over documents, as buildx has it: their members have the names that Go's structures
    /// give them (`.Manifest.MediaType`), and `json` prints many lines.
    ///
    /// # Errors
    /// It is no Go template.
    pub fn parse_document(source: &str) -> CliResult<Self> {
        Self::build(&go_names::as_json(source), Purpose::Document)
    }

    fn build(source: &str, purpose: Purpose) -> CliResult<Self> {
        let order = KeyOrder::default();
        let parse = |missing| {
            gotmpl::Template::new("")
                .missing_key(missing)
                .funcs(functions::all(&order, purpose))
                .parse(source)
                .map_err(|error| parsing_error(&error.to_string()))
        };
        Ok(Self {
            source: source.to_owned(),
            strict: parse(MissingKey::Error)?,
            lenient: parse(MissingKey::Invalid)?,
            order,
            type_name: None,
        })
    }

    /// Names the type of the data as Go would.
    #[must_use]
    pub fn of_type(mut self, name: &'static str) -> Self {
        self.type_name = Some(name);
        self
    }

    /// Fills it in.
    ///
    /// # Errors
    /// It names a field that the data does not have, or misuses a function.
    pub fn render(&self, data: &serde_json::Value) -> CliResult<String> {
        self.order.clear();
        let value = self.order.value(data);
        let result = match self.strict.execute_to_string(&value) {
            Err(TemplateError::MissingKey { key }) if self.may_be_missing(&key) => {
                self.lenient.execute_to_string(&value)
            }
            other => other,
        };
        result.map_err(|error| self.execution_error(&error, data))
    }

    /// The key is looked up in one of the open maps: `.Config.Labels.KEY`.
    fn may_be_missing(&self, key: &str) -> bool {
        OPEN_MAPS
            .iter()
            .any(|map| self.source.contains(&format!(".{map}.{key}")))
    }

    fn execution_error(&self, error: &TemplateError, data: &serde_json::Value) -> CliError {
        let TemplateError::MissingKey { key } = error else {
            return parsing_error(&error.to_string());
        };
        let column = self.source.find(&format!(".{key}")).unwrap_or(0);
        let why = match self.type_name {
            Some(name) => format!("can't evaluate field {key} in type {name}"),
            None => format!("map has no entry for key {key:?}"),
        };
        let line = self.source[..column].matches('\n').count() + 1;
        let error = parsing_error(&format!(
            "template: :{line}:{column}: executing \"\" at <.{key}>: {why}"
        ));
        let Some(fields) = data.as_object() else {
            return error;
        };
        let fields: Vec<String> = fields.keys().map(|field| format!(".{field}")).collect();
        error.hint(format!("the fields are {}", fields.join(" ")))
    }
}

fn parsing_error(why: &str) -> CliError {
    CliError::new(format!("template parsing error: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data() -> serde_json::Value {
        json!({
            "Name": "docker.io/library/alpine",
            "Size": 12_800_000_u64,
            "Zone": null,
            "Config": {
                "Labels": {"org.label": "v1", "maintainer": "me"},
                "Env": ["PATH=/bin", "A=b"],
                "Cmd": ["/bin/sh"],
            },
            "Alpha": true,
        })
    }

    #[track_caller]
    fn render(source: &str) -> String {
        Template::parse(source)
            .and_then(|template| template.render(&data()))
            .expect(source)
    }

    #[track_caller]
    fn fails(source: &str) -> String {
        Template::parse(source)
            .and_then(|template| template.render(&data()))
            .expect_err(source)
            .message()
            .to_owned()
    }

    #[test]
    fn dockers_functions() {
        for (source, expected) in [
            ("{{.Name}}", "docker.io/library/alpine"),
            ("{{json .Config.Env}}", r#"["PATH=/bin","A=b"]"#),
            (
                "{{json .Alpha}} {{json .Zone}} {{json .Size}}",
                "true null 12800000",
            ),
            ("{{join .Config.Env \", \"}}", "PATH=/bin, A=b"),
            (
                "{{join (split .Name \"/\") \"|\"}}",
                "docker.io|library|alpine",
            ),
            ("{{index (split .Name \"/\") 2}}", "alpine"),
            (
                "{{upper .Name}} {{lower \"ABC\"}}",
                "DOCKER.IO/LIBRARY/ALPINE abc",
            ),
            ("{{title \"hello go-world\"}}", "Hello Go-World"),
            ("[{{pad \"x\" 2 3}}]", "[  x   ]"),
            ("{{truncate .Name 6}}", "docker"),
            ("{{println .Alpha}}", "true\n"),
            ("{{.Config.Cmd}}", "[/bin/sh]"),
            (
                "{{range .Config.Env}}{{println .}}{{end}}",
                "PATH=/bin\nA=b\n",
            ),
            (
                "{{range $i, $e := .Config.Env}}{{if $i}},{{end}}{{$e}}{{end}}",
                "PATH=/bin,A=b",
            ),
            ("{{index .Config.Labels \"maintainer\"}}", "me"),
            ("{{with .Config}}{{len .Env}}{{end}}", "2"),
            ("{{if eq .Size 12800000}}yes{{else}}no{{end}}", "yes"),
            ("{{printf \"%.3s\" .Name}}", "doc"),
        ] {
            assert_eq!(render(source), expected, "{source}");
        }
    }

    #[test]
    fn json_keeps_the_order_of_keys() {
        assert_eq!(
            render("{{json .}}"),
            r#"{"Name":"docker.io/library/alpine","Size":12800000,"Zone":null,"Config":{"Labels":{"org.label":"v1","maintainer":"me"},"Env":["PATH=/bin","A=b"],"Cmd":["/bin/sh"]},"Alpha":true}"#
        );
    }

    #[test]
    fn labels_that_are_not_there_are_no_mistake() {
        assert_eq!(render("{{.Config.Labels.other}}"), "<no value>");
        assert_eq!(render("[{{index .Config.Labels \"other\"}}]"), "[]");
    }

    #[test]
    fn errors_as_dockers() {
        assert_eq!(
            fails("{{.Foo}}"),
            "template parsing error: template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\""
        );
        let typed = Template::parse("{{.ID}} {{.Foo}}")
            .expect("a template")
            .of_type("*formatter.imageContext")
            .render(&json!({"ID": "x", "Tag": "y"}))
            .expect_err("no such field");
        assert_eq!(
            typed.message(),
            "template parsing error: template: :1:10: executing \"\" at <.Foo>: can't evaluate field Foo in type *formatter.imageContext"
        );
        assert_eq!(typed.hints(), ["the fields are .ID .Tag"]);
        assert!(fails("{{.Name").starts_with("template parsing error: template: "));
        assert!(fails("{{nosuch .Name}}").starts_with("template parsing error: "));
    }
}
