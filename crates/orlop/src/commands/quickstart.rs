//! `quickstart`: the main job from end to end on any machine, without network and without anything
//! that isn't in this program.
//!
//! It makes an OCI image layout of this very program in a temporary folder, brings it into a store
//! of its own there, serves a registry there too, and then runs the commands that anybody would
//! type, each through the same code as if it had been typed. Nothing outside the folder is touched,
//! and the folder goes at the end.

mod layout;
mod registry;

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Parser};
use orlop_archive::Local;
use orlop_image::event::EventSink;
use orlop_image::{Origin, PullOptions};

use crate::app::App;
use crate::cli::{Cli, Global};
use crate::environment::Environment;
use crate::error::{CliError, CliResult};
use crate::interrupt;
use crate::printer::Style;
use registry::Registry;

/// Arguments of `quickstart`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  orlop quickstart")]
pub struct QuickstartArgs {
    /// Keep the folder with the layout, the store and the registry, to look at
    #[arg(long)]
    pub keep: bool,
}

const NAME: &str = "quickstart:v1";
/// In the registry of the tour.
const REPOSITORY: &str = "team/quickstart";

/// Runs it.
///
/// # Errors
/// A step fails: then something is wrong with this machine or this program.
pub fn run(app: &App, args: &QuickstartArgs) -> CliResult {
    let folder = tempfile::Builder::new()
        .prefix("orlop-quickstart-")
        .tempdir()?;
    let tour = Tour::new(app, folder.path())?;
    tour.say(&format!(
        "An OCI image layout of this program, made in {}:",
        tour.layout.display()
    ))?;
    layout::make(&tour.layout, Path::new("/proc/self/exe"))?;
    tour.list_layout()?;
    let digest = tour.import()?;
    tour.command(&["images"])?;
    tour.command(&["history", NAME])?;

    let registry = tour.serve()?;
    let host = registry.host();
    let pushed = format!("{host}/{REPOSITORY}:v1");
    tour.command(&["tag", NAME, &pushed])?;
    tour.command(&["images", "--tree"])?;
    tour.command(&["push", &pushed])?;
    tour.command(&["rmi", &pushed, NAME])?;
    tour.say_next("All of it is gone here. Back from the registry, by its digest:")?;
    let pulled = format!("{host}/{REPOSITORY}@{digest}");
    tour.command(&["pull", &pulled])?;
    tour.command(&["images", "--digests"])?;
    tour.command(&[
        "inspect",
        "-f",
        "{{.Id}} {{.Os}}/{{.Architecture}} {{json .Config.Cmd}}",
        &pulled,
    ])?;
    tour.mount(&pulled)?;
    tour.command(&["rmi", &pulled])?;
    tour.command(&["system", "df"])?;
    drop(registry);
    tour.registry_command(&["registry", "verify"])?;
    tour.say_next(
        "The same with another registry: `orlop pull alpine:3.20`. Your own: `orlop serve`.",
    )?;
    if args.keep {
        let kept = folder.keep();
        tour.say(&format!("Kept {}", kept.display()))?;
    } else {
        folder
            .close()
            .map_err(|error| CliError::from(error).context("removing the folder of the tour"))?;
        tour.say("Done. Everything that the tour made is removed.")?;
    }
    Ok(())
}

/// The tour's own store, layout and registry.
struct Tour {
    app: App,
    /// The same with the registry's folder as its root.
    registry_app: App,
    layout: std::path::PathBuf,
    mount_point: std::path::PathBuf,
    root: std::path::PathBuf,
    registry: std::path::PathBuf,
}

impl Tour {
    fn new(app: &App, folder: &Path) -> CliResult<Self> {
        let root = folder.join("store");
        let global = Global {
            root: Some(root.clone()),
            progress: Some(app.settings.progress),
            ..Global::default()
        };
        let mount_point = folder.join("mnt");
        std::fs::create_dir(&mount_point)?;
        // The configuration of the machine has no say: the tour is the same for everybody.
        let env = Environment::new(&[("XDG_CONFIG_HOME", "/nonexistent")], app.env.is_root());
        let registry = folder.join("registry");
        let registry_global = Global {
            root: Some(registry.clone()),
            ..global.clone()
        };
        Ok(Self {
            app: App::new(global, env.clone(), app.printer.clone())?,
            registry_app: App::new(registry_global, env, app.printer.clone())?,
            registry,
            layout: folder.join("layout"),
            mount_point,
            root,
        })
    }

