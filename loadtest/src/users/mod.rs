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
mod lookup;
mod no_tls;
mod office;
mod papers;
mod season;
mod session;
mod stage;

pub(crate) use arrivals::keep_coming;
pub use arrivals::{Arrivals, Arrived};
pub use cast::{Seat, deal};
pub(crate) use session::wait_until;
pub use stage::Stage;

use std::sync::Arc;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{GooseUser, Scenario, Transaction};
use parking_lot::Mutex;

use crate::error::LoadError;
use gauge::Gauge;
use session::Session;

/// Plays the seats until the stage's stop. Returns how many requests goose counted.
pub async fn play(stage: Arc<Stage>, seats: Vec<Seat>) -> Result<u64, LoadError> {
    if seats.is_empty() {
        return Ok(0);
    }
    // Goose's clients want a TLS provider when they are built, though they speak no TLS; a second run has it already.
    let _ = no_tls::provider().install_default();
    let shared = reqwest::Client::builder().build().map_err(goose_error)?;
    let configuration = configuration(&stage, seats.len());
    let seats = Mutex::new(seats.into_iter());
    let day = Transaction::new(Arc::new(move |user: &mut GooseUser| {
        user.client = shared.clone();
        let session = seats
            .lock()
            .next()
            .map(|seat| Session::new(stage.clone(), seat, Gauge::of(user)));
        Box::pin(async move {
            if let Some(Ok(session)) = session {
                session.work().await;
            }
            Ok(())
        })
    }))
    .set_name("office day");
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
fn configuration(stage: &Stage, users: usize) -> GooseConfiguration {
    let rate = users as f64 / stage.plan.ramp_seconds.max(0.05);
    let mut configuration = GooseConfiguration::default();
    configuration.host = stage.target.url();
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
