//! One user at work: thinks, asks, thinks again, until the day ends.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use tokio::sync::watch;

use super::cast::Seat;
use super::desk::Todo;
use super::gauge::Gauge;
use super::stage::Stage;
use crate::error::LoadError;
use crate::seeded::Seeded;
use crate::wire::{Claims, Connection};
use crate::world::RowKey;

/// A row that the user knows by the server's id.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownRow {
    pub(super) id: u64,
    pub(super) key: RowKey,
    /// What was available when it was read, in fen.
    pub(super) available: i64,
}

/// All that one user holds.
pub(super) struct Session {
    pub(super) stage: Arc<Stage>,
    pub(super) seat: Seat,
    pub(super) claims: Claims,
    pub(super) token: HeaderValue,
    pub(super) connection: Connection,
    pub(super) choice: Seeded,
    /// What waits on the desk.
    pub(super) todo: VecDeque<Todo>,
    /// Whether the list was just read and empty.
    pub(super) is_idle: bool,
    /// Rows that the user spends, plans, issues or settles from.
    pub(super) rows: Vec<KnownRow>,
    /// A document that the user had to do with; 0 for none.
    pub(super) recent: u64,
    pub(super) metrics: Gauge,
}

impl Session {
    /// Sits down; nothing is sent yet.
    pub(super) fn new(stage: Arc<Stage>, seat: Seat, metrics: Gauge) -> Result<Self, LoadError> {
        let claims = seat.claims(&stage.world, stage.run);
        let token = stage.minter.bearer(&claims)?;
        Ok(Self {
            connection: Connection::new(stage.target.clone(), stage.local, stage.limit()),
            choice: Seeded::new(stage.seed, 0x5553_4552_0000_0000 | u64::from(seat.user)),
            claims,
            token,
            stage,
            seat,
            todo: VecDeque::new(),
            is_idle: false,
            rows: Vec::new(),
            recent: 0,
            metrics,
        })
    }

    /// Works until told to stop. Every request is due at a time that the user's own clock sets, and is timed from
    /// there: a slow answer, or a slow harness, cannot hide.
    pub(super) async fn work(mut self) {
        let mut stop = self.stage.stop.clone();
        self.stage.users.fetch_add(1, Ordering::Relaxed);
        if self.stage.plan.login {
            Box::pin(self.log_in(Instant::now())).await;
        }
        if self.stage.plan.open.is_some() {
            while let Some(due) = self.stage.arrivals.next(&mut stop).await {
                self.step(due).await;
            }
        } else {
            // Users that come at once do not all act at once.
            let first = self.think().mul_f64(self.choice.fraction());
            let mut due = self.stage.due(Instant::now(), first);
            while wait_until(due, &mut stop).await {
                self.step(due).await;
                let think = self.think();
                due = self.stage.due(Instant::now(), think);
            }
        }
        self.stage.users.fetch_sub(1, Ordering::Relaxed);
    }

    async fn step(&mut self, due: Instant) {
        self.stage
            .meter
            .record_late(due.elapsed().as_micros() as u64);
        // Boxed: what a step needs while it asks, some kilobytes, is there only while it asks.
        let act: Pin<Box<dyn Future<Output = ()> + Send + '_>> = match self.seat.role {
            "agency_clerk" => Box::pin(self.clerk(due)),
            "official" => Box::pin(self.official(due)),
            _ => Box::pin(self.desk(due)),
        };
        act.await;
    }

    fn think(&mut self) -> Duration {
        let (mean, spread) = (self.stage.plan.think_seconds, self.stage.plan.think_spread);
        Duration::from_secs_f64(mean * (1.0 - spread + 2.0 * spread * self.choice.fraction()))
    }

    /// One of a weighted table's actions.
    pub(super) fn choose<'a>(
        &mut self,
        known: &[&'a str],
        of: impl Fn(&Stage, &str) -> u32,
    ) -> &'a str {
        let weights: Vec<u32> = known.iter().map(|name| of(&self.stage, name)).collect();
        known[self.choice.weighted(&weights)]
    }
}

/// False when the day is over.
pub(crate) async fn wait_until(due: Instant, stop: &mut watch::Receiver<bool>) -> bool {
    if *stop.borrow() {
        return false;
    }
    if due <= Instant::now() {
        return true;
    }
    tokio::select! {
        biased;
        () = tokio::time::sleep_until(due.into()) => !*stop.borrow(),
        _ = stop.changed() => false,
    }
}
