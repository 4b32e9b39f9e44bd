//! What all scenarios share: the server, what was acknowledged, and what was seen that should not be.

use super::site::Site;
use super::wire::Reply;
use crate::Outcome;
use std::time::{Duration, Instant};

/// Commands in a row that must be quick for the flood to be over.
const QUIET_COMMANDS: usize = 20;
/// The longest wait for that.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// Below this a command is quick on any machine.
const QUICK: Duration = Duration::from_millis(5);

/// The trial, as its scenarios see it.
pub(super) struct Trial {
    pub(super) site: Site,
    pub(super) is_quick: bool,
    pub(super) seed: u64,
    /// Payments of 1 分 that were answered 201.
    pub(super) acknowledged: i64,
    /// Keys of payments whose answer did not come.
    pub(super) unknown: Vec<String>,
    /// Answers, closes and states that should not be.
    pub(super) faults: Vec<String>,
    count: u64,
}

impl Trial {
    pub(super) fn new(site: Site, is_quick: bool, seed: u64) -> Trial {
        Trial {
            site,
            is_quick,
            seed,
            acknowledged: 0,
            unknown: Vec::new(),
            faults: Vec::new(),
            count: 0,
        }
    }

    /// The one number for `--quick`, the other for all else.
    pub(super) fn size<T>(&self, quick: T, full: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// Notes what should not be.
    pub(super) fn expect(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so {
            let what = what();
            println!("  WRONG: {what}");
            self.faults.push(what);
        }
    }

    /// A key of its own.
    pub(super) fn key(&mut self) -> String {
        self.count += 1;
        format!("flood-{}-{}", self.seed, self.count)
    }

    /// A payment that must be taken, now or after the server's `Retry-After`.
    pub(super) fn must_pay(&mut self) -> Outcome<Duration> {
        let key = self.key();
        let (reply, took) = self.pay_until_taken(&key)?;
        self.expect(reply.status == 201, || {
            format!("a payment was answered {reply:?}")
        });
        self.acknowledged += i64::from(reply.status == 201);
        Ok(took)
    }

    /// The answer that is no 503, and the time of the last attempt.
    fn pay_until_taken(&self, key: &str) -> Outcome<(Reply, Duration)> {
        let end = Instant::now() + RECOVERY_LIMIT;
        loop {
            let start = Instant::now();
            let reply = self.site.pay(key)?;
            if !reply.is_shed() || Instant::now() > end {
                return Ok((reply, start.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What a command takes when nothing else is asked: the 90th of 100.
    pub(super) fn quiet_latency(&mut self) -> Outcome<Duration> {
        let count = self.size(20, 100);
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            times.push(self.must_pay()?);
        }
        times.sort_unstable();
        Ok(times[count * 9 / 10])
    }

    /// How long after now commands are as quick as they were, in seconds.
    pub(super) fn recovery(&mut self, quiet: Duration) -> Outcome<f64> {
        let start = Instant::now();
        let quick = (quiet * 2).max(QUICK);
        let (mut in_row, mut since) = (0, Duration::ZERO);
        while in_row < QUIET_COMMANDS {
            let before = start.elapsed();
            if before > RECOVERY_LIMIT {
                return Ok(before.as_secs_f64());
            }
            if self.must_pay()? <= quick {
                if in_row == 0 {
                    since = before;
                }
                in_row += 1;
            } else {
                in_row = 0;
            }
        }
        Ok(since.as_secs_f64())
    }

    /// Repeats what nobody knows the end of, and compares the row with all that was acknowledged. Returns by how
    /// many 分 they differ.
    pub(super) fn settle(&mut self) -> Outcome<i64> {
        for key in std::mem::take(&mut self.unknown) {
            let (reply, _) = self.pay_until_taken(&key)?;
            self.expect(reply.status == 201, || {
                format!("a repeat was answered {reply:?}")
            });
            self.acknowledged += i64::from(reply.status == 201);
        }
        let reserved = self.site.reserved()?;
        Ok((reserved - self.acknowledged).abs())
    }
}
