//! SIGHUP: what is read again while the registry serves.
//!
//! All that can fail is read and checked before anything is changed, so that a registry never runs
//! with half of a configuration.

use orlop_access::{AccessControl, Prepared};
use orlop_registry::Server;
use orlop_registry::config::ServeConfig;
use orlop_registry_store::{Policies, Storage};
use tokio::signal::unix::Signal;

use super::beside::{Beside, Wanted};
use super::check::access_fault;
use super::log::Log;
use super::{Plan, ServeArgs};
use crate::app::App;
use crate::error::{CliError, CliResult, chain};

/// What SIGHUP reads again.
pub(super) struct Reload<'a> {
    pub(super) app: &'a App,
    /// What the registry was started with.
    pub(super) plan: &'a Plan,
    pub(super) storage: &'a Storage,
    pub(super) args: &'a ServeArgs,
    pub(super) server: &'a Server,
    pub(super) access: &'a AccessControl,
    pub(super) log: &'a Log,
    pub(super) beside: Beside,
}

/// What was read and will not fail.
struct Read {
    access: Prepared,
    policies: Policies,
    beside: Wanted,
    /// Keys that have changed and wait for a restart.
    later: Vec<&'static str>,
}

impl Reload<'_> {
    /// Reads again each time that the signal comes. Never ready.
    pub(super) async fn on(&mut self, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            self.beside.reopen();
            match self.read().await {
                Ok(read) => self.apply(read).await,
                Err(error) => self.log.error(format!("all stays as it was: {error}")),
            }
        }
        std::future::pending().await
    }

    async fn read(&self) -> CliResult<Read> {
        let app = self.app.read_again()?;
        let plan = Plan::new(&app, self.args)?;
        let policies = plan.policies(&app)?;
        let compiled = policies.compile();
        compiled.map_err(|error| CliError::new(chain(&error)))?;
        if let Some(tls) = self.plan.config.server().tls {
            let fault = |error| app.layers.fault("serve.tls", &chain(&error));
            tls.check().map_err(fault)?;
        }
        let access = Prepared::load(still_served(&plan.config, &self.plan.config).access()).await;
        let access = access.map_err(|error| access_fault(&app, &error))?;
        Ok(Read {
            access,
            policies,
            beside: self.beside.prepare(&app, &plan).await?,
            later: later(&plan, self.plan),
        })
    }

    async fn apply(&mut self, read: Read) {
        self.access.apply(read.access);
        self.beside.apply(read.beside).await;
        let mut stays = Vec::new();
        if let Err(error) = self.storage.set_policies(&read.policies) {
            stays.push(format!("the rules of what is kept: {}", chain(&error)));
        }
        // The files may have changed since they were checked.
        if let Err(error) = self.server.reload() {
            stays.push(format!("the certificate: {}", chain(&error)));
        }
        if stays.is_empty() {
            self.log
                .info("certificates, users, rules, logs and webhooks were read again");
        } else {
            let stays = stays.join("; ");
            self.log.error(format!(
                "users, rules of access, logs and webhooks were read again, but this stays as it was: \
                 {stays}"
            ));
        }
        if !read.later.is_empty() {
            let keys = read.later.join(", ");
            self.log
                .warn(format!("changed, and waits for a restart: {keys}"));
        }
    }
}

/// The new configuration as long as the addresses are the old ones. What anybody may do depends on
/// who can reach the registry, which a restart changes and a signal doesn't.
fn still_served(new: &ServeConfig, old: &ServeConfig) -> ServeConfig {
    ServeConfig {
        listen: old.listen.clone(),
        public_url: old.public_url.clone(),
        trusted_proxies: old.trusted_proxies.clone(),
        ..new.clone()
    }
}

/// The keys that have changed and are looked at only when a registry starts.
fn later(new: &Plan, old: &Plan) -> Vec<&'static str> {
    let root = new.root != old.root;
    let (new, old) = (&new.config, &old.config);
    let changed = [
        ("serve.listen", new.addresses() != old.addresses()),
        ("serve.root", root),
        ("serve.public_url", new.public_url != old.public_url),
        ("serve.hosts", new.hosts != old.hosts),
        ("serve.delete", new.delete != old.delete),
        (
            "serve.trusted_proxies",
            new.trusted_proxies != old.trusted_proxies,
        ),
        (
            "serve.allowed_origins",
            new.allowed_origins != old.allowed_origins,
        ),
        ("serve.tls", new.tls != old.tls),
        ("serve.storage", new.storage != old.storage),
        ("serve.collect", new.collect != old.collect),
        ("serve.limits", new.limits != old.limits),
        ("serve.timeouts", new.timeouts != old.timeouts),
        ("serve.metrics", new.metrics != old.metrics),
    ];
    let changed = changed.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(key, _)| key).collect()
}
