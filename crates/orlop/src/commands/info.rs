//! `info`, `system info`: the machine, the store and the registries, in docker's fields.

use clap::Args;
use serde_json::{Value, json};

use super::version;
use crate::app::App;
use crate::error::{CliError, CliResult, ErrorKind};
use crate::format::{OBJECT_HELP, Template};
use crate::units;

/// Arguments of `info`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop info
  orlop info --format '{{.Driver}}'")]
pub struct InfoArgs {
    #[arg(short, long, help = OBJECT_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
}

/// Runs it.
///
/// # Errors
/// The store cannot be opened, or the format makes no sense.
pub fn run(app: &App, args: &InfoArgs) -> CliResult {
    let object = object(app)?;
    let template = match args.format.as_deref() {
        None | Some("") => return app.printer.text(text(&object)),
        Some("json") => "{{json .}}",
        Some(template) => template,
    };
    let template = Template::parse(template)
        .map_err(|error| CliError::of(ErrorKind::Template, error.message()))?;
    app.printer.line(template.render(&object)?)
}

fn object(app: &App) -> CliResult<Value> {
    let store = app.images()?;
    let images = store.list()?;
    let kernel = rustix::system::uname();
    let words = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let mirrors: Vec<&String> = app
        .settings
        .registries
        .0
        .values()
        .flat_map(|table| &table.mirrors)
        .collect();
    let insecure: Vec<&String> = app
        .settings
        .registries
        .0
        .iter()
        .filter(|(_, table)| table.tls_verify == Some(false) || table.plain_http == Some(true))
        .map(|(host, _)| host)
        .collect();
    Ok(json!({
        "Containers": 0,
        "ContainersRunning": 0,
        "ContainersPaused": 0,
        "ContainersStopped": 0,
        "Images": images.len(),
        "Driver": store.driver().name(),
        "DriverStatus": store.driver().status(),
        "KernelVersion": words(kernel.release()),
        "OperatingSystem": operating_system(),
        "OSType": "linux",
        "Architecture": words(kernel.machine()),
        "NCPU": std::thread::available_parallelism().map_or(1, usize::from),
        "MemTotal": total_memory(),
        "Name": words(kernel.nodename()),
        "DockerRootDir": app.settings.root.display().to_string(),
        "ServerVersion": env!("CARGO_PKG_VERSION"),
        "RegistryConfig": {"Mirrors": mirrors, "Insecure": insecure},
        "ClientInfo": {
            "Version": version::object()["Client"]["Version"],
            "Debug": app.debug,
            "Config": app.layers.files().iter().filter(|(_, there)| *there)
                .map(|(path, _)| path.display().to_string()).collect::<Vec<_>>(),
        },
    }))
}

/// As docker, a key a line, and nothing for what is empty.
fn text(object: &Value) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut text = String::from("Client:\n");
    text.push_str(&format!(
        " Version:    {}\n",
        word(&object["ClientInfo"]["Version"])
    ));
    text.push_str(&format!(
        " Debug Mode: {}\n",
        word(&object["ClientInfo"]["Debug"])
    ));
    list(&mut text, "Configuration", &object["ClientInfo"]["Config"]);
    text.push_str("\nStore:\n");
    for (label, field) in [
        ("Images", "Images"),
        ("Storage Driver", "Driver"),
        ("Kernel Version", "KernelVersion"),
        ("Operating System", "OperatingSystem"),
        ("OSType", "OSType"),
        ("Architecture", "Architecture"),
        ("CPUs", "NCPU"),
    ] {
        text.push_str(&format!(" {label}: {}\n", word(&object[field])));
        if field == "Driver" {
            status(&mut text, &object["DriverStatus"]);
        }
    }
    let memory = object["MemTotal"].as_u64().unwrap_or(0);
    text.push_str(&format!(" Total Memory: {}\n", units::binary_size(memory)));
    text.push_str(&format!(" Name: {}\n", word(&object["Name"])));
    text.push_str(&format!(" Root Dir: {}\n", word(&object["DockerRootDir"])));
    list(
        &mut text,
        "Insecure Registries",
        &object["RegistryConfig"]["Insecure"],
    );
    list(
        &mut text,
        "Registry Mirrors",
        &object["RegistryConfig"]["Mirrors"],
    );
    text
}

/// What the storage driver says of itself, a name and a value a line.
fn status(text: &mut String, pairs: &Value) {
    for pair in pairs.as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (pair[0].as_str(), pair[1].as_str()) {
            text.push_str(&format!("  {name}: {value}\n"));
        }
    }
}

fn list(text: &mut String, label: &str, items: &Value) {
    let items: Vec<&str> = items
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !items.is_empty() {
        text.push_str(&format!(" {label}:\n"));
        items
            .iter()
            .for_each(|item| text.push_str(&format!("  {item}\n")));
    }
}

/// The distribution's own name for itself (os-release(5)).
fn operating_system() -> String {
    let text = std::fs::read_to_string("/etc/os-release")
        .or_else(|_| std::fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("Linux").trim_matches('"').to_owned()
}

/// Bytes of memory (proc_meminfo(5)).
fn total_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_left_out() {
        let object = json!({
            "Images": 3, "Driver": "overlay2",
            "DriverStatus": [["Backing Filesystem", "extfs"]], "KernelVersion": "6.1", "OperatingSystem": "Debian",
            "OSType": "linux", "Architecture": "x86_64", "NCPU": 2, "MemTotal": 1_u64 << 30,
            "Name": "host", "DockerRootDir": "/r",
            "RegistryConfig": {"Mirrors": ["http://m"], "Insecure": []},
            "ClientInfo": {"Version": "0.1.0", "Debug": false, "Config": []},
        });
        assert_eq!(
            text(&object),
            "Client:\n Version:    0.1.0\n Debug Mode: false\n\nStore:\n Images: 3\n Storage Driver: overlay2\n  \
             Backing Filesystem: extfs\n Kernel Version: 6.1\n Operating System: Debian\n OSType: linux\n Architecture: x86_64\n CPUs: 2\n \
             Total Memory: 1GiB\n Name: host\n Root Dir: /r\n Registry Mirrors:\n  http://m\n"
        );
    }
}
