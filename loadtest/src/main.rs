//! The command `hubu-load`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Parser;
use hubu_load::cli::{self, Cli, Command};
use hubu_load::error::LoadError;
use hubu_load::own::{self, OwnPlan};
use hubu_load::plan::Plan;
use hubu_load::report::{self, Exit, RunResult};
use hubu_load::run::{self, Setting, Share, Show};
use hubu_load::seed::{self, Pace, Progress};
use hubu_load::wire::{Connection, Local, Minter, Request, Target};
use hubu_load::world::{Recipe, World};
use hyper::header::HeaderValue;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Worker => run::work().map(|()| Exit::Passed as u8),
        Command::Port => free_port(),
        Command::Ready { url } => on_threads(ready(url)),
        Command::Report(options) => redraw(&options.report),
        Command::Seed(options) => on_threads(load(options)),
        Command::Run(options) => on_threads(play(options)),
        Command::Audit(options) => on_threads(audit(options)),
    };
    match outcome {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            eprintln!("hubu-load: {error}");
            ExitCode::from(Exit::Error as u8)
        }
    }
}

fn on_threads(work: impl Future<Output = Result<u8, LoadError>>) -> Result<u8, LoadError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|source| LoadError::System {
            what: "starting threads",
            source,
        })?
        .block_on(work)
}

fn free_port() -> Result<u8, LoadError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr());
    println!(
        "{}",
        listener
            .map_err(|source| LoadError::System {
                what: "finding a port",
                source
            })?
            .port()
    );
    Ok(Exit::Passed as u8)
}

async fn ready(url: String) -> Result<u8, LoadError> {
    let mut connection = Connection::new(Target::new(&url)?, Local::Any, Duration::from_secs(2));
    let nobody = HeaderValue::from_static("Bearer none");
    let answer = connection.send(&Request::get("/readyz", &nobody)).await;
    let is_ready = answer.is_ok_and(|a| a.status.is_success());
    Ok(if is_ready {
        Exit::Passed as u8
    } else {
        Exit::Error as u8
    })
}

async fn load(options: cli::Seed) -> Result<u8, LoadError> {
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

async fn play(options: cli::Run) -> Result<u8, LoadError> {
    if OwnPlan::is_one(&options.plan) {
        return play_own(options).await;
    }
    let secret = options.secret.ok_or_else(|| {
        LoadError::Token("--secret FILE is needed: the server's HS256 secret".into())
    })?;
    let mut plan = Plan::read(&options.plan)?;
    plan.users = options.users.unwrap_or(plan.users);
    plan.last(options.duration.unwrap_or(plan.duration_seconds));
    plan.think_seconds = options.think.unwrap_or(plan.think_seconds);
    plan.ramp_seconds = options.ramp.unwrap_or(plan.ramp_seconds);
    plan.check()?;
    let loaded = seed::read_loaded(&options.report.join("world.json"))?;
    let mut show = Show::new(plan.length().as_secs_f64(), options.quiet);
    let platform = report::platform(&options.report, options.note);
    let setting = Setting {
        url: &options.url,
        secret: &secret,
        loaded: &loaded,
        folder: &options.report,
        workers: options.workers,
        threads: options.threads,
        share: options.shard,
    };
    let outcome = run::run(&plan, &setting, &mut show).await?;
    let mut result = RunResult::new(&plan, &loaded, outcome, platform);
    finish(&options.report, &mut result)
}

/// A plan of another system: no world, no books, no audit.
async fn play_own(options: cli::Run) -> Result<u8, LoadError> {
    let mut plan = OwnPlan::read(&options.plan)?;
    make_folder(&options.report)?;
    plan.users = options.users.unwrap_or(plan.users);
    plan.think_seconds = options.think.unwrap_or(plan.think_seconds);
    plan.ramp_seconds = options.ramp.unwrap_or(plan.ramp_seconds);
    let mut common = plan.common();
    common.last(options.duration.unwrap_or(plan.duration_seconds));
    (plan.duration_seconds, plan.phases) = (common.duration_seconds, common.phases);
    plan.check()?;
    let mut show = Show::new(plan.common().length().as_secs_f64(), options.quiet);
    let platform = report::platform(&options.report, options.note);
    let outcome = own::play(&plan, &options.url, &mut show).await?;
    let mut result = RunResult::of_own(&plan.common(), plan.seed, outcome, platform);
    finish(&options.report, &mut result)
}

async fn audit(options: cli::Audit) -> Result<u8, LoadError> {
    let mut result = report::read_result(&options.report.join("result.json"))?;
    let loaded = seed::read_loaded(&options.report.join("world.json"))?;
    let world = World::make(loaded.recipe.clone())?;
    let mut show = Show::new(0.0, options.quiet);
    let setting = Setting {
        url: &options.server.url,
        secret: &options.server.secret,
        loaded: &loaded,
        folder: &options.report,
        workers: None,
        threads: 0,
        share: Share { index: 1, count: 1 },
    };
    let books = books(&options.report)?;
    match run::settle_books(&books, &setting, &world, &options.when, &mut show).await {
        Ok(settlement) => {
            result.audits.push(settlement);
            // What an earlier audit could not do, this one did.
            result.audit_errors.clear();
        }
        Err(error) => result
            .audit_errors
            .push(format!("{}: {error}", options.when)),
    }
    finish(&options.report, &mut result)
}

fn redraw(folder: &Path) -> Result<u8, LoadError> {
    let mut result = report::read_result(&folder.join("result.json"))?;
    finish(folder, &mut result)
}

/// Judges, writes and prints a result.
fn finish(folder: &Path, result: &mut RunResult) -> Result<u8, LoadError> {
    result.verdict = report::judge(result);
    let (json, html) = (folder.join("result.json"), folder.join("report.html"));
    report::write_result(&json, result)?;
    std::fs::write(&html, report::page(result)?).map_err(|e| LoadError::file(&html, e))?;
    print!("{}", report::table(result));
    println!("{}\n{}", html.display(), json.display());
    Ok(result.verdict.exit)
}

/// The books of a folder, in the order of their workers.
fn books(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let entries = std::fs::read_dir(folder).map_err(|e| LoadError::file(folder, e))?;
    let is_book = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        name.starts_with("book-") && name.ends_with(".bin")
    };
    let mut books: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(is_book)
        .collect();
    books.sort();
    Ok(books)
}

fn make_folder(folder: &Path) -> Result<(), LoadError> {
    std::fs::create_dir_all(folder).map_err(|e| LoadError::file(folder, e))
}
