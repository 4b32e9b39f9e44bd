//! The machine under the figures, as the kernel tells of it, and the commit.

use crate::Outcome;
use serde::{Deserialize, Serialize};
use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// What Linux tells processor time in, on every architecture it runs on here.
const TICKS: f64 = 100.0;

/// What a figure depends on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_mib: u64,
    kernel: String,
    compiler: String,
    /// Processes that wanted a core, over the last minute before the run: near 0 on a quiet machine.
    load_before: f64,
}

impl Machine {
    /// Looks at this machine.
    pub(crate) fn look() -> Outcome<Machine> {
        let cpus = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let load = fs::read_to_string("/proc/loadavg")?;
        let kib: u64 = field(&memory, "MemTotal")
            .split_whitespace()
            .next()
            .unwrap_or("0")
            .parse()?;
        Ok(Machine {
            cpu: field(&cpus, "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: kib / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .into(),
            compiler: said("rustc", &["--version"]),
            load_before: load.split_whitespace().next().unwrap_or("0").parse()?,
        })
    }

    /// In one line.
    pub(crate) fn text(&self) -> String {
        let Machine {
            cpu,
            cores,
            memory_mib,
            kernel,
            compiler,
            load_before,
        } = self;
        format!(
            "{cpu}, {cores} cores, {memory_mib} MiB, Linux {kernel}, {compiler}, load before {load_before}"
        )
    }
}

/// The commit, with `+` when files differ from it.
pub(crate) fn commit() -> String {
    let changed = !said("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
    format!(
        "{}{}",
        said("git", &["rev-parse", "--short=12", "HEAD"]),
        if changed { "+" } else { "" }
    )
}

/// Seconds since 1970-01-01 UTC.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A field of `/proc/PID/status` in KiB, such as `VmRSS`.
pub(crate) fn process_kib(process: u32, name: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    Ok(field(&status, name)
        .split_whitespace()
        .next()
        .unwrap_or("0")
        .parse()?)
}

/// Processor time that a process has taken, in seconds.
pub(crate) fn process_seconds(process: u32) -> Outcome<f64> {
    // utime and stime are the 12th and 13th field after the name.
    stat_seconds(&process.to_string(), 11)
}

/// Processor time of this process's children that have ended and were waited for, in seconds.
pub(crate) fn children_seconds() -> Outcome<f64> {
    // cutime and cstime follow on utime and stime.
    stat_seconds("self", 13)
}

fn stat_seconds(process: &str, skip: usize) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may hold spaces.
    let after = stat.rsplit_once(')').ok_or("no such process")?.1;
    let ticks = after
        .split_whitespace()
        .skip(skip)
        .take(2)
        .map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / TICKS)
}

fn field(text: &str, name: &str) -> String {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().into())
        .unwrap_or_default()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
