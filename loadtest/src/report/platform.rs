//! Where a run took place: processor, memory, system, disk and its sync time, build.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::emulator::emulated;
use super::processor::Told;

/// What a program was built from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Build {
    /// Version.
    pub version: String,
    /// Profile and optimisation level.
    pub profile: String,
    /// Compiler.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// `-C target-cpu`; `generic` when nothing was set.
    pub target_cpu: String,
    /// Commit that a shipped program was built from; else that of the working tree that the run was started in, when there
    /// is one.
    pub commit: String,
}

/// Where the harness ran; what cannot be found out is empty or 0. A server elsewhere tells of itself in `server`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Platform {
    /// Processor, by vendor and model.
    pub cpu: String,
    /// The vendor's family: Hygon, Kunpeng's HiSilicon, Loongson, Phytium, Zhaoxin, or another.
    #[serde(default)]
    pub cpu_vendor: String,
    /// Who plays the harness's own processor; empty on a real one.
    #[serde(default)]
    pub emulated: String,
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
    /// What the system calls that device, and whether it turns.
    pub disk_model: String,
    /// Median time of a write of 4 KiB with fdatasync there, in ms.
    pub sync_ms: f64,
    /// The slowest of the 101 that were tried, in ms.
    pub sync_max_ms: f64,
    /// The harness's build.
    pub build: Build,
    /// What the caller says about the server: journal, version, flags.
    pub notes: Vec<String>,
}

/// Looks around; `folder` is where the sync time is taken.
pub fn platform(folder: &Path, notes: Vec<String>) -> Platform {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let memory = after(&read("/proc/meminfo"), "MemTotal");
    let kib: u64 = memory
        .split_whitespace()
        .next()
        .and_then(|v| v.parse().ok())
        .unwrap_or(0);
    let (sync_ms, sync_max_ms) = sync_ms(folder).unwrap_or_default();
    let (disk, device) = disk(folder, &read("/proc/mounts"));
    let info = read("/proc/cpuinfo");
    let told = Told::read(&info);
    let kernel_arch = read("/proc/sys/kernel/arch");
    Platform {
        cpu: told.name(),
        cpu_vendor: told.vendor(),
        emulated: emulated(&info, kernel_arch.trim(), std::env::consts::ARCH),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        architecture: std::env::consts::ARCH.to_owned(),
        memory_bytes: kib * 1024,
        system: system(&read("/etc/os-release")),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        disk,
        disk_model: disk_model(&device),
        sync_ms,
        sync_max_ms,
        build: Build {
            version: env!("CARGO_PKG_VERSION").into(),
            profile: env!("HUBU_PROFILE").into(),
            rustc: env!("HUBU_RUSTC").into(),
            target: env!("HUBU_TARGET").into(),
            target_cpu: env!("HUBU_TARGET_CPU").into(),
            commit: commit(),
        },
        notes,
    }
}

/// What stands behind a name in `name: value` or `NAME="value"`; empty when it is not there.
fn after(text: &str, name: &str) -> String {
    let line = text.lines().find(|l| l.starts_with(name));
    line.and_then(|l| l.split_once([':', '=']))
        .map_or(String::new(), |(_, v)| {
            v.trim().trim_matches('"').to_owned()
        })
}

/// The system's own name: Kylin, UOS, openEuler, Anolis, Debian and others all have this file.
fn system(release: &str) -> String {
    match after(release, "PRETTY_NAME") {
        name if name.is_empty() => after(release, "NAME"),
        name => name,
    }
}

/// What the system says of a device such as `/dev/vda1`: model, and whether it turns.
fn disk_model(device: &str) -> String {
    let Some(name) = device.strip_prefix("/dev/") else {
        return String::new();
    };
    // A partition has its disk's folder around its own.
    let whole = std::fs::canonicalize(format!("/sys/class/block/{name}"))
        .ok()
        .and_then(|path| {
            let above = path.parent()?.to_owned();
            Some(if path.join("partition").exists() {
                above
            } else {
                path
            })
        });
    let Some(whole) = whole else {
        return String::new();
    };
    let read = |file: &str| {
        let text = std::fs::read_to_string(whole.join(file)).unwrap_or_default();
        text.trim().to_owned()
    };
    let turns = match read("queue/rotational").as_str() {
        "0" => "not rotating",
        "1" => "rotating, or a virtual disk that says so",
        _ => "",
    };
    let parts = [read("device/model"), turns.to_owned()];
    let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    parts.join(", ")
}

/// The mount that holds the folder, in words, and its device: the longest mount point that is a prefix of it.
fn disk(folder: &Path, mounts: &str) -> (String, String) {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let fields = mounts.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?, words.next()?))
    });
    let holding = fields.filter(|(_, point, _)| folder.starts_with(point));
    holding
        .max_by_key(|(_, point, _)| point.len())
        .map_or_else(Default::default, |(device, _, kind)| {
            (format!("{kind} on {device}"), device.to_owned())
        })
}

/// Median and longest.
fn sync_ms(folder: &Path) -> std::io::Result<(f64, f64)> {
    let path = folder.join(".sync-probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..101 {
        let started = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(&path)?;
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], times[times.len() - 1]))
}

fn commit() -> String {
    if let Some(commit) = option_env!("HUBU_COMMIT") {
        return commit.to_owned();
    }
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
    let changed = git(&["status", "--porcelain"]).is_some_and(|s| !s.is_empty());
    if changed {
        format!("{head}-changed")
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
        let of = |path: &str| disk(Path::new(path), mounts).0;
        assert_eq!(of("/tmp"), "xfs on /dev/b");
        assert_eq!(of("/usr"), "ext4 on /dev/a");
    }

    #[test]
    fn systems_are_named_by_their_own_file() {
        // As their users showed them: Kylin V10 SP2, openEuler 22.03.
        let kylin = "NAME=\"Kylin Linux Advanced Server\"\nVERSION=\"V10 (Sword)\"\nID=\"kylin\"\nVERSION_ID=\"V10\"\n\
            PRETTY_NAME=\"Kylin Linux Advanced Server V10 (Sword)\"\nANSI_COLOR=\"0;31\"\n";
        assert_eq!(system(kylin), "Kylin Linux Advanced Server V10 (Sword)");
        assert_eq!(
            system("NAME=\"openEuler\"\nID=\"openEuler\"\n"),
            "openEuler"
        );
        assert_eq!(system(""), "");
    }
}
