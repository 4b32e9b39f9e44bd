//! One run from the parent's side, from starting the workers to the settled books.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;

use super::crew::Crew;
use super::protocol::{Done, Order, Said};
use super::show::Show;
use super::{lanes_for, raise_descriptors, workers_for};
use crate::audit::{Against, Settlement, settle};
use crate::book::{Book, read_book};
use crate::error::LoadError;
use crate::measure::{Second, Tick, Totals, decode};
use crate::plan::Plan;
use crate::seed::Loaded;
use crate::wire::{Minter, Target};
use crate::world::World;

/// How long past its end a run may last: requests under way, and goose's own goodbye.
const GRACE: Duration = Duration::from_secs(60);

/// Which part of the users this process plays: `i` of `n`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// From 1.
    pub index: u32,
    /// How many parts.
    pub count: u32,
}

impl Share {
    /// Users of this share.
    pub fn users(self, all: u32) -> (u32, u32) {
        let cut = |i: u32| (u64::from(all) * u64::from(i) / u64::from(self.count)) as u32;
        (cut(self.index - 1), cut(self.index))
    }
}

/// All that a run brought.
#[derive(Debug)]
pub struct Outcome {
    /// Number of the run.
    pub number: u32,
    /// Unix seconds when it began.
    pub began: u64,
    /// Users of this share.
    pub users: u32,
    /// By action, over all workers.
    pub totals: Totals,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// The same by worker, with histograms: for whoever wants the percentiles of some seconds together.
    pub ticks: Vec<Vec<Tick>>,
    /// When the first second was over, by this process's clock.
    pub first_tick: Option<Instant>,
    /// What each worker had to show.
    pub workers: Vec<Done>,
    /// Where the books are.
    pub books: Vec<PathBuf>,
    /// Whether somebody stopped it before its time.
    pub was_interrupted: bool,
    /// Workers that died, in words.
    pub deaths: Vec<String>,
    /// The books settled against the server; `None` when the audit itself could not be done.
    pub settlement: Result<Settlement, String>,
}

/// What is needed beside the plan.
#[derive(Debug)]
pub struct Setting<'a> {
    /// `http://host:port`.
    pub url: &'a str,
    /// File with the server's HS256 secret.
    pub secret: &'a Path,
    /// The loaded world.
    pub loaded: &'a Loaded,
    /// Folder for the books.
    pub folder: &'a Path,
    /// Worker processes; `None` for as many as the descriptors ask for.
    pub workers: Option<u32>,
    /// Threads of each; 0 for as many as there are cores.
    pub threads: usize,
    /// Which part of the users.
    pub share: Share,
}

/// Plays a plan and settles the books.
pub async fn run(
    plan: &Plan,
    setting: &Setting<'_>,
    show: &mut Show,
) -> Result<Outcome, LoadError> {
    let world = World::make(setting.loaded.recipe.clone())?;
    let mut outcome = play(plan, setting, show).await?;
    let settlement = settle_books(&outcome.books, setting, &world, "after the run", show).await;
    outcome.settlement = settlement.map_err(|e| e.to_string());
    Ok(outcome)
}

/// Plays a plan and leaves the books as they are; whoever plays several times may settle them all at the end.
pub async fn play(
    plan: &Plan,
    setting: &Setting<'_>,
    show: &mut Show,
) -> Result<Outcome, LoadError> {
    let orders = orders(plan, setting);
    let began = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let mut crew = Crew::start(&orders).await?;
    let mut watch = Watch::new(orders.len());
    let deadline =
        tokio::time::sleep(plan.length() + GRACE + Duration::from_secs_f64(plan.timeout_seconds));
    tokio::pin!(deadline);
    while watch.open > 0 {
        tokio::select! {
            line = crew.lines.recv() => match line {
                Some((index, Some(said))) => watch.heard(index, said, show)?,
                Some((index, None)) => watch.left(index, &mut crew).await,
                None => break,
            },
            _ = tokio::signal::ctrl_c(), if !watch.was_interrupted => {
                show.line("stopping: users end what they are at; the books are settled then");
                watch.was_interrupted = true;
                crew.stop();
            }
            () = &mut deadline => {
                watch.deaths.push("the run did not end in time".into());
                break;
            }
        }
    }
    drop(crew);
    watch.finish();
    let books: Vec<PathBuf> = orders
        .iter()
        .map(|o| o.book.clone())
        .filter(|b| b.exists())
        .collect();
    Ok(Outcome {
        number: orders[0].run,
        began,
        users: orders.iter().map(|o| o.last - o.first).sum(),
        totals: watch.totals()?,
        seconds: watch.seconds,
        ticks: watch.ticks,
        first_tick: watch.first_tick,
        workers: watch.done.into_iter().flatten().collect(),
        books,
        was_interrupted: watch.was_interrupted,
        deaths: watch.deaths,
        settlement: Err("the books were not settled".into()),
    })
}

