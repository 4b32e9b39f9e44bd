//! What is watched during every scenario: the server's memory, and whether it still says how it is.

use super::site::Site;
use super::wire::Wire;
use crate::Outcome;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PROBE_EVERY: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A probe that takes longer has failed.
const PROBE_PATIENCE: Duration = Duration::from_secs(20);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The most memory that the server had, in bytes.
    pub(super) peak_bytes: u64,
    /// The most that the kernel held in all TCP sockets, in bytes: not the server's, and no part of its bound.
    pub(super) socket_bytes: u64,
    pub(super) probes: u64,
    pub(super) slowest: Duration,
    pub(super) failed: Vec<String>,
}

/// A thread that watches.
pub(super) struct Watching {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
    process: u32,
}

/// Begins to watch; the memory's peak is counted from now.
pub(super) fn watch(site: &Site) -> Outcome<Watching> {
    let process = site.process();
    std::fs::write(format!("/proc/{process}/clear_refs"), "5")?;
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, ends) = (stop.clone(), (site.address, site.metrics));
    let thread = std::thread::spawn(move || {
        let mut seen = Seen::default();
        let mut next = Instant::now();
        while !flag.load(Ordering::Acquire) {
            seen.socket_bytes = seen.socket_bytes.max(socket_bytes());
            if Instant::now() >= next {
                next += PROBE_EVERY;
                probe(&mut seen, ends.0, "/readyz");
                probe(&mut seen, ends.1, "/readyz");
                probe(&mut seen, ends.1, "/metrics");
            }
            std::thread::sleep(LOOK_EVERY);
        }
        seen
    });
    Ok(Watching {
        stop,
        thread,
        process,
    })
}

impl Watching {
    pub(super) fn end(self) -> Outcome<Seen> {
        self.stop.store(true, Ordering::Release);
        let mut seen = self
            .thread
            .join()
            .map_err(|_| "the watching thread ended")?;
        seen.peak_bytes = status_bytes(self.process, "VmHWM:")?;
        Ok(seen)
    }
}

fn probe(seen: &mut Seen, address: SocketAddr, path: &str) {
    let start = Instant::now();
    seen.probes += 1;
    let asked = ask(address, path);
    seen.slowest = seen.slowest.max(start.elapsed());
    if let Err(error) = asked {
        seen.failed.push(format!(
            "{address}{path}: {error} after {:?}",
            start.elapsed()
        ));
    }
}

fn ask(address: SocketAddr, path: &str) -> Outcome<()> {
    let stream = TcpStream::connect_timeout(&address, PROBE_PATIENCE)?;
    let reply = Wire::from_stream(stream, PROBE_PATIENCE)?.get(path, "")?;
    match reply.status {
        200 => Ok(()),
        status => Err(format!("status {status}").into()),
    }
}

/// A line of `/proc/PID/status` that counts in kB, in bytes.
pub(super) fn status_bytes(process: u32, name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or("the system does not tell")? << 10)
}

/// Processor time that a process has used, in seconds.
pub(super) fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Behind the name, which may hold anything, in brackets.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| -> f64 {
        rest.split_whitespace()
            .nth(at)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / rustix::param::clock_ticks_per_second() as f64
}

fn socket_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"));
    let pages = line.and_then(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}
