//! `explore`: dive's report, rules, document and exit codes, and the terminal.

use orlop_testing::{Image, Orlop, Program, Tarball, need_programs};
use serde_json::Value;

use super::{image_of, layout, with};

/// An image that wastes: a file twice, a copy of it removed.
fn wasteful() -> Image {
    image_of(
        [
            Tarball::new()
                .dir("bin", 0o755)
                .file("bin/tool", 0o4755, vec![b'x'; 10_000]),
            Tarball::new()
                .dir("srv", 0o755)
                .file("srv/a", 0o644, vec![b'a'; 600]),
            Tarball::new()
                .file("srv/a", 0o600, vec![b'a'; 600])
                .symlink("srv/b", "a"),
            Tarball::new()
                .whiteout("srv/a")
                .hard_link("bin/t", "bin/tool"),
        ],
        "1",
    )
}

const REPORT: &str = "\
Analysis:
  efficiency:        89.29 %
  wastedBytes:       1200 bytes (1.2 kB)
  userWastedPercent: 100.00 %

Inefficient Files:
  Count  Wasted Space  File Path
  3      1.2 kB        /srv/a

Evaluation:
";

#[test]
fn rules_and_exit_codes_are_dives() {
    let orlop = with(&wasteful(), "app:v1");
    let failed = orlop.run(["explore", "--ci", "app:v1"]).expect_code(1);
    let report = format!(
        "{REPORT}  FAIL  highestUserWastedPercent (too many bytes wasted, relative to the user bytes added \
         (%-user-wasted-bytes=1.00 > threshold=0.1))\n  \
         SKIP  highestWastedBytes (disabled)\n  \
         FAIL  lowestEfficiency (image efficiency is too low (efficiency=0.89 < threshold=0.9))\n\n\
         FAIL [fail:2 skip:1]\n"
    );
    assert_eq!(failed.stdout, report);
    assert_eq!(failed.stderr, "Error: evaluation failed\n");

    // A file, and flags above it.
    let folder = orlop.folder().join("project");
    std::fs::create_dir_all(&folder).expect("a folder is made");
    let rules = "rules:\n  lowestEfficiency: 0.85\n  highestUserWastedPercent: 'off'\n";
    std::fs::write(folder.join(".dive-ci"), rules).expect("a file is written");
    let there = |arguments: &[&str]| {
        let program = orlop.program().current_dir(&folder).env("CI", "true");
        program.arg("explore").args(arguments).arg("app:v1").run()
    };
    let passed = there(&[]).expect_code(0);
    assert!(
        passed.stdout.ends_with("\nPASS [pass:1 skip:2]\n"),
        "{passed}"
    );
    let failed = there(&["--highestWastedBytes", "1kB"]).expect_code(1);
    let words =
        "FAIL  highestWastedBytes (too many bytes wasted (wasted-bytes=1200 > threshold=1000))";
    assert!(failed.stdout.contains(words), "{failed}");
    let wrong = there(&["--lowestEfficiency", "2"]).expect_code(1);
    assert!(
        wrong.stderr.contains("outside of the allowed range"),
        "{wrong}"
    );
    let wrong = there(&["--ci-config", "nosuch"]).expect_code(1);
    assert!(wrong.stderr.contains("rules in nosuch: "), "{wrong}");
}

#[test]
fn the_document_has_dives_shape() {
    let image = wasteful();
    let orlop = with(&image, "app:v1");
    let shown = orlop.ok(["explore", "--json", "-", "app:v1"]).stdout;
    let document: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(document["image"]["sizeBytes"], 11_200);
    assert_eq!(document["image"]["inefficientBytes"], 1200);
    assert_eq!(document["image"]["fileReference"][0]["count"], 3);
    assert_eq!(document["image"]["fileReference"][0]["file"], "/srv/a");
    let layers = document["layer"].as_array().expect("a list");
    assert_eq!(layers.len(), 4);
    assert_eq!(layers[2]["command"], "layer 2");
    let files = layers[0]["fileList"].as_array().expect("a list");
    assert_eq!(
        files[0]["fileMode"], 2_147_484_141_u32,
        "Go's mode of a directory"
    );
    assert_eq!(files[1]["fileMode"], 8_389_101, "and of a setuid program");
    assert_eq!(files[1]["typeFlag"], 48);
    assert_eq!(layers[3]["fileList"][0]["path"], "srv/.wh.a");
    assert_eq!(layers[3]["fileList"][1]["linkName"], "bin/tool");
    let file = orlop.folder().join("out.json");
    let written = file.to_string_lossy().into_owned();
    orlop.ok(["explore", "--json", &written, &layout(&orlop, &image)]);
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), shown);
}

