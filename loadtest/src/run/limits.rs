//! What one process may hold: descriptors, and how many workers a run needs for them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that a worker needs beside its users' connections.
const SPARE: u64 = 256;

/// Raises the soft limit of descriptors to the hard one; returns what holds now.
pub fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Raising the soft limit needs no privilege; if it is refused, the old one holds.
    let _ = setrlimit(Resource::Nofile, wanted);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many worker processes `users` connections need under a limit of `descriptors` each.
pub fn workers_for(users: u32, descriptors: u64) -> u32 {
    let each = descriptors.saturating_sub(SPARE).max(1);
    u32::try_from(u64::from(users).div_ceil(each))
        .unwrap_or(u32::MAX)
        .max(1)
}

/// How many lanes each of `workers` processes takes: together as many as there are cores.
pub fn lanes_for(workers: u32) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / workers.max(1) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_follow_the_limit() {
        assert_eq!(workers_for(10_000, 20_000), 1);
        assert_eq!(workers_for(40_000, 20_000), 3);
        assert_eq!(workers_for(1, 300), 1);
        assert_eq!(workers_for(100, 257), 100);
    }
}
