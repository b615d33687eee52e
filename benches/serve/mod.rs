//! `orlop serve` beside other registries, on the same work.
//!
//! Every registry gets the same requests over plain HTTP on the loopback, from the same client
//! ([`client`]), with fresh storage on one disk, one registry at a time. What arrives is counted and
//! thrown away by the kernel, so that the client costs little of the two sides' shared cores.

mod client;
mod content;
mod lists;
mod registry;
mod work;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::report::{median, note, result};
use crate::{Outcome, kept};
use registry::{Kind, Server};
use work::Figure;

/// What is compared.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// How many rounds; each registry does all the work once in every round
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// A program of CNCF distribution v3 (`registry`), to be compared too
    #[arg(long, value_name = "FILE")]
    v3: Option<PathBuf>,
    /// The kinds of work
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "pull,manifests,push,lists"
    )]
    work: Vec<Work>,
    /// Also one blob of this many gigabytes, pushed and pulled, for the memory it takes
    #[arg(long, value_name = "GB")]
    giant: Option<u64>,
}

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Work {
    /// A blob of 100 MB by 1, 8 and 64 clients
    Pull,
    /// Manifests by tag over 16 connections
    Manifests,
    /// Blobs of 1, 10 and 100 MB
    Push,
    /// 10,000 repositories of 100 tags, by pages
    Lists,
}

/// The figures of one registry, all rounds.
type Figures = Vec<(String, &'static str, Vec<f64>)>;

/// Compares the registries.
pub(crate) fn serve(arguments: &ServeArguments) -> Outcome {
    let mut kinds = vec![Kind::Orlop, Kind::Debian];
    kinds.extend(arguments.v3.clone().map(Kind::V3));
    let mut table: Vec<Figures> = vec![Vec::new(); kinds.len()];
    for round in 1..=arguments.rounds {
        for (kind, figures) in kinds.iter().zip(&mut table) {
            note(&format!("Round {round}: {kind}"));
            let found = one(kind, arguments)?;
            for figure in found {
                add(figures, figure);
            }
        }
    }
    report(&kinds, &table);
    Ok(())
}

fn one(kind: &Kind, arguments: &ServeArguments) -> Outcome<Vec<Figure>> {
    let folder = kept()?.join("serve");
    let mut figures = Vec::new();
    let has = |work| arguments.work.contains(&work);
    if has(Work::Pull) || has(Work::Manifests) || has(Work::Push) {
        let server = Server::start(kind, &folder)?;
        if has(Work::Pull) {
            figures.extend(work::pull(&server)?);
        }
        if has(Work::Manifests) {
            figures.push(work::manifests(&server)?);
        }
        if has(Work::Push) {
            figures.extend(work::push(&server)?);
        }
        figures.push(server.memory("memory, all of the above")?);
        server.stop();
    }
    if let Some(gigabytes) = arguments.giant {
        let server = Server::start(kind, &folder)?;
        figures.extend(work::giant(&server, gigabytes)?);
        figures.push(server.memory(&format!("memory, a blob of {gigabytes} GB"))?);
        server.stop();
    }
    if has(Work::Lists) {
        figures.extend(lists::lists(kind, &folder)?);
    }
    for figure in &figures {
        note(&format!("  {figure}"));
    }
    Ok(figures)
}

fn add(figures: &mut Figures, figure: Figure) {
    match figures.iter_mut().find(|(name, ..)| *name == figure.name) {
        Some((.., values)) => values.push(figure.value),
        None => figures.push((figure.name, figure.unit, vec![figure.value])),
    }
}

/// Medians, and every registry's ratio to orlop.
fn report(kinds: &[Kind], table: &[Figures]) {
    let Some((own, peers)) = table.split_first() else {
        return;
    };
    for (name, unit, values) in own {
        let ours = median(values.clone());
        result(&format!("{name}: {} {ours:.1} {unit}", kinds[0]));
        for (kind, figures) in kinds[1..].iter().zip(peers) {
            let Some((.., values)) = figures.iter().find(|(other, ..)| other == name) else {
                continue;
            };
            let theirs = median(values.clone());
            result(&format!(
                "    {kind} {theirs:.1} {unit}; orlop has {:.2} of it",
                ours / theirs
            ));
        }
    }
}
