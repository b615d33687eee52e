//! Unpacks a tar (plain, gzip or zstd) and says how fast: for tuning, not for proof.
//!
//! `cargo run --profile profiling -p orlop-fs --example unpack_bench -- LAYER.tar.gz DIR [keep]`

#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

use std::{
    error::Error,
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use orlop_fs::{Position, UnpackOptions, WhiteoutStyle, remove_tree, unpack};
use orlop_layer::{BUFFER_SIZE, BoundedReader, Bounds, Decompressor, TarReader, sniff};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(layer), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("usage: unpack_bench LAYER DIR [keep]".into());
    };
    let target = Path::new(&target);
    std::fs::create_dir(target)?;
    let mut head = Vec::new();
    File::open(&layer)?.take(8).read_to_end(&mut head)?;
    let file = File::open(&layer)?;
    let compressed = file.metadata()?.len();
    let bounds = Bounds::default();
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let plain = Decompressor::new(sniff(&head), file)?;
    let plain = BoundedReader::new(plain, &bounds, compressed);
    let mut tar = TarReader::new(BufReader::with_capacity(BUFFER_SIZE, plain), bounds);
    let privilege = orlop_fs::Privilege::of_process();
    let options = UnpackOptions::new(WhiteoutStyle::Overlay, Position::Bottom, privilege);
    let unpacked = unpack(target, &mut tar, &options, &mut [], &AtomicBool::new(false))?;
    tar.drain()?;
    let (wall, cpu) = (started.elapsed(), cpu_time()?.saturating_sub(cpu));
    let megabytes = tar.position() as f64 / 1e6;
    println!(
        "{} entries, {megabytes:.1} MB in {:.2} s (CPU {:.2} s): {:.0} entries/s, {:.0} MB/s",
        unpacked.entries,
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        unpacked.entries as f64 / wall.as_secs_f64(),
        megabytes / wall.as_secs_f64(),
    );
    if arguments.next().is_some() {
        return Ok(());
    }
    let removing = Instant::now();
    remove_tree(target)?;
    println!("removed in {:.2} s", removing.elapsed().as_secs_f64());
    Ok(())
}

/// User and system time of this process so far (`proc_pid_stat(5)`; a tick is 10 ms).
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
