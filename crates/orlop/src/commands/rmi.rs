//! `rmi`, `image rm`: removing names, and images with their last name.

use std::time::Duration;

use clap::Args;
use orlop_image::model::{Removal, Removed};
use orlop_image::{Error, Images, RemoveOptions};
use orlop_oci::Platform;

use super::inspect::fail_with_all;
use super::prune;
use crate::app::App;
use crate::error::{CliError, CliResult};

/// Arguments of `rmi`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  orlop rmi alpine:3.20
  orlop rmi -f 0e5574283393
  orlop rmi $(orlop images -q --filter dangling=true)")]
pub struct RmiArgs {
    /// Names or IDs
    #[arg(value_name = "IMAGE", required = true)]
    pub images: Vec<String>,
    /// Force removal of the image
    #[arg(short, long)]
    pub force: bool,
    /// Do not delete untagged parents
    #[arg(long)]
    pub no_prune: bool,
    /// Remove only this platform of the image: os[/arch[/variant]]
    #[arg(long, value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Free the space at once, whatever store.undo_for says
    #[arg(long)]
    pub no_undo: bool,
}

/// Runs it.
///
/// # Errors
/// An image isn't there (unless forced) or must stay.
pub fn run(app: &App, args: &RmiArgs) -> CliResult {
    let images = app.images()?;
    let hold = if args.no_undo {
        Duration::ZERO
    } else {
        app.settings.undo_for
    };
    let store = images.undoable(&format!("rmi {}", args.images.join(" ")), hold);
    let mut removed = Vec::new();
    let mut errors = Vec::new();
    let mut fatal = false;
    for name in &args.images {
        match remove(&store, name, args) {
            Ok(removal) => {
                for item in removal.items {
                    match item {
                        Removed::Untagged(name) => {
                            app.printer.line(format_args!("Untagged: {name}"))?
                        }
                        Removed::Deleted(id) => {
                            app.printer.line(format_args!("Deleted: {id}"))?;
                            removed.push(id);
                        }
                    }
                }
            }
            Err(error) => {
                fatal |= !matches!(error, Error::NoSuchImage(_));
                errors.push(CliError::from(error));
            }
        }
    }
    if args.no_undo {
        // An earlier removal may hold what this one took.
        images.let_go(Some(&removed))?;
    } else if !hold.is_zero() && args.platform.is_empty() && !removed.is_empty() {
        prune::note_hold(&app.printer, images.held_bytes()?, hold);
    }
    if args.force && !fatal {
        errors.iter().for_each(|error| app.printer.error(error));
        return Ok(());
    }
    fail_with_all(&app.printer, errors)
}

fn remove(store: &Images, name: &str, args: &RmiArgs) -> Result<Removal, Error> {
    if args.platform.is_empty() {
        return store.remove(
            name,
            RemoveOptions {
                force: args.force,
                no_prune: args.no_prune,
            },
        );
    }
    let mut all = Removal::default();
    for platform in &args.platform {
        let one = store.remove_platform(name, platform, args.force)?;
        all.items.extend(one.items);
        all.reclaimed += one.reclaimed;
    }
    Ok(all)
}
