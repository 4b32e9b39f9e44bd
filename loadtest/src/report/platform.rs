//! Where a run took place: processor, memory, system, disk and its sync time, build.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// A platform page's facts; what cannot be found out is empty or 0.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Platform {
    /// Processor model.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Architecture.
    pub architecture: String,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Operating system.
    pub system: String,
    /// Kernel release.
    pub kernel: String,
    /// File system and device under the report's folder.
    pub disk: String,
    /// Median time of a write of 4 KiB with fdatasync there, in ms.
    pub sync_ms: f64,
    /// Commit that was built, if a repository is around.
    pub commit: String,
    /// Version and profile of the harness.
    pub build: String,
    /// What the caller says about the server: journal, version, flags.
    pub notes: Vec<String>,
}

/// Looks around; `folder` is where the sync time is taken.
pub fn platform(folder: &Path, notes: Vec<String>) -> Platform {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, name: &str| {
        let line = text
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_default();
        line.split_once([':', '=']).map_or(String::new(), |(_, v)| {
            v.trim().trim_matches('"').to_owned()
        })
    };
    let memory = after(&read("/proc/meminfo"), "MemTotal");
    let kib: u64 = memory
        .split_whitespace()
        .next()
        .and_then(|v| v.parse().ok())
        .unwrap_or(0);
    Platform {
        cpu: after(&read("/proc/cpuinfo"), "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        architecture: std::env::consts::ARCH.to_owned(),
        memory_bytes: kib * 1024,
        system: after(&read("/etc/os-release"), "PRETTY_NAME"),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        disk: disk(folder, &read("/proc/mounts")),
        sync_ms: sync_ms(folder).unwrap_or(0.0),
        commit: commit(),
        build: format!(
            "hubu-load {} {}",
            env!("CARGO_PKG_VERSION"),
            if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            }
        ),
        notes,
    }
}

/// The mount that holds the folder: the longest mount point that is a prefix of it.
fn disk(folder: &Path, mounts: &str) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let fields = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?, words.next()?))
    });
    let holding = fields.filter(|(_, point, _)| folder.starts_with(point));
    holding
        .max_by_key(|(_, point, _)| point.len())
        .map_or(String::new(), |(device, _, kind)| {
            format!("{kind} on {device}")
        })
}

fn sync_ms(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join(".sync-probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..31 {
        let started = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(&path)?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(arguments)
            .output()
            .ok()
            .filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return String::new();
    };
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| !s.is_empty());
    if changed {
        format!("{head} with changes")
    } else {
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_is_found() {
        let mounts = "/dev/a / ext4 rw 0 0\n/dev/b /tmp xfs rw 0 0\nproc /proc proc rw 0 0\n";
        assert_eq!(disk(Path::new("/tmp"), mounts), "xfs on /dev/b");
        assert_eq!(disk(Path::new("/usr"), mounts), "ext4 on /dev/a");
    }
}
