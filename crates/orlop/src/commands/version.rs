//! `version`.

use clap::Args;
use orlop_oci::Platform;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::format::{OBJECT_HELP, Template};
use crate::table;

/// What `orlop --version` prints after the program's name.
pub const LINE: &str = concat!("version ", env!("CARGO_PKG_VERSION"));

/// Arguments of `version`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop version
  orlop version --format '{{.Client.Version}}'")]
pub struct VersionArgs {
    #[arg(short, long, help = OBJECT_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
}

/// The version of this program, in docker's fields. There is no server: the client does the work,
/// and answers for both.
pub(super) fn object() -> Value {
    let platform = Platform::host();
    let mut half = json!({
        "Platform": {"Name": "Orlop"},
        "Version": env!("CARGO_PKG_VERSION"),
        "Os": platform.os,
        "Arch": platform.architecture,
    });
    if let Some(commit) = option_env!("ORLOP_GIT_COMMIT") {
        half["GitCommit"] = commit.into();
    }
    json!({"Client": half, "Server": half})
}

/// Runs it.
///
/// # Errors
/// The format makes no sense.
pub fn run(app: &App, args: &VersionArgs) -> CliResult {
    let object = object();
    let template = match args.format.as_deref() {
        None | Some("") => return app.printer.text(text(&object["Client"])),
        Some("json") => "{{json .}}",
        Some(template) => template,
    };
    let template = Template::parse(template)
        .map_err(|error| CliError::of(ErrorKind::Template, error.message()))?;
    app.printer.line(template.render(&object)?)
}

fn text(client: &Value) -> String {
    let field = |name: &str| client[name].as_str().unwrap_or_default().to_owned();
    let mut text = format!("Client: Orlop\n Version:\t{}\n", field("Version"));
    if client.get("GitCommit").is_some() {
        text.push_str(&format!(" Git commit:\t{}\n", field("GitCommit")));
    }
    text.push_str(&format!(" OS/Arch:\t{}/{}\n", field("Os"), field("Arch")));
    table::KEY_VALUE.set(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_dockers_layout() {
        let client =
            json!({"Version": "1.2.3", "Os": "linux", "Arch": "amd64", "GitCommit": "abc"});
        assert_eq!(
            text(&client),
            "Client: Orlop\n Version:           1.2.3\n Git commit:        abc\n OS/Arch:           linux/amd64\n"
        );
    }
}
