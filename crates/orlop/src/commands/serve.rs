//! `serve`: a registry, in the foreground, until a signal ends it.

mod access_line;
mod beside;
mod check;
mod log;
mod plan;
mod reload;
mod running;
mod signals;

use clap::Args;
use orlop_access::AnonymousAccess;
use orlop_registry::config::ListenAddress;

pub(super) use plan::Plan;

use crate::app::App;
use crate::config::describe_serve;
use crate::error::{CliError, CliResult};

/// What `orlop serve --help` begins with.
pub const ABOUT: &str = "Serve a registry, in the foreground.\n\n\
    Without any configuration it serves one folder at 127.0.0.1:5000, where anybody on this\n\
    machine may pull, push and delete. As soon as another address is listened on, or something\n\
    is said about access, nobody may do anything without being allowed to. While everybody may\n\
    push, it answers to localhost only, and lets no web page of elsewhere change anything.\n\n\
    SIGTERM and Ctrl-C finish what runs, a second one doesn't. SIGHUP reads certificates, users,\n\
    rules, webhooks and where to log again, and opens log files again. What else has changed waits\n\
    for a restart, and is named. With --root DIR the registry is DIR itself.";

/// Arguments of `serve`.
#[derive(Args, Clone, Debug, Default)]
#[command(
    after_help = "Examples:\n  \
        orlop serve\n  \
        orlop serve --root /srv/registry --listen 0.0.0.0:5000 --anonymous pull\n  \
        orlop serve --config /etc/orlop/config.toml --check\n\n\
        Every key of [serve] is described by `orlop serve --help`.",
    after_long_help = long_help()
)]
pub struct ServeArgs {
    /// Where to listen, as often as wanted [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<ListenAddress>,
    /// What anybody may do without logging in: none, pull, or push (and delete)
    #[arg(long, value_name = "WHAT")]
    pub anonymous: Option<AnonymousAccess>,
    /// Check the configuration and the files that it names, say what would be served, and quit
    #[arg(long)]
    pub check: bool,
}

fn long_help() -> String {
    format!(
        "Keys of the configuration (see `orlop config --help` for where it is). Times are written\n\
         \"30s\", \"5m\", \"12h\", \"90d\".\n\n{}\
         Example:\n  \
         [serve]\n  \
         listen = [\"0.0.0.0:443\"]\n  \
         anonymous = \"pull\"\n\n  \
         [serve.tls]\n  \
         certificate = \"/etc/orlop/cert.pem\"\n  \
         key = \"/etc/orlop/key.pem\"\n\n  \
         [serve.access]\n  \
         htpasswd = \"/etc/orlop/users\"\n  \
         admins = [\"user:root\"]\n\n  \
         [[serve.access.rules]]\n  \
         repositories = [\"team/**\"]\n  \
         to = [\"authenticated\"]\n  \
         allow = [\"pull\", \"push\"]",
        describe_serve()
    )
}

/// Runs it.
///
/// # Errors
/// The configuration can't be served, or an address is taken.
pub fn run(app: &App, args: &ServeArgs) -> CliResult {
    let plan = Plan::new(app, args)?;
    // Before anything is made.
    check::files(app, &plan)?;
    if args.check {
        return check::tell(app, &plan);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::from(error).context("starting the network"))?;
    runtime.block_on(running::run(app, args, plan))
}
