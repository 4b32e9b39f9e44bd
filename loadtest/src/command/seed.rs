//! `seed`: loads the world and leaves world.json behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hubu_load::cli;
use hubu_load::error::LoadError;
use hubu_load::report::Exit;
use hubu_load::run::Show;
use hubu_load::seed::{self, Pace, Progress};
use hubu_load::wire::{Minter, Target};
use hubu_load::world::{Recipe, World};

use super::finish::make_folder;

/// Loads the world, with progress every two seconds.
pub(super) async fn load(options: cli::Seed) -> Result<u8, LoadError> {
    make_folder(&options.report)?;
    let divisions = options
        .divisions
        .canonicalize()
        .unwrap_or(options.divisions);
    let (seed, agencies, rows) = (options.seed, options.agencies, options.rows);
    let recipe = Recipe {
        seed,
        fiscal_year: options.year,
        agencies,
        rows,
        divisions,
    };
    let world = Arc::new(World::make(recipe)?);
    let minter = Arc::new(Minter::from_file(&options.server.secret)?);
    let target = Target::new(&options.server.url)?;
    let pace = Pace {
        connections: options.connections,
        ..Pace::default()
    };
    let progress = Arc::new(Progress::default());
    let mut show = Show::new(0.0, options.quiet);
    let started = Instant::now();
    let all = world.indicators();
    let mut loading = tokio::spawn(seed::load(target, minter, world, pace, progress.clone()));
    let loaded = loop {
        match tokio::time::timeout(Duration::from_secs(2), &mut loading).await {
            Ok(done) => break done.map_err(|e| LoadError::format("loading", e))??,
            Err(_) => {
                let done = progress.indicators.load(Ordering::Relaxed);
                show.count(
                    "indicators loaded",
                    done,
                    all,
                    started.elapsed().as_secs_f64(),
                );
            }
        }
    };
    seed::write_loaded(&options.report.join("world.json"), &loaded)?;
    let rate = loaded.rows as f64 / loaded.seconds.max(0.001);
    show.line(&format!(
        "{} rows of {all} indicators loaded in {:.1} s ({rate:.0}/s)",
        loaded.rows, loaded.seconds
    ));
    Ok(Exit::Passed as u8)
}
