//! Changes of how an image's containers start, of what is noted on it, and of where it runs.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::document::{Document, object};
use super::{EditError, Parts};
use crate::Platform;

/// A name that gets a value or goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Whatever it had before.
    Set(String, String),
    /// It may not be there.
    Unset(String),
}

impl FromStr for Setting {
    type Err = String;

    /// `NAME=VALUE`, or `NAME-` (as buildah has it) to take it away.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither NAME=VALUE nor NAME- (to take it away)");
        let setting = match text.split_once('=') {
            Some((name, value)) => Self::Set(name.to_owned(), value.to_owned()),
            None => Self::Unset(text.strip_suffix('-').ok_or_else(wrong)?.to_owned()),
        };
        if setting.name().is_empty() {
            return Err(wrong());
        }
        Ok(setting)
    }
}

impl Setting {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Unset(name) => name,
        }
    }
}

/// What shall be different. What isn't mentioned stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Variables, which keep their order.
    pub env: Vec<Setting>,
    /// Labels.
    pub labels: Vec<Setting>,
    /// Annotations of the manifest.
    pub annotations: Vec<Setting>,
    /// The program. The arguments go with the one before, unless there are new ones (as in a Dockerfile).
    pub entrypoint: Option<Vec<String>>,
    /// Its arguments.
    pub cmd: Option<Vec<String>>,
    /// Where it starts; empty for none.
    pub working_dir: Option<String>,
    /// As whom; empty for none.
    pub user: Option<String>,
    /// All its ports, as `80/tcp`, in place of those before.
    pub exposed_ports: Option<Vec<String>>,
    /// Where it runs.
    pub platform: Option<Platform>,
}

impl Changes {
    /// Makes them.
    ///
    /// # Errors
    /// When the image isn't right.
    pub fn apply(&self, image: &Parts) -> Result<Parts, EditError> {
        let mut config = Document::read(image.config())?;
        let mut manifest = Document::read(image.manifest())?;
        if self.touch_start() {
            self.apply_start(config.object("config"));
        }
        if let Some(platform) = &self.platform {
            set_platform(&mut config.members, platform);
        }
        note(&mut manifest.members, "annotations", &self.annotations);
        image.with(manifest, config)
    }

    fn touch_start(&self) -> bool {
        let plain = Self {
            annotations: Vec::new(),
            platform: None,
            ..self.clone()
        };
        plain != Self::default()
    }

    fn apply_start(&self, start: &mut Map<String, Value>) {
        set_variables(start, &self.env);
        note(start, "Labels", &self.labels);
        if let Some(entrypoint) = &self.entrypoint {
            set_list(start, "Entrypoint", entrypoint);
            start.shift_remove("Cmd");
        }
        if let Some(cmd) = &self.cmd {
            set_list(start, "Cmd", cmd);
        }
        for (key, value) in [("WorkingDir", &self.working_dir), ("User", &self.user)] {
            match value {
                Some(value) if value.is_empty() => drop(start.shift_remove(key)),
                Some(value) => drop(start.insert(key.to_owned(), value.as_str().into())),
                None => {}
            }
        }
        if let Some(ports) = &self.exposed_ports {
            let ports = ports.iter().map(|port| match port.contains('/') {
                true => port.clone(),
                false => format!("{port}/tcp"),
            });
            let ports: Map<String, Value> = ports
                .map(|port| (port, Value::Object(Map::new())))
                .collect();
            match ports.is_empty() {
                true => drop(start.shift_remove("ExposedPorts")),
                false => drop(start.insert("ExposedPorts".to_owned(), ports.into())),
            }
        }
    }
}

/// Sets texts in the object below `key`.
pub(super) fn note(members: &mut Map<String, Value>, key: &str, settings: &[Setting]) {
    for setting in settings {
        match setting {
            Setting::Set(name, value) => {
                object(members, key).insert(name.clone(), value.as_str().into());
            }
            Setting::Unset(name) => {
                if let Some(Value::Object(notes)) = members.get_mut(key) {
                    notes.shift_remove(name);
                }
            }
        }
    }
}

/// Writes a platform into an object that has its members: a configuration, or `platform` of a descriptor.
pub(super) fn set_platform(members: &mut Map<String, Value>, platform: &Platform) {
    members.insert(
        "architecture".to_owned(),
        platform.architecture.as_str().into(),
    );
    members.insert("os".to_owned(), platform.os.as_str().into());
    for (key, value) in [
        ("variant", &platform.variant),
        ("os.version", &platform.os_version),
    ] {
        match value {
            Some(value) => drop(members.insert(key.to_owned(), value.as_str().into())),
            None => drop(members.shift_remove(key)),
        }
    }
    match platform.os_features.is_empty() {
        true => drop(members.shift_remove("os.features")),
        false => drop(members.insert(
            "os.features".to_owned(),
            platform.os_features.clone().into(),
        )),
    }
}

fn set_list(start: &mut Map<String, Value>, key: &str, words: &[String]) {
    match words.is_empty() {
        true => drop(start.shift_remove(key)),
        false => drop(start.insert(key.to_owned(), words.to_vec().into())),
    }
}

/// Variables that are there get their value where they stand.
fn set_variables(start: &mut Map<String, Value>, settings: &[Setting]) {
    if settings.is_empty() {
        return;
    }
    let env = start.entry("Env".to_owned()).or_insert(Value::Null);
    let mut variables: Vec<Value> = env.as_array().cloned().unwrap_or_default();
    for setting in settings {
        let is_it = |variable: &Value| {
            let text = variable.as_str().unwrap_or_default();
            text.split('=').next() == Some(setting.name())
        };
        match setting {
            Setting::Unset(_) => variables.retain(|variable| !is_it(variable)),
            Setting::Set(name, value) => {
                let text = Value::from(format!("{name}={value}"));
                match variables.iter_mut().find(|variable| is_it(variable)) {
                    Some(variable) => *variable = text,
                    None => variables.push(text),
                }
            }
        }
    }
    *env = variables.into();
}
