//! What the limit was: the server, or something in its way. A search that stops because its own harness was tired says
//! nothing of the server, so each way of being misled is looked for, and what cannot be known is said to be unknown.

use serde::{Deserialize, Serialize};

use super::point::{Point, Sync, SyncSource};

/// Which part was the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// The server itself.
    Server,
    /// The harness: its processors, or its own lateness.
    Harness,
    /// The processors of one machine that both of them share.
    SharedCores,
    /// The disk under the server's journal.
    Disk,
    /// Descriptors: so many connections cannot be held.
    Descriptors,
    /// Ports of the source addresses.
    Ports,
    /// The largest load asked for held: no limit was met.
    Asked,
    /// It was stopped, or its bound of steps or time was reached.
    Stopped,
}

/// A limit and why it is taken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Which part.
    pub kind: LimitKind,
    /// Why, in words.
    pub why: String,
}

impl Limit {
    /// A limit in words.
    pub fn new(kind: LimitKind, why: impl Into<String>) -> Self {
        Self {
            kind,
            why: why.into(),
        }
    }
}

/// What is known beside the figures of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Whether the server runs on the harness's own machine.
    pub is_local: bool,
    /// The limit of the 99th percentile, in ms.
    pub p99_ms: f64,
}

/// A machine is full when so much of it is busy: kernel threads and a second's grain hide the rest.
const FULL: f64 = 0.9;
/// Of what is busy, the harness's share that makes it the limit on a machine of both.
const HARNESS: f64 = 0.8;
/// A journal is at its limit when a sync is under way so much of the time.
const SYNCING: f64 = 0.85;

/// Names the limit at a step that broke.
pub fn attribute(point: &Point, facts: Facts) -> Limit {
    if let Some(why) = point.sync.and_then(|sync| disk(sync, facts)) {
        return Limit::new(LimitKind::Disk, why);
    }
    let harness = point.harness_cores.unwrap_or(0.0);
    let busy = point.machine_cores.map(|m| m / point.cores.max(1e-9));
    match (busy, &point.bottleneck) {
        (Some(busy), _) if busy >= FULL && facts.is_local => shared(point, busy, harness),
        (Some(busy), _) if busy >= FULL => Limit::new(
            LimitKind::Harness,
            format!(
                "the harness's machine was {:.0} % busy: use more machines (--shard of run), or a larger one",
                busy * 100.0
            ),
        ),
        (_, Some(why)) => Limit::new(LimitKind::Harness, why.clone()),
        (Some(busy), None) => Limit::new(LimitKind::Server, server(point, busy, harness, facts)),
        (None, None) => Limit::new(
            LimitKind::Server,
            "the harness was not late; how busy this machine was is unknown",
        ),
    }
}

/// The disk is the limit when the journal syncs all the time, or when one sync takes half of what a request may take.
fn disk(sync: Sync, facts: Facts) -> Option<String> {
    let who = match sync.source {
        SyncSource::Metrics => "the server's journal",
        SyncSource::Probe => "a probe beside the server's journal",
    };
    if sync.busy_share >= SYNCING {
        return Some(format!(
            "{who} was syncing {:.0} % of the time: {:.0} syncs a second of {:.2} ms",
            sync.busy_share * 100.0,
            sync.per_second,
            sync.ms
        ));
    }
    (sync.ms >= facts.p99_ms / 2.0).then(|| {
        format!(
            "{who} took {:.1} ms to sync, of {:.0} ms that a request may take",
            sync.ms, facts.p99_ms
        )
    })
}

fn shared(point: &Point, busy: f64, harness: f64) -> Limit {
    let all = point.machine_cores.unwrap_or(0.0).max(1e-9);
    let text = format!(
        "{:.0} % of the machine's {:.0} cores were busy: harness {harness:.2} cores, {}",
        busy * 100.0,
        point.cores,
        others(point, all, harness)
    );
    if harness / all >= HARNESS {
        return Limit::new(LimitKind::Harness, text);
    }
    Limit::new(
        LimitKind::SharedCores,
        text + "; with the harness elsewhere the server would have had the rest",
    )
}

