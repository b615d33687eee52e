//! `registry tokens …`: robots, which are accounts for machines.

use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use orlop_access::{
    AccessError, Action, Actions, NewRobot, ROBOT_PREFIX, Robot, RobotGrant, Robots, SystemClock,
};
use orlop_registry::config::Period;
use orlop_registry_store::{Origin, Storage};
use orlop_secret::Secret;

use super::registry::{Existing, work};
use super::registry_record::{origin, record};
use crate::app::App;
use crate::error::{CliError, CliResult, chain};
use crate::format::{Field, Listing};
use crate::units::ago;

/// Arguments of `registry tokens`.
#[derive(Args, Debug)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  orlop registry tokens create ci --repositories 'team/**' --allow pull,push --expires 90d
  orlop registry tokens ls
  orlop registry tokens revoke ci

A robot logs in as robot$NAME with its secret, and is robot:NAME in rules."
)]
pub struct TokensArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokensCommand,
}

/// What can be done with robots.
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Make a robot, and show its secret, once
    #[command(after_help = "Example:
  orlop registry tokens create ci --repositories 'team/**' --allow pull,push --expires 90d")]
    Create(CreateArgs),
    /// Give a robot another secret, and show it, once
    #[command(after_help = "Example:\n  orlop registry tokens renew ci")]
    Renew {
        /// The robot's name
        name: String,
    },
    /// Remove robots; what they logged in with is worth nothing from then on
    #[command(
        visible_alias = "rm",
        after_help = "Example:\n  orlop registry tokens revoke ci"
    )]
    Revoke {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// List robots
    #[command(
        visible_alias = "list",
        after_help = "Example:\n  orlop registry tokens ls"
    )]
    Ls {
        /// Format output: 'table', 'json', or a Go template
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
    },
}

/// Arguments of `registry tokens create`.
#[derive(Args, Clone, Debug)]
pub struct CreateArgs {
    /// The robot's name: small letters, digits, and - _ . +
    pub name: String,
    /// Which repositories it may use: a glob, as often as wanted
    #[arg(long, value_name = "GLOB", required = true)]
    pub repositories: Vec<String>,
    /// What it may do there
    #[arg(
        long,
        value_name = "ACTIONS",
        value_delimiter = ',',
        default_value = "pull"
    )]
    pub allow: Vec<Action>,
    /// How long it lasts: 12h, 90d [default: for ever]
    #[arg(long, value_name = "TIME")]
    pub expires: Option<Period>,
    /// What it is for
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub description: String,
}

/// Runs it.
///
/// # Errors
/// The registry can't be read or written, or there is no such robot.
pub fn run(app: &App, args: TokensArgs) -> CliResult {
    let Existing { storage, .. } = Existing::open(app)?;
    let robots = Robots::new(Arc::new(storage.clone()), Arc::new(SystemClock::default()));
    let who = origin(app);
    match args.command {
        TokensCommand::Create(args) => {
            let made = robots.create(new_robot(args));
            show(app, &changed(made, "made", &storage, &who)?)
        }
        TokensCommand::Renew { name } => {
            let renewed = robots.renew_secret(&name);
            show(
                app,
                &changed(renewed, "got another secret", &storage, &who)?,
            )
        }
        TokensCommand::Revoke { names } => names.iter().try_for_each(|name| {
            work(async {
                robots.remove(name).await.map_err(access_error)?;
                let note = format!("{ROBOT_PREFIX}{name} removed");
                record(&storage, &note, &who).await
            })
        }),
        TokensCommand::Ls { format } => {
            let all = work(async { robots.list().await.map_err(access_error) })?;
            app.printer
                .text(listing(&all, Timestamp::now()).render(format.as_deref())?)
        }
    }
}

/// Runs a change of a robot, and writes it into the log of events.
fn changed(
    change: impl Future<Output = Result<(Robot, Secret), AccessError>>,
    verb: &str,
    storage: &Storage,
    who: &Origin,
) -> CliResult<(Robot, Secret)> {
    work(async {
        let (robot, secret) = change.await.map_err(access_error)?;
        let note = format!("{ROBOT_PREFIX}{} {verb}", robot.name);
        record(storage, &note, who).await?;
        Ok((robot, secret))
    })
}

fn access_error(error: AccessError) -> CliError {
    CliError::new(chain(&error))
}

fn new_robot(args: CreateArgs) -> NewRobot {
    let allow: Actions = args.allow.into_iter().collect();
    let lifetime = args
        .expires
        .map(|period| SignedDuration::try_from(period.0));
    NewRobot {
        name: args.name,
        description: args.description,
        grants: vec![RobotGrant {
            repositories: args.repositories,
            allow,
        }],
        lifetime: lifetime.map(|length| length.unwrap_or(SignedDuration::MAX)),
    }
}

fn show(app: &App, (robot, secret): &(Robot, Secret)) -> CliResult {
    app.printer
        .line(format_args!("user      {ROBOT_PREFIX}{}", robot.name))?;
    app.printer
        .line(format_args!("password  {}", secret.expose()))?;
    match robot.expires {
        Some(expires) => app.printer.line(format_args!("expires   {expires:.0}")),
        None => Ok(()),
    }
}

const FIELDS: &[Field] = &[
    Field {
        name: "Name",
        heading: "NAME",
    },
    Field {
        name: "Repositories",
        heading: "REPOSITORIES",
    },
    Field {
        name: "Expires",
        heading: "EXPIRES",
    },
    Field {
        name: "LastUsed",
        heading: "LAST USED",
    },
    Field {
        name: "Description",
        heading: "DESCRIPTION",
    },
];

fn listing(robots: &[Robot], now: Timestamp) -> Listing {
    Listing {
        type_name: "robot",
        fields: FIELDS,
        columns: FIELDS.iter().map(|field| field.name).collect(),
        rows: robots.iter().map(|robot| row(robot, now)).collect(),
    }
}

fn row(robot: &Robot, now: Timestamp) -> Vec<String> {
    let grants = robot
        .grants
        .iter()
        .map(|grant| format!("{} ({})", grant.repositories.join(" "), grant.allow));
    let expires = match robot.expires {
        _ if robot.disabled => "disabled".to_owned(),
        None => "never".to_owned(),
        Some(at) if at <= now => "expired".to_owned(),
        Some(at) => format!("{at:.0}"),
    };
    let used = robot.last_used;
    vec![
        robot.name.clone(),
        grants.collect::<Vec<_>>().join("; "),
        expires,
        used.map_or_else(|| "never".to_owned(), |at| ago(at, now)),
        robot.description.clone(),
    ]
}
