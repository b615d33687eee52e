//! Gems that are installed: the specifications that RubyGems writes, Ruby programs whose assignments
//! always have the same form (RubyGems' `Gem::Specification#to_ruby`).

use super::bounds::{Listing, MANIFEST, read_text};
use crate::{Cataloger, Content, Fault, FileInfo, Found, Package, PackageKind};

const NAME: &str = "ruby-installed-gemspec-cataloger";

/// Texts of one list.
const TEXTS: usize = 100;

/// Reads gems that are installed.
pub(crate) struct Ruby;

impl Cataloger for Ruby {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        let Some((folders, name)) = file.path.rsplit_once('/') else {
            return false;
        };
        // Ruby's own gems are one folder further down.
        name.ends_with(".gemspec") && folders.split('/').any(|name| name == "specifications")
    }

    fn catalog(
        &self,
        _: &FileInfo<'_>,
        content: &dyn Content,
        found: &mut Found,
    ) -> Result<(), Fault> {
        let gem = parse(&read_text(content, MANIFEST)?);
        if gem.name.is_empty() || gem.version.is_empty() {
            return Err(Fault::new("it names no gem with a version"));
        }
        let mut package = Package::new(PackageKind::Gem, gem.name, gem.version, NAME);
        package.licences = gem.licences;
        package.maintainer = gem.author;
        if gem.platform != "ruby" {
            package.architecture = Some(gem.platform);
        }
        let mut listing = Listing::new(found);
        listing.package(package)?;
        listing.finish();
        Ok(())
    }
}

#[derive(Default)]
struct Gem {
    name: String,
    version: String,
    platform: String,
    licences: Vec<String>,
    author: Option<String>,
}

fn parse(text: &str) -> Gem {
    let mut gem = Gem::default();
    for line in text.lines().map(str::trim) {
        // `# stub: rake 13.0.6 ruby lib` stands first where the program counts its version out.
        if let Some(stub) = line.strip_prefix("# stub: ") {
            let mut words = stub.split(' ').map(str::to_owned);
            gem.name = words.next().unwrap_or_default();
            gem.version = words.next().unwrap_or_default();
            gem.platform = words.next().unwrap_or_default();
        }
        let Some((attribute, value)) = assignment(line) else {
            continue;
        };
        let texts = texts(value);
        match (attribute, texts.first()) {
            ("name", Some(name)) => gem.name.clone_from(name),
            ("version", Some(version)) => gem.version.clone_from(version),
            ("platform", Some(platform)) => gem.platform.clone_from(platform),
            ("license" | "licenses", Some(_)) => gem.licences = texts,
            ("author" | "authors", Some(_)) => gem.author = Some(texts.join(", ")),
            _ => {}
        }
    }
    if gem.platform.is_empty() {
        "ruby".clone_into(&mut gem.platform);
    }
    gem
}

/// `s.name = VALUE`, whatever the block's argument is called.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (target, value) = line.split_once('=')?;
    let (block, attribute) = target.trim().split_once('.')?;
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    (is_name(block) && is_name(attribute)).then_some((attribute, value.trim()))
}

/// The texts of a value: `"MIT".freeze`, `Gem::Version.new("1.0")`, `["MIT".freeze, 'Ruby']`,
/// `%q{a}`; none of one that is counted out.
fn texts(value: &str) -> Vec<String> {
    let list = value.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || ":._(".contains(c));
    if !list.starts_with(['"', '\'', '[', '%']) {
        return Vec::new();
    }
    let mut texts = Vec::new();
    let mut rest = list;
    while texts.len() < TEXTS {
        let Some(start) = rest.find(['"', '\'', '%']) else {
            break;
        };
        let (closes, begin) = match &rest[start..] {
            quoted if quoted.starts_with("%q{") => ('}', start + 3),
            quoted if quoted.starts_with('%') => break,
            quoted if quoted.starts_with('"') => ('"', start + 1),
            _ => ('\'', start + 1),
        };
        let mut text = String::new();
        let mut characters = rest[begin..].char_indices();
        let mut end = None;
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
                character if character == closes => {
                    end = Some(begin + at + closes.len_utf8());
                    break;
                }
                character => text.push(character),
            }
        }
        let Some(end) = end else { break };
        // What a program puts together isn't known.
        if closes != '"' || !text.contains("#{") {
            texts.push(text);
        }
        rest = &rest[end..];
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    fn read(text: &str) -> Result<Package, Fault> {
        let file = FileInfo {
            path: "var/lib/gems/3.1.0/specifications/default/x.gemspec",
            size: 0,
            is_executable: false,
        };
        assert!(Ruby.wants(&file));
        let mut found = Found::default();
        Ruby.catalog(&file, &text.as_bytes(), &mut found)?;
        match &found.findings[..] {
            [Finding::Package(package)] => Ok((**package).clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_rubygems_writes() {
        let text = "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n\nGem::Specification.new do |s|\n  s.name = \"nokogiri\".freeze\n  s.version = \"1.15.4\"\n  s.platform = \"x86_64-linux\".freeze\n\n  s.required_rubygems_version = Gem::Requirement.new(\">= 0\".freeze) if s.respond_to? :required_rubygems_version=\n  s.authors = [\"Mike Dalessio\".freeze, \"Aaron Patterson\".freeze]\n  s.description = \"s.version = \\\"9\\\"\".freeze\n  s.licenses = [\"MIT\".freeze, \"Ruby\".freeze]\n  s.installed_by_version = \"3.3.15\" if s.respond_to? :installed_by_version\nend\n";
        let gem = read(text).unwrap();
        assert_eq!((&*gem.name, &*gem.version), ("nokogiri", "1.15.4"));
        assert_eq!(gem.architecture.as_deref(), Some("x86_64-linux"));
        assert_eq!(gem.licences, ["MIT", "Ruby"]);
        assert_eq!(
            gem.maintainer.as_deref(),
            Some("Mike Dalessio, Aaron Patterson")
        );
    }

    #[test]
    fn what_others_write() {
        let text = "Gem::Specification.new do |spec|\n spec.name='a'\n spec.version = Gem::Version.new('2.0.pre')\n spec.license = %q{BSD}\nend";
        let gem = read(text).unwrap();
        assert_eq!((&*gem.name, &*gem.version), ("a", "2.0.pre"));
        assert_eq!((gem.architecture, &*gem.licences[0]), (None, "BSD"));
        let text = "# stub: b 1.2 ruby lib\n s.name = \"b\"\n s.version = B::VERSION\n";
        assert_eq!(read(text).unwrap().version, "1.2");
    }

    #[test]
    fn a_version_that_is_counted_out_is_a_fault() {
        for text in [
            "",
            "s.name = \"a\"\ns.version = A::VERSION\n",
            "s.version = \"1\"",
            "s.name = \"a\ns.version = \"#{A}\"",
        ] {
            let fault = read(text).unwrap_err().to_string();
            assert_eq!(fault, "it names no gem with a version");
        }
    }
}
