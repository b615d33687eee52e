//! Who a jar is, where it doesn't say so itself.

use super::manifest::Manifest;

/// Groups of artifacts whose builds (Gradle, Ant) leave no trace of them in the jar.
const GROUPS: &[(&str, &str)] = &[
    // The longer name before its beginning.
    ("spring-boot", "org.springframework.boot"),
    ("spring-security", "org.springframework.security"),
    ("spring-data", "org.springframework.data"),
    ("spring-cloud", "org.springframework.cloud"),
    ("spring-integration", "org.springframework.integration"),
    ("spring-kafka", "org.springframework.kafka"),
    ("spring-batch", "org.springframework.batch"),
    ("spring-session", "org.springframework.session"),
    ("spring-ws", "org.springframework.ws"),
    ("spring", "org.springframework"),
    ("micrometer", "io.micrometer"),
    ("kotlin", "org.jetbrains.kotlin"),
    ("kotlinx-coroutines", "org.jetbrains.kotlinx"),
    ("okhttp", "com.squareup.okhttp3"),
    ("okio", "com.squareup.okio"),
    ("lucene", "org.apache.lucene"),
    ("kafka", "org.apache.kafka"),
    ("elasticsearch", "org.elasticsearch"),
    ("ant", "org.apache.ant"),
    ("bcprov", "org.bouncycastle"),
    ("bcpkix", "org.bouncycastle"),
    ("bcutil", "org.bouncycastle"),
    ("hibernate-core", "org.hibernate"),
    ("reactor", "io.projectreactor"),
    ("tomcat-embed", "org.apache.tomcat.embed"),
    ("tomcat", "org.apache.tomcat"),
];

/// Name and version of `commons-io-2.11.0.jar`: the version begins with the first part after a `-`, `_`
/// or `.` that begins with a digit, or is called `r4`, `rc1` or `build5`.
pub(super) fn in_file_name(file: &str) -> (&str, &str) {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let is_version = |part: &str| {
        let rest = ["build", "rc", "r"]
            .iter()
            .find_map(|mark| part.strip_prefix(mark));
        rest.unwrap_or(part)
            .starts_with(|one: char| one.is_ascii_digit())
    };
    for separator in ['-', '_', '.'] {
        let version = stem
            .match_indices(separator)
            .filter(|(at, _)| *at > 0)
            .find(|(at, _)| is_version(&stem[at + 1..]));
        if let Some((at, _)) = version {
            return (&stem[..at], &stem[at + 1..]);
        }
    }
    (stem, "")
}

/// The name of an artifact, by its file and its manifest.
pub(super) fn artifact(manifest: &Manifest, file: &str) -> String {
    let (name, _) = in_file_name(file);
    // `GROUP.ARTIFACT.jar`, as Eclipse and Ivy write it. An artifact's own name has no dot.
    let is_word = |word: &str| {
        word.starts_with(|one: char| one.is_ascii_alphabetic())
            && word
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_'))
    };
    let is_qualified = name.contains('.') && name.split('.').all(is_word);
    let name = match name.rsplit_once('.') {
        Some((_, last)) if is_qualified && !name.starts_with("org.eclipse.") => last,
        _ => name,
    };
    if !name.is_empty() {
        return name.to_owned();
    }
    let titles = [
        "Short-Name",
        "Extension-Name",
        "Implementation-Title",
        "Bundle-Name",
    ];
    manifest.first(&titles).unwrap_or_default().to_owned()
}

/// The version, by its file and its manifest.
pub(super) fn version(manifest: &Manifest, file: &str) -> String {
    let fields = [
        "Implementation-Version",
        "Specification-Version",
        "Plugin-Version",
        "Bundle-Version",
    ];
    match in_file_name(file).1 {
        "" => manifest.first(&fields).unwrap_or_default().to_owned(),
        version => version.to_owned(),
    }
}

