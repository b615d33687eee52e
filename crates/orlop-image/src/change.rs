//! Changes of an image's configuration, as instructions of a Dockerfile: what docker takes for `--change`.
//!
//! Only instructions that say something about a container's start are among them; each is a line of its
//! own. Words are split, quoted and expanded as in a Dockerfile, with the variables that were set before.

use std::collections::BTreeMap;

use orlop_oci::{ContainerConfig, Healthcheck};
use serde_json::Value;

use crate::error::{Error, Result};

/// The shell of the shell form.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];
/// Ports of one range.
const MAX_PORTS: u32 = 65_536;

/// Applies changes in their order.
///
/// # Errors
/// When one isn't an instruction that may be a change, in docker's words.
pub fn apply(config: &mut ContainerConfig, changes: &[String]) -> Result<()> {
    for change in changes {
        for line in change.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            instruction(config, line)
                .map_err(|reason| Error::Refused(format!("change \"{line}\": {reason}")))?;
        }
    }
    Ok(())
}

type Outcome<T = ()> = Result<T, String>;

fn instruction(config: &mut ContainerConfig, line: &str) -> Outcome {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (name, rest) = (name.to_ascii_uppercase(), rest.trim());
    if rest.is_empty() {
        return Err(format!("{name} requires at least one argument"));
    }
    match name.as_str() {
        "CMD" => config.cmd = Some(command(config, rest)),
        "ENTRYPOINT" => {
            config.entrypoint = Some(command(config, rest));
            // What it was given belonged to the one before.
            config.cmd = None;
        }
        "ENV" => {
            for (name, value) in pairs(rest, &config.env)? {
                set_variable(&mut config.env, &name, &value);
            }
        }
        "LABEL" => config.labels.extend(pairs(rest, &config.env)?),
        "EXPOSE" => {
            for word in words(rest, &config.env)? {
                expose(&mut config.exposed_ports, &word)?;
            }
        }
        "VOLUME" => {
            for path in list(rest).map_or_else(|| words(rest, &config.env), Ok)? {
                if path.is_empty() {
                    return Err("VOLUME specified can not be an empty string".to_owned());
                }
                config.volumes.insert(path, empty());
            }
        }
        "USER" => config.user = single(rest, &config.env)?,
        "STOPSIGNAL" => config.stop_signal = single(rest, &config.env)?,
        "WORKDIR" => {
            let path = single(rest, &config.env)?;
            config.working_dir = join(&config.working_dir, &path);
        }
        "HEALTHCHECK" => config.healthcheck = Some(healthcheck(rest)?),
        "ONBUILD" => {
            let trigger = rest.split_whitespace().next().unwrap_or_default();
            if matches!(
                trigger.to_ascii_uppercase().as_str(),
                "ONBUILD" | "FROM" | "MAINTAINER"
            ) {
                return Err(format!("{trigger} isn't allowed as an ONBUILD trigger"));
            }
            config.on_build.push(rest.to_owned());
        }
        "ADD" | "ARG" | "COPY" | "FROM" | "MAINTAINER" | "RUN" | "SHELL" => {
            return Err(format!("{name} is not a valid change command"));
        }
        _ => return Err(format!("unknown instruction: {name}")),
    }
    Ok(())
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// The exec form as it is, the shell form below a shell.
fn command(config: &ContainerConfig, text: &str) -> Vec<String> {
    if let Some(words) = list(text) {
        return words;
    }
    let mut words = match config.shell.is_empty() {
        true => SHELL.map(str::to_owned).to_vec(),
        false => config.shell.clone(),
    };
    words.push(text.to_owned());
    words
}

/// A JSON list of texts.
fn list(text: &str) -> Option<Vec<String>> {
    text.starts_with('[')
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

fn single(text: &str, env: &[String]) -> Outcome<String> {
    Ok(words(text, env)?.join(" "))
}

/// `A=b C="d e"`, or the old `A b c`.
fn pairs(text: &str, env: &[String]) -> Outcome<BTreeMap<String, String>> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        let (name, value) = text
            .split_once(char::is_whitespace)
            .ok_or("a name must have a value")?;
        let value = single(value.trim(), env)?;
        return Ok(BTreeMap::from([(name.to_owned(), value)]));
    }
    let mut pairs = BTreeMap::new();
    for word in words(text, env)? {
        let (name, value) = word
            .split_once('=')
            .ok_or_else(|| format!("can't find = in {word:?}. Must be of the form: name=value"))?;
        if name.is_empty() {
            return Err("a name can not be blank".to_owned());
        }
        pairs.insert(name.to_owned(), value.to_owned());
    }
    Ok(pairs)
}

