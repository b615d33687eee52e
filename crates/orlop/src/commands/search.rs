//! `search`: finding images on Docker Hub, or on another registry.

use clap::Args;
use orlop_distribution::FoundRepository;
use orlop_oci::DEFAULT_REGISTRY;

use crate::app::{App, registry_error};
use crate::error::{CliError, CliResult};
use crate::filter::Filters;
use crate::format::LIST_HELP;
use crate::interrupt;
use crate::view::search_rows::listing;

/// Arguments of `search`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A term that begins with a host is for that registry. One that has no search is asked for the list of
its repositories, and those stay that have the term in their name.

Examples:
  orlop search redis
  orlop search --filter is-official=true --filter stars=100 redis
  orlop search --no-trunc --format '{{.Name}}: {{.Description}}' redis
  orlop search registry.example.com/team"
)]
pub struct SearchArgs {
    /// What to look for
    #[arg(value_name = "[REGISTRY/]TERM")]
    pub term: String,
    /// Filter output: is-official=, stars=
    #[arg(short, long, value_name = "FILTER")]
    pub filter: Vec<String>,
    #[arg(long, help = LIST_HELP, value_name = "FORMAT")]
    #[expect(missing_docs, reason = "the help says it")]
    pub format: Option<String>,
    /// Max number of search results
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub limit: usize,
    /// Don't truncate output
    #[arg(long)]
    pub no_trunc: bool,
}

/// What docker asks for when nothing is said (moby `daemon/pkg/registry/search.go`).
const DEFAULT_LIMIT: usize = 25;

/// The keys of `--filter`.
const KEYS: &[&str] = &["is-automated", "is-official", "stars"];

/// Runs it.
///
/// # Errors
/// The registry can't be searched, or a filter or format makes no sense.
pub fn run(app: &App, args: &SearchArgs) -> CliResult {
    let filter = Filter::of(&Filters::parse(&args.filter, KEYS)?)?;
    let limit = match args.limit {
        0 => DEFAULT_LIMIT,
        limit @ 1..=100 => limit,
        limit => {
            return Err(CliError::new(format!(
                "limit {limit} is outside the range of [1, 100]"
            )));
        }
    };
    let (registry, term) = split(&args.term)?;
    let progress = app.progress(false);
    let client = app.client(progress.clone())?;
    let answer = interrupt::run(
        async |cancel| {
            tokio::select! {
                answer = client.search(registry, term, limit) => {
                    answer.map_err(|error| registry_error(&error))
                }
                () = cancel.cancelled() => Err(CliError::silent()),
            }
        },
        || None,
    );
    progress.finish();
    let mut answer = answer?;
    if answer.by_list {
        app.printer.note(format_args!(
            "{registry} has no search: these are the names in its list that have {term:?} in them"
        ));
    }
    answer.repositories.retain(|found| filter.keeps(found));
    if registry != DEFAULT_REGISTRY {
        for found in &mut answer.repositories {
            // As it is pulled.
            found.name = format!("{registry}/{}", found.name);
        }
    }
    let listing = listing(&answer.repositories, args.no_trunc);
    app.printer.text(listing.render(args.format.as_deref())?)
}

/// The registry and the term, as docker tells them apart.
fn split(text: &str) -> CliResult<(&str, &str)> {
    if text.contains("://") {
        return Err(CliError::new(format!(
            "invalid repository name: repository name ({text}) should not have a scheme"
        )));
    }
    let (registry, term) = match text.split_once('/') {
        Some((host, term)) if host == "localhost" || host.contains(['.', ':']) => (host, term),
        _ => (DEFAULT_REGISTRY, text),
    };
    let registry = match registry {
        "index.docker.io" => DEFAULT_REGISTRY,
        registry => registry,
    };
    // Docker Hub leaves the namespace of official images out.
    let term = match term.strip_prefix("library/") {
        Some(name) if registry == DEFAULT_REGISTRY => name,
        _ => term,
    };
    Ok((registry, term))
}

/// Which results stay.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filter {
    official: Option<bool>,
    automated: Option<bool>,
    stars: u64,
}

impl Filter {
    fn of(filters: &Filters) -> CliResult<Self> {
        let wrong =
            |key: &str, value: &str| CliError::new(format!("invalid filter '{key}={value}'"));
        let flag = |key: &str| {
            let value = filters.values(key).last();
            let read = |value: &str| match value {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(wrong(key, value)),
            };
            value.map(read).transpose()
        };
        let mut stars = 0;
        for value in filters.values("stars") {
            stars = stars.max(value.parse().map_err(|_| wrong("stars", value))?);
        }
        Ok(Self {
            official: flag("is-official")?,
            automated: flag("is-automated")?,
            stars,
        })
    }

    fn keeps(&self, found: &FoundRepository) -> bool {
        self.official.is_none_or(|wanted| wanted == found.official)
            && self
                .automated
                .is_none_or(|wanted| wanted == found.automated)
            && found.stars >= self.stars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms() {
        for (text, registry, term) in [
            ("redis", "docker.io", "redis"),
            ("library/redis", "docker.io", "redis"),
            ("team/redis", "docker.io", "team/redis"),
            ("docker.io/redis", "docker.io", "redis"),
            ("index.docker.io/redis", "docker.io", "redis"),
            ("quay.io/library/redis", "quay.io", "library/redis"),
            ("localhost/a/b", "localhost", "a/b"),
            ("host:5000/", "host:5000", ""),
        ] {
            assert_eq!(split(text).expect(text), (registry, term), "{text}");
        }
        assert_eq!(
            split("https://quay.io/x").expect_err("a scheme").message(),
            "invalid repository name: repository name (https://quay.io/x) should not have a scheme"
        );
    }

    #[test]
    fn filters() {
        let filter = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
            Filter::of(&Filters::parse(&texts, KEYS)?)
        };
        let found = FoundRepository {
            name: "a".to_owned(),
            description: String::new(),
            stars: 5,
            official: true,
            automated: false,
        };
        for (texts, keeps) in [
            (&[][..], true),
            (&["is-official=true", "stars=5"], true),
            (&["stars=2", "stars=6"], false),
            (&["is-official=0"], false),
            (&["is-automated=true"], false),
        ] {
            assert_eq!(
                filter(texts).expect("filters").keeps(&found),
                keeps,
                "{texts:?}"
            );
        }
        for (text, message) in [
            ("stars=many", "invalid filter 'stars=many'"),
            ("is-official=maybe", "invalid filter 'is-official=maybe'"),
            ("color=red", "invalid filter 'color'"),
        ] {
            assert_eq!(filter(&[text]).expect_err(text).message(), message);
        }
    }
}
