//! The machine while a step runs: processors, the harness's and the server's share, the network, and now and then a
//! write that is synced. A thread of its own looks, so that a busy runtime doesn't delay it.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::kernel::{disks, network, process, processors};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(250);
/// Every so many looks the disk is probed.
const PROBE_EVERY: u32 = 4;

/// What is looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Eye {
    /// The server's process, if it is here.
    pub(super) server: Option<u32>,
    /// Folder in which a file is written and synced.
    pub(super) probe: Option<PathBuf>,
    /// Whether the load goes over loopback.
    pub(super) is_loopback: bool,
}

/// Seconds of processor time, and bytes, counted since some time ago.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    busy: Option<f64>,
    iowait: Option<f64>,
    harness: Option<f64>,
    server: Option<f64>,
    network: Option<f64>,
    memory: Option<f64>,
    disk: Option<f64>,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    looks: Vec<(Instant, Look)>,
    probes: Vec<(Instant, f64)>,
}

/// Looking, until told to end.
pub(super) struct Watching {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

/// Cores kept busy between two times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Busy {
    pub(super) machine: Option<f64>,
    pub(super) iowait: Option<f64>,
    pub(super) harness: Option<f64>,
    pub(super) server: Option<f64>,
    /// Bytes a second.
    pub(super) network: Option<f64>,
    /// Bytes a second that all disks of the machine wrote.
    pub(super) disk: Option<f64>,
}

impl Watching {
    /// Begins to look.
    pub(super) fn start(eye: Eye) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            let mut turn = 0u32;
            while !is_over.load(Ordering::Relaxed) {
                seen.looks.push((Instant::now(), look(&eye)));
                if let Some(folder) = eye.probe.as_ref().filter(|_| turn % PROBE_EVERY == 1) {
                    let took = sync_once(&folder.join(".sync-probe"));
                    seen.probes.extend(took.ok().map(|ms| (Instant::now(), ms)));
                }
                turn += 1;
                std::thread::sleep(EVERY);
            }
            seen.looks.push((Instant::now(), look(&eye)));
            seen
        });
        Self { stop, thread }
    }

    /// Ends it.
    pub(super) fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

impl Seen {
    /// What was busy between two times; counters are taken to grow evenly between two looks.
    pub(super) fn busy(&self, from: Instant, to: Instant) -> Busy {
        let seconds = to.saturating_duration_since(from).as_secs_f64();
        let rate = |of: fn(&Look) -> Option<f64>| {
            let grown = self.at(to, of)? - self.at(from, of)?;
            // A process that ended between two looks takes its time with it; that is no negative work.
            (seconds > 0.0).then(|| (grown / seconds).max(0.0))
        };
        Busy {
            machine: rate(|l| l.busy),
            iowait: rate(|l| l.iowait),
            harness: rate(|l| l.harness),
            server: rate(|l| l.server),
            network: rate(|l| l.network),
            disk: rate(|l| l.disk),
        }
    }

    /// The server's resident memory at a time, in bytes.
    pub(super) fn memory(&self, time: Instant) -> Option<u64> {
        self.at(time, |l| l.memory).map(|bytes| bytes as u64)
    }

    /// The longest that it could not look, in seconds, beyond what lies between two looks: the machine itself stood
    /// still then, or had no processor for anybody.
    pub(super) fn stood_still(&self, from: Instant, to: Instant) -> f64 {
        let within = |pair: &&[(Instant, Look)]| pair[1].0 >= from && pair[0].0 <= to;
        let gaps = self.looks.windows(2).filter(within);
        let longest = gaps
            .map(|pair| pair[1].0.saturating_duration_since(pair[0].0))
            .max();
        longest.map_or(0.0, |gap| gap.saturating_sub(EVERY).as_secs_f64())
    }

