//! Plans as something that can be measured: each step plays the plan with its own number of users or arrivals, at a
//! constant pace. The books of all steps are settled once, after the last.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::curve::{Curve, Kept};
use super::goal::LoadKind;
use super::knee::hunt;
use super::limit::{Limit, LimitKind};
use super::load::{Load, Measured};
use super::machine::{Eye, Watching, memory_of, written_by};
use super::options::{Options, Subject};
use super::point::{Point, Stage};
use super::room::Room;
use super::scrape::{Figures, Page};
use super::step::Step;
use super::sweep::sweep;
use crate::audit::Settlement;
use crate::error::LoadError;
use crate::own;
use crate::plan::Plan;
use crate::report;
use crate::run::{self, Outcome, Setting, Show};
use crate::world::World;

/// How long ports that are not free yet are waited for: TIME_WAIT and a little.
const PORTS_WAIT: Duration = Duration::from_secs(65);

/// Searches, settles the books, and gives the curve. What people read on the way goes to `say`.
///
/// # Errors
/// Wrong options, a target or a page of figures that cannot be reached, workers that cannot be started. What breaks
/// under load is no error, and neither is an audit that cannot be done: the curve says so.
pub async fn search(
    subject: &Subject<'_>,
    options: &Options,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Curve, LoadError> {
    options.check()?;
    let page = options.metrics.as_deref().map(Page::new).transpose()?;
    let emulated = match &page {
        Some(page) => page.emulated().await?,
        None => None,
    };
    let began = Instant::now();
    let bound = options
        .goal
        .bound(options.step_length(match subject.kind() {
            LoadKind::Users => options.goal.max,
            LoadKind::Arrivals => f64::from(subject.plan().users),
        }));
    say(&format!(
        "at most {} steps and {:.0} s, then the audit; Ctrl-C ends it and keeps what was measured",
        bound.steps, bound.seconds
    ));
    let memory = options.server_pid.and_then(memory_of);
    let mut player = Player::new(subject, options, page);
    let mut tell = |point: &Point| say(&super::table::line(point, subject.kind()));
    let hunted = if options.is_sweep {
        sweep(&options.goal, &mut player, &mut tell).await?
    } else {
        hunt(&options.goal, &mut player, &mut tell).await?
    };
    let (books, is_loopback) = (player.books, player.room.is_loopback);
    let audit = audit(subject, &books, options.is_quiet).await;
    let platform = report::platform(&options.folder, options.notes.clone());
    let kept = Kept {
        emulated: report::emulated(emulated.as_deref(), &platform),
        plan: subject.plan(),
        url: subject.url().to_owned(),
        is_own: matches!(subject, Subject::Own { .. }),
        is_local: is_loopback || options.server_pid.is_some(),
        server_memory_bytes: memory,
        seconds: began.elapsed().as_secs_f64(),
        bound,
        platform,
    };
    Ok(Curve::new(options, hunted, audit, kept))
}

/// Settles the books of all steps; `None` where nothing is audited.
async fn audit(
    subject: &Subject<'_>,
    books: &[PathBuf],
    is_quiet: bool,
) -> Option<Result<Settlement, String>> {
    let Subject::Hubu { setting, .. } = subject else {
        return None;
    };
    if books.is_empty() {
        return Some(Err("there are no books: no step was played".into()));
    }
    let world = match World::make(setting.loaded.recipe.clone()) {
        Ok(world) => world,
        Err(error) => return Some(Err(error.to_string())),
    };
    let mut show = Show::new(0.0, is_quiet);
    let settled = run::settle_books(books, setting, &world, "after the search", &mut show).await;
    Some(settled.map_err(|e| e.to_string()))
}

/// Plays steps.
struct Player<'a> {
    subject: &'a Subject<'a>,
    options: &'a Options,
    page: Option<Page>,
    room: Room,
    played: u32,
    books: Vec<PathBuf>,
    /// Set by Ctrl-C, also between steps, where no run listens.
    is_stopped: Arc<AtomicBool>,
}

