//! A worker process: plays its share of the users, ticks once a second, writes its book.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::watch;

use super::protocol::{Done, Order, Said};
use crate::book::{Book, write_book};
use crate::error::LoadError;
use crate::measure::usage;
use crate::users::{Lanes, Stage, deal, play};
use crate::wire::{Local, Minter, PORTS_PER_ADDRESS, Target};
use crate::world::World;

/// Works an order off, reading it from standard input; reports on standard output.
pub fn work() -> Result<(), LoadError> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|source| LoadError::System {
            what: "reading the order",
            source,
        })?;
    let order: Order = serde_json::from_str(&line).map_err(|e| LoadError::format("order", e))?;
    super::raise_descriptors();
    // Goose, the ticks and the parent's word; the users have lanes of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| LoadError::System {
        what: "starting threads",
        source,
    })?;
    let outcome = runtime.block_on(play_order(order));
    if let Err(error) = &outcome {
        runtime.block_on(say(&Said::Failed(error.to_string())));
    }
    // The thread that waits for the parent's next word would hold us up.
    runtime.shutdown_background();
    outcome
}

async fn play_order(order: Order) -> Result<(), LoadError> {
    let world = Arc::new(World::make(order.recipe.clone())?);
    let target = Target::new(&order.url)?;
    let share = f64::from(order.last - order.first) / f64::from(order.plan.users.max(1));
    let seats = deal(&world, &order.plan, order.first, order.last);
    let (stop, stopped) = watch::channel(false);
    let length = order.plan.length();
    let stage = Stage::new(
        world,
        order.plan,
        target,
        Local::Spread {
            first: u32::from(order.worker) * addresses(order.last - order.first),
        },
        Minter::from_file(&order.secret)?,
        order.recipe.seed ^ u64::from(order.run),
        Book::new(order.run, order.worker),
        stopped,
    );
    let started = Instant::now();
    let before = usage();
    tokio::spawn(end_of_day(stop, length));
    let ticking = tokio::spawn(tick(stage.clone()));
    tokio::spawn(stage.clone().arrive(share));
    let lanes = Lanes::start(order.threads)?;
    let threads = lanes.count();
    let goose_requests = play(stage.clone(), seats, lanes).await?;
    ticking.abort();
    let seconds = started.elapsed().as_secs_f64();
    let spent = usage().since(before);
    say(&Said::Tick(stage.meter.tick(0, stage.target.opened()))).await;
    write_book(
        &order.book,
        &stage.book.lock(),
        &order.recipe,
        order.seeded_to,
    )?;
    let (totals, examples) = stage.meter.totals();
    let mut done = Done::new(&totals, examples);
    done.usage = spent;
    done.opened = stage.target.opened();
    done.arrived = stage.arrivals.close();
    done.goose_requests = goose_requests;
    done.late_p99_us = stage.meter.late_p99();
    done.threads = threads;
    done.seconds = seconds;
    say(&Said::Done(Box::new(done))).await;
    Ok(())
}

/// Source addresses that a worker of so many users takes: its own, so that no two workers share one's ports.
fn addresses(users: u32) -> u32 {
    users.div_ceil(PORTS_PER_ADDRESS).max(1)
}

/// Ends the day after its length, or when the parent closes our standard input (or says anything).
async fn end_of_day(stop: watch::Sender<bool>, length: Duration) {
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        _ = input.read_line(&mut line) => {}
    }
    // The users may be gone already.
    let _ = stop.send(true);
    // Goose ends by itself; until then the sender must live, or every user would take its end for another stop.
    stop.closed().await;
}

async fn tick(stage: Arc<Stage>) {
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    clock.tick().await;
    loop {
        clock.tick().await;
        let users = stage.users.load(Ordering::Relaxed);
        say(&Said::Tick(stage.meter.tick(users, stage.target.opened()))).await;
    }
}

async fn say(said: &Said) {
    let Ok(mut line) = serde_json::to_string(said) else {
        return;
    };
    line.push('\n');
    let mut out = tokio::io::stdout();
    // A parent that is gone reads nothing; the worker ends by its standard input then.
    if out.write_all(line.as_bytes()).await.is_ok() {
        let _ = out.flush().await;
    }
}