    fn say(&self, text: &str) -> CliResult {
        let color = self.app.printer.look().stdout_color;
        self.app
            .printer
            .line(Style::Hint.paint(color, format_args!("# {text}")))?;
        self.app.printer.flush()
    }

    /// The same after a blank line.
    fn say_next(&self, text: &str) -> CliResult {
        self.app.printer.line("")?;
        self.say(text)
    }

    fn prompt(&self, words: &[&str]) -> CliResult {
        let color = self.app.printer.look().stdout_color;
        let quoted: Vec<String> = words
            .iter()
            .map(|word| {
                let plain = word
                    .chars()
                    .all(|ch| ch.is_alphanumeric() || "-_./:@&".contains(ch));
                if plain {
                    (*word).to_owned()
                } else {
                    format!("'{word}'")
                }
            })
            .collect();
        self.app.printer.line("")?;
        self.app
            .printer
            .line(Style::Bold.paint(color, format_args!("$ {}", quoted.join(" "))))?;
        self.app.printer.flush()
    }

    /// Runs a command as if it had been typed.
    fn command(&self, words: &[&str]) -> CliResult {
        self.prompt(&[&["orlop"], words].concat())?;
        let cli = Cli::try_parse_from([&["orlop"], words].concat())
            .map_err(|error| CliError::usage(error.to_string()))?;
        super::dispatch(&self.app, cli.command)
    }

    /// The same, on the registry's folder.
    fn registry_command(&self, words: &[&str]) -> CliResult {
        self.prompt(&[&["orlop"], words, &["--root", "registry"]].concat())?;
        let cli = Cli::try_parse_from([&["orlop"], words].concat())
            .map_err(|error| CliError::usage(error.to_string()))?;
        super::dispatch(&self.registry_app, cli.command)
    }

    /// What `serve` does, in the background.
    fn serve(&self) -> CliResult<Registry> {
        self.say_next(&format!("A registry in {}:", self.registry.display()))?;
        let registry = Registry::start(&self.registry)?;
        let host = registry.host();
        self.prompt(&[
            "orlop", "serve", "--root", "registry", "--listen", &host, "&",
        ])?;
        Ok(registry)
    }

    fn list_layout(&self) -> CliResult {
        self.prompt(&["find", "layout", "-type", "f"])?;
        for (path, size) in layout::files(&self.layout)? {
            self.app
                .printer
                .line(format_args!("layout/{path} ({})", crate::units::size(size)))?;
        }
        Ok(())
    }

    /// What `pull` does, from the layout in place of a registry.
    fn import(&self) -> CliResult<String> {
        self.say_next(&format!(
            "Into a store in {}, as `orlop pull` would bring it from a registry:",
            self.root.display()
        ))?;
        let store = self.app.images()?;
        let progress = self.app.progress(false);
        let events: Arc<dyn EventSink> = Arc::new(progress.clone());
        let bounds = &self.app.settings.bounds;
        let local = Local::open(&self.layout, &self.root, bounds);
        let origin = Origin::Local(local.map_err(orlop_image::Error::from)?);
        let reference = NAME.parse()?;
        let pulled = interrupt::run(
            async |cancel| {
                let options = PullOptions::default();
                Ok(store
                    .pull(&origin, &reference, &options, &events, &cancel)
                    .await?)
            },
            || progress.kept(),
        );
        progress.finish();
        let digest = pulled?.target.digest.to_string();
        let printer = &self.app.printer;
        printer.line(format_args!("Digest: {digest}"))?;
        printer.line(format_args!("Status: Downloaded newer image for {NAME}"))?;
        Ok(digest)
    }

    /// Looks at the image's files, where mounting is allowed.
    fn mount(&self, name: &str) -> CliResult {
        let point = self.mount_point.display().to_string();
        if !self.app.env.is_root() {
            return self.say_next("`orlop mount` is left out: users do that in `orlop unshare`.");
        }
        self.command(&["mount", name, &point])?;
        let listed = self.list_mount();
        // Whatever happened, the folder can only go when nothing is mounted in it.
        let unmounted = self.command(&["umount", &point]);
        listed.and(unmounted)
    }

    fn list_mount(&self) -> CliResult {
        self.prompt(&["find", "mnt", "-type", "f"])?;
        for (path, size) in layout::files(&self.mount_point)? {
            self.app
                .printer
                .line(format_args!("mnt/{path} ({})", crate::units::size(size)))?;
        }
        Ok(())
    }
}
