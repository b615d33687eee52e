//! What can be typed. Each command's own arguments stand in its file below `commands`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind as ClapKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands::{
    append, attach, blob, buildx, completion, config, copy, diff, digest, explore, export, flatten,
    history, image, images, import, info, inspect, load, login, logout, manifest, mount, mutate,
    official, pin, prune, pull, push, quickstart, rebase, referrers, registry, rmi, save, scout,
    search, serve, system, tag, umount, undo, unshare, validate, version, why,
};
use crate::config::{Overrides, ProgressMode};
use crate::error::{CliError, CliResult, ErrorKind};
use crate::printer::Printer;

/// One static binary for the whole life of a container image
#[derive(Debug, Parser)]
#[command(
    name = "orlop",
    disable_version_flag = true,
    version = version::LINE,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true,
    args_override_self = true,
    max_term_width = 100,
    after_help = "Examples:
  orlop pull alpine:3.20
  orlop images
  orlop tag alpine:3.20 registry.example.com/team/alpine:3.20
  orlop push registry.example.com/team/alpine:3.20

Run 'orlop COMMAND --help' for more on a command, `orlop quickstart` for a tour."
)]
pub struct Cli {
    /// Print version information and quit
    #[arg(short = 'v', long = "version", short_alias = 'V', action = clap::ArgAction::Version)]
    pub version: (),
    /// Options for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options for every command, taken before and after its name.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Folder that images are kept in [env: ORLOP_ROOT]
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub root: Option<PathBuf>,
    /// Configuration file, in place of the system's and the user's [env: ORLOP_CONFIG]
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub config: Option<PathBuf>,
    /// Set any key of the configuration (see `orlop config --help`)
    #[arg(long, global = true, value_name = "KEY=VALUE", hide_short_help = true)]
    pub set: Vec<String>,
    /// How unpacked layers are kept (see `orlop config --help`) [env: ORLOP_STORAGE_DRIVER]
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub storage_driver: Option<String>,
    /// How progress is shown [env: ORLOP_PROGRESS]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "MODE",
        hide_short_help = true
    )]
    pub progress: Option<ProgressMode>,
    /// Check the certificates of registries; =false also allows plain HTTP [env: ORLOP_TLS_VERIFY]
    #[arg(
        long,
        global = true,
        value_name = "BOOL",
        hide_short_help = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub tls_verify: Option<bool>,
    /// Show all that is known when something goes wrong
    #[arg(short = 'D', long, global = true, hide_short_help = true)]
    pub debug: bool,
}

