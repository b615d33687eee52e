use super::*;
use crate::Finding;

fn read(path: &str, text: &str) -> Vec<(String, String)> {
    let file = FileInfo {
        path,
        size: 0,
        is_executable: false,
    };
    assert!(NpmLock.wants(&file), "{path}");
    let mut found = Found::default();
    NpmLock
        .catalog(&file, &text.as_bytes(), &mut found)
        .unwrap();
    assert_eq!(found.faults, []);
    let packages = found.findings.into_iter().map(|finding| match finding {
        Finding::Package(package) => (package.name, package.version),
        other => panic!("{other:?}"),
    });
    packages.collect()
}

fn check(path: &str, text: &str, expected: &[(&str, &str)]) {
    let read = read(path, text);
    let read: Vec<_> = read
        .iter()
        .map(|(name, version)| (&**name, &**version))
        .collect();
    assert_eq!(read, expected, "{text}");
}

#[test]
fn npm_since_7() {
    let text = r#"{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{
        "":{"name":"app","version":"1.0.0","dependencies":{"a":"^1"}},
        "node_modules/@s/a":{"version":"1.2.0","resolved":"u","license":"MIT"},
        "node_modules/@s/a/node_modules/b":{"version":"0.1.0"},
        "node_modules/alias":{"name":"real","version":"3.0.0"},
        "node_modules/linked":{"resolved":"packages/linked","link":true},
        "node_modules/b":{"version":"0.1.0"}},
        "dependencies":{"x":{"version":"9"}}}"#;
    check(
        "app/package-lock.json",
        text,
        &[
            ("app", "1.0.0"),
            ("@s/a", "1.2.0"),
            ("b", "0.1.0"),
            ("real", "3.0.0"),
        ],
    );
}

#[test]
fn npm_before_7() {
    let text = r#"{"lockfileVersion":1,"dependencies":{
        "a":{"version":"1.0.0","requires":{"b":"^2"},"dependencies":{"b":{"version":"2.0.0"}}},
        "c":{"version":"file:../c"},"d":{"version":"npm:@e/e@4.0.0"},
        "f":{"version":"git+https://example.org/f#abc"}}}"#;
    let expected = [("a", "1.0.0"), ("b", "2.0.0"), ("@e/e", "4.0.0")];
    check("npm-shrinkwrap.json", text, &expected);
}

#[test]
fn yarn_1() {
    let text = "# yarn lockfile v1\n\n\n\"@babel/code-frame@^7.0.0\", \"@babel/code-frame@^7.1.0\":\n  version \"7.12.11\"\n  resolved \"https://registry.yarnpkg.com/x\"\n  dependencies:\n    version \"9\"\n\nlodash@^4.17.20:\n  version \"4.17.21\"\n\n\"alias@npm:real@^1.0.0\":\n  version \"1.0.1\"\n";
    let expected = [
        ("@babel/code-frame", "7.12.11"),
        ("lodash", "4.17.21"),
        ("real", "1.0.1"),
    ];
    check("yarn.lock", text, &expected);
}

#[test]
fn yarn_since_2() {
    let text = "__metadata:\n  version: 8\n\n\"@babel/core@npm:^7.0.0, @babel/core@npm:^7.1.0\":\n  version: 7.20.0\n  resolution: \"@babel/core@npm:7.20.0\"\n  languageName: node\n\n\"alias@npm:real@^1.0.0\":\n  version: 1.0.1\n  resolution: \"real@npm:1.0.1\"\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n\n\"fsevents@patch:fsevents@npm%3A^2.3.2#optional!builtin<compat/fsevents>\":\n  version: 2.3.2\n  resolution: \"fsevents@patch:fsevents@npm%3A2.3.2#x\"\n";
    let expected = [
        ("@babel/core", "7.20.0"),
        ("real", "1.0.1"),
        ("fsevents", "2.3.2"),
    ];
    check("yarn.lock", text, &expected);
}

#[test]
fn pnpm_of_three_forms() {
    let text = "lockfileVersion: 5.4\n\ndependencies:\n  a: 1.0.0\n\npackages:\n\n  /a/1.0.0:\n    resolution: {integrity: x}\n    dev: false\n  /@s/b/2.0.0_react@17.0.2:\n    resolution: {integrity: x}\n  /c_d/3.0.0_@e+f@1.0.0:\n    dev: true\n";
    check(
        "pnpm-lock.yaml",
        text,
        &[("a", "1.0.0"), ("@s/b", "2.0.0"), ("c_d", "3.0.0")],
    );
    let text = "lockfileVersion: '6.0'\npackages:\n\n  /a@1.0.0:\n    dev: false\n\n  /@s/b@2.0.0(react@17.0.2):\n    dev: false\n";
    check("pnpm-lock.yaml", text, &[("a", "1.0.0"), ("@s/b", "2.0.0")]);
    let text = "lockfileVersion: '9.0'\npackages:\n\n  '@s/b@2.0.0':\n    resolution: {}\n\n  a@1.0.0:\n    resolution: {}\n  c@file:c:\n    x: 1\n\nsnapshots:\n\n  d@1.0.0: {}\n";
    check("pnpm-lock.yaml", text, &[("@s/b", "2.0.0"), ("a", "1.0.0")]);
}

#[test]
fn those_of_other_peoples_packages_are_left_alone() {
    let file = FileInfo {
        path: "app/node_modules/a/yarn.lock",
        size: 0,
        is_executable: false,
    };
    assert!(!NpmLock.wants(&file) && NpmLock.is_declared());
}
