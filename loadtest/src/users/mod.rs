//! The officials: goose users, each with its own seat, token and connection.
//!
//! Goose starts them at the plan's rate, gives each its session, and gathers their metrics. One goose transaction is a
//! user's whole day: think times and due times are the user's own, since goose's wait wakes every user twice a second,
//! which ten thousand users on two cores would notice. Goose's own HTTP client of each user is never used; it is
//! swapped for a shared one as soon as the user starts.

mod arrivals;
mod ask;
mod cast;
mod clerk;
mod desk;
mod gauge;
mod judge;
mod lanes;
mod lookup;
mod office;
mod papers;
mod season;
mod session;
mod stage;

pub(crate) use arrivals::keep_coming;
pub use arrivals::{Arrivals, Arrived};
pub use cast::{Seat, deal};
pub use lanes::Lanes;
pub(crate) use session::wait_until;
pub use stage::Stage;

use std::sync::Arc;
use std::time::Duration;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction};
use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::error::LoadError;
use gauge::Gauge;
use session::Session;

/// Users of one goose attack. Goose makes an HTTP client for each user of an attack before the first one starts, some
/// 30 KiB that nobody uses; in small attacks that follow one another few of them are there at a time.
const PLATOON: usize = 250;

/// Plays the seats until the stage's stop, each on one of the lanes. Returns how many requests goose counted.
pub async fn play(stage: Arc<Stage>, seats: Vec<Seat>, lanes: Lanes) -> Result<u64, LoadError> {
    // Goose's clients, which never send anything, want a TLS provider when they are built; a second run has it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shared = reqwest::Client::builder().build().map_err(goose_error)?;
    let rate = seats.len() as f64 / stage.plan.ramp_seconds.max(0.05);
    let lanes = Arc::new(lanes);
    let mut attacks = JoinSet::new();
    let mut seats = seats.into_iter();
    for number in 0.. {
        let platoon: Vec<Seat> = seats.by_ref().take(PLATOON).collect();
        if platoon.is_empty() {
            break;
        }
        let comes = stage.began + Duration::from_secs_f64((number * PLATOON) as f64 / rate);
        let mut stop = stage.stop.clone();
        let (users, host) = (platoon.len(), stage.target.url());
        let day = office_day(stage.clone(), platoon, lanes.clone(), shared.clone());
        attacks.spawn(async move {
            if !wait_until(comes, &mut stop).await {
                return Ok(0);
            }
            attack(configuration(host, users, rate), day).await
        });
    }
    let mut counted = 0;
    while let Some(attack) = attacks.join_next().await {
        counted += attack.map_err(goose_error)??;
    }
    Ok(counted)
}

/// One goose transaction: a user's whole day, on a lane.
fn office_day(
    stage: Arc<Stage>,
    seats: Vec<Seat>,
    lanes: Arc<Lanes>,
    shared: reqwest::Client,
) -> Transaction {
    let seats = Mutex::new(seats.into_iter());
    let day = Transaction::new(Arc::new(move |user: &mut GooseUser| {
        user.client = shared.clone();
        let session = seats
            .lock()
            .next()
            .map(|seat| Session::new(stage.clone(), seat, Gauge::of(user)));
        let at_work = session
            .and_then(Result::ok)
            .map(|session| lanes.next().spawn(session.work()));
        Box::pin(async move {
            if let Some(at_work) = at_work {
                // Ends with an error only when the lanes are gone, and the day with them.
                let _ = at_work.await;
            }
            Ok(())
        })
    }));
    day.set_name("office day")
}

async fn attack(configuration: GooseConfiguration, day: Transaction) -> Result<u64, LoadError> {
    let attack = GooseAttack::initialize_with_config(configuration).map_err(goose_error)?;
    let attack = attack.register_scenario(Scenario::new("officials").register_transaction(day));
    let metrics = attack.execute().await.map_err(goose_error)?;
    Ok(metrics
        .requests
        .values()
        .map(|r| r.raw_data.counter as u64)
        .sum())
}

fn goose_error(error: impl std::fmt::Debug) -> LoadError {
    LoadError::Goose(format!("{error:?}"))
}

/// Goose without its controllers, its own reports and its second-by-second printing.
fn configuration(host: String, users: usize, rate: f64) -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.host = host;
    configuration.users = Some(users);
    configuration.hatch_rate = Some(format!("{rate:.3}"));
    // One iteration is a whole day; goose ends when every user's day has.
    configuration.iterations = 1;
    configuration.quiet = 3;
    configuration.no_transaction_metrics = true;
    configuration.no_scenario_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_error_summary = true;
    configuration.no_telnet = true;
    configuration.no_websocket = true;
    configuration
}
