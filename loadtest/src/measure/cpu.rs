//! What the harness itself costs: processor time and memory of this process, from the system.

use serde::{Deserialize, Serialize};

/// Processor time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds of processor time, user and system.
    pub cpu_seconds: f64,
    /// Largest resident memory, in bytes.
    pub memory_bytes: u64,
}

impl Usage {
    /// This usage less an earlier one; memory is the larger of both.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds - earlier.cpu_seconds,
            memory_bytes: self.memory_bytes,
        }
    }
}

/// The usage of this process so far; zeros where /proc tells nothing.
pub fn usage() -> Usage {
    // utime and stime are in clock ticks of 10 ms on every Linux that we know (USER_HZ is 100 by its ABI).
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let field = |at: usize| {
        after_name
            .split_whitespace()
            .nth(at)
            .and_then(|v| v.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = peak
        .and_then(|v| v.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0);
    Usage {
        cpu_seconds: (field(11) + field(12)) / 100.0,
        memory_bytes: kib * 1024,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows() {
        let before = usage();
        let mut sum = 0u64;
        // No clock: however busy the machine is, work enough shows as processor time in the end.
        let mut spent = Usage::default();
        for _ in 0..10_000 {
            (0..1_000_000)
                .for_each(|_| sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7)));
            spent = usage().since(before);
            if spent.cpu_seconds > 0.02 {
                break;
            }
        }
        assert!(spent.cpu_seconds > 0.02, "{spent:?}");
        assert!(spent.memory_bytes > 100_000);
    }
}
