//! The figures of one scrape that we know: those of `hubu` (docs/operations.md), and the two that every Prometheus client
//! library shows of its process. What is not there is `None`; what is there and makes no sense is an error.

use std::collections::BTreeMap;

use super::buckets::Buckets;
use super::text::{Sample, parse};

/// The largest whole number that an f64 holds exactly.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// Labels of an info that are kept, and characters of each.
const INFO_MAX: (usize, usize) = (16, 200);

/// One scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Snapshot {
    pub(super) connections: Option<u64>,
    pub(super) connections_refused: Option<u64>,
    pub(super) in_flight: Option<u64>,
    pub(super) requests: Option<u64>,
    /// Of these answered 503.
    pub(super) shed: Option<u64>,
    pub(super) batches: Option<u64>,
    pub(super) records: Option<u64>,
    pub(super) queue_records: Option<u64>,
    pub(super) queue_bytes: Option<u64>,
    pub(super) lag_records: Option<u64>,
    pub(super) cpu_micros: Option<u64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) sync: Buckets,
    pub(super) served: Buckets,
    /// What the process was built from, by label.
    pub(super) build: BTreeMap<String, String>,
    /// What it runs on, by label.
    pub(super) platform: BTreeMap<String, String>,
    /// Where its journal is, by label.
    pub(super) journal: BTreeMap<String, String>,
}

/// How the processor is emulated of the server that shows this exposition; `None` where it says nothing of that.
///
/// # Errors
/// In words: the text is no exposition.
pub(crate) fn emulated(text: &str) -> Result<Option<String>, String> {
    let samples = parse(text)?;
    let info = samples
        .iter()
        .find(|sample| sample.name == "hubu_platform_info");
    let how = info.and_then(|info| info.label("emulated"));
    Ok(how.filter(|how| !how.is_empty()).map(str::to_owned))
}

impl Snapshot {
    /// From an exposition.
    ///
    /// # Errors
    /// In words: the text is none, or one of our figures has a value that it cannot have.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for sample in parse(text)? {
            all.take(&sample)?;
        }
        Ok(all)
    }

    fn take(&mut self, sample: &Sample<'_>) -> Result<(), String> {
        let place = match sample.name {
            "hubu_connections" => &mut self.connections,
            "hubu_connections_refused_total" => &mut self.connections_refused,
            "hubu_requests_in_flight" => &mut self.in_flight,
            "hubu_commit_batches_total" => &mut self.batches,
            "hubu_commit_records_total" => &mut self.records,
            "hubu_queue_records" => &mut self.queue_records,
            "hubu_queue_bytes" => &mut self.queue_bytes,
            "hubu_watermark_lag_records" => &mut self.lag_records,
            "hubu_cpu_microseconds_total" => &mut self.cpu_micros,
            "hubu_resident_bytes" | "process_resident_memory_bytes" => &mut self.resident_bytes,
            "hubu_requests_total" => {
                let more = whole(sample)?;
                let shed = if sample.label("status") == Some("503") {
                    more
                } else {
                    0
                };
                add(&mut self.requests, more);
                add(&mut self.shed, shed);
                return Ok(());
            }
            "process_cpu_seconds_total" => {
                let micros = whole(&Sample {
                    value: (sample.value * 1e6).floor(),
                    ..sample.clone()
                })?;
                self.cpu_micros.get_or_insert(micros);
                return Ok(());
            }
            "hubu_build_info" => {
                keep(&mut self.build, sample);
                return Ok(());
            }
            "hubu_platform_info" => {
                keep(&mut self.platform, sample);
                return Ok(());
            }
            "hubu_journal_info" => {
                keep(&mut self.journal, sample);
                return Ok(());
            }
            name => return self.take_histogram(name, sample),
        };
        *place = Some(whole(sample)?);
        Ok(())
    }

    fn take_histogram(&mut self, name: &str, sample: &Sample<'_>) -> Result<(), String> {
        let (buckets, part) = if let Some(part) = name.strip_prefix("hubu_commit_sync_seconds") {
            (&mut self.sync, part)
        } else if let Some(part) = name.strip_prefix("hubu_request_seconds") {
            (&mut self.served, part)
        } else {
            return Ok(());
        };
        match part {
            "_bucket" => {
                let bound = sample.label("le").and_then(|le| le.parse::<f64>().ok());
                let bound = bound.ok_or_else(|| format!("{name} without a bound"))?;
                buckets.add(bound, whole(sample)?);
            }
            "_sum" if sample.value.is_finite() => buckets.sum += sample.value,
            "_count" => buckets.count = buckets.count.saturating_add(whole(sample)?),
            _ => {}
        }
        Ok(())
    }
}

/// A count: a whole number that is not negative. Gauges pass through zero while threads add and take away on their own,
/// so that a small negative number is a zero seen in passing.
fn whole(sample: &Sample<'_>) -> Result<u64, String> {
    let value = sample.value;
    if value.is_finite() && (-1000.0..=WHOLE_MAX).contains(&value) {
        Ok(value.max(0.0) as u64)
    } else {
        Err(format!("{} is {value}: that is no count", sample.name))
    }
}

fn add(place: &mut Option<u64>, more: u64) {
    *place = Some(place.unwrap_or(0).saturating_add(more));
}

/// Keeps the labels of an info whose value is 1.
fn keep(place: &mut BTreeMap<String, String>, sample: &Sample<'_>) {
    if sample.value == 1.0 {
        let short = |text: &str| text.chars().take(INFO_MAX.1).collect::<String>();
        let labels = sample.labels.iter().take(INFO_MAX.0);
        *place = labels
            .map(|(name, value)| (short(name), short(value)))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_figures_are_picked() {
        let text = "hubu_connections 12\nhubu_requests_total{route=\"a\",status=\"200\"} 5\n\
            hubu_requests_total{route=\"b\",status=\"503\"} 2\nhubu_commit_sync_seconds_bucket{le=\"0.001\"} 3\n\
            hubu_commit_sync_seconds_bucket{le=\"+Inf\"} 4\nhubu_commit_sync_seconds_sum 0.004\n\
            hubu_commit_sync_seconds_count 4\nhubu_journal_info{kind=\"postgres\",version=\"16.4\"} 1\nother 1\n";
        let all = Snapshot::of(text).unwrap();
        assert_eq!(
            (all.connections, all.requests, all.shed),
            (Some(12), Some(7), Some(2))
        );
        assert_eq!(all.sync.mean(), Some(0.001));
        assert_eq!(all.journal["version"], "16.4");
        assert_eq!(all.cpu_micros, None);
        let others =
            Snapshot::of("process_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 7e6\n");
        let others = others.unwrap();
        assert_eq!(
            (others.cpu_micros, others.resident_bytes),
            (Some(1_500_000), Some(7_000_000))
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in ["NaN", "-2e9", "+Inf", "1e300"] {
            let reason = Snapshot::of(&format!("hubu_connections {wrong}\n")).unwrap_err();
            assert!(reason.contains("hubu_connections"), "{reason}");
        }
        assert!(Snapshot::of("hubu_request_seconds_bucket 3\n").is_err());
    }
}
