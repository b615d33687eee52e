//! `flatten`: all layers of an image as one.

use std::sync::Arc;

use clap::Args;
use orlop_image::edit::{Flatten, Operation};

use crate::app::App;
use crate::editing::{self, EditArgs};
use crate::error::CliResult;

/// Arguments of `flatten`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What later layers hide is gone, with the history of how the image was made. Nothing is unpacked, so
that no privileges are needed. The same image always becomes the same one.

Examples:
  orlop flatten -t registry.example.com/app:flat registry.example.com/app:v1
  orlop flatten store:app:v1"
)]
pub struct FlattenArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "they say it themselves")]
    pub image: EditArgs,
}

/// Runs it.
///
/// # Errors
/// The image isn't there, a layer can't be read, or the new place doesn't take it.
pub fn run(app: &App, args: &FlattenArgs) -> CliResult {
    editing::run(app, args.image.quiet, async |editing| {
        let operation = Operation::Flatten(Flatten {
            scratch: app.env.scratch(),
            bounds: Arc::new(app.settings.bounds.clone()),
            cancel: editing.cancel.clone(),
        });
        editing.edit(&args.image, operation).await
    })
}
