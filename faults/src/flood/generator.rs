//! The flood itself: payments over many connections from one thread, closed loop (each connection asks again at
//! once) or open (so many a second are due, whatever comes back). An arrival takes any connection that is free;
//! when none is, it is counted as not sent: the server has not answered those before.
//!
//! It is rude on purpose: a connection that was answered 503 asks again at once. What is asked before the time
//! that `Retry-After` named is counted apart, as the server may keep such a client waiting.

use super::site::Site;
use super::wire::{connect_from, parse, post};
use crate::Outcome;
use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long answers are waited for after the last request.
const LAST_ANSWERS: Duration = Duration::from_secs(20);
/// Longer times count as this long.
const LONGEST_US: u64 = 60_000_000;
/// Stands in the request where the key goes.
const KEY_PLACE: &str = "KKKKKKKKKKKKKKKKKKKKKKKK";

/// What came of a round.
pub(super) struct Tally {
    pub(super) seconds: f64,
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) accepted: u64,
    /// Refused, and asked in time.
    pub(super) refused: u64,
    /// Refused, and asked before the time that the refusal before had named.
    pub(super) early: u64,
    /// Accepted before the round's end.
    pub(super) in_time: u64,
    /// Keys whose connection broke before the answer.
    pub(super) unknown: Vec<String>,
    /// Answers that are neither.
    pub(super) wrong: Vec<String>,
    /// Times in µs.
    pub(super) accepted_us: Histogram<u64>,
    pub(super) refused_us: Histogram<u64>,
    pub(super) early_us: Histogram<u64>,
}

impl Tally {
    fn new() -> Outcome<Tally> {
        Ok(Tally {
            seconds: 0.0,
            due: 0,
            sent: 0,
            accepted: 0,
            refused: 0,
            early: 0,
            in_time: 0,
            unknown: Vec::new(),
            wrong: Vec::new(),
            accepted_us: Histogram::new_with_bounds(1, LONGEST_US, 3)?,
            refused_us: Histogram::new_with_bounds(1, LONGEST_US, 3)?,
            early_us: Histogram::new_with_bounds(1, LONGEST_US, 3)?,
        })
    }

    pub(super) fn goodput(&self) -> f64 {
        self.in_time as f64 / self.seconds
    }

    pub(super) fn p99_ms(&self) -> f64 {
        self.accepted_us.value_at_quantile(0.99) as f64 / 1e3
    }
}

struct Asking {
    key: u64,
    at: Instant,
    is_early: bool,
}

struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
    asking: Option<Asking>,
    away_until: Option<Instant>,
}

/// Many connections, ready to ask.
pub(super) struct Generator {
    poll: std::os::fd::OwnedFd,
    peers: Vec<Peer>,
    /// Places of those that may ask.
    free: Vec<usize>,
    request: Vec<u8>,
    key_at: usize,
    name: String,
    count: u64,
}

