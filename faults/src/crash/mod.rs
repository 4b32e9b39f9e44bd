//! A crash at every point (逐点断电): one rich run on the simulated disk, and at each of its writes, syncs, renames and removals
//! the machine dies. Whatever had reached the disk by then, in every combination that the disk's model allows, is opened
//! and compared with what clients had been told.
//!
//! The run goes through several segments, snapshots (written, named, removed) and restarts. Unsynced sectors survive
//! in any combination: all of them are tried up to [`ALL_UP_TO`] sectors; of more, none, all, each beginning, each with one
//! missing, and [`DRAWN`] that are drawn. Changes of names survive as beginnings, folder by folder.
//!
//! The archive's store knows no simulated disk: [`archive`] records what it asks of real files, and goes on as above.

mod archive;
mod trace;
pub(crate) mod writer;

use crate::Outcome;
use crate::report::Report;
use crate::sim::{Cell, FIRST, Ground, Swarm, check, open};
use clap::Args;
use fastrand::Rng;
use hubu_core::journal::simulated::SimulatedDisk;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Crashes at every operation of one run, in every combination of what survives.
#[derive(Args)]
pub(crate) struct Options {
    /// Draws what is asked in the run, and what is not tried in full.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Commands and other events of the run.
    #[arg(long, default_value_t = 180)]
    events: usize,
    /// Few combinations at each point.
    #[arg(long)]
    quick: bool,
}

/// So many unsynced sectors are tried in every combination.
const ALL_UP_TO: usize = 8;
/// Combinations drawn where there are too many.
const DRAWN: usize = 64;
/// Combinations at each point of a quick run.
const QUICK: usize = 6;

/// What happened until a crash point.
struct Point {
    disk: SimulatedDisk,
    told: usize,
}

pub(crate) fn run(options: &Options, report: &mut Report) -> Outcome<bool> {
    let events = if options.quick {
        options.events / 2
    } else {
        options.events
    };
    let (cell, points) = prepare(options.seed, events)?;
    let journal = try_all(points.len(), |at| {
        let all = combinations(&points[at].disk, options, at);
        for chosen in &all {
            survives(&cell, &points[at], chosen).map_err(|why| format!("{chosen:?}: {why}"))?;
        }
        Ok(all.len() as u64)
    });
    println!(
        "journal and snapshots: {} points, {} states",
        points.len(),
        journal.states
    );
    let archive_held = try_archive(options, report)?;
    let held = journal.held && archive_held;
    if !options.quick {
        report.put("crash_points", points.len() as f64);
        report.put("crash_states", journal.states as f64);
        report.put("crash_broken", f64::from(u8::from(!held)));
    }
    Ok(held)
}

fn try_archive(options: &Options, report: &mut Report) -> Outcome<bool> {
    if !trace::is_allowed()? {
        println!("archive: SKIPPED, since strace may not trace programs here");
        return Ok(true);
    }
    let run = archive::prepare(options)?;
    let tried = run.tried(options);
    let archive = try_all(tried.len(), |at| {
        let (at, point) = tried[at];
        run.survives(at, point, options)
    });
    println!("archive: {} points, {} states", tried.len(), archive.states);
    if !options.quick {
        report.put("crash_archive_points", tried.len() as f64);
        report.put("crash_archive_states", archive.states as f64);
    }
    Ok(archive.held)
}

/// What came of all points.
struct Tried {
    states: u64,
    held: bool,
}

/// Tries points by their numbers on all cores, until one is broken; each says how many states it had, or what is wrong.
fn try_all(count: usize, try_one: impl Fn(usize) -> Result<u64, String> + Sync) -> Tried {
    let (next, states) = (AtomicUsize::new(0), AtomicU64::new(0));
    let held = AtomicBool::new(true);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while held.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    match try_one(at) {
                        Ok(tried) => drop(states.fetch_add(tried, Ordering::Relaxed)),
                        Err(why) => {
                            eprintln!("BROKEN: operation {at}, surviving {why}");
                            held.store(false, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    Tried {
        states: states.into_inner(),
        held: held.into_inner(),
    }
}

/// The run, and the disk before each of its operations.
fn prepare(seed: u64, events: usize) -> Outcome<(Cell, Vec<Point>)> {
    let mut rng = Rng::with_seed(seed);
    let mut cell = Cell::new(seed, Swarm::rich())?;
    cell.ground.disk.keep_history();
    let mut told = vec![(cell.ground.disk.operations(), 0)];
    for at in 0..events {
        let event = Swarm::rich_event(at);
        cell.happen(event, &mut rng)
            .map_err(|why| format!("event {at}, {event:?}: {why}"))?;
        told.push((cell.ground.disk.operations(), cell.book.told));
    }
    let begun = told[0].0;
    let history = cell.ground.disk.history();
    let points = history.into_iter().zip(begun..).map(|(disk, operations)| {
        let known = told.iter().take_while(|(at, _)| *at <= operations).last();
        let told = known.map_or(0, |(_, told)| *told);
        Point { disk, told }
    });
    Ok((cell, points.collect()))
}

/// What survives: sector by sector, and of each folder's changes of names so many.
#[derive(Debug, Clone)]
struct Chosen {
    sectors: Vec<bool>,
    names: usize,
}

fn combinations(disk: &SimulatedDisk, options: &Options, at: usize) -> Vec<Chosen> {
    let (sectors, names) = disk.unsettled();
    let mut rng = Rng::with_seed(options.seed ^ at as u64);
    let mut all: Vec<Vec<bool>> = if sectors <= ALL_UP_TO {
        (0..1_u32 << sectors)
            .map(|bits| (0..sectors).map(|bit| bits >> bit & 1 == 1).collect())
            .collect()
    } else {
        let beginnings = (0..=sectors).map(|end| (0..sectors).map(|bit| bit < end).collect());
        let but_one = (0..sectors).map(|gap| (0..sectors).map(|bit| bit != gap).collect());
        let drawn: Vec<_> = (0..DRAWN)
            .map(|_| (0..sectors).map(|_| rng.bool()).collect())
            .collect();
        beginnings.chain(but_one).chain(drawn).collect()
    };
    if options.quick {
        rng.shuffle(&mut all);
        all.truncate(QUICK);
    }
    let with_names = all.into_iter().flat_map(|sectors| {
        (0..=names).map(move |names| Chosen {
            sectors: sectors.clone(),
            names,
        })
    });
    with_names.collect()
}

/// The disk as it comes up after a crash.
fn crashed(disk: &SimulatedDisk, chosen: &Chosen) -> SimulatedDisk {
    let mut sectors = chosen.sectors.iter().copied();
    let mut names = chosen.names;
    disk.crash_choosing(
        || sectors.next().unwrap_or(false),
        |changes| {
            let kept = changes.min(names);
            names -= kept;
            kept
        },
    )
}

fn survives(cell: &Cell, point: &Point, chosen: &Chosen) -> Result<(), String> {
    let after = Ground {
        disk: crashed(&point.disk, chosen),
        database: None,
    };
    let engine = open(&after, &cell.swarm, cell.now_ms);
    let engine = engine.map_err(|error| format!("it does not open: {error}"))?;
    let count = (engine.newest().0 + 1 - FIRST) as usize;
    cell.book.may_end_after(point.told, count)?;
    check::whole(&engine, &cell.book.model(count))
}
