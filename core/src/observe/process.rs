//! What the process costs the machine, and what it was built from: read once a scrape, and told once.

use std::time::Duration;

/// Processor time of the process so far, user and system.
fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let (seconds, nanos) = (now.tv_sec, now.tv_nsec);
    Duration::new(
        u64::try_from(seconds).unwrap_or(0),
        u32::try_from(nanos).unwrap_or(0),
    )
}

/// Resident memory in bytes; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Shows what the process has cost until now.
pub(super) fn look() {
    let micros = u64::try_from(cpu_time().as_micros()).unwrap_or(u64::MAX);
    metrics::counter!("hubu_cpu_microseconds_total").absolute(micros);
    metrics::gauge!("hubu_resident_bytes").set(resident_bytes() as f64);
}

/// Shows what the process was built from.
pub(super) fn tell_build() {
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("profile", env!("HUBU_PROFILE")),
        ("rustc", env!("HUBU_RUSTC")),
        ("target", env!("HUBU_TARGET")),
        ("target_cpu", env!("HUBU_TARGET_CPU")),
        // Set by scripts/build-all alone.
        ("commit", option_env!("HUBU_COMMIT").unwrap_or("")),
    ];
    metrics::gauge!("hubu_build_info", &labels).set(1.0);
}
