//! Between the clients and the server: a TCP proxy that cuts connections and slows them down.
//!
//! Each connection draws its fate: after how many bytes of requests or of answers it is cut (so a
//! request may be lost, or taken and its answer lost, or half an answer arrive), and whether it is slow.

use super::dice::Dice;
use crate::Outcome;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a pump looks whether it should end.
const PATIENCE: Duration = Duration::from_millis(100);

/// How much a slow connection passes on at once, and how long it rests then.
const SLOW: (usize, Duration) = (200, Duration::from_millis(2));

/// See the module.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    cuts: AtomicU64,
}

/// What becomes of one direction of a connection.
#[derive(Clone, Copy)]
struct Fate {
    bytes_max: usize,
    is_slow: bool,
}

impl Proxy {
    /// Begins to pass on to `target`.
    pub(crate) fn start(target: SocketAddr, seed: u64) -> Outcome<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accept(&listener, target, seed, &own));
        Ok(Proxy {
            address,
            shared,
            thread: Some(thread),
        })
    }

    /// Ends all connections; how many it cut on its way.
    pub(crate) fn stop(mut self) -> u64 {
        self.end();
        self.shared.cuts.load(Ordering::Relaxed)
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Wakes the listener.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _joined = thread.join();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end();
    }
}

fn accept(listener: &TcpListener, target: SocketAddr, seed: u64, shared: &Arc<Shared>) {
    let mut dice = Dice::new(seed);
    let mut pumps: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((client, _)) = listener.accept() {
        if shared.stop.load(Ordering::Acquire) {
            break;
        }
        pumps.retain(|pump| !pump.is_finished());
        let fates = draw(&mut dice);
        // While the server is down the client finds its connection closed.
        let Ok(server) = TcpStream::connect(target) else {
            continue;
        };
        let _best_effort = (client.set_nodelay(true), server.set_nodelay(true));
        let ways = [(&client, &server), (&server, &client)];
        for ((from, to), fate) in ways.into_iter().zip(fates) {
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else {
                break;
            };
            let shared = Arc::clone(shared);
            pumps.push(std::thread::spawn(move || pump(from, to, fate, &shared)));
        }
    }
    for pump in pumps {
        let _joined = pump.join();
    }
}

/// The fates of requests and answers: most connections are cut, in one of the two directions.
fn draw(dice: &mut Dice) -> [Fate; 2] {
    let is_slow = dice.below(4) == 0;
    let mut fates = [Fate {
        bytes_max: usize::MAX,
        is_slow,
    }; 2];
    if dice.below(4) != 0 {
        fates[dice.below(2) as usize].bytes_max = 1_000 + dice.below(40_000) as usize;
    }
    fates
}

/// Passes bytes on until one side ends, the fate is fulfilled or the proxy stops; then both sides end.
fn pump(mut from: TcpStream, mut to: TcpStream, fate: Fate, shared: &Shared) {
    let _best_effort = from.set_read_timeout(Some(PATIENCE));
    let mut left = fate.bytes_max;
    let mut room = [0; 8192];
    while !shared.stop.load(Ordering::Acquire) {
        let count = match from.read(&mut room) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(_) => break,
        };
        let passed = count.min(left);
        left -= passed;
        let step = if fate.is_slow { SLOW.0 } else { room.len() };
        for piece in room[..passed].chunks(step) {
            if to.write_all(piece).is_err() {
                left = 1;
                break;
            }
            if fate.is_slow {
                std::thread::sleep(SLOW.1);
            }
        }
        if left == 0 {
            shared.cuts.fetch_add(1, Ordering::Relaxed);
            break;
        }
    }
    for side in [&from, &to] {
        let _ended = side.shutdown(Shutdown::Both);
    }
}
