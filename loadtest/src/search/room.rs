//! Whether the machine can hold a load, asked before it is put on: descriptors of each worker and of the system, the
//! server's own if it is here, and ports of the source addresses.
//!
//! A connection that was closed keeps its port for a minute (TIME_WAIT), so steps of many users that follow each other
//! use more ports than each of them alone: the search waits for them, or says that the ports were the limit.

use std::collections::HashMap;

use super::limit::{Limit, LimitKind};
use crate::run::{raise_descriptors, workers_for};
use crate::wire::PORTS_PER_ADDRESS;

/// Descriptors of a worker that are no users' connections.
const SPARE: u64 = 256;
/// Descriptors of a server that are no connections: journal, listeners, logs.
const SERVER_SPARE: u64 = 64;

/// What the machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Descriptors of one process of ours.
    pub(super) each: u64,
    /// Descriptors that the system has left.
    pub(super) system: u64,
    /// Descriptors of the server's process; `None` when it is elsewhere or unknown.
    pub(super) server: Option<u64>,
    /// Ports of one source address.
    pub(super) ports: u64,
    /// Whether there are more source addresses: on loopback.
    pub(super) is_loopback: bool,
    /// Whether users can be dealt to several processes.
    pub(super) is_split: bool,
    /// Worker processes, when their number is fixed.
    pub(super) workers: Option<u32>,
}

impl Room {
    /// Looks.
    pub(super) fn look(
        is_loopback: bool,
        is_split: bool,
        workers: Option<u32>,
        server: Option<u32>,
    ) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let files: Vec<u64> = numbers(&read("/proc/sys/fs/file-nr"));
        let range = numbers(&read("/proc/sys/net/ipv4/ip_local_port_range"));
        let open = |pid: u32| limit_of(&read(&format!("/proc/{pid}/limits")));
        Self {
            each: raise_descriptors(),
            system: match files[..] {
                [used, _, most] => most.saturating_sub(used),
                _ => u64::MAX,
            },
            server: server.and_then(open),
            ports: match range[..] {
                [low, high] if low <= high => high - low + 1,
                _ => u64::MAX,
            },
            is_loopback,
            is_split,
            workers,
        }
    }

    /// The most users that can be held, and what limits them.
    pub(super) fn most(&self) -> (u64, Limit) {
        let each = self.each.saturating_sub(SPARE);
        let ours = match (self.is_split, self.workers) {
            (false, _) => each,
            (true, Some(workers)) => each.saturating_mul(u64::from(workers)),
            (true, None) => u64::MAX,
        };
        // On one machine each connection is two descriptors.
        let ends = if self.is_loopback { 2 } else { 1 };
        let ports = if self.is_loopback {
            u64::MAX
        } else {
            self.ports
        };
        let all = [
            (
                ours,
                LimitKind::Descriptors,
                format!(
                    "a process of the harness may have {} descriptors (ulimit -n)",
                    self.each
                ),
            ),
            (
                self.system / ends,
                LimitKind::Descriptors,
                format!(
                    "the system has {} descriptors left (fs.file-max)",
                    self.system
                ),
            ),
            (
                self.server
                    .map_or(u64::MAX, |s| s.saturating_sub(SERVER_SPARE)),
                LimitKind::Descriptors,
                format!(
                    "the server may have {} descriptors (its own ulimit -n)",
                    self.server.unwrap_or(0)
                ),
            ),
            (
                ports,
                LimitKind::Ports,
                format!(
                    "one source address has {} ports (net.ipv4.ip_local_port_range): use more machines",
                    self.ports
                ),
            ),
        ];
        let [first, rest @ ..] = all;
        let least = rest
            .into_iter()
            .fold(first, |a, b| if b.0 < a.0 { b } else { a });
        (least.0, Limit::new(least.1, least.2))
    }

    /// Ports that a load of so many users takes from one source address.
    fn wanted(&self, users: u32) -> u64 {
        let workers = match (self.is_split, self.workers) {
            (false, _) => 1,
            (true, Some(workers)) => workers.max(1),
            (true, None) => workers_for(users, self.each),
        };
        let users = u64::from(users).div_ceil(u64::from(workers));
        if self.is_loopback {
            users.min(u64::from(PORTS_PER_ADDRESS))
        } else {
            users
        }
    }

    /// Whether ports are missing now for so many users: how many are taken, of how many.
    pub(super) fn missing_ports(&self, users: u32) -> Option<Limit> {
        let taken = taken(&std::fs::read_to_string("/proc/net/tcp").unwrap_or_default());
        self.missing(users, taken)
    }

    fn missing(&self, users: u32, taken: u64) -> Option<Limit> {
        let wanted = self.wanted(users);
        (taken + wanted > self.ports).then(|| {
            let why = format!(
                "{wanted} ports of one source address are wanted, {taken} of {} are not free yet",
                self.ports
            );
            Limit::new(LimitKind::Ports, why)
        })
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split_whitespace()
        .filter_map(|v| v.parse().ok())
        .collect()
}

/// The soft limit of descriptors in /proc/PID/limits.
fn limit_of(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|l| l.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Ports of the source address that has the most of them in TIME_WAIT (state 06 of /proc/net/tcp).
fn taken(tcp: &str) -> u64 {
    let mut by_address: HashMap<&str, u64> = HashMap::new();
    for line in tcp.lines().skip(1) {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state) = (fields.next(), fields.nth(1));
        if let (Some((address, _)), Some("06")) = (local.and_then(|l| l.split_once(':')), state) {
            *by_address.entry(address).or_default() += 1;
        }
    }
    by_address.into_values().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Room = Room {
        each: 20_000,
        system: 2_000_000,
        server: None,
        ports: 28_232,
        is_loopback: true,
        is_split: true,
        workers: None,
    };

    #[test]
    fn what_is_scarcest_is_named() {
        let of = |room: Room| {
            let (most, limit) = room.most();
            (most, limit.kind)
        };
        let (descriptors, ports) = (LimitKind::Descriptors, LimitKind::Ports);
        assert_eq!(of(WIDE), (1_000_000, descriptors));
        let one = Room {
            is_split: false,
            ..WIDE
        };
        assert_eq!(of(one), (19_744, descriptors));
        let two = Room {
            workers: Some(2),
            ..WIDE
        };
        assert_eq!(of(two), (39_488, descriptors));
        let served = Room {
            server: Some(1_024),
            ..WIDE
        };
        assert_eq!(of(served), (960, descriptors));
        let far = Room {
            is_loopback: false,
            ..WIDE
        };
        assert_eq!(of(far), (28_232, ports));
    }

    #[test]
    fn ports_of_steps_before_are_waited_for() {
        assert!(WIDE.missing(19_000, 16_232).is_none());
        let missing = WIDE.missing(19_000, 16_233).unwrap();
        assert_eq!(missing.kind, LimitKind::Ports);
        // Fewer users take fewer of an address's ports.
        assert!(WIDE.missing(10_000, 16_233).is_none());
    }

    #[test]
    fn the_kernel_s_tables_are_understood() {
        let tcp = "  sl  local_address rem_address   st\n\
            0: 0100007F:1F90 00000000:0000 0A 0\n\
            1: 0100007F:9000 0100007F:1F90 06 0\n\
            2: 0100007F:9001 0100007F:1F90 06 0\n\
            3: 0200007F:9001 0100007F:1F90 06 0\n";
        assert_eq!((taken(tcp), taken("")), (2, 0));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(limit_of(limits), Some(1_024));
        assert_eq!(limit_of("Max open files  unlimited unlimited"), None);
    }
}
