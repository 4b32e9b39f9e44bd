//! What is asked for, and what is assumed where nobody measured. Every number stands in the result.

use serde::{Deserialize, Serialize};

use super::paper::Paper;

/// The question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Users online at once in the first year.
    pub users: f64,
    /// Mean think time of each in seconds.
    pub think_seconds: f64,
    /// 99th percentile that must hold, in ms.
    pub p99_ms: f64,
    /// How much more is asked for in the worst minutes than in an ordinary one.
    pub peak: f64,
    /// How many times as much each year asks for as the year before.
    pub growth: f64,
    /// Years after the first that must be carried too.
    pub years: u32,
    /// Share of a core's time that may be used: the rest is for what is not foreseen.
    pub utilisation: f64,
    /// Nodes that share the users evenly and nothing else; 1 unless the system can be dealt so.
    pub nodes: f64,
    /// Nodes that may be lost at once; each is as large as one that works.
    pub spare: f64,
    /// Hours of an ordinary day's pace a day.
    pub hours: f64,
    /// Such days a year.
    pub days: f64,
    /// Copies of what is written.
    pub copies: f64,
    /// Rows held in the first year; `None` for as many as the measured server held.
    pub rows: Option<f64>,
    /// Documents open at once in the first year, in thousands of users' shares: open documents for each user.
    pub documents_per_user: f64,
    /// Measured numbers given by hand; they stand for what the curve says.
    pub given: Given,
    /// Inputs of the paper formulas.
    pub paper: Paper,
    /// Seed of the bootstrap.
    pub seed: u64,
}

/// Numbers that the curve may not hold, or that somebody measured better.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Given {
    /// Seconds of a core for each request.
    pub cpu_seconds: Option<f64>,
    /// Memory of the server before any user, in bytes.
    pub base_bytes: Option<f64>,
    /// Memory of a connection.
    pub connection_bytes: Option<f64>,
    /// Memory of a row.
    pub row_bytes: Option<f64>,
    /// Memory of an open document.
    pub document_bytes: Option<f64>,
    /// Bytes that stay for each command.
    pub command_bytes: Option<f64>,
    /// Bytes that disks write for each command.
    pub disk_bytes: Option<f64>,
    /// Commands for each request.
    pub commands_per_request: Option<f64>,
    /// Bytes on the network for each request, both ways.
    pub network_bytes: Option<f64>,
    /// Bytes on the database's disk for each command.
    pub database_bytes: Option<f64>,
    /// Requests for each think time.
    pub requests_per_think: Option<f64>,
}

impl Question {
    /// What is wrong with it, one sentence each.
    pub fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut within = |name: &str, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                wrong.push(format!("{name} {value}: want {low} to {high}"));
            }
        };
        within("--users", self.users, 1.0, 1e9);
        within("--think in seconds", self.think_seconds, 0.001, 86_400.0);
        within("--p99 in ms", self.p99_ms, 0.001, 3_600_000.0);
        within("--peak", self.peak, 1.0, 1_000.0);
        within("--growth", self.growth, 0.1, 10.0);
        within("--years", f64::from(self.years), 0.0, 30.0);
        within("--utilisation", self.utilisation, 0.01, 1.0);
        within("--nodes", self.nodes, 1.0, 10_000.0);
        within("--spare", self.spare, 0.0, 1_000.0);
        within("--hours", self.hours, 0.0, 24.0);
        within("--days", self.days, 0.0, 366.0);
        within("--copies", self.copies, 1.0, 100.0);
        within("--rows", self.rows.unwrap_or(0.0), 0.0, 1e12);
        within("--documents-per-user", self.documents_per_user, 0.0, 1e6);
        let bytes = 1e12;
        let given = &self.given;
        for (name, value, high) in [
            ("--cpu-us", given.cpu_seconds, 3_600.0),
            ("--base-bytes", given.base_bytes, 1e15),
            ("--connection-bytes", given.connection_bytes, bytes),
            ("--row-bytes", given.row_bytes, bytes),
            ("--document-bytes", given.document_bytes, bytes),
            ("--command-bytes", given.command_bytes, bytes),
            ("--disk-bytes", given.disk_bytes, bytes),
            ("--commands-per-request", given.commands_per_request, 1e6),
            ("--network-bytes", given.network_bytes, bytes),
            ("--database-bytes", given.database_bytes, bytes),
            ("--requests-per-think", given.requests_per_think, 1e6),
        ] {
            within(name, value.unwrap_or(0.0), 0.0, high);
        }
        self.paper.mistakes(&mut within);
        for (name, value) in [("--nodes", self.nodes), ("--spare", self.spare)] {
            if value.fract() != 0.0 {
                wrong.push(format!("{name} {value}: want a whole number"));
            }
        }
        wrong
    }

    /// How many times the first year's a year asks for.
    pub(super) fn grown(&self, year: u32) -> f64 {
        self.growth.powi(i32::try_from(year).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// 40,000 users who think for 10 s, as the issue of capacity asks.
    pub(in crate::sizing) fn question() -> Question {
        Question {
            users: 40_000.0,
            think_seconds: 10.0,
            p99_ms: 200.0,
            peak: 3.0,
            growth: 1.2,
            years: 5,
            utilisation: 0.6,
            nodes: 1.0,
            spare: 1.0,
            hours: 8.0,
            days: 250.0,
            copies: 2.0,
            rows: None,
            documents_per_user: 1.0,
            given: Given::default(),
            paper: Paper::default(),
            seed: 1,
        }
    }

    #[test]
    fn a_right_question_has_no_mistakes() {
        assert_eq!(question().mistakes(), [""; 0]);
    }

    #[test]
    fn hostile_numbers_are_refused_by_name() {
        type Spoil = fn(&mut Question, f64);
        let spoils: [(Spoil, &str); 9] = [
            (|q, v| q.users = v, "--users"),
            (|q, v| q.think_seconds = v, "--think"),
            (|q, v| q.p99_ms = v, "--p99"),
            (|q, v| q.peak = v, "--peak"),
            (|q, v| q.growth = v, "--growth"),
            (|q, v| q.utilisation = v, "--utilisation"),
            (|q, v| q.nodes = v, "--nodes"),
            (|q, v| q.paper.tpc_ratio = v, "--tpc-ratio"),
            (|q, v| q.given.cpu_seconds = Some(v), "--cpu-us"),
        ];
        for (spoil, name) in spoils {
            for value in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
                let mut wrong = question();
                spoil(&mut wrong, value);
                let mistakes = wrong.mistakes();
                let is_named = mistakes
                    .iter()
                    .any(|m| m.starts_with(name) && m.contains("want"));
                assert!(is_named, "{name} {value}: {mistakes:?}");
            }
        }
        let mut wrong = question();
        (wrong.users, wrong.nodes) = (0.0, 1.5);
        assert_eq!(wrong.mistakes().len(), 2);
    }
}
