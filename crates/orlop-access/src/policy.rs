//! The rules, compiled: the one place that says who may do what.

use std::collections::{BTreeMap, HashMap};

use crate::globs::{Grants, Patterns};
use crate::{
    AccessConfig, AccessError, Action, Actions, Actor, ActorKind, AnonymousAccess, Rule, Subject,
};

/// Groups, administrators and rules, compiled once.
#[derive(Debug)]
pub(crate) struct Policy {
    /// The groups that each is in.
    groups: HashMap<Subject, Vec<Subject>>,
    admins: Vec<Subject>,
    rules: Vec<(Vec<Subject>, Actions)>,
    patterns: Patterns,
}

impl Policy {
    pub(crate) fn new(config: &AccessConfig) -> Result<Self, AccessError> {
        let groups = memberships(&config.groups)?;
        let known = |subject: &Subject| match subject {
            Subject::Group(name) => config.groups.contains_key(name),
            _ => true,
        };
        if let Some(unknown) = config.admins.iter().find(|subject| !known(subject)) {
            return Err(AccessError::setting(
                "admins",
                format!("there is no {unknown}"),
            ));
        }
        if config.admins.contains(&Subject::Anonymous) {
            return Err(AccessError::setting("admins", "anonymous can't be one"));
        }
        let anonymous = anonymous_rule(config.anonymous);
        let (mut rules, mut patterns) = (Vec::new(), Vec::new());
        for (index, rule) in config.rules.iter().chain(&anonymous).enumerate() {
            let key = format!("rules[{index}]");
            check_rule(rule, known).map_err(|reason| AccessError::setting(&key, reason))?;
            let id = u32::try_from(index).map_err(|_| AccessError::setting(&key, "too many"))?;
            patterns.extend(rule.repositories.iter().map(|glob| (id, glob.as_str())));
            rules.push((rule.to.clone(), rule.allow));
        }
        let patterns =
            Patterns::new(patterns).map_err(|reason| AccessError::setting("rules", reason))?;
        Ok(Self {
            groups,
            admins: config.admins.clone(),
            rules,
            patterns,
        })
    }

    /// What the rules give to `actor` in a repository, who is no administrator. `robot` are the
    /// robot's own grants.
    pub(crate) fn actions(&self, actor: &Actor, robot: Option<&Grants>, name: &str) -> Actions {
        let who = Who::new(self, actor);
        let mut all = robot.map_or(Actions::NONE, |grants| grants.actions(name));
        self.patterns.matches(name, |id| {
            let (to, allow) = &self.rules[id as usize];
            if !all.contains_all(*allow) && who.is_any_of(to) {
                all = all.or(*allow);
            }
        });
        all
    }

    /// `actor` is an administrator.
    pub(crate) fn is_admin(&self, actor: &Actor) -> bool {
        actor.kind() == ActorKind::System || Who::new(self, actor).is_any_of(&self.admins)
    }

    /// Some rule lets `actor` pull somewhere.
    pub(crate) fn may_pull_somewhere(&self, actor: &Actor) -> bool {
        let who = Who::new(self, actor);
        let mut rules = self.rules.iter();
        rules.any(|(to, allow)| allow.contains(Action::Pull) && who.is_any_of(to))
    }

    /// Somebody could be an administrator: a user of `users`, a robot, a certificate.
    pub(crate) fn has_admin(&self, mut is_user: impl FnMut(&str) -> bool) -> bool {
        let mut exists = |subject: &Subject| match subject {
            Subject::User(name) => is_user(name),
            Subject::Robot(_) | Subject::Certificate(_) => true,
            Subject::Anonymous | Subject::Authenticated | Subject::Group(_) => false,
        };
        let members = |group: &Subject| {
            let in_group = self
                .groups
                .iter()
                .filter(|(_, groups)| groups.contains(group));
            in_group
                .map(|(member, _)| member.clone())
                .collect::<Vec<_>>()
        };
        self.admins.iter().any(|admin| match admin {
            Subject::Group(_) => members(admin).iter().any(&mut exists),
            Subject::Authenticated => true,
            admin => exists(admin),
        })
    }
}

/// An actor as rules see it.
struct Who<'a> {
    itself: Option<Subject>,
    groups: &'a [Subject],
}

impl<'a> Who<'a> {
    fn new(policy: &'a Policy, actor: &Actor) -> Self {
        let name = || actor.name().to_owned();
        let itself = match actor.kind() {
            ActorKind::Anonymous | ActorKind::System => None,
            ActorKind::User => Some(Subject::User(name())),
            ActorKind::Robot => Some(Subject::Robot(name())),
            ActorKind::Certificate => Some(Subject::Certificate(name())),
        };
        let groups = itself.as_ref().and_then(|itself| policy.groups.get(itself));
        Self {
            groups: groups.map_or(&[], Vec::as_slice),
            itself,
        }
    }

    fn is_any_of(&self, subjects: &[Subject]) -> bool {
        subjects.iter().any(|subject| match subject {
            Subject::Anonymous => true,
            Subject::Authenticated => matches!(
                self.itself,
                Some(Subject::User(_) | Subject::Certificate(_))
            ),
            Subject::Group(_) => self.groups.contains(subject),
            subject => self.itself.as_ref() == Some(subject),
        })
    }
}

fn memberships(
    groups: &BTreeMap<String, Vec<Subject>>,
) -> Result<HashMap<Subject, Vec<Subject>>, AccessError> {
    let mut memberships: HashMap<_, Vec<_>> = HashMap::new();
    for (group, members) in groups {
        for member in members {
            if !matches!(
                member,
                Subject::User(_) | Subject::Robot(_) | Subject::Certificate(_)
            ) {
                return Err(AccessError::setting(
                    format!("groups.{group}"),
                    format!("{member}: only users, robots and certificates are in groups"),
                ));
            }
            let of_member = memberships.entry(member.clone()).or_default();
            of_member.push(Subject::Group(group.clone()));
        }
    }
    Ok(memberships)
}

fn anonymous_rule(access: AnonymousAccess) -> Option<Rule> {
    let allow = match access {
        AnonymousAccess::None => return None,
        AnonymousAccess::Pull => Actions::from(Action::Pull),
        AnonymousAccess::Push => Actions::ALL.without(Action::Admin),
    };
    Some(Rule {
        repositories: vec!["**".to_owned()],
        to: vec![Subject::Anonymous],
        allow,
    })
}

fn check_rule(rule: &Rule, known: impl Fn(&Subject) -> bool) -> Result<(), String> {
    if rule.repositories.is_empty() || rule.to.is_empty() || rule.allow.is_empty() {
        return Err("a rule has repositories, to and allow".to_owned());
    }
    match rule.to.iter().find(|subject| !known(subject)) {
        Some(unknown) => Err(format!("there is no {unknown}")),
        None => Ok(()),
    }
}
