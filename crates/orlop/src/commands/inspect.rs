//! `inspect`: all about objects of any type. There are only images.

use clap::Args;
use orlop_image::model::ImageDetails;
use serde_json::Value;

use crate::app::App;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::format::{OBJECT_HELP, Template, compact_json, indented_json};
use crate::printer::Printer;
use crate::view::inspect::{Empty, object};

/// Arguments of `inspect`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop inspect alpine:3.20
  orlop inspect -f '{{.Id}} {{.Architecture}}' alpine:3.20 busybox")]
pub struct InspectArgs {
    /// Names or IDs
    #[arg(value_name = "NAME|ID", required = true)]
    pub names: Vec<String>,
    #[arg(short, long, help = OBJECT_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Only inspect objects of this type: image
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Show sizes of containers
    #[arg(short, long, hide = true)]
    pub size: bool,
}

/// Runs it.
///
/// # Errors
/// An object isn't there, or the format makes no sense.
pub fn run(app: &App, args: InspectArgs) -> CliResult {
    match args.kind.as_deref() {
        None | Some("image") => {}
        Some("") => return Err(CliError::new("type is empty: must be one of \"image\"")),
        Some(kind) => {
            return Err(CliError::new(format!(
                "unknown type: {kind:?}: must be one of \"image\""
            )));
        }
    }
    let mut inspector = Inspector::new(args.format.as_deref())?;
    let store = app.images()?;
    for name in &args.names {
        use orlop_image::Error;
        match store.inspect(name, None) {
            Ok(image) => inspector.add(&image),
            // What is no image's name may be another object's; none is there.
            Err(Error::NoSuchImage(_) | Error::Reference(_)) if args.kind.is_none() => {
                inspector.fail(CliError::new(format!("no such object: {name}")));
            }
            Err(error) => inspector.fail(error.into()),
        }
    }
    inspector.finish(&app.printer)
}

/// Collects objects and shows them in one piece (docker/cli `cli/command/inspect/inspector.go`).
pub(super) struct Inspector {
    template: Option<Template>,
    compact: bool,
    objects: Vec<Value>,
    rendered: String,
    errors: Vec<CliError>,
}

impl Inspector {
    /// Shows objects in this format.
    pub(super) fn new(format: Option<&str>) -> CliResult<Self> {
        let template = match format {
            None | Some("" | "json") => None,
            Some(template) => Some(
                Template::parse(template)
                    .map_err(|error| CliError::of(ErrorKind::Template, error.message()))?,
            ),
        };
        Ok(Self {
            template,
            compact: format == Some("json"),
            objects: Vec::new(),
            rendered: String::new(),
            errors: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, image: &ImageDetails) {
        let Some(template) = &self.template else {
            self.objects.push(object(image, Empty::Omitted));
            return;
        };
        match template.render(&object(image, Empty::Kept)) {
            Ok(text) => {
                self.rendered.push_str(&text);
                self.rendered.push('\n');
            }
            Err(error) => self.errors.push(error),
        }
    }

    pub(super) fn fail(&mut self, error: CliError) {
        self.errors.push(error);
    }

    /// Shows what was found, then what was not.
    pub(super) fn finish(self, printer: &Printer) -> CliResult {
        let array = Value::Array(self.objects);
        match &self.template {
            // docker prints an empty line when nothing was found.
            Some(_) if self.rendered.is_empty() => printer.line("")?,
            Some(_) => printer.text(self.rendered)?,
            None if self.compact => printer.line(compact_json(&array))?,
            None => printer.line(indented_json(&array))?,
        }
        fail_with_all(printer, self.errors)
    }
}

/// Fails with the last of these errors, after the others were shown.
pub(super) fn fail_with_all(printer: &Printer, mut errors: Vec<CliError>) -> CliResult {
    let Some(last) = errors.pop() else {
        return Ok(());
    };
    errors.iter().for_each(|error| printer.error(error));
    Err(last)
}