fn set_variable(env: &mut Vec<String>, name: &str, value: &str) {
    let setting = format!("{name}={value}");
    let known = env
        .iter_mut()
        .find(|known| known.split('=').next() == Some(name));
    match known {
        Some(known) => *known = setting,
        None => env.push(setting),
    }
}

/// `80`, `53/udp`, `8000-8010/tcp`.
fn expose(ports: &mut BTreeMap<String, Value>, text: &str) -> Outcome {
    let wrong = || format!("invalid containerPort: {text}");
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("invalid proto: {protocol}"));
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.parse::<u32>().ok().filter(|port| *port < MAX_PORTS);
    let (first, last) = (
        number(first).ok_or_else(wrong)?,
        number(last).ok_or_else(wrong)?,
    );
    if first > last {
        return Err(wrong());
    }
    ports.extend((first..=last).map(|port| (format!("{port}/{protocol}"), empty())));
    Ok(())
}

/// A relative path goes on from where it was.
fn join(from: &str, path: &str) -> String {
    let whole = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{from}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn healthcheck(text: &str) -> Outcome<Healthcheck> {
    let mut check = Healthcheck::default();
    let mut rest = text;
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        rest = after.trim_start();
        let (name, value) = flag
            .split_once('=')
            .ok_or("a flag of HEALTHCHECK needs a value")?;
        match name {
            "interval" => check.interval = nanoseconds(value)?,
            "timeout" => check.timeout = nanoseconds(value)?,
            "start-period" => check.start_period = nanoseconds(value)?,
            "start-interval" => check.start_interval = nanoseconds(value)?,
            "retries" => {
                let count: Option<u32> = value.parse().ok();
                let count = count.filter(|count| *count > 0);
                check.retries = i64::from(count.ok_or("--retries must be at least 1")?);
            }
            _ => return Err(format!("unknown flag: --{name}")),
        }
    }
    let (kind, command) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let command = command.trim();
    check.test = match kind.to_ascii_uppercase().as_str() {
        "NONE" if command.is_empty() && check == Healthcheck::default() => vec!["NONE".to_owned()],
        "NONE" => return Err("HEALTHCHECK NONE takes no arguments".to_owned()),
        "CMD" if command.is_empty() => {
            return Err("Missing command after HEALTHCHECK CMD".to_owned());
        }
        "CMD" => match list(command) {
            Some(words) => [vec!["CMD".to_owned()], words].concat(),
            None => vec!["CMD-SHELL".to_owned(), command.to_owned()],
        },
        kind => return Err(format!("Unknown type {kind:?} in HEALTHCHECK (try CMD)")),
    };
    Ok(check)
}

/// A time as Go writes it: `1m30s`, `500ms`.
fn nanoseconds(text: &str) -> Outcome<i64> {
    let wrong = || format!("invalid duration {text:?}");
    let mut total = 0f64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "h" => 3.6e12,
            "m" => 6e10,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" => 1e3,
            "ns" => 1.0,
            _ => return Err(wrong()),
        };
        total += number * unit;
        rest = &rest[end..];
    }
    // Docker takes none that is shorter than a millisecond.
    if !(1e6..=9e18).contains(&total) {
        return Err(wrong());
    }
    Ok(total as i64)
}