#[test]
fn without_a_terminal_it_says_what_else_there_is() {
    let error = with(&wasteful(), "app:v1").fails(["explore", "app:v1"]);
    assert!(error.contains("standard output is no terminal"), "{error}");
    assert!(error.contains("hint: --ci "), "{error}");
}

/// Types `$2` as soon as there is a screen; before that Ctrl-C would be a signal.
const TYPING: &str =
    "(until grep -q 1049h \"$0\" 2>/dev/null; do sleep 0.05; done; printf '%b' \"$2\") |
    script -qefc \"$1\" \"$0\"";

/// Runs `explore` on a terminal of its own, types `keys`, and shows the terminal's modes afterwards.
fn on_a_terminal(orlop: &Orlop, image: &str, keys: &str) -> Option<String> {
    if !need_programs(&[("script", "bsdutils"), ("stty", "coreutils")]) {
        return None;
    }
    let command = format!(
        "stty rows 24 cols 80; {} --root {} explore {image}; echo exit=$?; stty -a",
        env!("CARGO_BIN_EXE_orlop"),
        orlop.store().display()
    );
    let record = orlop.folder().join("typescript");
    let _ = std::fs::remove_file(&record);
    let program = Program::new("sh").args(["-c", TYPING]).arg(&record);
    let program = program
        .args([command.as_str(), keys])
        .env("TERM", "xterm-256color");
    let run = program.env_remove("CI").run();
    Some(run.stdout.replace('\r', ""))
}

#[test]
fn a_terminal_is_left_as_it_was_found() {
    let orlop = with(&wasteful(), "app:v1");
    // Down to the second layer, to the files, and out: by the letter, and by Ctrl-C.
    for keys in ["j\\tq", "j\\t\\003"] {
        let Some(shown) = on_a_terminal(&orlop, "app:v1", keys) else {
            return;
        };
        let (screen, after) = shown
            .split_once("\u{1b}[?1049l")
            .expect("it leaves its screen");
        assert!(
            screen.contains("\u{1b}[?1049h"),
            "it has a screen of its own: {shown:?}"
        );
        for words in ["Layers", "Details", "app:v1", "tool"] {
            assert!(screen.contains(words), "{words}: {screen:?}");
        }
        assert!(after.contains("exit=0"), "{after:?}");
        assert!(
            after.contains(" icanon") && after.contains(" echo "),
            "{after}"
        );
    }
}

/// dive itself, where ORLOP_TEST_DIVE names it.
#[test]
fn dive_says_the_same() {
    let Some(dive) = std::env::var_os("ORLOP_TEST_DIVE") else {
        return;
    };
    let orlop = with(&wasteful(), "app:v1");
    let archive = orlop.folder().join("app.tar");
    let place = format!("docker-archive:{}:app:v1", archive.display());
    orlop.ok(["copy", "-q", "store:app:v1", &place]);
    let dive = |arguments: &[&str]| {
        let program = Program::new(&dive).current_dir(orlop.folder());
        let source = format!("docker-archive://{}", archive.display());
        program.env_remove("CI").args(arguments).arg(source).run()
    };
    let theirs = dive(&["--ci"]).expect_code(1);
    let ours = orlop.run(["explore", "--ci", "app:v1"]).expect_code(1);
    assert!(
        theirs.stdout.contains(ours.stdout.trim_end()),
        "{theirs}\n{ours}"
    );
    dive(&["--json", "dive.json"]).expect_code(0);
    let text = std::fs::read_to_string(orlop.folder().join("dive.json")).expect("it is written");
    let theirs: Value = serde_json::from_str(&text).expect("it is JSON");
    let ours = orlop.ok(["explore", "--json", "-", "app:v1"]).stdout;
    let ours: Value = serde_json::from_str(&ours).expect("it is JSON");
    assert_eq!(ours["image"], theirs["image"]);
    for layer in 0..4 {
        // dive names what an archive leaves out, and walks its tree from below.
        let files = |document: &Value| {
            let list = document["layer"][layer]["fileList"].as_array().cloned();
            let mut files = list.unwrap_or_default();
            files.retain(|file| file["path"] != "");
            files.sort_by_key(|file| file["path"].to_string());
            files
        };
        // A whiteout's mode is whatever was written.
        let without_mode = |mut files: Vec<Value>| {
            files
                .iter_mut()
                .filter(|f| f["path"].to_string().contains(".wh."))
                .for_each(|file| {
                    file["fileMode"] = Value::Null;
                });
            files
        };
        assert_eq!(without_mode(files(&ours)), without_mode(files(&theirs)));
        let (a, b) = (&ours["layer"][layer], &theirs["layer"][layer]);
        for key in ["index", "digestId", "sizeBytes", "command"] {
            assert_eq!(a[key], b[key], "{key}");
        }
    }
}
