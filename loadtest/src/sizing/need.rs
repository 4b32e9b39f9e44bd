//! What each year asks for, and what it takes: the arithmetic of users, peaks and growth.

use serde::{Deserialize, Serialize};

use super::input::Question;
use super::law::Law;
use super::measured::Costs;
use super::reach::{Carried, Reach};

/// One year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Year {
    /// 0 is the first.
    pub year: u32,
    /// Users online.
    pub users: f64,
    /// Requests a second at an ordinary pace.
    pub ordinary_rate: f64,
    /// At the peak.
    pub peak_rate: f64,
    /// At the peak on each of the nodes that share.
    pub node_rate: f64,
    /// Whether the data carries it; what it would only be guessed at is left out.
    pub carried: Carried,
    /// Requests under way on a measured machine by the law, where that carries it.
    pub concurrency: Option<f64>,
    /// 99th percentile in ms by the law and the measured tail, where the measured machine carries it.
    pub p99_ms: Option<f64>,
    /// Cores of each node.
    pub node_cores: Option<f64>,
    /// Cores of all nodes, the spare ones among them.
    pub cores: Option<f64>,
    /// Memory of each node in bytes.
    pub node_memory: Option<f64>,
    /// Commands of the year.
    pub commands: Option<f64>,
    /// Bytes written in the year, one copy.
    pub written: Option<f64>,
    /// Bytes on all disks at the end of the year: all years so far, all copies.
    pub volume: Option<f64>,
    /// Bytes a second to the disk at the peak, one copy.
    pub disk_rate: Option<f64>,
    /// Bits a second on the network at the peak, both ways.
    pub network_bits: Option<f64>,
    /// Journal or database connections busy at the peak, by Little's law.
    pub syncing: Option<f64>,
    /// Bytes that the database's disk holds at the end of the year, one copy.
    pub database: Option<f64>,
}

/// What goes into the years.
pub(super) struct Ground<'a> {
    pub(super) question: &'a Question,
    pub(super) costs: &'a Costs,
    pub(super) reach: &'a Reach,
    pub(super) law: &'a Law,
    /// Mean latency at the busiest step that held, in seconds: users wait for it beside thinking.
    pub(super) response: f64,
}

const SECONDS_PER_HOUR: f64 = 3_600.0;