impl Generator {
    /// Opens the connections; keys begin with `name`, up to 8 characters.
    pub(super) fn open(site: &Site, connections: usize, name: &str) -> Outcome<Generator> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut peers = Vec::with_capacity(connections);
        for number in 0..connections {
            let stream = connect_from(site.address, number)?;
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&poll, &stream, data, epoll::EventFlags::IN)?;
            peers.push(Peer {
                stream,
                buffer: Vec::new(),
                asking: None,
                away_until: None,
            });
        }
        let request = post(
            "/v1/documents",
            &site.token,
            KEY_PLACE,
            &site.payment(1).to_string(),
        );
        let key_at = request.find(KEY_PLACE).ok_or("the request has no key")?;
        Ok(Generator {
            poll,
            free: (0..connections).collect(),
            peers,
            request: request.into_bytes(),
            key_at,
            name: name.to_owned(),
            count: 0,
        })
    }

    fn key(&self, number: u64) -> String {
        format!("{:.>8}{number:016x}", self.name)
    }

    /// Asks for so long; `rate` requests a second are due, or as many as there are answers.
    pub(super) fn run(&mut self, time: Duration, rate: Option<f64>) -> Outcome<Tally> {
        let mut tally = Tally::new()?;
        let start = Instant::now();
        loop {
            let now = Instant::now();
            let passed = now.duration_since(start);
            if passed >= time {
                break;
            }
            self.send_due(&mut tally, rate.map(|rate| rate * passed.as_secs_f64()));
            self.hear(&mut tally, Duration::from_millis(1));
        }
        tally.seconds = start.elapsed().as_secs_f64();
        tally.in_time = tally.accepted;
        let end = Instant::now() + LAST_ANSWERS;
        while self.peers.iter().any(|peer| peer.asking.is_some()) && Instant::now() < end {
            self.hear(&mut tally, Duration::from_millis(10));
        }
        for at in 0..self.peers.len() {
            if let Some(asking) = self.peers[at].asking.take() {
                tally
                    .wrong
                    .push(format!("no answer for {:?}", asking.at.elapsed()));
                tally.unknown.push(self.key(asking.key));
            }
        }
        Ok(tally)
    }

    fn send_due(&mut self, tally: &mut Tally, due: Option<f64>) {
        let mut wanted = match due {
            None => self.free.len() as u64,
            Some(due) => (due as u64).saturating_sub(tally.due),
        };
        tally.due += wanted;
        while wanted > 0 {
            let Some(at) = self.free.pop() else { return };
            wanted -= 1;
            self.ask(tally, at);
        }
    }

    fn ask(&mut self, tally: &mut Tally, at: usize) {
        self.count += 1;
        let key = self.key(self.count);
        self.request[self.key_at..][..KEY_PLACE.len()].copy_from_slice(key.as_bytes());
        let now = Instant::now();
        let peer = &mut self.peers[at];
        let is_early = peer.away_until.is_some_and(|until| now < until);
        peer.asking = Some(Asking {
            key: self.count,
            at: now,
            is_early,
        });
        tally.sent += 1;
        // A request is far smaller than the socket's buffer, which is empty: it goes whole, or the server is gone.
        match peer.stream.write(&self.request) {
            Ok(count) if count == self.request.len() => {}
            _ => self.broke(tally, at),
        }
    }

    /// The connection is of no more use.
    fn broke(&mut self, tally: &mut Tally, at: usize) {
        let _gone = epoll::delete(&self.poll, &self.peers[at].stream);
        if let Some(asking) = self.peers[at].asking.take() {
            tally.unknown.push(self.key(asking.key));
        }
        tally.wrong.push("a connection was cut".into());
    }

    fn hear(&mut self, tally: &mut Tally, patience: Duration) {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(512);
        let limit = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        if epoll::wait(&self.poll, spare_capacity(&mut events), Some(&limit)).is_err() {
            return;
        }
        let mut chunk = [0; 4096];
        for event in events {
            let at = event.data.u64() as usize;
            let peer = &mut self.peers[at];
            match peer.stream.read(&mut chunk) {
                Ok(0) => self.broke(tally, at),
                Ok(count) => {
                    peer.buffer.extend_from_slice(&chunk[..count]);
                    self.judge(tally, at);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.broke(tally, at),
            }
        }
    }

    fn judge(&mut self, tally: &mut Tally, at: usize) {
        let peer = &mut self.peers[at];
        let Some((reply, _)) = parse(&peer.buffer) else {
            return;
        };
        peer.buffer.clear();
        let Some(asking) = peer.asking.take() else {
            tally
                .wrong
                .push(format!("an answer that nobody asked for: {}", reply.status));
            return;
        };
        let now = Instant::now();
        let took_us = now.duration_since(asking.at).as_micros() as u64;
        if reply.status == 201 {
            tally.accepted += 1;
            tally.accepted_us.saturating_record(took_us);
        } else if reply.is_shed() {
            if asking.is_early {
                tally.early += 1;
                tally.early_us.saturating_record(took_us);
            } else {
                tally.refused += 1;
                tally.refused_us.saturating_record(took_us);
                let seconds = reply.retry_after.unwrap_or(0);
                peer.away_until = Some(now + Duration::from_secs(seconds));
            }
        } else {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            tally.wrong.push(format!("{}: {body}", reply.status));
        }
        self.free.push(at);
    }
}
