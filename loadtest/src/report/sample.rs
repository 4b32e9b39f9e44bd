//! A made-up run for tests, from a seed: its seconds and its totals are of the same requests.

use std::path::Path;

use super::{Platform, RunResult, judge};
use crate::audit::{Amounts, Figures, LedgerMove, LedgerSums, Settlement};
use crate::measure::{Action, Fate, Meter, Second, decode};
use crate::plan::Plan;
use crate::run::Outcome;
use crate::scrape::{OpenConnections, ServerSecond, ServerView};
use crate::seed::Loaded;
use crate::seeded::Seeded;
use crate::world::Recipe;

/// Seconds of it.
const SECONDS: u32 = 120;

fn amounts(approved: i128, used: i128) -> Amounts {
    Amounts {
        approved,
        used,
        ..Amounts::default()
    }
}

fn settlement() -> Settlement {
    let moved = LedgerMove {
        document: "payment".into(),
        step: "final".into(),
        commands: 3,
        change: amounts(0, 12_345),
    };
    let ledger = LedgerSums {
        ledger: "IND".into(),
        rows: 7,
        opening: amounts(1_000_000, 0),
        moves: vec![moved],
        found: amounts(1_000_000, 12_345),
    };
    Settlement {
        when: "after the run".into(),
        figures: Figures {
            acknowledged: 9,
            found: 9,
            ..Figures::default()
        },
        ledgers: vec![ledger],
        ..Settlement::default()
    }
}

/// One second's requests: some are slow, and seconds differ as on a real machine.
fn second(meter: &Meter, choice: &mut Seeded, at: u32, slower: f64) -> Second {
    let mood = 1.0 + 0.3 * choice.fraction();
    for n in 0..choice.between(190, 210) {
        let tail = -(1.0 - choice.fraction()).ln();
        let micros = (slower * mood * (800.0 + 1_500.0 * tail)) as u64;
        let action = if n % 4 == 0 {
            Action::PaymentSubmit
        } else {
            Action::ReadWork
        };
        meter.record(action, Fate::Done, micros);
    }
    let tick = meter.tick(64, 64);
    let mut second = Second {
        at: f64::from(at),
        ..Second::default()
    };
    second.add(&tick);
    second.set_latency(&decode(&tick.latency).unwrap());
    second
}

fn server(choice: &mut Seeded, at: u32) -> ServerSecond {
    ServerSecond {
        at: f64::from(at),
        connections: Some(64),
        requests: Some(200.0),
        served_p99_ms: Some(3.0),
        sync_mean_ms: Some(0.3),
        sync_p99_ms: Some(0.9),
        batch_records: Some(17.0),
        lag_records: Some(5),
        cpu_cores: Some(0.02 + 0.002 * choice.fraction()),
        resident_bytes: Some(512 << 20),
        ..ServerSecond::default()
    }
}

/// A run with audit and server; the server lacked a connection, and a worker died.
pub(crate) fn full(seed: u64) -> RunResult {
    let mut result = calm(seed, 1.0);
    result.run.deaths.push("worker 1 <died>".into());
    if let Some(server) = result.server.as_mut() {
        server.open = Some(OpenConnections {
            wanted: 64,
            least: 63,
            most: 64,
            from: 3.0,
            to: 29.0,
        });
    }
    result.verdict = judge(&result);
    result
}

/// A run that passed, whose requests took `slower` times as long.
pub(crate) fn calm(seed: u64, slower: f64) -> RunResult {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
    let plan = Plan::read(Path::new(path)).unwrap();
    let (meter, mut choice) = (Meter::default(), Seeded::new(seed, 1));
    let seconds = (1..=SECONDS).map(|at| second(&meter, &mut choice, at, slower));
    let seconds: Vec<Second> = seconds.collect();
    let outcome = Outcome {
        number: 7,
        began: 1_798_675_200,
        users: 64,
        totals: meter.totals().0,
        seconds,
        ticks: Vec::new(),
        first_tick: None,
        workers: Vec::new(),
        books: Vec::new(),
        was_interrupted: false,
        deaths: Vec::new(),
        settlement: Ok(settlement()),
    };
    let loaded = Loaded {
        recipe: Recipe {
            seed: 4_711,
            fiscal_year: 2026,
            agencies: 60,
            rows: 1_200,
            divisions: "divisions.csv".into(),
        },
        seeded_to: 1,
        rows: 1_234,
        seconds: 1.0,
    };
    let result = RunResult::new(&plan, &loaded, outcome, Platform::default()).unwrap();
    let seconds = (1..=SECONDS).map(|at| server(&mut choice, at)).collect();
    let view = ServerView {
        memory_bytes: Some(512 << 20),
        seconds,
        ..ServerView::default()
    };
    let mut result = result.against("http://127.0.0.1:1").beside(Some(view));
    result.verdict = judge(&result);
    assert!(result.verdict.passed, "{:?}", result.verdict);
    result
}
