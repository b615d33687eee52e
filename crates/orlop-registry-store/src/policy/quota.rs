//! How much there may be.

use super::Globs;
use crate::StorageError;

/// How much there may be in some repositories.
///
/// What counts are the bytes of the blobs that a repository is given, each once, and of its
/// manifests. A blob that two repositories have counts in both, though it is on disk once: each is
/// charged for what it would need alone, so that nobody's figure changes by what others do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRule {
    /// Globs of repositories.
    pub repositories: Vec<String>,
    /// Whether each of them may have so much, or all together.
    pub scope: QuotaScope,
    /// At most so many bytes.
    pub bytes: Option<u64>,
    /// At most so many tags.
    pub tags: Option<u64>,
}

/// What a quota is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuotaScope {
    /// Each repository that matches.
    #[default]
    Each,
    /// The sum over all repositories that match.
    Together,
}

/// A [`QuotaRule`] with its patterns compiled.
#[derive(Debug)]
pub struct Quota {
    repositories: Globs,
    words: String,
    scope: QuotaScope,
    bytes: Option<u64>,
    tags: Option<u64>,
}

impl QuotaRule {
    pub(super) fn compile(&self) -> Result<Quota, String> {
        Ok(Quota {
            repositories: Globs::new(&self.repositories)?,
            words: self.repositories.join(", "),
            scope: self.scope,
            bytes: self.bytes,
            tags: self.tags,
        })
    }
}

impl Quota {
    /// Whether a repository counts.
    pub fn matches(&self, repository: &str) -> bool {
        self.repositories.matches(repository)
    }

    /// Every repository that counts begins with one of these.
    pub fn prefixes(&self) -> &[String] {
        self.repositories.prefixes()
    }

    /// Whether each repository is compared, or the sum.
    pub fn scope(&self) -> QuotaScope {
        self.scope
    }

    /// Whether it limits bytes.
    pub fn limits_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    /// Whether it limits tags.
    pub fn limits_tags(&self) -> bool {
        self.tags.is_some()
    }

    /// Whether `more` bytes fit beside those that are used. Nothing more always fits: who is over a
    /// quota that was lowered can still push what is there.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub fn check_bytes(&self, used: u64, more: u64) -> Result<(), StorageError> {
        self.check(self.bytes, used, 0, more, "bytes")
    }

    /// The same, beside `coming` bytes that others are just sending.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub(crate) fn check_upload(
        &self,
        used: u64,
        coming: u64,
        more: u64,
    ) -> Result<(), StorageError> {
        self.check(self.bytes, used, coming, more, "bytes")
    }

    /// The same for tags.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub fn check_tags(&self, used: u64, more: u64) -> Result<(), StorageError> {
        self.check(self.tags, used, 0, more, "tags")
    }

    /// What is nearly used up when so much is used, in words: of bytes or tags more than nine tenths.
    pub(crate) fn nearly_used(&self, bytes: u64, tags: u64) -> impl Iterator<Item = String> {
        let all = [(self.bytes, bytes, "bytes"), (self.tags, tags, "tags")];
        all.into_iter().filter_map(|(limit, used, what)| {
            let limit = limit?;
            let nearly = u128::from(used) * 10 > u128::from(limit) * 9;
            nearly.then(|| {
                let who = self.who();
                format!("{who} has {used} of the {limit} {what} that it may have")
            })
        })
    }

    fn who(&self) -> &str {
        match self.scope {
            QuotaScope::Each => "the repository",
            QuotaScope::Together => self.words.as_str(),
        }
    }

    fn check(
        &self,
        limit: Option<u64>,
        used: u64,
        coming: u64,
        more: u64,
        what: &str,
    ) -> Result<(), StorageError> {
        match limit {
            Some(limit) if more > 0 && used.saturating_add(coming).saturating_add(more) > limit => {
                let who = self.who();
                let coming = match coming {
                    0 => String::new(),
                    coming => format!(" and {coming} that other uploads bring"),
                };
                Err(StorageError::QuotaExceeded(format!(
                    "{who} may have {limit} {what}, has {used}{coming}, and this needs {more} more"
                )))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_figures() {
        let rule = QuotaRule {
            repositories: vec!["team/**".into()],
            scope: QuotaScope::Together,
            bytes: Some(1000),
            tags: Some(2),
        };
        let quota = rule.compile().unwrap();
        assert_eq!(quota.nearly_used(900, 1).count(), 0);
        let nearly: Vec<_> = quota.nearly_used(901, 2).collect();
        assert_eq!(
            nearly,
            [
                "team/** has 901 of the 1000 bytes that it may have",
                "team/** has 2 of the 2 tags that it may have"
            ]
        );
        assert_eq!(quota.check_bytes(900, 100), Ok(()));
        assert_eq!(quota.check_bytes(5000, 0), Ok(()));
        assert_eq!(quota.check_tags(1, 1), Ok(()));
        assert!(quota.check_tags(2, 1).is_err());
        assert!(quota.check_bytes(1, u64::MAX).is_err());
        let error = quota.check_bytes(900, 101).unwrap_err();
        assert_eq!(
            error.to_string(),
            "quota exceeded: team/** may have 1000 bytes, has 900, and this needs 101 more"
        );
        assert_eq!(quota.check_upload(800, 100, 100), Ok(()));
        let error = quota.check_upload(800, 101, 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            "quota exceeded: team/** may have 1000 bytes, has 800 and 101 that other uploads bring, \
             and this needs 100 more"
        );
    }
}