impl<'a> Player<'a> {
    fn new(subject: &'a Subject<'a>, options: &'a Options, page: Option<Page>) -> Self {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = is_stopped.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
        });
        let (is_split, workers) = match subject {
            Subject::Hubu { setting, .. } => (true, setting.workers),
            Subject::Own { .. } => (false, None),
        };
        let is_loopback = is_loopback(subject.url());
        Self {
            room: Room::look(is_loopback, is_split, workers, options.server_pid),
            subject,
            options,
            page,
            played: 0,
            books: Vec::new(),
            is_stopped,
        }
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// The plan of one step.
    fn step(&self, load: f64) -> Step {
        let plan = self.subject.plan();
        let users = match self.subject.kind() {
            LoadKind::Users => load as u32,
            LoadKind::Arrivals => plan.users,
        };
        let ramp = self.options.ramp(f64::from(users));
        Step {
            users,
            ramp,
            // Seconds are counted whole, from the first that lies past both.
            settle: (ramp + self.options.settle_seconds).ceil() - ramp,
            counted: self.options.step_seconds,
            arrivals: plan.open.map(|_| load),
        }
    }

    /// Waits until the ports of earlier steps are free, as long as that may take.
    async fn wait_for_ports(&self, users: u32) -> Option<Limit> {
        let until = Instant::now() + PORTS_WAIT;
        loop {
            let missing = self.room.missing_ports(users)?;
            if Instant::now() >= until || self.is_stopped() {
                return Some(missing);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn play(&mut self, step: &Step) -> Result<Outcome, LoadError> {
        self.played += 1;
        let shape = |plan: &mut Plan| {
            plan.phases.clear();
            plan.users = step.users;
            plan.ramp_seconds = step.ramp;
            plan.duration_seconds = step.settle + step.counted;
            if self.options.is_sweep {
                plan.think_seconds = 0.0;
            }
            if let (Some(open), Some(arrivals)) = (&mut plan.open, step.arrivals) {
                open.arrivals_per_second = arrivals;
            }
        };
        let mut show = Show::new(step.length(), self.options.is_quiet);
        match self.subject {
            Subject::Hubu { plan, setting } => {
                let mut plan = (*plan).clone();
                shape(&mut plan);
                plan.check()?;
                // Each step has a folder, so that its books have names of their own.
                let folder = setting.folder.join(format!("step-{:03}", self.played));
                std::fs::create_dir_all(&folder).map_err(|e| LoadError::file(&folder, e))?;
                let setting = Setting {
                    folder: &folder,
                    ..*setting
                };
                let outcome = run::play(&plan, &setting, &mut show).await?;
                self.books.extend(outcome.books.iter().cloned());
                Ok(outcome)
            }
            Subject::Own { plan, url } => {
                let (mut plan, mut common) = ((*plan).clone(), plan.common());
                shape(&mut common);
                (plan.users, plan.ramp_seconds) = (common.users, common.ramp_seconds);
                (plan.duration_seconds, plan.phases) = (common.duration_seconds, common.phases);
                (plan.think_seconds, plan.open) = (common.think_seconds, common.open);
                plan.check()?;
                own::play(&plan, url, &mut show).await
            }
        }
    }
}

impl Load for Player<'_> {
    async fn measure(&mut self, load: f64, _stage: Stage) -> Result<Measured, LoadError> {
        let step = self.step(load);
        let (most, limit) = self.room.most();
        if u64::from(step.users) > most {
            let most = if step.arrivals.is_some() {
                0.0
            } else {
                most as f64
            };
            return Ok(Measured::Impossible { limit, most });
        }
        let missing = self.wait_for_ports(step.users).await;
        if self.is_stopped() {
            return Ok(Measured::Stopped);
        }
        if let Some(limit) = missing {
            return Ok(Measured::Impossible { limit, most: 0.0 });
        }
        let server = self.options.server_pid;
        let watching = Watching::start(Eye {
            server,
            // A page of figures knows the journal itself; a probe beside it would only disturb.
            probe: self.page.is_none().then(|| self.options.folder.clone()),
            is_loopback: self.room.is_loopback,
        });
        let following = self.page.as_ref().map(Page::follow);
        let figures = self.figures().await;
        let written = server.and_then(written_by);
        let outcome = self.play(&step).await;
        let seen = watching.end();
        let outcome = outcome?;
        if outcome.was_interrupted {
            return Ok(Measured::Stopped);
        }
        if let Some(death) = outcome.deaths.first() {
            let limit = Limit::new(LimitKind::Harness, death.clone());
            return Ok(Measured::Impossible { limit, most: 0.0 });
        }
        let mut point = step.point(&outcome, &seen, following.as_ref())?;
        let grown = |now: Option<f64>, before: Option<f64>| Some((now? - before?).max(0.0) as u64);
        let after = self.figures().await;
        point.journal_bytes = grown(after.bytes, figures.bytes);
        point.server_rows = after.rows.map(|v| v as u64);
        point.server_documents = after.documents.map(|v| v as u64);
        point.written_bytes = server
            .and_then(written_by)
            .zip(written)
            .map(|(now, before)| now.saturating_sub(before));
        if !self.room.is_loopback && server.is_none() {
            // The disks of this machine are not the server's.
            point.disk_rate = None;
        }
        Ok(Measured::Point(Box::new(point)))
    }
}

impl Player<'_> {
    async fn figures(&self) -> Figures {
        match &self.page {
            Some(page) => page.read().await.unwrap_or_default(),
            None => Figures::default(),
        }
    }
}

/// Whether the target is this machine by its address.
fn is_loopback(url: &str) -> bool {
    use std::net::ToSocketAddrs;
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let host = host.trim_end_matches('/');
    let mut found = host.to_socket_addrs().into_iter().flatten();
    found.next().is_some_and(|a| a.ip().is_loopback())
}
