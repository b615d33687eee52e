//! What stays, what may not change, and how much there may be: the tables that become [`Policies`].

use orlop_registry_store::{
    ImmutableRule, Keep, KeepWhen, Policies, QuotaRule, QuotaScope, RetentionRule, TagPattern,
    Untagged,
};
use serde::Deserialize;

use super::check::ConfigError;
use super::{Period, ServeConfig};

/// When retention and collection run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectConfig {
    /// They run by themselves.
    pub enabled: Option<bool>,
    /// How often.
    pub interval: Option<Period>,
    /// How long what nothing names is left alone.
    pub grace: Option<Period>,
}

/// What is kept in some repositories.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Globs over names of repositories.
    pub repositories: Vec<String>,
    /// Why tags are kept.
    #[serde(default)]
    pub keep: Vec<KeepConfig>,
    /// When manifests go that nothing reaches.
    pub untagged: Option<Period>,
    /// Referrers go at once with their subject.
    #[serde(default)]
    pub delete_referrers: bool,
    /// Only say what would be removed.
    #[serde(default)]
    pub dry_run: bool,
}

/// Why tags are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeepConfig {
    /// Which tags are looked at.
    pub tags: Vec<TagPatternConfig>,
    /// The last that were pushed.
    pub last_pushed: Option<usize>,
    /// The last that were pulled.
    pub last_pulled: Option<usize>,
    /// Versions in this range.
    pub semver: Option<String>,
    /// Only the highest versions.
    pub latest: Option<usize>,
    /// Versions before a release count, too.
    pub prereleases: bool,
    /// Pushed so recently.
    pub pushed_within: Option<Period>,
    /// Pulled so recently.
    pub pulled_within: Option<Period>,
}

/// A glob, or between slashes a regular expression that the whole tag matches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct TagPatternConfig(pub TagPattern);

impl From<String> for TagPatternConfig {
    fn from(text: String) -> Self {
        // No tag has a slash in it.
        let regex = text
            .strip_prefix('/')
            .and_then(|text| text.strip_suffix('/'));
        Self(match regex {
            Some(regex) => TagPattern::Regex(regex.to_owned()),
            None => TagPattern::Glob(text),
        })
    }
}

/// Tags that can't be moved or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImmutableConfig {
    /// Globs over names of repositories.
    pub repositories: Vec<String>,
    /// Which tags; none means all.
    #[serde(default)]
    pub tags: Vec<TagPatternConfig>,
}

/// How much there may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaConfig {
    /// Globs over names of repositories.
    pub repositories: Vec<String>,
    /// What is compared.
    #[serde(default)]
    pub scope: QuotaScopeConfig,
    /// At most so many bytes.
    pub bytes: Option<u64>,
    /// At most so many tags.
    pub tags: Option<u64>,
}

/// What a quota is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuotaScopeConfig {
    /// Each repository.
    #[default]
    Each,
    /// All together.
    Together,
}

impl ServeConfig {
    /// The rules of who runs the registry.
    ///
    /// # Errors
    /// A reason to keep tags that says nothing, or several things.
    pub fn policies(&self) -> Result<Policies, ConfigError> {
        let retention = self.retention.iter().enumerate();
        let retention = retention.map(|(index, rule)| rule.rule(index));
        let patterns = |tags: &[TagPatternConfig]| tags.iter().map(|tag| tag.0.clone()).collect();
        let immutable = self.immutable.iter().map(|rule| ImmutableRule {
            repositories: rule.repositories.clone(),
            tags: patterns(&rule.tags),
        });
        let quotas = self.quotas.iter().map(|rule| QuotaRule {
            repositories: rule.repositories.clone(),
            scope: match rule.scope {
                QuotaScopeConfig::Each => QuotaScope::Each,
                QuotaScopeConfig::Together => QuotaScope::Together,
            },
            bytes: rule.bytes,
            tags: rule.tags,
        });
        Ok(Policies {
            retention: retention.collect::<Result<_, _>>()?,
            immutable: immutable.collect(),
            quotas: quotas.collect(),
        })
    }

    pub(super) fn check_policies(&self) -> Result<(), ConfigError> {
        for (index, quota) in self.quotas.iter().enumerate() {
            if quota.bytes.is_none() && quota.tags.is_none() {
                let reason = "limits nothing: it has bytes, or tags, or both";
                return Err(ConfigError::new(format!("quotas[{index}]"), reason));
            }
        }
        let compiled = self.policies()?.compile();
        compiled.map(drop).map_err(|fault| {
            let table = match fault.kind {
                "quota" => "quotas",
                kind => kind,
            };
            ConfigError::new(format!("{table}[{}]", fault.number - 1), fault.reason)
        })
    }
}

impl RetentionConfig {
    fn rule(&self, index: usize) -> Result<RetentionRule, ConfigError> {
        let keep = self.keep.iter().enumerate().map(|(number, keep)| {
            let when = keep.when();
            let when = when.map_err(|reason| {
                ConfigError::new(format!("retention[{index}].keep[{number}]"), reason)
            });
            Ok(Keep {
                tags: keep.tags.iter().map(|tag| tag.0.clone()).collect(),
                when: when?,
            })
        });
        Ok(RetentionRule {
            repositories: self.repositories.clone(),
            keep: keep.collect::<Result<_, _>>()?,
            untagged: match self.untagged {
                Some(period) => Untagged::After(period.0),
                None => Untagged::Keep,
            },
            delete_referrers: self.delete_referrers,
            dry_run: self.dry_run,
        })
    }
}

impl KeepConfig {
    fn when(&self) -> Result<KeepWhen, &'static str> {
        if self.semver.is_none() && (self.latest.is_some() || self.prereleases) {
            return Err("latest and prereleases are about versions: set semver, too");
        }
        let mut reasons = [
            self.last_pushed.map(KeepWhen::LastPushed),
            self.last_pulled.map(KeepWhen::LastPulled),
            self.semver.as_ref().map(|range| KeepWhen::Semver {
                range: Some(range.clone()).filter(|range| range != "*"),
                latest: self.latest,
                prereleases: self.prereleases,
            }),
            self.pushed_within
                .map(|period| KeepWhen::PushedWithin(period.0)),
            self.pulled_within
                .map(|period| KeepWhen::PulledWithin(period.0)),
        ]
        .into_iter()
        .flatten();
        match (reasons.next(), reasons.next()) {
            (None, _) => Ok(KeepWhen::Always),
            (Some(reason), None) => Ok(reason),
            _ => Err(
                "one of last_pushed, last_pulled, semver, pushed_within and pulled_within; \
                      a second table for a second reason",
            ),
        }
    }
}
