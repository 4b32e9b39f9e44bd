//! Times: a round trip, and how far the clocks are apart.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio_postgres::Error;

use super::finding::Finding;
use crate::database::client::Client;

const TRIPS: usize = 100;
/// A round trip above this is felt in every answer.
const FAR: Duration = Duration::from_millis(5);
/// Clocks further apart than this put wrong days on documents at midnight.
const APART_SECONDS: f64 = 2.0;

pub(super) async fn latency(client: &Client) -> Result<Finding, Error> {
    let mut took = Vec::with_capacity(TRIPS);
    for _ in 0..TRIPS {
        let asked = Instant::now();
        client.text("SELECT 1").await?;
        took.push(asked.elapsed());
    }
    let (middle, longest) = summed(&mut took);
    let detail = format!(
        "p50 {}, max {} of {TRIPS} round trips",
        ms(middle),
        ms(longest)
    );
    Ok(match middle > FAR {
        true => Finding::warning(
            "latency",
            detail,
            "put server and database near each other: every commit waits for at least one trip",
        ),
        false => Finding::fine("latency", detail),
    })
}

pub(super) async fn clock(client: &Client) -> Result<Finding, Error> {
    let mut best: Option<(Duration, f64)> = None;
    for _ in 0..5 {
        let (asked, before) = (Instant::now(), now());
        let told = client
            .text("SELECT extract(epoch FROM clock_timestamp())")
            .await?;
        let trip = asked.elapsed();
        let theirs = told.and_then(|text| text.parse::<f64>().ok());
        let apart = theirs.map(|theirs| theirs - (before + trip.as_secs_f64() / 2.0));
        // The shortest trip tells most exactly.
        if let Some(apart) = apart
            && best.is_none_or(|(shortest, _)| trip < shortest)
        {
            best = Some((trip, apart));
        }
    }
    let Some((trip, apart)) = best else {
        return Ok(Finding::fine("clock", "it does not tell the time"));
    };
    let error = trip.as_secs_f64() / 2.0;
    let detail = format!(
        "{:+.1} ms from ours (± {:.1})",
        apart * 1000.0,
        error * 1000.0
    );
    Ok(match apart.abs() > APART_SECONDS {
        true => Finding::warning(
            "clock",
            detail,
            "let both follow one time server (chrony); leases follow the database's clock, documents this machine's",
        ),
        false => Finding::fine("clock", detail),
    })
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The one in the middle, and the longest.
pub(super) fn summed(took: &mut [Duration]) -> (Duration, Duration) {
    took.sort_unstable();
    let at = |index: usize| took.get(index).copied().unwrap_or_default();
    (at(took.len() / 2), at(took.len().saturating_sub(1)))
}

pub(super) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