/// What the cores did that the harness did not use.
fn others(point: &Point, all: f64, harness: f64) -> String {
    match point.server_cores {
        Some(server) => format!(
            "server {server:.2}, everything else {:.2}",
            (all - harness - server).max(0.0)
        ),
        None => format!(
            "everything else, the server among it, {:.2} (--server-pid tells them apart)",
            (all - harness).max(0.0)
        ),
    }
}

fn server(point: &Point, busy: f64, harness: f64, facts: Facts) -> String {
    let mut text = format!(
        "the harness was not late and used {harness:.2} of {:.0} cores; {:.0} % of its machine was idle",
        point.cores,
        (1.0 - busy).max(0.0) * 100.0
    );
    if let Some(cores) = point.server_cores {
        text += &format!("; the server used {cores:.2} cores");
    }
    if point.shed > 0 {
        text += &format!("; it shed {} requests, by its own limits", point.shed);
    }
    if facts.is_local && busy < FULL / 2.0 {
        text += "; it waited for something that is no processor: locks, its own limits, a disk, or sleep";
    }
    text
}

/// What is known of the disk at a step, for people.
pub(super) fn disk_words(point: &Point) -> String {
    match point.sync {
        None => "disk: unknown; give --metrics URL of the server".into(),
        Some(sync) if sync.source == SyncSource::Metrics => format!(
            "disk: the server's journal took {:.2} ms to sync (mean), {:.0} times a second, {:.0} % of the time",
            sync.ms,
            sync.per_second,
            sync.busy_share * 100.0
        ),
        Some(sync) => format!(
            "disk: a probe of 4 KiB beside the server took {:.2} ms to sync (median); what the journal itself took is unknown without --metrics URL",
            sync.ms
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Facts = Facts {
        is_local: true,
        p99_ms: 200.0,
    };
    const THERE: Facts = Facts {
        is_local: false,
        p99_ms: 200.0,
    };

    fn point(machine: f64, harness: f64) -> Point {
        Point {
            cores: 2.0,
            machine_cores: Some(machine),
            harness_cores: Some(harness),
            ..Point::default()
        }
    }

    #[test]
    fn a_full_machine_of_both_is_shared_and_one_of_the_harness_is_the_harness() {
        assert_eq!(
            attribute(&point(1.95, 0.6), HERE).kind,
            LimitKind::SharedCores
        );
        assert_eq!(attribute(&point(1.95, 1.7), HERE).kind, LimitKind::Harness);
        assert_eq!(attribute(&point(1.95, 0.6), THERE).kind, LimitKind::Harness);
        assert_eq!(attribute(&point(1.0, 0.4), HERE).kind, LimitKind::Server);
    }

    #[test]
    fn a_late_harness_is_named_while_cores_are_idle() {
        let mut late = point(1.0, 0.4);
        late.bottleneck = Some("users were begun up to 90 ms late (99 %)".into());
        assert_eq!(attribute(&late, HERE).kind, LimitKind::Harness);
        assert_eq!(attribute(&late, THERE).kind, LimitKind::Harness);
        late.machine_cores = None;
        assert_eq!(attribute(&late, HERE).kind, LimitKind::Harness);
    }

    #[test]
    fn a_disk_that_is_always_syncing_comes_first() {
        let sync = |source, ms, busy_share| Sync {
            source,
            ms,
            per_second: 100.0,
            busy_share,
        };
        for (sync, is_disk) in [
            (sync(SyncSource::Metrics, 9.0, 0.9), true),
            (sync(SyncSource::Metrics, 9.0, 0.3), false),
            (sync(SyncSource::Probe, 120.0, 0.0), true),
            (sync(SyncSource::Probe, 2.0, 0.0), false),
        ] {
            let mut full = point(1.95, 0.6);
            full.sync = Some(sync);
            let kind = attribute(&full, HERE).kind;
            assert_eq!(kind == LimitKind::Disk, is_disk, "{sync:?}");
        }
    }
}
