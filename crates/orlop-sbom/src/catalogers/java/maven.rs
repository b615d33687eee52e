//! What Maven leaves in a jar: `META-INF/maven/GROUP/ARTIFACT/pom.properties` and `pom.xml`.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::manifest::properties;

/// Who an artifact is, as far as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pom {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
    pub(super) licences: Vec<String>,
}

/// Reads `pom.properties`; nothing if that doesn't name an artifact and its version.
pub(super) fn pom_properties(bytes: &[u8]) -> Option<Pom> {
    let mut properties = properties(bytes);
    let mut take = |key| properties.remove(key).unwrap_or_default();
    let pom = Pom {
        group: take("groupId"),
        artifact: take("artifactId"),
        version: take("version"),
        licences: Vec::new(),
    };
    let is_plain = |value: &str| !value.is_empty() && !value.contains("${");
    (is_plain(&pom.artifact) && is_plain(&pom.version)).then_some(pom)
}

/// Reads `pom.xml` (Maven's POM Reference). Group and version may be the parent's; properties of the
/// file are put in, and what remains open is left out. Nothing if it is damaged: it tells little more
/// than others do.
pub(super) fn pom_xml(bytes: &[u8]) -> Option<Pom> {
    let text = std::str::from_utf8(bytes).ok()?;
    let document = Document::parse(text.trim_start_matches('\u{feff}')).ok()?;
    let project = document.root_element();
    let parent = child(project, "parent");
    let own = |name| text_of(project, name);
    let inherited = |name| own(name).or_else(|| text_of(parent?, name));
    let artifact = own("artifactId")?;
    let mut known: BTreeMap<String, String> = child(project, "properties")
        .into_iter()
        .flat_map(|properties| properties.children())
        .filter_map(|one| {
            Some((
                one.tag_name().name().to_owned(),
                one.text()?.trim().to_owned(),
            ))
        })
        .collect();
    for name in ["groupId", "version"] {
        if let Some(value) = inherited(name) {
            known.insert(format!("project.{name}"), value.to_owned());
        }
    }
    let resolved =
        |value: Option<&str>| resolve(value.unwrap_or_default(), &known).unwrap_or_default();
    let licences = child(project, "licenses")
        .into_iter()
        .flat_map(|licences| licences.children())
        .filter_map(|licence| text_of(licence, "name"))
        .map(str::to_owned)
        .collect();
    Some(Pom {
        group: resolved(inherited("groupId")),
        artifact: resolve(artifact, &known)?,
        version: resolved(inherited("version")),
        licences,
    })
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|one| one.tag_name().name() == name)
}

fn text_of<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then_some(text)
}

/// Puts properties in, which may name others; nothing if one isn't known.
fn resolve(value: &str, known: &BTreeMap<String, String>) -> Option<String> {
    /// How many are put in.
    const MAX_PUT_IN: usize = 16;
    /// How many bytes a value may have.
    const MAX_VALUE: usize = 1 << 10;
    let mut value = value.to_owned();
    for _ in 0..MAX_PUT_IN {
        let Some(start) = value.find("${") else {
            return Some(value);
        };
        let end = start + value[start..].find('}')?;
        let put_in = known.get(&value[start + 2..end])?;
        value.replace_range(start..=end, put_in);
        if value.len() > MAX_VALUE {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pom_takes_from_its_parent_and_its_properties() {
        let pom = pom_xml(
            b"<?xml version='1.0'?><project xmlns='http://maven.apache.org/POM/4.0.0'><parent><groupId>org.a</groupId>
            <artifactId>parent</artifactId><version>1</version></parent><artifactId>b-${kind}</artifactId>
            <version>${revision}</version><properties><kind>core</kind><revision>2.${minor}</revision><minor>3</minor>
            </properties><licenses><license><name>MIT</name></license></licenses></project>",
        );
        let expected = Pom {
            group: "org.a".into(),
            artifact: "b-core".into(),
            version: "2.3".into(),
            licences: vec!["MIT".into()],
        };
        assert_eq!(pom, Some(expected));
    }

    #[test]
    fn what_stays_open_is_left_out() {
        let pom = pom_xml(
            b"<project><groupId>g</groupId><artifactId>a</artifactId><version>${x}</version><properties><x>${x}</x></properties></project>",
        );
        assert_eq!(pom.unwrap().version, "");
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aa'>]><project><artifactId>&a;</artifactId></project>";
        for text in ["", "<project/>", "<project", bomb, &"<a>".repeat(100_000)] {
            assert_eq!(pom_xml(text.as_bytes()), None);
        }
        assert_eq!(pom_properties(b"artifactId=a\nversion=${v}\n"), None);
        assert_eq!(pom_properties(b"artifactId=a\n"), None);
    }
}