impl Ground<'_> {
    /// All years.
    pub(super) fn years(&self) -> Vec<Year> {
        let (mut volume, mut database) = (0.0, 0.0);
        let years = 0..=self.question.years;
        years
            .map(|year| self.year(year, &mut volume, &mut database))
            .collect()
    }

    fn year(&self, year: u32, volume: &mut f64, database: &mut f64) -> Year {
        let (q, costs) = (self.question, self.costs);
        let users = q.users * q.grown(year);
        let requests = costs.requests_per_think.value.unwrap_or(1.0);
        let ordinary_rate = users * requests / (q.think_seconds + self.response);
        let peak_rate = ordinary_rate * q.peak;
        let node_rate = peak_rate / q.nodes;
        let carried = self.reach.judge(node_rate);
        let is_known = carried != Carried::Refused;
        let is_measured = carried == Carried::Measured;
        let concurrency = self.law.concurrency(node_rate).filter(|_| is_measured);
        let response = concurrency.map(|n| self.law.response(n));
        let node_cores = self.cores(node_rate).filter(|_| is_known);
        let all = q.nodes + q.spare;
        let per_request = costs.commands_per_request.value;
        let seconds = SECONDS_PER_HOUR * q.hours * q.days;
        let commands = per_request.map(|c| ordinary_rate * c * seconds);
        let bytes = costs.command_bytes.value;
        let written = commands.zip(bytes).map(|(c, b)| c * b);
        *volume += written.unwrap_or(0.0) * q.copies;
        let kept = commands.zip(costs.database_bytes.value).map(|(c, b)| c * b);
        *database += kept.unwrap_or(0.0);
        Year {
            year,
            users,
            ordinary_rate,
            peak_rate,
            node_rate,
            carried,
            concurrency,
            p99_ms: response.map(|r| r * self.reach.tail * 1_000.0),
            node_cores,
            cores: node_cores.map(|c| c * all),
            node_memory: self.memory(year, users / q.nodes),
            commands,
            written,
            volume: written.map(|_| *volume),
            disk_rate: per_request
                .zip(costs.disk_bytes.value)
                .map(|(c, b)| peak_rate * c * b),
            network_bits: costs.network_bytes.value.map(|b| peak_rate * b * 8.0),
            syncing: costs.sync_seconds.value.map(|s| peak_rate * s),
            database: kept.map(|_| *database),
        }
    }

    /// Cores of a node: what a request costs times how many there are, by the share that may be used.
    fn cores(&self, rate: f64) -> Option<f64> {
        let busy = rate * self.costs.cpu_seconds.value?;
        Some((busy / self.question.utilisation).ceil().max(1.0))
    }

    /// Memory of a node: what it takes empty, and its share of connections, rows and open documents; as the processors,
    /// only a part of it may be used.
    fn memory(&self, year: u32, users: f64) -> Option<f64> {
        let (q, costs) = (self.question, self.costs);
        let base = costs.base_bytes.value?;
        let connections = costs.connection_bytes.value.unwrap_or(0.0) * users;
        // Rows that the measured server held are in its empty memory.
        let held = costs.rows.unwrap_or(0.0);
        let rows = q.rows.unwrap_or(held) * q.grown(year) / q.nodes;
        let rows = costs.row_bytes.value.unwrap_or(0.0) * (rows - held).max(0.0);
        let documents = q.documents_per_user * users * costs.document_bytes.value.unwrap_or(0.0);
        Some((base + connections + rows + documents) / q.utilisation)
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::tests::question;
    use super::super::measured::Cost;
    use super::*;

    fn cost(value: f64) -> Cost {
        Cost {
            value: Some(value),
            how: String::new(),
        }
    }

    /// 100 µs of a core a request, 1,000 bytes a command, half a command a request.
    fn costs() -> Costs {
        Costs {
            cpu_seconds: cost(0.0001),
            base_bytes: cost(100e6),
            connection_bytes: cost(10e3),
            row_bytes: cost(100.0),
            document_bytes: cost(1_000.0),
            command_bytes: cost(1_000.0),
            disk_bytes: cost(4_000.0),
            commands_per_request: cost(0.5),
            network_bytes: cost(2_000.0),
            database_bytes: cost(3_000.0),
            requests_per_think: cost(1.0),
            sync_seconds: cost(0.0002),
            rows: Some(1e6),
        }
    }

    fn years(nodes: f64) -> Vec<Year> {
        let reach = Reach {
            held_rate: 10_000.0,
            carried_rate: 10_000.0,
            stretched_rate: 20_000.0,
            is_kappa_bounded: false,
            tail: 4.0,
            how: String::new(),
        };
        let law = Law {
            lambda: 1_000.0,
            sigma: 0.05,
            kappa: 0.0,
        };
        let ground = Ground {
            question: &Question {
                nodes,
                ..question()
            },
            costs: &costs(),
            reach: &reach,
            law: &law,
            response: 0.0,
        };
        ground.years()
    }

    #[test]
    fn the_arithmetic_of_the_first_year_by_hand() {
        let year = &years(1.0)[0];
        // 40,000 users, one request in 10 s: 4,000/s, and three times that at the peak.
        assert_eq!((year.ordinary_rate, year.peak_rate), (4_000.0, 12_000.0));
        assert_eq!(year.carried, Carried::Stretched);
        // 12,000 × 100 µs = 1.2 cores busy, of which 60 % may be: 2; and one node more.
        assert_eq!((year.node_cores, year.cores), (Some(2.0), Some(4.0)));
        // 4,000 × 0.5 commands × 3,600 s × 8 h × 250 days = 14.4 thousand million, 1,000 bytes each, two copies.
        assert_eq!(year.commands, Some(14.4e9));
        assert_eq!((year.written, year.volume), (Some(14.4e12), Some(28.8e12)));
        assert_eq!(year.database, Some(43.2e12));
        // 12,000 × 0.5 × 4,000 bytes; 12,000 × 2,000 × 8 bits; 12,000 × 0.2 ms.
        assert_eq!(
            (year.disk_rate, year.network_bits),
            (Some(24e6), Some(192e6))
        );
        assert!((year.syncing.unwrap() - 2.4).abs() < 1e-9);
        // (100 MB + 40,000 × 10 kB + 40,000 × 1 kB) / 0.6; the rows are those that were measured.
        assert!((year.node_memory.unwrap() - 540e6 / 0.6).abs() < 1.0);
        assert_eq!((year.concurrency, year.p99_ms), (None, None));
    }

    #[test]
    fn years_grow_volumes_add_up_and_the_last_is_refused() {
        let all = years(1.0);
        assert_eq!(all.len(), 6);
        let last = &all[5];
        // 1.2^5 = 2.48832: 29,860/s, more than twice what was measured.
        assert!((last.peak_rate - 29_859.84).abs() < 0.01);
        assert_eq!(
            (last.carried, last.node_cores, last.cores),
            (Carried::Refused, None, None)
        );
        // 1 + 1.2 + 1.44 + 1.728 + 2.0736 + 2.48832 = 9.92992 first years.
        assert!((last.volume.unwrap() / 28.8e12 - 9.92992).abs() < 1e-6);
        // Rows grew past the measured million: 1,488,320 × 100 bytes more.
        let users = 40_000.0 * 2.48832;
        let memory = (100e6 + users * 11e3 + 1_488_320.0 * 100.0) / 0.6;
        assert!((last.node_memory.unwrap() - memory).abs() < 1_000.0);
    }

    #[test]
    fn nodes_that_share_each_carry_their_part() {
        let all = years(3.0);
        assert!(all.iter().all(|y| y.carried != Carried::Refused));
        assert_eq!(all[0].node_rate, 4_000.0);
        // 4,000/s on a measured machine: 4000 = 1000 N / (1 + 0.05 (N − 1)), N = 4.75; R = 4.75/4000 s, × 4.
        let (n, p99) = (all[0].concurrency.unwrap(), all[0].p99_ms.unwrap());
        assert!(
            (n - 4.75).abs() < 1e-6 && (p99 - 4.75).abs() < 1e-6,
            "{n} {p99}"
        );
        // Three nodes and a spare one.
        assert_eq!(all[0].cores, all[0].node_cores.map(|c| c * 4.0));
    }
}
