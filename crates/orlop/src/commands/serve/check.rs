//! What `serve` looks at before it makes anything, and all that `serve --check` does. Ports aren't
//! looked at.

use std::path::Path;

use orlop_access::{AccessControl, AccessError, AnonymousAccess};
use orlop_registry::config::{LogTarget, ServeConfig};
use orlop_registry::events::{Pace, Webhook};

use super::Plan;
use super::plan::config_fault;
use crate::app::App;
use crate::error::{CliError, CliResult, chain};

/// Prints what would be served.
///
/// # Errors
/// Only those of printing.
pub(super) fn tell(app: &App, plan: &Plan) -> CliResult {
    for (path, exists) in app.layers.files() {
        if *exists {
            say(app, "Configuration", path.display())?;
        }
    }
    say(app, "Registry", plan.root.display())?;
    let config = &plan.config;
    for address in config.addresses() {
        say(app, "Address", plan.url_of(address))?;
    }
    if let Some(url) = config.public_url() {
        say(app, "Known as", url.as_str().trim_end_matches('/'))?;
    }
    access(app, config)?;
    for (what, target) in [
        ("Access log", &config.log.access),
        ("Audit log", &config.log.audit),
    ] {
        say(app, what, target_name(target))?;
    }
    if let Some(address) = config.metrics.listen {
        say(app, "Metrics", format_args!("http://{address}/metrics"))?;
    }
    for webhook in &config.webhooks {
        // Without its query, which may hold a secret.
        let mut url = webhook.url.clone();
        url.set_query(None);
        say(app, "Webhook", format_args!("{} to {url}", webhook.name))?;
    }
    for warning in plan.warnings(&config.addresses()) {
        app.printer.warn(warning);
    }
    Ok(())
}

fn access(app: &App, config: &ServeConfig) -> CliResult {
    let anonymous = match config.anonymous() {
        AnonymousAccess::None => "nothing",
        AnonymousAccess::Pull => "pull",
        AnonymousAccess::Push => "pull, push and delete",
    };
    say(app, "Anybody may", anonymous)?;
    if let Some(path) = &config.access.htpasswd {
        say(app, "Users", path.display())?;
    }
    let rules = config.access.rules.len();
    if rules > 0 {
        say(app, "Rules", rules)?;
    }
    Ok(())
}

fn say(app: &App, what: &str, value: impl std::fmt::Display) -> CliResult {
    app.printer
        .line(format_args!("{:<15}{value}", format!("{what}:")))
}

fn target_name(target: &LogTarget) -> String {
    match target {
        LogTarget::Off => "off".to_owned(),
        LogTarget::Stderr => "standard error".to_owned(),
        LogTarget::File(path) => path.display().to_string(),
    }
}

/// Reads every file that the configuration names.
///
/// # Errors
/// The first that a start would fail for, with its key.
pub(super) fn files(app: &App, plan: &Plan) -> CliResult {
    let config = &plan.config;
    let fault = |key: &str, reason: &str| app.layers.fault(&format!("serve.{key}"), reason);
    if let Some(tls) = config.server().tls {
        tls.check().map_err(|error| fault("tls", &chain(&error)))?;
    }
    AccessControl::check(config.access()).map_err(|error| access_fault(app, &error))?;
    for (key, target) in [
        ("log.access", &config.log.access),
        ("log.audit", &config.log.audit),
    ] {
        if let LogTarget::File(path) = target {
            writable(path.parent().unwrap_or(path)).map_err(|reason| fault(key, &reason))?;
        }
    }
    let roots = app.trust_roots().load();
    for (index, webhook) in config.webhooks.iter().enumerate() {
        let made = Webhook::new(webhook, index, &roots, Pace::default());
        made.map(drop).map_err(|error| config_fault(app, &error))?;
    }
    // What is there of the way to the registry's folder.
    let mut there = plan.root.ancestors().filter(|folder| folder.exists());
    let there = there.next().unwrap_or(Path::new("/"));
    writable(there).map_err(|reason| fault("root", &reason))
}

/// An error of the configuration of access, with its key.
pub(super) fn access_fault(app: &App, error: &AccessError) -> CliError {
    match error {
        AccessError::Setting { key, reason } => {
            app.layers.fault(&format!("serve.access.{key}"), reason)
        }
        AccessError::Users { .. } => app.layers.fault("serve.access.htpasswd", &chain(error)),
        AccessError::Keys { .. } => app
            .layers
            .fault("serve.access.external.keys", &chain(error)),
        _ => app.layers.fault("serve.access", &chain(error)),
    }
}

fn writable(folder: &Path) -> Result<(), String> {
    use rustix::fs::{Access, access};
    if !folder.is_dir() {
        return Err(format!("{} is no folder", folder.display()));
    }
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("{}: {error}", folder.display()))
}
