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
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    Ok(ticks(&stat, 2).ok_or("no such process")?.1 as f64 / TICKS)
}

/// Processor time of this process's children that have ended and were waited for, in seconds.
pub(crate) fn children_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let own = ticks(&stat, 2).ok_or("no such process")?.1;
    let all = ticks(&stat, 4).ok_or("no such process")?.1;
    Ok((all - own) as f64 / TICKS)
}

/// Processor time of a process, of its children, and of those of them that have ended, in seconds: what a PostgreSQL takes,
/// whose backends are children of its first process.
pub(crate) fn family_seconds(process: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let mut sum = ticks(&stat, 4).ok_or("no such process")?.1;
    for entry in fs::read_dir("/proc")? {
        let stat = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
        sum += ticks(&stat, 2)
            .filter(|(parent, _)| *parent == process)
            .map_or(0, |(_, ticks)| ticks);
    }
    Ok(sum as f64 / TICKS)
}

/// From a `/proc/PID/stat`: the parent, and the sum of utime and stime (`count` 2), with cutime and cstime too (4).
fn ticks(stat: &str, count: usize) -> Option<(u32, u64)> {
    // The name, in brackets, may hold spaces; the times stand from the 12th field after it.
    let after = stat.rsplit_once(')')?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let times = fields.get(11..11 + count)?;
    let ticks = times.iter().map(|ticks| ticks.parse::<u64>().ok());
    Some((fields.get(1)?.parse().ok()?, ticks.sum::<Option<u64>>()?))
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