/// Settles kept books against the server.
pub async fn settle_books(
    paths: &[PathBuf],
    setting: &Setting<'_>,
    world: &World,
    when: &str,
    show: &mut Show,
) -> Result<Settlement, LoadError> {
    show.line(&format!(
        "audit {when}: settling {} book(s) against {}",
        paths.len(),
        setting.url
    ));
    let minter = Minter::from_file(setting.secret)?;
    let mut books: Vec<Book> = Vec::new();
    for path in paths {
        books.push(read_book(path)?.0);
    }
    let target = Target::new(setting.url)?;
    let against = Against {
        target,
        minter: &minter,
        world,
        seeded_to: setting.loaded.seeded_to,
        when,
    };
    let settlement = settle(&mut books, &against).await?;
    // What was resolved stays resolved for the next audit.
    for (path, book) in paths.iter().zip(&books) {
        crate::book::write_book(path, book, &setting.loaded.recipe, setting.loaded.seeded_to)?;
    }
    Ok(settlement)
}

fn orders(plan: &Plan, setting: &Setting<'_>) -> Vec<Order> {
    let (first, last) = setting.share.users(plan.users);
    let needed = workers_for(last - first, raise_descriptors());
    let count = setting
        .workers
        .unwrap_or(needed)
        .clamp(1, (last - first).max(1));
    let number = run_number();
    let threads = match setting.threads {
        0 => lanes_for(count),
        threads => threads,
    };
    let order = |index: u32| {
        let share = Share {
            index: index + 1,
            count,
        };
        let (from, to) = share.users(last - first);
        // Workers of other shares have other numbers, so that their keys differ.
        let worker = (setting.share.index - 1) * count + index;
        Order {
            recipe: setting.loaded.recipe.clone(),
            seeded_to: setting.loaded.seeded_to,
            plan: plan.clone(),
            url: setting.url.to_owned(),
            secret: setting.secret.to_owned(),
            run: number,
            worker: worker as u16,
            first: first + from,
            last: first + to,
            threads,
            book: setting.folder.join(format!("book-{worker}.bin")),
        }
    };
    (0..count).map(order).collect()
}

/// A number that no other run on this server has: the time, and the process beside it.
fn run_number() -> u32 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as u64);
    (now.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32 ^ std::process::id()
}

/// What the parent has heard so far.
struct Watch {
    open: usize,
    ticks: Vec<Vec<Tick>>,
    first_tick: Option<Instant>,
    done: Vec<Option<Done>>,
    seconds: Vec<Second>,
    deaths: Vec<String>,
    was_interrupted: bool,
}

impl Watch {
    fn new(workers: usize) -> Self {
        let (ticks, done) = (
            vec![Vec::new(); workers],
            (0..workers).map(|_| None).collect(),
        );
        Self {
            open: workers,
            first_tick: None,
            ticks,
            done,
            seconds: Vec::new(),
            deaths: Vec::new(),
            was_interrupted: false,
        }
    }

    fn heard(&mut self, index: usize, said: Said, show: &mut Show) -> Result<(), LoadError> {
        match said {
            Said::Tick(tick) => {
                self.first_tick.get_or_insert_with(Instant::now);
                self.ticks[index].push(tick);
                let at = self.seconds.len();
                if self.ticks.iter().all(|t| t.len() > at) {
                    let second = self.second(at)?;
                    show.second(&second, self.ticks.iter().map(|t| t[at].opened).sum());
                    self.seconds.push(second);
                }
            }
            Said::Done(done) => self.done[index] = Some(*done),
            Said::Failed(reason) => self.deaths.push(format!("worker {index}: {reason}")),
        }
        Ok(())
    }

    async fn left(&mut self, index: usize, crew: &mut Crew) {
        self.open -= 1;
        if self.done[index].is_none() {
            let reason = crew.end_of(index).await;
            self.deaths.push(format!("worker {index} {reason}"));
        }
    }

    /// One second of all workers; their histograms are added, so the percentiles are exact.
    fn second(&self, at: usize) -> Result<Second, LoadError> {
        let mut second = Second {
            at: (at + 1) as f64,
            ..Second::default()
        };
        let mut latency: Option<Histogram<u64>> = None;
        for tick in self.ticks.iter().filter_map(|t| t.get(at)) {
            second.add(tick);
            let part = decode(&tick.latency)?;
            match &mut latency {
                Some(sum) => sum
                    .add(&part)
                    .map_err(|e| LoadError::format("histogram", e))?,
                None => latency = Some(part),
            }
        }
        latency.iter().for_each(|l| second.set_latency(l));
        Ok(second)
    }

    /// Seconds that not every worker has ticked are added as far as they go.
    fn finish(&mut self) {
        let most = self.ticks.iter().map(Vec::len).max().unwrap_or(0);
        for at in self.seconds.len()..most {
            if let Ok(second) = self.second(at) {
                self.seconds.push(second);
            }
        }
    }

    fn totals(&self) -> Result<Totals, LoadError> {
        let mut totals = Totals::new();
        for done in self.done.iter().flatten() {
            totals.add(&done.totals()?)?;
        }
        Ok(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_all_users_once() {
        for (all, count) in [(10, 3), (1, 4), (10_000, 7)] {
            let mut next = 0;
            for index in 1..=count {
                let (first, last) = Share { index, count }.users(all);
                assert_eq!(first, next);
                next = last;
            }
            assert_eq!(next, all);
        }
    }
}
