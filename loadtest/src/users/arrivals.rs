//! The open model: arrivals come by the clock, whether anybody is free or not.
//!
//! A closed model asks less of a slow server, since its users wait for answers before they think again. Arrivals don't
//! wait: each is due at its time, the user who has been free longest takes it, and its latency counts from when it was
//! due. One that nobody is free for waits as long as the plan's patience (counted as late), then it is dropped and
//! counted, as k6's constant-arrival-rate executor does. What waits is bounded by rate times patience.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};

use super::session::wait_until;
use super::stage::Stage;
use crate::plan::{Open, Plan};

/// What became of the arrivals.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Arrived {
    /// Arrivals that were due.
    pub due: u64,
    /// Taken, but not at once: everybody was busy when they were due.
    pub late: u64,
    /// Never taken.
    pub dropped: u64,
}

impl Arrived {
    /// Adds another worker's.
    pub fn add(&mut self, other: Self) {
        self.due += other.due;
        self.late += other.late;
        self.dropped += other.dropped;
    }
}

#[derive(Debug, Default)]
struct Hall {
    free: VecDeque<oneshot::Sender<Instant>>,
    waiting: VecDeque<Instant>,
    arrived: Arrived,
}

/// Where arrivals meet free users.
#[derive(Debug)]
pub struct Arrivals {
    patience: Duration,
    hall: Mutex<Hall>,
}

impl Arrivals {
    /// An empty hall; nothing arrives without an open model.
    pub fn new(open: Option<Open>) -> Self {
        let patience = open.map_or(0.0, |o| o.patience_seconds);
        Self {
            patience: Duration::from_secs_f64(patience),
            hall: Mutex::new(Hall::default()),
        }
    }

    /// Somebody arrives who was due at this time.
    fn offer(&self, due: Instant) {
        let mut hall = self.hall.lock();
        hall.arrived.due += 1;
        while let Some(user) = hall.free.pop_front() {
            // A user who went home meanwhile takes nobody.
            if user.send(due).is_ok() {
                return;
            }
        }
        hall.drop_impatient(self.patience);
        if self.patience.is_zero() {
            hall.arrived.dropped += 1;
        } else {
            hall.waiting.push_back(due);
        }
    }

    /// Takes the next arrival: when it was due, or `None` when the day is over.
    pub(crate) async fn next(&self, stop: &mut watch::Receiver<bool>) -> Option<Instant> {
        if *stop.borrow() {
            return None;
        }
        let mut called = {
            let mut hall = self.hall.lock();
            hall.drop_impatient(self.patience);
            if let Some(due) = hall.waiting.pop_front() {
                hall.arrived.late += 1;
                return Some(due);
            }
            let (user, called) = oneshot::channel();
            hall.free.push_back(user);
            called
        };
        tokio::select! {
            biased;
            due = &mut called => return due.ok(),
            _ = stop.changed() => {}
        }
        // Who was sent here in this moment is neither asked nor dropped otherwise.
        called.close();
        called.try_recv().ok()
    }

    /// What became of the arrivals; who still waits is dropped.
    pub fn close(&self) -> Arrived {
        let mut hall = self.hall.lock();
        hall.arrived.dropped += hall.waiting.len() as u64;
        hall.waiting.clear();
        hall.arrived
    }
}

impl Hall {
    fn drop_impatient(&mut self, patience: Duration) {
        while self
            .waiting
            .front()
            .is_some_and(|due| due.elapsed() > patience)
        {
            self.waiting.pop_front();
            self.arrived.dropped += 1;
        }
    }
}

impl Stage {
    /// Lets arrivals come until the stage's stop: `share` of the plan's rate.
    pub async fn arrive(self: Arc<Self>, share: f64) {
        let stop = self.stop.clone();
        keep_coming(&self.arrivals, &self.plan, self.began, share, stop).await;
    }
}

/// Lets arrivals come until the stop: `share` of the plan's rate, from when all users are there, by the plan's load
/// curve. Returns at once when the plan has no open model.
pub(crate) async fn keep_coming(
    arrivals: &Arrivals,
    plan: &Plan,
    began: Instant,
    share: f64,
    mut stop: watch::Receiver<bool>,
) {
    let Some(open) = plan.open else { return };
    let step = 1.0 / (open.arrivals_per_second * share).max(1e-6);
    let mut at = plan.ramp_seconds;
    loop {
        at = plan.due(at, step);
        let due = began + Duration::from_secs_f64(at);
        if !wait_until(due, &mut stop).await {
            return;
        }
        arrivals.offer(due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall(patience_seconds: f64) -> Arrivals {
        Arrivals::new(Some(Open {
            arrivals_per_second: 1.0,
            patience_seconds,
        }))
    }

    #[tokio::test]
    async fn who_is_free_longest_takes_the_next_and_the_rest_is_dropped() {
        let (_keep, mut stop) = watch::channel(false);
        let arrivals = hall(0.0);
        let mut other = stop.clone();
        let (first, second) = (arrivals.next(&mut stop), arrivals.next(&mut other));
        tokio::pin!(first, second);
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        let due = Instant::now();
        arrivals.offer(due);
        assert!(futures_util::poll!(&mut second).is_pending());
        assert_eq!(first.await, Some(due));
        arrivals.offer(due);
        assert_eq!(second.await, Some(due));
        arrivals.offer(due);
        let all = arrivals.close();
        assert_eq!((all.due, all.late, all.dropped), (3, 0, 1));
    }

    #[tokio::test]
    async fn the_patient_are_taken_late_and_what_is_left_is_dropped() {
        let (_keep, mut stop) = watch::channel(false);
        let arrivals = hall(3_000.0);
        let due = Instant::now();
        arrivals.offer(due);
        arrivals.offer(due);
        assert_eq!(arrivals.next(&mut stop).await, Some(due));
        let all = arrivals.close();
        assert_eq!((all.due, all.late, all.dropped), (2, 1, 1));
    }
}
