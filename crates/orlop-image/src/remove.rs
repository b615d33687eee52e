//! `rmi`: names and images go, and what only they needed.

use std::collections::BTreeSet;

use orlop_oci::{Digest, Platform, Reference, Repository};
use orlop_store::{Cause, NameChange, WhenUnnamed};

use crate::error::{Error, Result};
use crate::find::Found;
use crate::images::Images;
use crate::model::{Removal, Removed};

/// How to remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemoveOptions {
    /// Remove an image although it has several names or a stopped container.
    pub force: bool,
    /// Keep what only the image needed, as dangling content for a later prune.
    pub no_prune: bool,
}

impl Images {
    /// Removes what `name` stands for: a name, and with its last name the image; or by its ID an
    /// image with all of its names.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], or [`Error::Conflict`] in docker's words.
    pub fn remove(&self, name: &str, options: RemoveOptions) -> Result<Removal> {
        self.find_and(name, |found| self.remove_found(found, name, options))
    }

    fn remove_found(&self, found: &Found, name: &str, options: RemoveOptions) -> Result<Removal> {
        let target = found.target().clone();
        let names = self.store.names_of(&target)?;
        let going: Vec<Reference> = match found {
            Found::Name { reference, .. } => vec![reference.clone()],
            Found::Pinned { repository, .. } => names
                .iter()
                .filter(|n| n.repository() == repository)
                .cloned()
                .collect(),
            Found::Id(_) => names.clone(),
        };
        let is_last = going.len() == names.len();
        if matches!(found, Found::Id(_)) && !options.force && is_named_twice(&names) {
            return Err(Error::Conflict(format!(
                "unable to delete {} (must be forced) - image is referenced in multiple repositories",
                target.short()
            )));
        }
        let in_use = is_last && self.check_containers(found, name, &target, options.force)?;
        let space = self.space()?;
        let store = self.store.because(Cause::Removed);
        let removed = if going.is_empty() {
            store.remove_images(std::slice::from_ref(&target), &space)?
        } else {
            let when = if in_use || options.no_prune {
                WhenUnnamed::Keep
            } else {
                WhenUnnamed::Remove
            };
            store.remove_names(&going, when, &space)?
        };
        let mut items = lines(&removed.names, &names);
        items.extend(removed.images.into_iter().map(Removed::Deleted));
        Ok(Removal {
            items,
            reclaimed: removed.collected.bytes,
        })
    }

    /// The one place that decides whether containers keep an image. Says whether the image has to
    /// stay, dangling, although its names go.
    fn check_containers(
        &self,
        found: &Found,
        name: &str,
        target: &Digest,
        force: bool,
    ) -> Result<bool> {
        let uses = self.store.containers_using(target)?;
        let Some(first) = uses.first() else {
            return Ok(false);
        };
        let container = &first.id[..first.id.len().min(12)];
        if let Some(running) = uses.iter().find(|u| u.running)
            && matches!(found, Found::Id(_))
        {
            return Err(Error::Conflict(format!(
                "unable to delete {} (cannot be forced) - image is being used by running container {}",
                target.short(),
                &running.id[..running.id.len().min(12)]
            )));
        }
        if force {
            return Ok(true);
        }
        Err(Error::Conflict(match found {
            Found::Id(_) => format!(
                "unable to delete {} (must be forced) - image is being used by stopped container {container}",
                target.short()
            ),
            _ => format!(
                "unable to remove repository reference \"{name}\" (must force) - container {container} is using its referenced image {}",
                target.short()
            ),
        }))
    }

    /// Removes one platform of an image, keeping its name and its other platforms.
    ///
    /// # Errors
    /// As [`Images::remove`]; without `force` docker's refusal.
    pub fn remove_platform(&self, name: &str, platform: &Platform, force: bool) -> Result<Removal> {
        if !force {
            return Err(Error::Refused(
                "Content will be removed from all images referencing this variant. Use --force to force delete."
                    .to_owned(),
            ));
        }
        let details = self.inspect(name, Some(platform))?;
        let Some(manifest) = details.manifest else {
            return Err(Error::NotPulled {
                image: name.to_owned(),
                platform: platform.to_string(),
            });
        };
        if manifest.digest == details.summary.id {
            return self.remove(
                name,
                RemoveOptions {
                    force,
                    no_prune: false,
                },
            );
        }
        let collected = self
            .store
            .remove_manifests(std::slice::from_ref(&manifest.digest), &self.space()?)?;
        Ok(Removal {
            items: vec![Removed::Deleted(manifest.digest)],
            reclaimed: collected.bytes,
        })
    }
}

/// More than one repository, or more than one tag.
fn is_named_twice(names: &[Reference]) -> bool {
    let repositories: BTreeSet<&Repository> = names.iter().map(Reference::repository).collect();
    let tags = names.iter().filter(|name| name.tag().is_some()).count();
    repositories.len() > 1 || tags > 1
}

/// What docker prints of names that are gone: each name, and the digest name of a repository whose
/// last name that was. `before` are all names that the image had.
pub(crate) fn lines<'a>(
    gone: impl IntoIterator<Item = &'a NameChange>,
    before: &[Reference],
) -> Vec<Removed> {
    let mut left: Vec<&Reference> = before.iter().collect();
    let mut items = Vec::new();
    for change in gone {
        let name = &change.reference;
        left.retain(|other| *other != name);
        items.push(Removed::Untagged(name.familiar()));
        let repository = name.repository();
        if name.tag().is_some()
            && !left.iter().any(|other| other.repository() == repository)
            && let Some(target) = &change.old
        {
            items.push(Removed::Untagged(
                repository.with_digest(target.clone()).familiar(),
            ));
        }
    }
    items
}
