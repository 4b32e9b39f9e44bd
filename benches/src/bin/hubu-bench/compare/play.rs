//! One slice: a crowd against one system for a while, with what it cost on both sides.

use super::order::{Order, PORTS, Seen};
use super::stand::Stand;
use super::system::Load;
use crate::Outcome;
use hdrhistogram::Histogram;
use hubu_load::measure::decode;
use hubu_load::run::{raise_descriptors, workers_for};
use hubu_load::world::Recipe;
use serde::Serialize;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a process of clerks needs to start: its requests are written then.
const START: Duration = Duration::from_millis(400);
/// Between looks whether somebody stopped the run.
const LOOK: Duration = Duration::from_millis(20);

/// How a slice is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) load: Load,
    /// Clerks, each on its own connection.
    pub(super) clerks: usize,
    /// Mean think time; 0 for none.
    pub(super) think_seconds: f64,
    /// Over which they come, before the window.
    pub(super) ramp_seconds: f64,
    /// How long all work before the window.
    pub(super) warm_seconds: f64,
    /// The window that is counted.
    pub(super) seconds: f64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Slice {
    /// Payments acknowledged a second.
    pub(super) rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// Processor time of server and database a payment.
    pub(super) cpu_us: f64,
    /// Processor time of the clerks a payment.
    pub(super) client_cpu_us: f64,
    /// Processor time of all other systems, as a share of the machine.
    pub(super) bystanders_share: f64,
    /// Connections that were open when the window began.
    pub(super) connected: u64,
    pub(super) refused: u64,
    pub(super) shed: u64,
    pub(super) failed: u64,
    pub(super) failures: Vec<String>,
    #[serde(skip)]
    pub(super) latency: Histogram<u64>,
}

/// What all slices of a run share.
pub(super) struct Ground {
    /// For the books.
    pub(super) folder: PathBuf,
    pub(super) run: u32,
    pub(super) recipe: Recipe,
    /// Becomes true when somebody stops the run.
    pub(super) stop: Arc<AtomicBool>,
    /// Source addresses so far: each crowd has its own, so that ports of the last one may rest.
    pub(super) addresses: usize,
}

impl Ground {
    /// Whether somebody stopped the run.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Plays one slice against `stands[at]`.
    pub(super) fn play(&mut self, stands: &mut [Stand], at: usize, pace: &Pace) -> Outcome<Slice> {
        let processes = workers_for(u32::try_from(pace.clerks)?, raise_descriptors());
        let ahead = START + Duration::from_secs_f64(pace.ramp_seconds + pace.warm_seconds);
        let begins = Instant::now() + ahead;
        let begins_ms = (SystemTime::now().duration_since(UNIX_EPOCH)? + ahead).as_millis() as u64;
        let mut crowd = Vec::new();
        for index in 0..processes as usize {
            let cut = |part: usize| pace.clerks * part / processes as usize;
            let mut order = self.order(&mut stands[at], pace, cut(index), cut(index + 1));
            order.begins_ms = begins_ms;
            crowd.push(Crowd::start(&order)?);
        }
        self.sleep_until(begins, &mut crowd);
        let before = costs(stands)?;
        let began = Instant::now();
        self.sleep_until(begins + Duration::from_secs_f64(pace.seconds), &mut crowd);
        let after = costs(stands)?;
        let seconds = began.elapsed().as_secs_f64();
        let mut seen = Vec::new();
        for one in crowd {
            seen.push(one.finish()?);
        }
        let spent: Vec<f64> = before.iter().zip(&after).map(|(b, a)| a - b).collect();
        let machine = std::thread::available_parallelism()?.get() as f64 * seconds;
        let others: f64 = spent
            .iter()
            .enumerate()
            .filter(|(of, _)| *of != at)
            .map(|(_, s)| s)
            .sum();
        sum(&seen, pace.seconds, spent[at], others / machine)
    }

    fn order(&mut self, stand: &mut Stand, pace: &Pace, first: usize, last: usize) -> Order {
        stand.worker += 1;
        let book = format!("book-{}-{}.bin", stand.system.letter(), stand.worker);
        let book = self.folder.join(book);
        stand.books.push(book.clone());
        let source = Ipv4Addr::new(127, 0, 0, 2 + (self.addresses % 240) as u8);
        self.addresses += 1 + (last - first) / PORTS;
        Order {
            address: stand.address(),
            secret: stand.secret.clone(),
            run: self.run,
            worker: stand.worker,
            first,
            clerks: last - first,
            hands: stand.hands(pace.load),
            is_fixed: pace.load.rows().is_some(),
            think_seconds: pace.think_seconds,
            begins_ms: 0,
            ramp_seconds: pace.ramp_seconds,
            warm_seconds: pace.warm_seconds,
            seconds: pace.seconds,
            source,
            book,
            recipe: self.recipe.clone(),
            seeded_to: stand.seeded_to,
            seed: self.recipe.seed,
        }
    }

    fn sleep_until(&self, then: Instant, crowd: &mut [Crowd]) {
        while Instant::now() < then {
            if self.is_stopped() {
                crowd.iter_mut().for_each(Crowd::stop);
                return;
            }
            sleep(LOOK.min(then.saturating_duration_since(Instant::now())));
        }
    }
}

fn costs(stands: &[Stand]) -> Outcome<Vec<f64>> {
    stands.iter().map(Stand::cpu_seconds).collect()
}

/// The slice as a whole; histograms are added, so percentiles are exact.
fn sum(seen: &[Seen], seconds: f64, server_seconds: f64, bystanders_share: f64) -> Outcome<Slice> {
    let mut latency = decode("")?;
    for one in seen {
        latency.add(decode(&one.latency)?)?;
    }
    let count = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    let commands = count(|one| one.commands);
    let each = |spent: f64| spent * 1e6 / commands.max(1) as f64;
    let ms = |micros: u64| micros as f64 / 1e3;
    Ok(Slice {
        rate: commands as f64 / seconds,
        p50_ms: ms(latency.value_at_quantile(0.5)),
        p99_ms: ms(latency.value_at_quantile(0.99)),
        max_ms: ms(latency.max()),
        cpu_us: each(server_seconds),
        client_cpu_us: each(seen.iter().map(|one| one.cpu_seconds).sum()),
        bystanders_share,
        connected: count(|one| one.connected),
        refused: count(|one| one.refused),
        shed: count(|one| one.shed),
        failed: count(|one| one.failed),
        failures: seen
            .iter()
            .flat_map(|one| one.failures.clone())
            .take(5)
            .collect(),
        latency,
    })
}

/// A running process of clerks; its input is held open for as long as it shall play.
struct Crowd(Child);

impl Crowd {
    fn start(order: &Order) -> Outcome<Crowd> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("crowd")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Ctrl-C at the terminal is for the parent, which then stops its crowds in order.
        command.process_group(0);
        let mut child = command.spawn()?;
        let line = serde_json::to_string(order)?;
        let input = child.stdin.as_mut().ok_or("no pipe")?;
        writeln!(input, "{line}")?;
        input.flush()?;
        Ok(Crowd(child))
    }

    fn stop(&mut self) {
        drop(self.0.stdin.take());
    }

    fn finish(mut self) -> Outcome<Seen> {
        let output = self.0.stdout.take().ok_or("no pipe")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        self.stop();
        let status = self.0.wait()?;
        if line.is_empty() {
            return Err(format!("the clerks ended with {status} and no result").into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // It has ended by itself, unless something went wrong.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}
