//! From when on a repository's content is left alone.
//!
//! A push brings blobs first and names them last, and may take hours. What it brought counts as in
//! use while it goes on; since the protocol has no sessions, pushes are told by what happens in their
//! repository: an upload that is open, and uploads and mounts that follow one another without a long
//! pause. In a repository that is pushed to all day, that would never end, so that it counts for a
//! day at most.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::UploadState;
use crate::upkeep::{Cutoffs, PUSH_PAUSE, RepositoryActivity};

/// The longest that pushes which follow one another protect what the first of them brought.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What is going on while collection works.
#[derive(Clone, Debug)]
pub(super) struct Present {
    pub(super) now: Timestamp,
    pub(super) grace: Duration,
    pub(super) uploads: Vec<UploadState>,
}

impl Present {
    fn before(&self, time: Timestamp) -> Timestamp {
        let grace = SignedDuration::try_from(self.grace).unwrap_or(SignedDuration::MAX);
        time.checked_sub(grace).unwrap_or(Timestamp::MIN)
    }

    /// Until when something must have been left alone to be taken.
    pub(super) fn cutoffs(&self, repository: &RepositoryActivity) -> Cutoffs {
        let orphans = self.before(self.now);
        let blobs = match self.pushing_since(repository) {
            Some(since) => orphans.min(self.before(since)),
            None => orphans,
        };
        Cutoffs { orphans, blobs }
    }

    /// When the pushes began that still go on, if any do.
    fn pushing_since(&self, repository: &RepositoryActivity) -> Option<Timestamp> {
        let name = repository.repository.as_str();
        // An upload that may be of any repository counts in each.
        let here = |upload: &&UploadState| upload.repository.as_deref().is_none_or(|r| r == name);
        let open = self
            .uploads
            .iter()
            .filter(here)
            .map(|upload| upload.begun_at)
            .min();
        let (Some(since), Some(last)) = (repository.since, repository.last) else {
            return open;
        };
        let pause = SignedDuration::try_from(PUSH_PAUSE).unwrap_or(SignedDuration::MAX);
        let follows = open.is_some_and(|begun| begun.duration_since(last) <= pause);
        if !follows && last <= self.before(self.now) {
            return open;
        }
        let longest = self.now.checked_sub(LONGEST).unwrap_or(Timestamp::MIN);
        Some(open.unwrap_or(self.now).min(since.max(longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UploadId;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + minute * 60).unwrap()
    }

    fn upload(repository: Option<&str>, begun: i64) -> UploadState {
        UploadState {
            id: UploadId::parse(&"0".repeat(32)).unwrap(),
            begun_at: minute(begun),
            size: 0,
            active_at: minute(begun),
            repository: repository.map(str::to_owned),
            busy: true,
            resumable: repository.is_some(),
        }
    }

    #[test]
    fn a_push_protects_what_it_brought() {
        // (pushes since and last, open uploads, cutoff), in minutes; now is 3000, the grace 60.
        type Case<'c> = (Option<(i64, i64)>, Vec<UploadState>, i64);
        let table: Vec<Case<'_>> = vec![
            (None, vec![], 2940),
            (Some((2000, 2100)), vec![], 2940),
            (Some((2000, 2990)), vec![], 1940),
            (Some((100, 2990)), vec![], 1500),
            (None, vec![upload(Some("app"), 2950)], 2890),
            (None, vec![upload(Some("other"), 2950)], 2940),
            (None, vec![upload(None, 2950)], 2890),
            (Some((2000, 2100)), vec![upload(Some("app"), 2105)], 1940),
            (Some((2000, 2100)), vec![upload(Some("app"), 2200)], 2140),
            (Some((2500, 2990)), vec![upload(Some("app"), 10)], -50),
        ];
        for (pushes, uploads, expected) in table {
            let present = Present {
                now: minute(3000),
                grace: Duration::from_secs(3600),
                uploads: uploads.clone(),
            };
            let cutoffs = present.cutoffs(&RepositoryActivity {
                repository: "app".parse().unwrap(),
                since: pushes.map(|(since, _)| minute(since)),
                last: pushes.map(|(_, last)| minute(last)),
            });
            assert_eq!(cutoffs.blobs, minute(expected), "{pushes:?} {uploads:?}");
            assert_eq!(cutoffs.orphans, minute(2940));
        }
    }
}
