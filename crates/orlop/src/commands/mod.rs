//! One file for each command: its arguments, what they mean, and how the answer is printed.

pub mod append;
pub mod attach;
pub mod blob;
pub mod buildx;
pub mod completion;
pub mod config;
pub mod copy;
mod copy_tags;
pub mod diff;
pub mod digest;
pub mod explore;
pub mod export;
pub mod flatten;
pub mod history;
pub mod image;
pub mod image_inspect;
pub mod images;
pub mod imagetools_create;
pub mod imagetools_inspect;
pub mod import;
pub mod info;
pub mod inspect;
pub mod load;
pub mod login;
pub mod logout;
pub mod manifest;
pub mod manifest_annotate;
pub mod manifest_create;
pub mod manifest_inspect;
pub mod manifest_push;
pub mod manifest_raw;
pub mod manifest_rm;
pub mod mount;
pub mod mutate;
pub mod official;
pub mod pin;
pub mod prune;
pub mod pull;
pub mod push;
pub mod quickstart;
pub mod rebase;
pub mod referrers;
pub mod registry;
pub mod registry_gc;
pub mod registry_import;
mod registry_record;
pub mod registry_retention;
pub mod registry_tokens;
pub mod registry_users;
pub mod registry_verify;
pub mod rmi;
pub mod save;
pub mod scout;
pub mod scout_cache;
pub mod scout_cves;
pub mod scout_db;
pub mod scout_db_artifact;
pub mod scout_db_import;
pub mod scout_db_status;
pub mod scout_db_update;
pub mod scout_db_verify;
pub mod scout_quickview;
pub mod scout_sbom;
pub mod scout_why;
pub mod search;
pub mod serve;
pub mod system;
pub mod system_df;
pub mod system_prune;
pub mod system_repair;
pub mod tag;
pub mod tag_log;
pub mod tag_ls;
pub mod umount;
pub mod undo;
pub mod unshare;
pub mod validate;
pub mod version;
pub mod why;

use crate::app::App;
use crate::cli::Command;
use crate::error::CliResult;

/// Runs a command.
///
/// # Errors
/// Those of the command.
pub fn dispatch(app: &App, command: Command) -> CliResult {
    match command {
        Command::Pull(args) => pull::run(app, args),
        Command::Push(args) => push::run(app, args),
        Command::Copy(args) => copy::run(app, args),
        Command::Images(args) => images::run_by_its_short_name(app, args),
        Command::Inspect(args) => inspect::run(app, args),
        Command::History(args) => history::run(app, args),
        Command::Diff(args) => diff::run(app, &args),
        Command::Explore(args) => explore::run(app, args),
        Command::Tag(args) => tag::run(app, &args),
        Command::Rmi(args) => rmi::run(app, &args),
        Command::Save(args) => save::run(app, &args),
        Command::Load(args) => load::run(app, &args),
        Command::Export(args) => export::run(app, &args),
        Command::Import(args) => import::run(app, &args),
        Command::Prune(args) => prune::run(app, &args),
        Command::Undo(args) => undo::run(app, &args),
        Command::Why(args) => why::run(app, &args),
        Command::Image(args) => image::run(app, args),
        Command::Mutate(args) => mutate::run(app, &args),
        Command::Append(args) => append::run(app, &args),
        Command::Rebase(args) => rebase::run(app, &args),
        Command::Flatten(args) => flatten::run(app, &args),
        Command::Manifest(args) => manifest::run(app, args),
        Command::Buildx(args) => buildx::run(app, args),
        Command::Digest(args) => digest::run(app, &args),
        Command::Referrers(args) => referrers::run(app, &args),
        Command::Attach(args) => attach::run(app, &args),
        Command::Validate(args) => validate::run(app, &args),
        Command::Blob(args) => blob::run(app, &args),
        Command::Pin(args) => pin::run(app, &args),
        Command::Search(args) => search::run(app, &args),
        Command::Official(args) => official::run(app, &args),
        Command::Scout(args) => scout::run(app, args),
        Command::Login(args) => login::run(app, args),
        Command::Logout(args) => logout::run(app, &args),
        Command::Mount(args) => mount::run(app, args),
        Command::Umount(args) => umount::run(app, &args),
        Command::Unshare(args) => unshare::run(app, args),
        Command::System(args) => system::run(app, args),
        Command::Serve(args) => serve::run(app, &args),
        Command::Registry(args) => registry::run(app, args),
        Command::Config(args) => config::run(app, &args),
        Command::Info(args) => info::run(app, &args),
        Command::Version(args) => version::run(app, &args),
        Command::Completion(args) => completion::run(app, &args),
        Command::Quickstart(args) => quickstart::run(app, &args),
    }
}
