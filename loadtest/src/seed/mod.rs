//! Loading the world into a server: every row by a real command, in batches, several at a time.
//!
//! Keys follow from the seed, so that loading the same world twice loads it once.

mod batch;
mod kept;
mod pool;

pub use kept::{Loaded, read_loaded, write_loaded};

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::LoadError;
use crate::wire::{Claims, Connection, Local, Minter, Target};
use crate::world::{World, write_opening};

/// How the loading is cut up.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Batches in flight at once, each on its own connection.
    pub connections: usize,
    /// Lines of one opening document.
    pub lines: usize,
    /// Lines in one request.
    pub lines_per_batch: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connections: 4,
            lines: 50,
            lines_per_batch: 1_000,
        }
    }
}

/// One request of the loading may take this long.
const LIMIT: Duration = Duration::from_secs(30);

/// What the loading has done so far; read by whoever shows progress.
#[derive(Debug, Default)]
pub struct Progress {
    /// Indicators loaded.
    pub indicators: AtomicU64,
    /// Divisions done.
    pub divisions: AtomicU64,
    next: AtomicU32,
    seq: AtomicU64,
}

impl Progress {
    fn saw(&self, seq: u64) {
        self.seq.fetch_max(seq, Ordering::Relaxed);
    }
}

/// Loads the whole world; the first refusal stops it.
pub async fn load(
    target: Arc<Target>,
    minter: Arc<Minter>,
    world: Arc<World>,
    pace: Pace,
    progress: Arc<Progress>,
) -> Result<Loaded, LoadError> {
    let started = Instant::now();
    let mut hands = tokio::task::JoinSet::new();
    for _ in 0..pace.connections.max(1) {
        let hand = Hand {
            connection: Connection::new(target.clone(), Local::Any, LIMIT),
            minter: minter.clone(),
            world: world.clone(),
            progress: progress.clone(),
            pace,
        };
        hands.spawn(hand.work());
    }
    while let Some(done) = hands.join_next().await {
        done.map_err(|e| LoadError::format("loading", e))??;
    }
    Ok(Loaded {
        recipe: world.recipe.clone(),
        seeded_to: progress.seq.load(Ordering::Relaxed),
        rows: world.opened_rows(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// One connection's share of the work: divisions, taken one at a time.
struct Hand {
    connection: Connection,
    minter: Arc<Minter>,
    world: Arc<World>,
    progress: Arc<Progress>,
    pace: Pace,
}

impl Hand {
    async fn work(mut self) -> Result<(), LoadError> {
        loop {
            let division = self.progress.next.fetch_add(1, Ordering::Relaxed);
            if division as usize >= self.world.divisions.len() {
                return Ok(());
            }
            self.load_division(division).await?;
            self.progress.divisions.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn load_division(&mut self, division: u32) -> Result<(), LoadError> {
        let seq =
            pool::load_pool(&mut self.connection, &self.minter, &self.world, division).await?;
        self.progress.saw(seq);
        let code = self.world.divisions[division as usize].code;
        let token = self
            .minter
            .bearer(&Claims::new("load-seeder", "system_admin", code))?;
        let openings = self.world.openings(division, self.pace.lines);
        let together = (self.pace.lines_per_batch / self.pace.lines).max(1);
        for (part, number) in openings.chunks(together).zip(0..) {
            let lines: usize = part.iter().map(|o| o.rows.len()).sum();
            let mut body = String::with_capacity(128 + lines * 400);
            body.push_str(r#"{"atomic":false,"commands":["#);
            for (opening, at) in part.iter().zip(0..) {
                let comma = if at == 0 { "" } else { "," };
                let seed = self.world.recipe.seed;
                let _ = write!(
                    body,
                    r#"{comma}{{"key":"seed-{seed:x}-{division}-{number}-{at}","create":"#
                );
                write_opening(&self.world, opening, &mut body);
                body.push('}');
            }
            body.push_str("]}");
            let answers = batch::send(&mut self.connection, &token, body).await?;
            answers
                .iter()
                .for_each(|answer| self.progress.saw(answer.seq));
            self.progress
                .indicators
                .fetch_add(lines as u64, Ordering::Relaxed);
        }
        Ok(())
    }
}
