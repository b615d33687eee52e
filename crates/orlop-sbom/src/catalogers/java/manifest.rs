//! `META-INF/MANIFEST.MF` (JAR File Specification, "JAR Manifest") and Java's `.properties`.

use std::collections::BTreeMap;

/// The attributes of a manifest. Those of its main section go before those of a later one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest(BTreeMap<String, String>);

impl Manifest {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut attributes: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            let line = line.trim_end_matches('\r');
            if let Some(more) = line.strip_prefix(' ') {
                // Lines have at most 72 bytes; longer values go on.
                if let Some((_, value)) = attributes.last_mut() {
                    value.push_str(more);
                }
            } else if let Some((key, value)) = line.split_once(':') {
                attributes.push((
                    key.trim().to_ascii_lowercase(),
                    value.trim_start().to_owned(),
                ));
            }
        }
        let mut manifest = Self::default();
        for (key, value) in attributes {
            let value = value.trim();
            if !value.is_empty() {
                manifest.0.entry(key).or_insert_with(|| value.to_owned());
            }
        }
        manifest
    }

    /// The value of an attribute, whose name may be in any case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The first of these attributes that there is.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The symbolic name of an OSGi bundle, without its directives.
    pub(super) fn symbolic_name(&self) -> Option<&str> {
        let name = self.get("Bundle-SymbolicName")?.split(';').next()?.trim();
        (!name.is_empty()).then_some(name)
    }
}

/// Reads `key=value` lines (`java.util.Properties`), without escapes, which Maven's files don't need.
pub(super) fn properties(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    let property = |line: &str| {
        let line = line.trim();
        if line.starts_with(['#', '!']) {
            return None;
        }
        let (key, value) = line.split_once(['=', ':'])?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    };
    text.lines().filter_map(property).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_go_on_in_the_next_line() {
        let manifest = Manifest::parse(
            b"Manifest-Version: 1.0\r\nBundle-SymbolicName: org.a\r\n .b;singleton:=true\r\nimplementation-version: 1\r\n\r\nName: x\r\nImplementation-Version: 2\r\nSealed: true\r\n",
        );
        assert_eq!(manifest.symbolic_name(), Some("org.a.b"));
        assert_eq!(manifest.get("Implementation-Version"), Some("1"));
        assert_eq!(manifest.get("sealed"), Some("true"));
        assert_eq!(manifest.first(&["Nothing", "Name"]), Some("x"));
    }

    #[test]
    fn rubbish_has_no_attributes() {
        assert_eq!(
            Manifest::parse(b" goes on\n\xff\xfe\nno colon\n: \n"),
            Manifest::default()
        );
    }

    #[test]
    fn properties_have_comments() {
        let read = properties(b"#Generated\n!x=1\nversion=1.2\ngroupId : org.a\nnothing\n");
        let list: Vec<_> = read.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(list, [("groupId", "org.a"), ("version", "1.2")]);
    }
}