/// The group of an artifact, by its manifest; empty if that doesn't tell.
pub(super) fn group(manifest: &Manifest, artifact: &str) -> String {
    if let Some(group) = manifest.get("Group-Id") {
        return group.to_owned();
    }
    let is_of = |name: &str| {
        let rest = artifact.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if let Some((_, group)) = GROUPS.iter().find(|(name, _)| is_of(name)) {
        return (*group).to_owned();
    }
    let symbolic = manifest.symbolic_name().into_iter();
    let module = manifest.get("Automatic-Module-Name").into_iter();
    if let Some(group) = symbolic
        .chain(module)
        .find_map(|name| group_in(name, artifact))
    {
        return group;
    }
    let vendor = manifest.first(&["Implementation-Vendor-Id", "Extension-Name"]);
    vendor
        .filter(|vendor| is_group(vendor))
        .unwrap_or_default()
        .to_owned()
}

/// The group in the name of a bundle, which Maven's bundle plugin makes of group and artifact: where the
/// artifact begins with the last part of the group, that part is left out, and where it is that part,
/// all of it.
fn group_in(name: &str, artifact: &str) -> Option<String> {
    if !is_group(name) {
        return None;
    }
    let cuts = name.match_indices('.').map(|(at, _)| at);
    for at in cuts.rev() {
        let (group, rest) = (&name[..at], &name[at + 1..]);
        let last = group.rsplit('.').next().unwrap_or_default();
        let joined = artifact
            .strip_prefix(last)
            .and_then(|rest| rest.strip_prefix(['-', '.']));
        let is_joined =
            joined.is_some_and(|joined| joined == rest || joined.replace('-', ".") == rest);
        if group.contains('.') && (is_joined || rest == artifact && artifact.contains('-')) {
            return Some(group.to_owned());
        }
    }
    let is_last = name.rsplit('.').next() == Some(artifact);
    is_last.then(|| name.to_owned())
}

/// Whether it is the reverse of a domain, as groups are.
fn is_group(text: &str) -> bool {
    let first = text.split('.').next().unwrap_or_default();
    text.contains('.')
        && (2..=4).contains(&first.len())
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_have_versions() {
        let cases = [
            ("commons-io-2.11.0.jar", "commons-io", "2.11.0"),
            ("my-http2-server-5.jar", "my-http2-server", "5"),
            ("guava-31.1-jre.jar", "guava", "31.1-jre"),
            ("jetpack-build235-rc5.war", "jetpack", "build235-rc5"),
            ("ironman-r4-2009.jar", "ironman", "r4-2009"),
            (
                "javax.inject_1.0.0.v2009.jar",
                "javax.inject",
                "1.0.0.v2009",
            ),
            ("plain.jar", "plain", ""),
            ("log4j.jar", "log4j", ""),
            ("-1.jar", "-1", ""),
            ("", "", ""),
        ];
        for (file, name, version) in cases {
            assert_eq!(in_file_name(file), (name, version), "{file}");
        }
    }

    #[test]
    fn groups_are_in_the_names_of_bundles() {
        let cases = [
            (
                "org.apache.commons.lang3",
                "commons-lang3",
                Some("org.apache.commons"),
            ),
            ("org.slf4j.api", "slf4j-api", Some("org.slf4j")),
            ("com.google.guava", "guava", Some("com.google.guava")),
            (
                "com.fasterxml.jackson.core.jackson-databind",
                "jackson-databind",
                Some("com.fasterxml.jackson.core"),
            ),
            ("org.apache.maven", "maven", Some("org.apache.maven")),
            ("bcprov", "bcprov", None),
            ("org.apache.commons.lang3", "other", None),
        ];
        for (name, artifact, expected) in cases {
            assert_eq!(group_in(name, artifact).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn artifacts_are_named_by_their_file() {
        let none = Manifest::default();
        assert_eq!(artifact(&none, "org.a.b-core-1.0.jar"), "b-core");
        assert_eq!(
            artifact(&none, "org.eclipse.osgi-3.1.jar"),
            "org.eclipse.osgi"
        );
        let manifest = Manifest::parse(b"Implementation-Title: t\nImplementation-Version: 3\n");
        assert_eq!(artifact(&manifest, ".jar"), "t");
        assert_eq!(version(&manifest, "a.jar"), "3");
        assert_eq!(version(&manifest, "a-4.jar"), "4");
        assert_eq!(
            group(&manifest, "spring-security-core"),
            "org.springframework.security"
        );
        assert_eq!(group(&manifest, "spring-core"), "org.springframework");
        assert_eq!(group(&manifest, "ant-launcher"), "org.apache.ant");
        assert_eq!(group(&manifest, "antlr"), "");
        assert_eq!(group(&manifest, "a"), "");
    }
}
