//! The kernel's tables in /proc, as far as a search reads them.

/// Clock ticks a second: USER_HZ, 100 by Linux's ABI.
const TICKS: f64 = 100.0;

/// Busy and waiting seconds of all processors, from /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
pub(super) fn processors(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().find_map(|l| l.strip_prefix("cpu "))?;
    let fields: Vec<f64> = line
        .split_whitespace()
        .filter_map(|v| v.parse().ok())
        .collect();
    let (idle, iowait) = (*fields.get(3)?, *fields.get(4)?);
    // Guests are counted in user already; what the host stole is not ours.
    let busy: f64 = [0, 1, 2, 5, 6]
        .iter()
        .filter_map(|at| fields.get(*at))
        .sum();
    (idle + busy > 0.0).then_some((busy / TICKS, iowait / TICKS))
}

/// A process as /proc/PID/stat has it, in seconds.
pub(super) struct Process {
    pub(super) parent: u32,
    /// User and system time.
    pub(super) own: f64,
    /// That of children that ended.
    pub(super) ended: f64,
}

/// Reads /proc/PID/stat.
pub(super) fn process(stat: &str) -> Option<Process> {
    // The name may hold blanks and brackets; what follows the last bracket is numbers.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        own: (number(11)? + number(12)?) / TICKS,
        ended: (number(13)? + number(14)?) / TICKS,
    })
}

/// Bytes so far over loopback (where each is sent and received), or over all other interfaces both ways.
pub(super) fn network(dev: &str, is_loopback: bool) -> Option<f64> {
    let mut sum = None;
    for line in dev.lines() {
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        if (name.trim() == "lo") != is_loopback {
            continue;
        }
        let fields: Vec<f64> = rest
            .split_whitespace()
            .filter_map(|v| v.parse().ok())
            .collect();
        let (received, sent) = (*fields.first()?, *fields.get(8)?);
        let bytes = if is_loopback {
            received
        } else {
            received + sent
        };
        sum = Some(sum.unwrap_or(0.0) + bytes);
    }
    sum
}

/// Bytes written so far by whole disks: partitions are in their disk, and what lies upon disks is in those.
pub(super) fn disks(diskstats: &str, is_whole: impl Fn(&str) -> bool) -> Option<f64> {
    const UPON: [&str; 5] = ["loop", "ram", "zram", "dm-", "md"];
    let mut sum = None;
    for line in diskstats.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (Some(name), Some(sectors)) = (fields.get(2), fields.get(9)) else {
            continue;
        };
        if UPON.iter().any(|upon| name.starts_with(upon)) || !is_whole(name) {
            continue;
        }
        let sectors: f64 = sectors.parse().ok()?;
        sum = Some(sum.unwrap_or(0.0) + sectors * 512.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_tables_are_understood() {
        let stat = "cpu  100 20 30 400 50 6 7 8 9 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";
        assert_eq!(processors(stat), Some((1.63, 0.5)));
        assert_eq!(processors("nonsense"), None);
        let stat = "7 (a (b) c) S 3 7 7 0 -1 4194304 1 2 3 4 150 50 10 30 20 0 1 0 5 6 7";
        let one = process(stat).unwrap();
        assert_eq!((one.parent, one.own, one.ended), (3, 2.0, 0.4));
        let dev = "Inter-| Receive | Transmit\n face |bytes\n  lo: 10 0 0 0 0 0 0 0 10 0\n eth0: 3 0 0 0 0 0 0 0 4 0\n eth1: 1 0 0 0 0 0 0 0 1 0\n";
        assert_eq!(network(dev, true), Some(10.0));
        assert_eq!(network(dev, false), Some(9.0));
        let disk = "8 0 sda 1 2 3 4 5 6 70 8 9 1 2\n8 1 sda1 1 2 3 4 5 6 70 8 9 1 2\n7 0 loop0 1 2 3 4 5 6 7 8 9 1 2\n";
        assert_eq!(disks(disk, |name| name != "sda1"), Some(70.0 * 512.0));
        assert_eq!(disks(disk, |_| false), None);
    }
}
