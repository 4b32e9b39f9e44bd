//! What parent and worker say to each other: one JSON object a line. The worker's orders come on its standard input,
//! which stays open while it is to work; its reports go out on standard output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::LoadError;
use crate::measure::{Action, Tick, Totals, Usage, decode, encode};
use crate::plan::Plan;
use crate::users::Arrived;
use crate::world::Recipe;

/// What a worker is to do; the first line on its standard input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// The world.
    pub recipe: Recipe,
    /// The server's sequence number when it was loaded.
    pub seeded_to: u64,
    /// The plan, with every option applied.
    pub plan: Plan,
    /// `http://host:port`, or with `https`.
    pub url: String,
    /// File with the server's HS256 secret.
    pub secret: PathBuf,
    /// Number of the run, in every key.
    pub run: u32,
    /// Which worker this is, from 0.
    pub worker: u16,
    /// The first user of this worker.
    pub first: u32,
    /// The first user of the next.
    pub last: u32,
    /// Lanes of the worker.
    pub threads: usize,
    /// Where the book is written.
    pub book: PathBuf,
}

/// One line of a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// What a second brought.
    Tick(Tick),
    /// The day is over and the book is written.
    Done(Box<Done>),
    /// It cannot go on.
    Failed(String),
}

/// What a worker has to show at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    actions: Vec<SentAction>,
    /// The last failures, in words.
    pub examples: Vec<String>,
    /// Processor time and memory.
    pub usage: Usage,
    /// Connections opened.
    pub opened: u64,
    /// What became of the arrivals of the open model.
    pub arrived: Arrived,
    /// Requests that goose counted.
    pub goose_requests: u64,
    /// How late the harness itself was, 99 %, in µs: from when a request was due to when its user could begin.
    pub late_p99_us: u64,
    /// Threads that the users shared.
    pub threads: usize,
    /// Seconds from the first user's start to the last one's end.
    pub seconds: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SentAction {
    requests: u64,
    commands: u64,
    refused: u64,
    shed: u64,
    failed: u64,
    latency: String,
}

impl Done {
    /// Packs a worker's totals and examples; the rest is the caller's to fill in.
    pub fn new(totals: &Totals, examples: Vec<String>) -> Self {
        let pack = |a: &crate::measure::ActionTotal| SentAction {
            requests: a.requests,
            commands: a.commands,
            refused: a.refused,
            shed: a.shed,
            failed: a.failed,
            latency: encode(&a.latency),
        };
        Self {
            actions: totals.actions.iter().map(pack).collect(),
            examples,
            usage: Usage::default(),
            opened: 0,
            arrived: Arrived::default(),
            goose_requests: 0,
            late_p99_us: 0,
            threads: 0,
            seconds: 0.0,
        }
    }

    /// Unpacks them.
    pub fn totals(&self) -> Result<Totals, LoadError> {
        if self.actions.len() != Action::ALL.len() {
            return Err(LoadError::format(
                "worker",
                "other actions than ours: is it another version?",
            ));
        }
        let mut totals = Totals::new();
        for (total, sent) in totals.actions.iter_mut().zip(&self.actions) {
            total.requests = sent.requests;
            total.commands = sent.commands;
            total.refused = sent.refused;
            total.shed = sent.shed;
            total.failed = sent.failed;
            total.latency = decode(&sent.latency)?;
        }
        Ok(totals)
    }
}