impl Global {
    /// What they say about the configuration.
    pub fn overrides(&self) -> Overrides {
        let path = |path: &PathBuf| toml::Value::from(path.to_string_lossy().into_owned());
        let mut values = Vec::new();
        values.extend(self.root.as_ref().map(|root| ("root", path(root))));
        values.extend(
            self.storage_driver
                .as_ref()
                .map(|name| ("storage_driver", name.as_str().into())),
        );
        let mode = self
            .progress
            .and_then(|mode| toml::Value::try_from(mode).ok());
        values.extend(mode.map(|mode| ("progress", mode)));
        values.extend(self.tls_verify.map(|verify| ("tls_verify", verify.into())));
        Overrides {
            config: self.config.clone(),
            set: self.set.clone(),
            values,
        }
    }
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Download an image from a registry
    Pull(pull::PullArgs),
    /// Upload an image to a registry
    Push(push::PushArgs),
    /// Copy an image from one place to another
    Copy(copy::CopyArgs),
    /// List images
    Images(images::ImagesArgs),
    /// Return low-level information on images
    Inspect(inspect::InspectArgs),
    /// Show the history of an image
    History(history::HistoryArgs),
    /// Show in what two images differ: files, configuration, layers, sizes
    Diff(diff::DiffArgs),
    /// Explore an image's layers, files and wasted space
    Explore(explore::ExploreArgs),
    /// Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE
    Tag(tag::TagArgs),
    /// Remove one or more images
    Rmi(rmi::RmiArgs),
    /// Save one or more images to a tar archive (streamed to STDOUT by default)
    Save(save::SaveArgs),
    /// Load an image from a tar archive or STDIN
    Load(load::LoadArgs),
    /// Export an image's filesystem as a tar archive
    Export(export::ExportArgs),
    /// Import the contents from a tarball to create a filesystem image
    Import(import::ImportArgs),
    /// Remove unused images
    Prune(prune::PruneArgs),
    /// Take back the last rmi or prune
    #[command(long_about = undo::ABOUT)]
    Undo(undo::UndoArgs),
    /// Show what holds something on the disk
    Why(why::WhyArgs),
    /// Manage images
    Image(image::ImageArgs),
    /// Change the settings, labels and annotations of an image
    Mutate(mutate::MutateArgs),
    /// Append the contents of a tarball to an image
    Append(append::AppendArgs),
    /// Rebase an image onto a new base image
    Rebase(rebase::RebaseArgs),
    /// Flatten an image's layers into a single layer
    Flatten(flatten::FlattenArgs),
    /// Manage image manifests and manifest lists
    Manifest(manifest::ManifestArgs),
    /// Work on images in registries, as docker's builder does
    Buildx(buildx::BuildxArgs),
    /// Find what is in images, and what is wrong with it
    Scout(scout::ScoutArgs),
    /// Search Docker Hub, or another registry, for images
    Search(search::SearchArgs),
    /// Show the supported tags of a Docker Official Image
    Official(official::OfficialArgs),
    /// Print the digests that names stand for
    Digest(digest::DigestArgs),
    /// Show what speaks of an image: signatures, SBOMs, attestations
    Referrers(referrers::ReferrersArgs),
    /// Attach files to an image in a registry
    Attach(attach::AttachArgs),
    /// Check everything about an image: digests, sizes, types, what its parts say of each other
    Validate(validate::ValidateArgs),
    /// Manage blobs
    Blob(blob::BlobArgs),
    /// Pin the image references of files to digests
    Pin(pin::PinArgs),
    /// Authenticate to a registry
    Login(login::LoginArgs),
    /// Log out from a registry
    Logout(logout::LogoutArgs),
    /// Mount an image's files at a directory
    Mount(mount::MountArgs),
    /// Unmount what `orlop mount` mounted
    #[command(visible_alias = "unmount")]
    Umount(umount::UmountArgs),
    /// Run a command in the namespace in which a user mounts images
    Unshare(unshare::UnshareArgs),
    /// Manage the store
    System(system::SystemArgs),
    /// Serve a registry
    #[command(long_about = serve::ABOUT)]
    Serve(serve::ServeArgs),
    /// Manage the registry that `orlop serve` serves
    Registry(registry::RegistryArgs),
    /// Show the configuration and describe its keys
    #[command(long_about = config::ABOUT)]
    Config(config::ConfigArgs),
    /// Display system-wide information
    Info(info::InfoArgs),
    /// Show the version information
    Version(version::VersionArgs),
    /// Print a completion script for a shell
    Completion(completion::CompletionArgs),
    /// Take a tour, without network, with a store and a registry of its own
    Quickstart(quickstart::QuickstartArgs),
}

impl Command {
    /// Whether it may open the store of images. Others don't even look for it.
    pub fn may_need_images(&self) -> bool {
        !matches!(
            self,
            Self::Login(_)
                | Self::Logout(_)
                | Self::Serve(_)
                | Self::Registry(_)
                | Self::Search(_)
                | Self::Config(_)
                | Self::Version(_)
                | Self::Completion(_)
                | Self::Quickstart(_)
                | Self::Unshare(_)
        )
    }
}

/// The tree of commands, for man pages and completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Reads the arguments. `None` when help or a version was asked for, and printed.
///
/// # Errors
/// The arguments make no sense; the error is in clap's words, which name the nearest command.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    printer: &Printer,
) -> CliResult<Option<Cli>> {
    let error = match Cli::try_parse_from(arguments) {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    let rendered = error.render();
    let text = |color: bool| match color {
        true => rendered.ansi().to_string(),
        false => rendered.to_string(),
    };
    match error.kind() {
        ClapKind::DisplayHelp | ClapKind::DisplayVersion => {
            printer.text(text(printer.look().stdout_color))?;
            Ok(None)
        }
        ClapKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // docker shows help too, and does not call it a failure.
            printer.diagnostic(&text(printer.look().stderr_color));
            Ok(None)
        }
        kind => Err(usage_error(kind, &rendered.to_string())),
    }
}

