//! Unpacks layers, bottom first, each into a directory of its own, and says how long it takes to
//! settle them: for tuning, not for proof. `strace -f -c -e trace=...` on it counts calls.
//!
//! `cargo run --profile profiling -p orlop-fs --example settle_bench -- DIR LAYER.tar...`

#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

use std::{
    error::Error,
    fs::File,
    io::{BufReader, Read as _},
    path::PathBuf,
    sync::atomic::AtomicBool,
    time::Instant,
};

use orlop_fs::{Position, UnpackOptions, WhiteoutStyle, settle, unpack};
use orlop_layer::{BUFFER_SIZE, Bounds, Decompressor, TarReader, sniff};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let base = PathBuf::from(arguments.next().ok_or("usage: settle_bench DIR LAYER...")?);
    std::fs::create_dir(&base)?;
    let style = WhiteoutStyle::Overlay;
    let options = UnpackOptions::new(style, Position::Bottom, orlop_fs::Privilege::of_process());
    let mut layers = Vec::new();
    for (number, layer) in arguments.enumerate() {
        let dir = base.join(number.to_string());
        std::fs::create_dir(&dir)?;
        let mut head = Vec::new();
        File::open(&layer)?.take(8).read_to_end(&mut head)?;
        let plain = Decompressor::new(sniff(&head), File::open(&layer)?)?;
        let plain = BufReader::with_capacity(BUFFER_SIZE, plain);
        let mut tar = TarReader::new(plain, Bounds::default());
        let unpacked = unpack(&dir, &mut tar, &options, &mut [], &AtomicBool::new(false))?;
        layers.push((dir, unpacked));
    }
    let started = Instant::now();
    let mut lowers: Vec<PathBuf> = Vec::new();
    for (dir, unpacked) in layers {
        let settled = settle(&dir, &lowers, style, &unpacked)?;
        println!(
            "{}: {} implicit directories, {settled:?}",
            dir.display(),
            unpacked.implicit_dirs.len()
        );
        lowers.insert(0, dir);
    }
    println!("settled in {:.3} s", started.elapsed().as_secs_f64());
    Ok(())
}
