//! A network that can be cut: it passes bytes between a server and its database, or holds them back in silence.
//!
//! As after a cut cable, nobody is told: connections stay open, and nothing arrives. What was on its way arrives when
//! the cut is healed, however late - as what a network repeats does.

use crate::Outcome;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the threads look whether something changed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// See the module. Its threads end with the process or with their connections.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_cut: AtomicBool,
    is_over: AtomicBool,
}

impl Proxy {
    /// Begins to pass connections on to `target`.
    pub(super) fn begin(at: SocketAddr, target: SocketAddr) -> Outcome<Proxy> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let (address, state) = (listener.local_addr()?, Arc::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            while !shared.is_over.load(Ordering::Acquire) {
                match listener.accept() {
                    Ok((near, _)) => shared.connect(near, target),
                    Err(_) => std::thread::sleep(LOOK_EVERY),
                }
            }
        });
        Ok(Proxy { address, state })
    }

    /// Cuts the network, or heals it.
    pub(super) fn set_cut(&self, is_cut: bool) {
        self.state.is_cut.store(is_cut, Ordering::Release);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Release);
    }
}

impl State {
    /// Passes bytes in both directions, each on a thread of its own.
    fn connect(self: &Arc<Self>, near: TcpStream, target: SocketAddr) {
        let Ok(far) = TcpStream::connect(target) else {
            return;
        };
        let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else {
            return;
        };
        for (from, to) in [(near, far), (far_too, near_too)] {
            let state = Arc::clone(self);
            std::thread::spawn(move || state.pass(from, to));
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut room = vec![0; 64 << 10];
        let (_, _) = (from.set_nonblocking(false), to.set_nonblocking(false));
        // A read that times out is the moment to look whether all is over.
        let _as_before = from.set_read_timeout(Some(Duration::from_millis(50)));
        while !self.is_over.load(Ordering::Acquire) {
            let count = match from.read(&mut room) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    continue;
                }
                Err(_) => break,
            };
            while self.is_cut.load(Ordering::Acquire) && !self.is_over.load(Ordering::Acquire) {
                std::thread::sleep(LOOK_EVERY);
            }
            if to.write_all(&room[..count]).is_err() {
                break;
            }
        }
        // The end of a connection crosses a cut no more than its bytes do.
        while self.is_cut.load(Ordering::Acquire) && !self.is_over.load(Ordering::Acquire) {
            std::thread::sleep(LOOK_EVERY);
        }
        let _closed = to.shutdown(std::net::Shutdown::Both);
    }
}