    fn at(&self, time: Instant, of: fn(&Look) -> Option<f64>) -> Option<f64> {
        let after = self.looks.partition_point(|(at, _)| *at < time);
        let later = self.looks.get(after).or(self.looks.last())?;
        let earlier = &self.looks[after.saturating_sub(1)];
        let (low, high) = (of(&earlier.1)?, of(&later.1)?);
        let gap = later.0.saturating_duration_since(earlier.0).as_secs_f64();
        let part = time.saturating_duration_since(earlier.0).as_secs_f64();
        let share = if gap > 0.0 {
            (part / gap).min(1.0)
        } else {
            0.0
        };
        Some(low + (high - low) * share)
    }

    /// The probe's median between two times, in ms.
    pub(super) fn sync_ms(&self, from: Instant, to: Instant) -> Option<f64> {
        let within = self
            .probes
            .iter()
            .filter(|(at, _)| (from..=to).contains(at));
        let mut times: Vec<f64> = within.map(|(_, ms)| *ms).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    }
}

/// Resident memory of a process, in bytes.
pub(super) fn memory_of(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Bytes that a process caused to be written to storage so far.
pub(super) fn written_by(pid: u32) -> Option<u64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let line = io.lines().find_map(|l| l.strip_prefix("write_bytes:"))?;
    line.trim().parse().ok()
}

fn look(eye: &Eye) -> Look {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let cpu = read("/proc/stat").and_then(|text| processors(&text));
    let net = read("/proc/net/dev").and_then(|text| network(&text, eye.is_loopback));
    Look {
        busy: cpu.map(|c| c.0),
        iowait: cpu.map(|c| c.1),
        harness: harness(),
        server: eye.server.and_then(|pid| {
            let stat = read(&format!("/proc/{pid}/stat"))?;
            process(&stat).map(|p| p.own)
        }),
        network: net,
        disk: read("/proc/diskstats").and_then(|text| {
            disks(&text, |name| {
                std::path::Path::new("/sys/block").join(name).exists()
            })
        }),
        memory: eye.server.and_then(memory_of).map(|bytes| bytes as f64),
    }
}

/// Processor time of this process and its workers, those that ended included.
fn harness() -> Option<f64> {
    let own = process(&std::fs::read_to_string("/proc/self/stat").ok()?)?;
    let mine = std::process::id();
    let others = std::fs::read_dir("/proc").ok()?.flatten();
    let children = others.filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.parse::<u32>().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        process(&stat).filter(|p| p.parent == mine)
    });
    Some(own.own + own.ended + children.map(|c| c.own + c.ended).sum::<f64>())
}

/// One write of 4 KiB with fdatasync, in ms.
fn sync_once(path: &std::path::Path) -> std::io::Result<f64> {
    let mut file = File::create(path)?;
    let started = Instant::now();
    file.write_all(&[7; 4096])?;
    file.sync_data()?;
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    std::fs::remove_file(path)?;
    Ok(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_evenly_between_two_looks() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let look = |busy: f64| Look {
            busy: Some(busy),
            ..Look::default()
        };
        let seen = Seen {
            looks: vec![
                (at(0.0), look(5.0)),
                (at(1.0), look(6.0)),
                (at(2.0), look(8.0)),
            ],
            probes: vec![
                (at(0.5), 1.0),
                (at(1.0), 9.0),
                (at(1.2), 3.0),
                (at(3.0), 99.0),
            ],
        };
        let busy = seen.busy(at(0.5), at(1.5));
        assert!((busy.machine.unwrap() - 1.5).abs() < 1e-9);
        assert_eq!(busy.server, None);
        assert_eq!(seen.stood_still(at(0.5), at(1.5)), 0.75);
        assert_eq!(Seen::default().stood_still(at(0.0), at(9.0)), 0.0);
        assert_eq!(seen.sync_ms(at(0.0), at(2.0)), Some(3.0));
        assert!(Seen::default().busy(at(0.0), at(1.0)).machine.is_none());
    }

    #[test]
    fn this_process_is_seen() {
        let watching = Watching::start(Eye::default());
        let seen = watching.end();
        assert!(seen.looks.last().unwrap().1.harness.is_some());
        assert!(memory_of(std::process::id()).unwrap() > 100_000);
    }
}
