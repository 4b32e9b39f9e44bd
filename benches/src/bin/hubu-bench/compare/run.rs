//! One comparison from its first server to its last audit.

use super::outcome::{Audit, Cell, Comparison, Facts, SCHEMA};
use super::play::{Ground, Slice};
use super::scale::Scale;
use super::search::{Held, Probe};
use super::stand::Stand;
use super::system::{Load, System};
use super::{page, search, stop, table};
use crate::Outcome;
use hubu_load::report::platform;
use hubu_load::world::{Recipe, World};
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A comparison under way.
struct Run<'a> {
    scale: &'a Scale,
    ground: Ground,
    stands: Vec<Stand>,
    cells: Vec<Cell>,
    users: Vec<Held>,
}

/// Sets up, searches, measures in turns, audits, and writes the report.
pub(super) fn run(
    systems: &[System],
    loads: &[Load],
    scale: &Scale,
    report: &Path,
) -> Outcome<Comparison> {
    let began = Instant::now();
    std::fs::create_dir_all(report)?;
    let folder = tempfile::Builder::new().prefix("hubu-compare-").tempdir()?;
    let platform = platform(folder.path(), Vec::new());
    if platform.disk.starts_with("tmpfs") {
        return Err(format!(
            "{} is memory ({}): nothing would be durable; let TMPDIR name a folder on a disk",
            folder.path().display(),
            platform.disk
        )
        .into());
    }
    let world = Arc::new(world(scale)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ground = Ground {
        folder: folder.path().to_owned(),
        run: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as u32,
        recipe: world.recipe.clone(),
        stop: stop::watch()?,
        addresses: 0,
    };
    let mut run = Run {
        scale,
        ground,
        stands: Vec::new(),
        cells: Vec::new(),
        users: Vec::new(),
    };
    for system in systems {
        say(&format!("starting {} ({})", system.letter(), system.name()));
        let folder = folder.path().join(system.letter());
        let most = scale.users_most(*system);
        run.stands
            .push(Stand::start(*system, &folder, &world, most, &runtime)?);
    }
    run.measure(loads)?;
    let was_interrupted = run.ground.is_stopped();
    let audits = run.audit(&world, &runtime);
    let mut comparison = Comparison {
        schema: SCHEMA,
        platform,
        settings: scale.settings(&world),
        systems: run.facts()?,
        cells: run.cells,
        users: run.users,
        audits,
        goals: Vec::new(),
        was_interrupted,
        total_seconds: began.elapsed().as_secs_f64(),
    };
    comparison.judge();
    std::fs::write(
        report.join("compare.json"),
        serde_json::to_vec_pretty(&comparison)?,
    )?;
    std::fs::write(report.join("compare.html"), page::page(&comparison)?)?;
    Ok(comparison)
}

/// The harness's world, as large as wanted.
fn world(scale: &Scale) -> Outcome<World> {
    Ok(World::make(Recipe {
        seed: 20_260_101,
        fiscal_year: 2026,
        agencies: scale.agencies,
        rows: scale.rows,
        divisions: Path::new("config/divisions.csv").canonicalize()?,
    })?)
}

impl Run<'_> {
    /// All loads, then the users. What was stopped is left out.
    fn measure(&mut self, loads: &[Load]) -> Outcome<()> {
        for load in loads {
            let mut best = Vec::new();
            for at in 0..self.stands.len() {
                let found = search::best(
                    &mut self.ground,
                    &mut self.stands,
                    at,
                    *load,
                    &self.scale.reach,
                )?;
                let letter = self.stands[at].system.letter();
                let size = if found.size == 0 {
                    String::new()
                } else {
                    format!(", size {}", found.size)
                };
                say(&format!(
                    "{:<7} {letter}: best with {} connections{size}",
                    load.name(),
                    found.connections
                ));
                best.push(found);
                if self.ground.is_stopped() {
                    return Ok(());
                }
            }
            let mut slices: Vec<Vec<Slice>> = self.stands.iter().map(|_| Vec::new()).collect();
            for round in 1..=self.scale.rounds {
                let mut line = format!("{:<7} round {round}/{}:", load.name(), self.scale.rounds);
                for (at, slices) in slices.iter_mut().enumerate() {
                    let pace = self.scale.saturated(*load, best[at].connections);
                    let slice = self.ground.play(&mut self.stands, at, &pace)?;
                    if self.ground.is_stopped() {
                        return Ok(());
                    }
                    line += &format!(
                        "  {} {:>7.0}/s",
                        self.stands[at].system.letter(),
                        slice.rate
                    );
                    slices.push(slice);
                }
                say(&line);
            }
            for (at, slices) in slices.into_iter().enumerate() {
                let cell = Cell::of(self.stands[at].system, *load, best[at], slices);
                self.cells.push(cell);
            }
        }
        if loads.contains(&Load::Hot1) && self.scale.tries > 0 {
            for at in 0..self.stands.len() {
                self.users(at)?;
            }
        }
        Ok(())
    }

    /// The users that one system holds with one hot row.
    fn users(&mut self, at: usize) -> Outcome<()> {
        let system = self.stands[at].system;
        let cell = self
            .cells
            .iter()
            .find(|cell| cell.system == system && cell.load == Load::Hot1);
        let Some(cell) = cell else { return Ok(()) };
        self.stands[at].resize(cell.best.size)?;
        let (rate, scale) = (cell.rate, self.scale);
        let mut probes: Vec<Probe> = Vec::new();
        // Whoever thinks for a second and waits for a tenth asks ten times in eleven seconds.
        let guess = (rate * scale.think_seconds * 1.05) as usize;
        let (ground, stands) = (&mut self.ground, &mut self.stands);
        let found = search::users(guess, scale.users_most(system), scale.tries, |users| {
            if ground.is_stopped() {
                return Ok(false);
            }
            let slice = ground.play(stands, at, &scale.thinking(users))?;
            let holds = slice.p99_ms <= scale.p99_ms
                && slice.failed + slice.shed == 0
                && slice.connected == users as u64;
            say(&format!(
                "users   {}: {users:>6}  p99 {:>7.1} ms  {:>7.0}/s  {}",
                system.letter(),
                slice.p99_ms,
                slice.rate,
                if holds { "held" } else { "not held" }
            ));
            probes.push(Probe {
                users,
                holds,
                slice,
            });
            Ok(holds)
        })?;
        if !self.ground.is_stopped() {
            let (users, broke_at) = found;
            self.users.push(Held {
                system,
                users,
                broke_at,
                probes,
            });
        }
        Ok(())
    }

    fn audit(&self, world: &World, runtime: &tokio::runtime::Runtime) -> Vec<Audit> {
        let one = |stand: &Stand| {
            let settled = runtime.block_on(stand.audit(world));
            let (settlement, error) = match settled {
                Ok(settlement) => (Some(settlement), None),
                Err(error) => (None, Some(error.to_string())),
            };
            let is_clean = settlement
                .as_ref()
                .is_some_and(|settlement| settlement.is_clean());
            let audit = Audit {
                system: stand.system,
                is_clean,
                settlement,
                error,
            };
            say(&table::audit(&audit));
            audit
        };
        say("settling the books of all systems");
        self.stands.iter().map(one).collect()
    }

    fn facts(&self) -> Outcome<Vec<Facts>> {
        let one = |stand: &Stand| {
            Ok(Facts {
                system: stand.system,
                letter: stand.system.letter(),
                name: stand.system.name(),
                postgres: stand.settings()?,
            })
        };
        self.stands.iter().map(one).collect()
    }
}

/// A line for who watches.
fn say(line: &str) {
    eprintln!("{line}");
}
