//! 40,000 connections in ten seconds, all open at once, every one answered when it is new and again when all are
//! there. No process may hold so many sockets here: the clients are processes of their own.

use super::bound::Asked;
use super::trial::Trial;
use super::wire::{Wire, connect_from, get};
use crate::Outcome;
use hubu_testkit::Program;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Sockets of one process.
const PROCESS_MAX: usize = 14_000;
/// In which time they are opened.
const WINDOW: Duration = Duration::from_secs(10);
/// A client's longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A part of the crowd, as a process of its own is told of it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Part {
    /// Where to connect.
    #[arg(long)]
    address: SocketAddr,
    /// Number of its first connection.
    #[arg(long)]
    first: usize,
    /// How many it opens.
    #[arg(long)]
    count: usize,
    /// In which time, in ms.
    #[arg(long)]
    window_ms: u64,
}

struct Client {
    process: Program,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Returns how many were open at once and answered.
pub(super) fn run(trial: &mut Trial) -> Outcome<(Asked, u64)> {
    let wanted = trial.size(1_000, 40_000);
    let window = trial.size(Duration::from_secs(1), WINDOW);
    let start = Instant::now();
    let mut clients = Vec::new();
    for first in (0..wanted).step_by(PROCESS_MAX) {
        let part = Part {
            address: trial.site.address,
            first,
            count: PROCESS_MAX.min(wanted - first),
            window_ms: u64::try_from(window.as_millis())?,
        };
        clients.push(Client::start(&part)?);
    }
    let mut opened = 0;
    for client in &mut clients {
        opened += client.hear()?;
    }
    println!(
        "  {opened} opened in {:.1} s, by {} processes",
        start.elapsed().as_secs_f64(),
        clients.len()
    );
    let held = trial.site.figure("hubu_connections")?;
    trial.expect(held >= opened as f64, || {
        format!("the server holds {held} of {opened}")
    });
    for _ in 0..20 {
        trial.must_pay()?;
    }
    let start = Instant::now();
    let mut answered = 0;
    for client in &mut clients {
        client.input.write_all(b"again\n")?;
    }
    for client in &mut clients {
        answered += client.hear()?;
    }
    println!(
        "  {answered} answered again in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    trial.expect(opened == wanted as u64 && answered == opened, || {
        format!("of {wanted} connections {opened} were answered, and {answered} again")
    });
    for mut client in clients {
        drop(client.input);
        client.process.wait()?;
    }
    let asked = Asked {
        connections: wanted as u64,
        ..Asked::default()
    };
    Ok((asked, answered))
}

impl Client {
    fn start(part: &Part) -> Outcome<Client> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["flood-crowd", "--address", &part.address.to_string()])
            .args(["--first", &part.first.to_string()])
            .args(["--count", &part.count.to_string()])
            .args(["--window-ms", &part.window_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Ok(Client {
            process: Program::from(child),
            input: input.ok_or("the client has no input")?,
            output: BufReader::new(output.ok_or("the client has no output")?),
        })
    }

    fn hear(&mut self) -> Outcome<u64> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line
            .trim()
            .parse()
            .map_err(|_| format!("a client says {line:?}"))?)
    }
}

/// The life of one such process: opens its connections, says how many were answered, and does so again for each
/// line that it is told, until its input ends.
pub(crate) fn be_part(part: &Part) -> Outcome<bool> {
    let window = Duration::from_millis(part.window_ms);
    let request = get("/readyz", "");
    let start = Instant::now();
    let mut wires = Vec::with_capacity(part.count);
    for number in 0..part.count {
        let due = window.mul_f64(number as f64 / part.count as f64);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        let stream = connect_from(part.address, part.first + number)?;
        let mut wire = Wire::from_stream(stream, PATIENCE)?;
        wire.stream.write_all(request.as_bytes())?;
        wires.push(wire);
    }
    let mut said = std::io::stdout();
    writeln!(said, "{}", answered(&mut wires))?;
    for line in std::io::stdin().lines() {
        line?;
        for wire in &mut wires {
            wire.stream.write_all(request.as_bytes())?;
        }
        writeln!(said, "{}", answered(&mut wires))?;
    }
    Ok(true)
}

fn answered(wires: &mut [Wire]) -> usize {
    let is_fine = |wire: &mut &mut Wire| wire.hear().is_ok_and(|reply| reply.status == 200);
    wires
        .iter_mut()
        .filter_map(|wire| is_fine(&mut &mut *wire).then_some(()))
        .count()
}
