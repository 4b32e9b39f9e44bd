//! Totals of a run, and their exact sum over workers: histograms are added bucket by bucket, never averaged.

use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use hdrhistogram::{AdditionError, Histogram};
use serde::{Deserialize, Serialize};

use super::{Action, Fate, Tick};
use crate::error::LoadError;

/// One hour in µs: longer than any request may take.
const HIGHEST: u64 = 3_600_000_000;

/// A histogram of µs with three significant digits.
pub(super) fn new_histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, HIGHEST, 3) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("constant bounds: {error}"),
    }
}

/// One action's totals.
#[derive(Debug, Clone)]
pub struct ActionTotal {
    /// Requests.
    pub requests: u64,
    /// Commands done: as many as requests, or more where one request carries several.
    pub commands: u64,
    /// Refused for reasons of business.
    pub refused: u64,
    /// Shed.
    pub shed: u64,
    /// Failed.
    pub failed: u64,
    /// Latency in µs from when each request was due.
    pub latency: Histogram<u64>,
}

impl ActionTotal {
    fn nothing() -> Self {
        Self {
            requests: 0,
            commands: 0,
            refused: 0,
            shed: 0,
            failed: 0,
            latency: new_histogram(),
        }
    }

    /// Adds another, bucket by bucket.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), AdditionError> {
        self.requests += other.requests;
        self.commands += other.commands;
        self.refused += other.refused;
        self.shed += other.shed;
        self.failed += other.failed;
        self.latency.add(&other.latency)
    }
}

/// One second of the run, over all workers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Second {
    /// Seconds since the start.
    pub at: f64,
    /// Users at work.
    pub users: u64,
    /// Requests.
    pub requests: u64,
    /// Refused for reasons of business.
    pub refused: u64,
    /// Shed.
    pub shed: u64,
    /// Failed.
    pub failed: u64,
    /// Latency percentiles in ms.
    pub p50_ms: f64,
    /// 90 %.
    pub p90_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// 99.9 %.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Totals by action.
#[derive(Debug, Clone)]
pub struct Totals {
    /// One for each name, in order.
    pub actions: Vec<ActionTotal>,
    /// Their names: those of [`Action`], or of a plan's own requests.
    pub names: Vec<String>,
}

impl Default for Totals {
    fn default() -> Self {
        Self::new()
    }
}

impl Totals {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::named(Action::ALL.map(|a| a.name().to_owned()).to_vec())
    }

    /// Nothing yet, of requests with these names.
    pub fn named(names: Vec<String>) -> Self {
        let actions = names.iter().map(|_| ActionTotal::nothing()).collect();
        Self { actions, names }
    }

    /// Each name with its total.
    pub fn by_name(&self) -> impl Iterator<Item = (&str, &ActionTotal)> {
        self.names.iter().map(String::as_str).zip(&self.actions)
    }

    pub(super) fn record(&mut self, at: usize, fate: Fate, micros: u64) {
        let total = &mut self.actions[at];
        total.requests += 1;
        total.latency.saturating_record(micros);
        match fate {
            Fate::Done => {}
            Fate::Refused => total.refused += 1,
            Fate::Shed => total.shed += 1,
            Fate::Failed => total.failed += 1,
        }
    }

    pub(super) fn record_parts(&mut self, at: usize, done: u64, refused: u64) {
        let total = &mut self.actions[at];
        total.commands += done;
        total.refused += refused;
    }

    /// Adds another worker's totals.
    pub fn add(&mut self, other: &Self) -> Result<(), LoadError> {
        for (mine, theirs) in self.actions.iter_mut().zip(&other.actions) {
            mine.add(theirs)
                .map_err(|e| LoadError::format("histogram", e))?;
        }
        Ok(())
    }

    /// All actions together.
    pub fn sum(&self) -> ActionTotal {
        let mut sum = ActionTotal::nothing();
        for one in &self.actions {
            // Same bounds on both sides: adding cannot fail.
            let _ = sum.add(one);
        }
        sum
    }
}

/// A histogram as text for a pipe: HdrHistogram's V2 bytes in hex, empty when there is nothing in it.
pub fn encode(histogram: &Histogram<u64>) -> String {
    use std::fmt::Write;
    let mut bytes = Vec::new();
    if histogram.is_empty()
        || V2Serializer::new()
            .serialize(histogram, &mut bytes)
            .is_err()
    {
        return String::new();
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads [`encode`]'s text.
pub fn decode(text: &str) -> Result<Histogram<u64>, LoadError> {
    if text.is_empty() {
        return Ok(new_histogram());
    }
    let bad = || LoadError::format("histogram", "not what a worker writes");
    let byte = |at: usize| {
        text.get(at..at + 2)
            .and_then(|t| u8::from_str_radix(t, 16).ok())
    };
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    Deserializer::new()
        .deserialize(&mut bytes.ok_or_else(bad)?.as_slice())
        .map_err(|_| bad())
}

impl Second {
    /// Adds one worker's tick; percentiles come later, from the summed histogram.
    pub fn add(&mut self, tick: &Tick) {
        self.users += tick.users;
        self.requests += tick.requests;
        self.refused += tick.refused;
        self.shed += tick.shed;
        self.failed += tick.failed;
    }

    /// Sets the percentiles.
    pub fn set_latency(&mut self, latency: &Histogram<u64>) {
        let ms = |micros: u64| micros as f64 / 1_000.0;
        self.p50_ms = ms(latency.value_at_quantile(0.5));
        self.p90_ms = ms(latency.value_at_quantile(0.9));
        self.p99_ms = ms(latency.value_at_quantile(0.99));
        self.p999_ms = ms(latency.value_at_quantile(0.999));
        self.max_ms = ms(latency.max());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Seeded;

    #[test]
    fn workers_merge_exactly() {
        let mut choice = Seeded::new(5, 5);
        let mut whole = Totals::new();
        let mut parts = [Totals::new(), Totals::new(), Totals::new()];
        for at in 0..30_000usize {
            let (action, micros) = (
                Action::ALL[at % Action::ALL.len()],
                choice.between(1, 5_000_000),
            );
            whole.record(action as usize, Fate::Done, micros);
            parts[at % 3].record(action as usize, Fate::Done, micros);
        }
        let mut merged = Totals::new();
        for part in &parts {
            let mut carried = part.clone();
            for action in &mut carried.actions {
                action.latency = decode(&encode(&action.latency)).unwrap();
            }
            merged.add(&carried).unwrap();
        }
        for quantile in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let of = |t: &Totals| t.sum().latency.value_at_quantile(quantile);
            assert_eq!(of(&merged), of(&whole));
        }
        assert_eq!(merged.sum().requests, 30_000);
    }

    #[test]
    fn damaged_text_is_noticed() {
        assert!(decode("zz").is_err());
        assert!(decode("1c8493").is_err());
        assert!(decode("").unwrap().is_empty());
    }
}
