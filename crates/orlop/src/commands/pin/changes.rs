//! What became of an image whose tag moved: its size and its platforms.

use std::collections::BTreeMap;

use orlop_image::{Outline, outline};
use orlop_oci::{Digest, Platform, Reference};

use super::PinArgs;
use super::files::SourceFile;
use super::names::Names;
use crate::app::App;
use crate::error::{CliError, CliResult};
use crate::interrupt;

/// A name that stands for something else than a file says.
#[derive(Clone, Debug)]
pub(super) struct Move {
    /// What it stood for, when the registry still has it.
    pub(super) old: Option<Outline>,
    /// What it stands for.
    pub(super) new: Option<Outline>,
    /// The platform that the sizes are of.
    pub(super) platform: Platform,
}

/// All of them, by name and old digest.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<(Reference, Digest), Move>);

impl Moves {
    pub(super) fn of(&self, name: &Reference, old: &Digest) -> Option<&Move> {
        self.0.get(&(name.clone(), old.clone()))
    }
}

/// Looks at both sides of each move, where a registry was asked. What can't be looked at any more is
/// left out: the files are written, and the digests are what matters.
pub(super) fn moves(
    app: &App,
    args: &PinArgs,
    files: &[SourceFile],
    names: &Names,
) -> CliResult<Moves> {
    let mut pairs = BTreeMap::new();
    for image in files.iter().flat_map(|file| &file.images) {
        let Some(name) = image.tagged().filter(|_| args.looks_up(image)) else {
            continue;
        };
        let old = image.reference().and_then(|reference| reference.digest());
        if let (Some(old), Some(new)) = (old, names.digest(&name))
            && old != new
        {
            pairs.insert((name, old.clone()), new.clone());
        }
    }
    let Some(client) = names.client.as_ref().filter(|_| !pairs.is_empty()) else {
        return Ok(Moves::default());
    };
    let platform = app.platform(None).unwrap_or_else(Platform::host);
    let look = async |cancel: orlop_image::Cancel| {
        let mut moves = BTreeMap::new();
        for ((name, old), new) in pairs {
            let remote = client.repository(name.repository());
            let both = async {
                Move {
                    old: outline(&remote, &old, &platform).await.ok(),
                    new: outline(&remote, &new, &platform).await.ok(),
                    platform: platform.clone(),
                }
            };
            let found = tokio::select! {
                found = both => found,
                () = cancel.cancelled() => return Err(CliError::silent()),
            };
            moves.insert((name, old), found);
        }
        Ok(Moves(moves))
    };
    interrupt::run(look, || Some("the files are written".to_owned()))
}
