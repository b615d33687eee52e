//! Writes man pages and completion scripts from the program's arguments into a folder:
//! `DIR/man/*.1` and `DIR/completions/*`. `cargo xtask docs` runs this and puts them in their places.

use std::io;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use orlop::cli;
use orlop::commands::completion;

/// The shells, and the file that each of them looks for.
const SHELLS: &[(Shell, &str)] = &[
    (Shell::Bash, "orlop.bash"),
    (Shell::Zsh, "_orlop"),
    (Shell::Fish, "orlop.fish"),
];

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("documents DIR"))?;
    let completions = folder.join("completions");
    std::fs::create_dir_all(&completions)?;
    for &(shell, file) in SHELLS {
        std::fs::write(completions.join(file), completion::script(shell))?;
    }
    let man = folder.join("man");
    std::fs::create_dir_all(&man)?;
    // What `-h` leaves out for brevity, a man page tells: the generator would leave it blank.
    let mut command = cli::command().mut_args(|argument| argument.hide_short_help(false));
    command.build();
    write_page(&command, "orlop", &man)
}

/// The page of a command and those of the commands below it.
fn write_page(command: &clap::Command, name: &str, folder: &Path) -> io::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().name(name.to_owned()))
        .manual("Orlop")
        .render(&mut page)?;
    std::fs::write(folder.join(format!("{name}.1")), page)?;
    let below = command.get_subcommands();
    for child in below.filter(|child| child.get_name() != "help" && !child.is_hide_set()) {
        write_page(child, &format!("{name}-{}", child.get_name()), folder)?;
    }
    Ok(())
}
