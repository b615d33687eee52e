use super::*;
use crate::Finding;

fn check(path: &str, text: &str, expected: &[(&str, &str)]) {
    let file = FileInfo {
        path,
        size: 0,
        is_executable: false,
    };
    assert!(PythonLock.wants(&file), "{path}");
    let mut found = Found::default();
    PythonLock
        .catalog(&file, &text.as_bytes(), &mut found)
        .unwrap();
    assert_eq!(found.faults, []);
    let packages: Vec<_> = found
        .findings
        .iter()
        .map(|finding| match finding {
            Finding::Package(package) => (&*package.name, &*package.version),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(packages, expected, "{text}");
}

#[test]
fn requirements_of_one_version() {
    let text = "# comment\n-r other.txt\n--index-url https://example.org\nDjango==3.2.1\nrequests[security] == 2.25.0 ; python_version > '3' # why\nnumpy>=1.0\na==1.*\nb==1.0,<2\nc @ https://example.org/c==1.zip\nzope.interface===5.4.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nd\n";
    let expected = [
        ("django", "3.2.1"),
        ("requests", "2.25.0"),
        ("zope-interface", "5.4.0"),
    ];
    check("app/requirements-dev.txt", text, &expected);
}

#[test]
fn lock_files_in_toml() {
    let text = "version = 1\n\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n\n[[package]]\nname = \"Jinja2\"\nversion = \"3.1.2\"\nsource = { registry = \"https://pypi.org/simple\" }\ndependencies = [{ name = \"markupsafe\" }]\n";
    for path in ["uv.lock", "poetry.lock", "pdm.lock"] {
        check(path, text, &[("jinja2", "3.1.2")]);
    }
}

#[test]
fn the_lock_file_of_pipenv() {
    let text = r#"{"_meta":{},"default":{"requests":{"hashes":[],"version":"==2.25.0"},"here":{"path":"."}},"develop":{"PyTest":{"version":"==7.0"}}}"#;
    check(
        "Pipfile.lock",
        text,
        &[("requests", "2.25.0"), ("pytest", "7.0")],
    );
}

#[test]
fn damage_is_a_fault() {
    let mut found = Found::default();
    for (path, text, why) in [
        ("uv.lock", "[[package]\n", "it can't be read as TOML: "),
        ("uv.lock", "package = [[1]]", "it can't be read as TOML: "),
        ("Pipfile.lock", "[]", "it can't be read as JSON: "),
    ] {
        let file = FileInfo {
            path,
            size: 0,
            is_executable: false,
        };
        let fault = PythonLock.catalog(&file, &text.as_bytes(), &mut found);
        let fault = fault.unwrap_err().to_string();
        assert!(fault.starts_with(why), "{fault}");
    }
}