/// clap's message in the form of all other errors: `Error: …`, then what may help.
fn usage_error(kind: ClapKind, text: &str) -> CliError {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let mut lines: Vec<&str> = Vec::new();
    let mut hints: Vec<&str> = Vec::new();
    for line in text.trim_end().lines() {
        match line.trim_start().strip_prefix("tip: ") {
            Some(tip) => hints.push(tip),
            None => lines.push(line),
        }
    }
    // Blank lines stood around the tips.
    lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
    // docker: 125 for flags, 1 for commands and arguments.
    let code = match kind {
        ClapKind::InvalidSubcommand
        | ClapKind::MissingSubcommand
        | ClapKind::MissingRequiredArgument
        | ClapKind::TooManyValues
        | ClapKind::TooFewValues => ErrorKind::Failed,
        _ => ErrorKind::Usage,
    };
    hints
        .into_iter()
        .fold(CliError::of(code, lines.join("\n")), CliError::hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::{Look, captured};

    fn parse_words(words: &[&str]) -> CliResult<Option<Cli>> {
        let (printer, ..) = captured::printer(Look::default());
        parse(["orlop"].iter().chain(words).map(OsString::from), &printer)
    }

    #[test]
    fn the_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        for words in [
            ["--root", "/r", "--tls-verify=false", "pull", "alpine"],
            ["pull", "--root", "/r", "--tls-verify=false", "alpine"],
            ["pull", "alpine", "--tls-verify=false", "--root", "/r"],
        ] {
            let cli = parse_words(&words).expect("good").expect("a command");
            assert_eq!(cli.global.root, Some("/r".into()));
            assert_eq!(cli.global.tls_verify, Some(false));
            assert_eq!(cli.global.overrides().values.len(), 2);
        }
    }

    #[test]
    fn the_last_of_a_repeated_option_holds() {
        let cli = parse_words(&["--root", "/a", "images", "-q", "-q", "--root", "/b"]);
        assert_eq!(
            cli.expect("good").expect("a command").global.root,
            Some("/b".into())
        );
    }

    #[test]
    fn a_mistyped_command_is_corrected() {
        let error = parse_words(&["pul", "alpine"]).expect_err("no such command");
        assert!(
            error.message().starts_with("unrecognized subcommand 'pul'"),
            "{error}"
        );
        assert!(error.hints()[0].contains("'pull'"), "{:?}", error.hints());
        assert_eq!(error.exit_code(), 1);
        let error = parse_words(&["images", "--nosuch"]).expect_err("no such flag");
        assert_eq!(error.exit_code(), 125);
    }

    #[test]
    fn every_command_has_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            let long = command
                .get_after_long_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Example") || long.contains("Example"),
                "{path}"
            );
            for child in command
                .get_subcommands()
                .filter(|child| child.get_name() != "help")
            {
                walk(child, &path);
            }
        }
        walk(&command(), "");
    }

    /// What `-h` prints for each command, one after the other.
    fn all_help() -> String {
        fn walk(command: &mut clap::Command, path: &str, text: &mut String) {
            let path = format!("{path}{}", command.get_name());
            let help = command.render_help().to_string();
            let help: String = help
                .lines()
                .map(|line| format!("{}\n", line.trim_end()))
                .collect();
            text.push_str(&format!("$ {path} -h\n{help}\n"));
            for child in command
                .get_subcommands_mut()
                .filter(|child| child.get_name() != "help")
            {
                walk(child, &format!("{path} "), text);
            }
        }
        let mut command = command().term_width(100);
        command.build();
        let mut text = String::new();
        walk(&mut command, "", &mut text);
        text
    }

    /// The whole of the help is in `snapshots/help.txt`, where a change of it can be read. With
    /// `ORLOP_UPDATE=1` the file is written anew.
    #[test]
    fn the_help_is_as_it_was() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/snapshots/help.txt");
        let help = all_help();
        if std::env::var_os("ORLOP_UPDATE").is_some() {
            std::fs::write(path, &help).expect("the snapshot is written");
        }
        let before = std::fs::read_to_string(path).expect("the snapshot is there");
        let difference = help
            .lines()
            .zip(before.lines())
            .find(|(now, before)| now != before);
        assert_eq!(
            difference, None,
            "(now, before); ORLOP_UPDATE=1 takes it over"
        );
        assert_eq!(help.len(), before.len());
    }
}
