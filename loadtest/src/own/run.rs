//! All users of a plan of another system, in one process: its descriptors bound how many there can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::data::Values;
use super::plan::OwnPlan;
use super::ready::Ready;
use super::user::{Scene, User};
use crate::error::LoadError;
use crate::measure::{Meter, Second, Tick, decode, usage};
use crate::run::{Done, Outcome, Show, lanes_for, raise_descriptors};
use crate::users::{Arrivals, Lanes, keep_coming};
use crate::wire::Target;

/// Descriptors that are not users' connections.
const SPARE: u64 = 64;

/// Plays the plan against a server. The books of what it brought are empty: nothing is audited.
///
/// # Errors
/// Data that cannot be read, a target that is none, or more users than one process may have connections.
pub async fn play(plan: &OwnPlan, url: &str, show: &mut Show) -> Result<Outcome, LoadError> {
    let descriptors = raise_descriptors();
    if u64::from(plan.users) + SPARE > descriptors {
        let reason = format!(
            "{} users need as many descriptors, and this process may have {descriptors}: raise ulimit -n",
            plan.users
        );
        return Err(LoadError::format("plan", reason));
    }
    let began = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let number = began.as_millis() as u32 ^ std::process::id();
    let (stop, stopped) = watch::channel(false);
    let common = plan.common();
    let scene = Arc::new(Scene {
        values: Values::read(plan, number)?,
        target: Target::new(url)?,
        meter: Meter::new(plan.names()),
        arrivals: Arrivals::new(plan.open),
        began: Instant::now(),
        users: AtomicU64::new(0),
        stop: stopped.clone(),
        ready: Ready::of(plan)?,
        weights: plan.journeys.iter().map(|j| j.weight).collect(),
        plan: plan.clone(),
        common: common.clone(),
    });
    let before = usage();
    let lanes = Lanes::start(lanes_for(1))?;
    let mut users = tokio::task::JoinSet::new();
    for number in 0..plan.users {
        users.spawn_on(User::new(scene.clone(), number).work(), lanes.next());
    }
    let visitors = scene.clone();
    let coming = tokio::spawn(async move {
        let (arrivals, plan) = (&visitors.arrivals, &visitors.common);
        keep_coming(arrivals, plan, visitors.began, 1.0, stopped).await;
    });
    let (mut seconds, mut ticks) = (Vec::new(), Vec::new());
    let seen = (&mut seconds, &mut ticks);
    let was_interrupted = watch_over(&scene, common.length(), seen, show).await?;
    // The users may be gone already.
    let _ = stop.send(true);
    while users.join_next().await.is_some() {}
    coming.abort();
    let length = scene.began.elapsed().as_secs_f64();
    let (rest, tick) = second_of(&scene, seconds.len())?;
    if rest.requests > 0 {
        seconds.push(rest);
        ticks.push(tick);
    }
    let (totals, examples) = scene.meter.totals();
    let mut done = Done::new(&totals, examples);
    done.usage = usage().since(before);
    done.opened = scene.target.opened();
    done.arrived = scene.arrivals.close();
    done.late_p99_us = scene.meter.late_p99();
    done.threads = lanes.count();
    done.seconds = length;
    Ok(Outcome {
        number,
        began: began.as_secs(),
        users: plan.users,
        totals,
        seconds,
        ticks: vec![ticks],
        first_tick: Some(scene.began + Duration::from_secs(1)),
        workers: vec![done],
        books: Vec::new(),
        was_interrupted,
        deaths: Vec::new(),
        settlement: Err(NOT_AUDITED.into()),
    })
}

/// Why there is no audit.
pub const NOT_AUDITED: &str = "the plan is of another system";

/// Ticks once a second until the end; true when somebody stopped it before.
async fn watch_over(
    scene: &Scene,
    length: Duration,
    (seconds, ticks): (&mut Vec<Second>, &mut Vec<Tick>),
    show: &mut Show,
) -> Result<bool, LoadError> {
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    clock.tick().await;
    let end = tokio::time::sleep_until((scene.began + length).into());
    tokio::pin!(end);
    loop {
        tokio::select! {
            biased;
            () = &mut end => return Ok(false),
            _ = tokio::signal::ctrl_c() => return Ok(true),
            _ = clock.tick() => {
                let (second, tick) = second_of(scene, seconds.len())?;
                show.second(&second, scene.target.opened());
                seconds.push(second);
                ticks.push(tick);
            }
        }
    }
}

fn second_of(scene: &Scene, at: usize) -> Result<(Second, Tick), LoadError> {
    let users = scene.users.load(Ordering::Relaxed);
    let tick = scene.meter.tick(users, scene.target.opened());
    let mut second = Second {
        at: (at + 1) as f64,
        ..Second::default()
    };
    second.add(&tick);
    second.set_latency(&decode(&tick.latency)?);
    Ok((second, tick))
}
