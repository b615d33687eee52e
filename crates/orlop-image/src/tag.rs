//! `tag`: another name for an image; and the names that a repository has.

use orlop_oci::{Reference, Repository};
use orlop_store::{Cause, NameChange};

use crate::error::{Error, Result};
use crate::images::Images;

impl Images {
    /// Gives the image `source` the name `target`, which gets the tag `latest` when it has none.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`], or when `target` isn't a name to give, in docker's words.
    pub fn tag(&self, source: &str, target: &str) -> Result<NameChange> {
        let reference: Reference = target.parse()?;
        if reference.digest().is_some() {
            return Err(Error::Refused(
                "refusing to create a tag with a digest reference".to_owned(),
            ));
        }
        if reference.repository().familiar() == "sha256" {
            return Err(Error::Refused(
                "refusing to create an ambiguous tag using digest algorithm as name".to_owned(),
            ));
        }
        let store = self.store.because(Cause::Tagged);
        let reference = reference.with_default_tag();
        self.find_and(source, |found| {
            Ok(store.set_name(&reference, found.target())?)
        })
    }

    /// What a name stood for and when, the latest change first. What has no tag gets `latest`. Empty
    /// when the store has never had the name.
    ///
    /// # Errors
    /// When `name` isn't one, or the store can't be read.
    pub fn tag_history(&self, name: &str) -> Result<Vec<NameChange>> {
        let reference: Reference = name.parse()?;
        Ok(self.store.name_history(&reference)?)
    }

    /// All names with a tag that the store has in `repository`, sorted.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn tags_of(&self, repository: &Repository) -> Result<Vec<Reference>> {
        let names = self.store.names()?.into_iter().map(|name| name.reference);
        let mut tags: Vec<Reference> = names
            .filter(|name| name.repository() == repository && name.tag().is_some())
            .collect();
        tags.sort();
        Ok(tags)
    }
}