/// Splits a text into words as a Dockerfile does: quotes, backslashes, variables.
fn words(text: &str, env: &[String]) -> Outcome<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(open)) if c == open => quote = None,
            ('\\', Some('"') | None) => {
                let next = rest.next().unwrap_or('\\');
                let word = word.get_or_insert_default();
                if quote.is_some() && !matches!(next, '"' | '$' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            ('$', Some('"') | None) => {
                let (value, after) = variable(rest.as_str(), env)?;
                word.get_or_insert_default().push_str(&value);
                rest = after.chars();
            }
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("unexpected end of statement while looking for a closing quote".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// What stands behind a `$`: `NAME`, `{NAME}`, `{NAME:-word}` or `{NAME:+word}`; and what comes after it.
fn variable<'a>(text: &'a str, env: &[String]) -> Outcome<(String, &'a str)> {
    let value = |name: &str| {
        env.iter()
            .find_map(|setting| setting.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_default()
            .to_owned()
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some(braced) = text.strip_prefix('{') else {
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        return Ok(match end {
            0 => ("$".to_owned(), text),
            _ => (value(&text[..end]), &text[end..]),
        });
    };
    let close = braced.find('}').ok_or("syntax error: missing '}'")?;
    let (inside, after) = (&braced[..close], &braced[close + 1..]);
    let end = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
    let (name, modifier) = inside.split_at(end);
    let set = value(name);
    let value = match modifier {
        "" if !name.is_empty() => set,
        _ => match (modifier.get(..2), modifier.get(2..)) {
            (Some(":-"), Some(word)) if set.is_empty() => word.to_owned(),
            (Some(":-"), _) => set,
            (Some(":+"), Some(word)) if !set.is_empty() => word.to_owned(),
            (Some(":+"), _) => String::new(),
            _ => return Err(format!("unsupported modifier in substitution {inside:?}")),
        },
    };
    Ok((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: &[&str]) -> ContainerConfig {
        let mut config = ContainerConfig::default();
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        apply(&mut config, &changes).unwrap();
        config
    }

    fn refused(change: &str) -> String {
        let mut config = ContainerConfig::default();
        apply(&mut config, &[change.to_owned()])
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn commands_have_two_forms() {
        let config = changed(&["ENTRYPOINT [\"/bin/x\", \"a b\"]", "cmd echo $HOME"]);
        assert_eq!(config.entrypoint.unwrap(), ["/bin/x", "a b"]);
        assert_eq!(config.cmd.unwrap(), ["/bin/sh", "-c", "echo $HOME"]);
        assert_eq!(changed(&["CMD x", "ENTRYPOINT y"]).cmd, None);
    }

    #[test]
    fn variables_are_set_and_expanded() {
        let config = changed(&[
            "ENV A=1 B=\"two words\" C='$A' D=\\$A",
            "ENV A=$A$A E=${A}x F=${NONE:-none} G=${A:+set} H=\"$B!\" I=$",
            "ENV OLD its own   way",
        ]);
        assert_eq!(
            config.env,
            [
                "A=11",
                "B=two words",
                "C=$A",
                "D=$A",
                "E=1x",
                "F=none",
                "G=set",
                "H=two words!",
                "I=$",
                "OLD=its own way",
            ]
        );
    }

    #[test]
    fn all_else_says_how_a_container_starts() {
        let config = changed(&[
            "# a comment\n\nLABEL a=b \"c d\"=e\nLABEL f=\"\"",
            "EXPOSE 80 53/UDP 8000-8002/tcp",
            "VOLUME [\"/a b\"]",
            "VOLUME /c /d",
            "USER me:us",
            "STOPSIGNAL SIGINT",
            "WORKDIR /a",
            "WORKDIR b/../c",
            "HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 CMD curl x || exit 1",
            "ONBUILD RUN make",
        ]);
        let labels: Vec<(&str, &str)> = config.labels.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(labels, [("a", "b"), ("c d", "e"), ("f", "")]);
        let ports: Vec<&String> = config.exposed_ports.keys().collect();
        assert_eq!(
            ports,
            ["53/udp", "80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"]
        );
        let volumes: Vec<&String> = config.volumes.keys().collect();
        assert_eq!(volumes, ["/a b", "/c", "/d"]);
        assert_eq!(
            (config.user, config.stop_signal),
            ("me:us".into(), "SIGINT".into())
        );
        assert_eq!(config.working_dir, "/a/c");
        let check = config.healthcheck.unwrap();
        assert_eq!(check.test, ["CMD-SHELL", "curl x || exit 1"]);
        assert_eq!(
            (check.interval, check.timeout, check.retries),
            (90_000_000_000, 500_000_000, 3)
        );
        assert_eq!(config.on_build, ["RUN make"]);
        let none = changed(&["HEALTHCHECK NONE"]).healthcheck.unwrap();
        assert_eq!(none.test, ["NONE"]);
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for (change, said) in [
            ("RUN make", "RUN is not a valid change command"),
            ("from scratch", "FROM is not a valid change command"),
            ("FOO bar", "unknown instruction: FOO"),
            ("ENV", "ENV requires at least one argument"),
            ("ENV A", "must have a value"),
            ("ENV A=1 B", "can't find = in \"B\""),
            ("ENV A='x", "closing quote"),
            ("ENV A=${x", "missing '}'"),
            ("ENV A=${x%y}", "unsupported modifier"),
            ("EXPOSE http", "invalid containerPort: http"),
            ("EXPOSE 90000", "invalid containerPort"),
            ("EXPOSE 80/xyz", "invalid proto: xyz"),
            ("HEALTHCHECK --interval=x CMD y", "invalid duration"),
            ("HEALTHCHECK --interval=1ns CMD y", "invalid duration"),
            ("HEALTHCHECK CMD", "Missing command"),
            ("HEALTHCHECK --retries=1 NONE", "takes no arguments"),
            ("ONBUILD FROM x", "FROM isn't allowed"),
        ] {
            let error = refused(change);
            assert!(error.contains(said), "{change}: {error}");
        }
    }
}
