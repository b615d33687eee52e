//! Every key of `[serve]`: its meaning and its default. The help of `orlop serve` comes from here.

mod access;
mod bounds;
mod keeping;
mod registry;
mod telling;

use std::fmt::Write as _;

use super::keys::{Key, Kind, describe_key};

/// The keys of one table.
struct Section {
    /// As it stands in the file: `[serve.tls]`, `[[serve.webhooks]]`.
    header: &'static str,
    /// What the table is for.
    about: &'static str,
    keys: &'static [Key],
}

const fn key(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        variables: &[],
        flag: None,
        help,
    }
}

/// All tables, in the order in which they are described.
fn sections() -> impl Iterator<Item = &'static Section> {
    let all = [
        registry::SECTIONS,
        access::SECTIONS,
        keeping::SECTIONS,
        bounds::SECTIONS,
        telling::SECTIONS,
    ];
    all.into_iter().flatten()
}

/// All of it in words, for `orlop serve --help`.
pub fn describe_serve() -> String {
    let mut text = String::new();
    for section in sections() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n  {}", section.header, section.about);
        for key in section.keys {
            describe_key(&mut text, key);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::FileConfig;
    use super::*;

    /// What serde expects where a key is unknown.
    fn expected(header: &str) -> Vec<String> {
        // An element of a list of a list needs the outer one.
        let outer = header
            .trim_matches(['[', ']'])
            .rsplit_once('.')
            .map(|(outer, _)| outer);
        let outer = sections().find(|s| outer.is_some_and(|o| s.header == format!("[[{o}]]")));
        let outer = outer.map_or("", |section| section.header);
        let toml = format!("{outer}\n{header}\nnosuch = 1\n");
        let error = toml::from_str::<FileConfig>(&toml).expect_err("an unknown key");
        let names = error.message().split('`').skip(3).step_by(2);
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    #[test]
    fn every_key_is_described() {
        for section in sections() {
            let name = |header: &str| header.trim_matches(['[', ']']).to_owned();
            let own = name(section.header);
            let tables = sections().filter_map(|other| {
                let other = name(other.header);
                let (parent, table) = other.rsplit_once('.')?;
                (parent == own).then(|| table.to_owned())
            });
            let keys = section.keys.iter().map(|key| key.name.to_owned());
            let mut described: Vec<String> = keys.chain(tables).collect();
            described.sort();
            assert_eq!(expected(section.header), described, "{}", section.header);
        }
    }
}
