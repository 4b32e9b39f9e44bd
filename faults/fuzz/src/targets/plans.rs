//! The harness's plans, and times as its options have them.

use super::{Setup, bytes_of, kind, kind_of_text};
use crate::Outcome;
use hubu_load::own::OwnPlan;
use hubu_load::plan::Plan;
use std::path::Path;

/// Every mistake of a plan, or a plan that can be written and read again.
pub(super) fn plan() -> Outcome<Setup> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/plans");
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        seeds.push(std::fs::read(entry?.path())?);
    }
    seeds.sort();
    Ok(Setup {
        seeds,
        words: words(),
        memory: None,
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            match Plan::parse(text) {
                Ok(plan) => {
                    let written = serde_json::to_string(&plan);
                    let again = written
                        .as_ref()
                        .map(|text| serde_json::from_str::<Plan>(text));
                    assert!(again.is_ok_and(|again| again.is_ok_and(|again| again == plan)));
                    // What was checked can be walked.
                    let length = plan.length().as_secs_f64();
                    assert!(length.is_finite() && plan.due(0.0, 1.0) >= 0.0);
                    kind(plan.users.ilog2())
                }
                Err(mistakes) => {
                    assert!(!mistakes.is_empty(), "a refusal has a reason");
                    kind((mistakes.len(), kind_of_text(&mistakes[0])))
                }
            }
        }),
    })
}

/// A plan of another system.
pub(super) fn own() -> Outcome<Setup> {
    let usual = r#"
name = "shop"
users = 3
ramp_seconds = 0.5
duration_seconds = 2
think_seconds = 0.1
timeout_seconds = 5
headers = { authorization = "Bearer {token}" }
ranges = { token = [1, 9] }

[[journeys]]
name = "buy"
weight = 1
[[journeys.requests]]
name = "look"
path = "/items/{token}?user={user}"
expect = [200]
"#;
    Ok(Setup {
        seeds: bytes_of(&[usual]),
        words: [
            words(),
            bytes_of(&[
                "{user}",
                "{",
                "}",
                "{{",
                "[data.x]\ncsv = \"x.csv\"",
                "[[journeys.requests.checks]]",
            ]),
        ]
        .concat(),
        memory: None,
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            match OwnPlan::parse(text, Path::new("/nowhere")) {
                Ok(plan) => kind((plan.journeys.len(), plan.users.checked_ilog2())),
                Err(error) => kind_of_text(&error.to_string()),
            }
        }),
    })
}

fn words() -> Vec<Vec<u8>> {
    bytes_of(&[
        "users = 0",
        "= 4294967295",
        "= 1e300",
        "= nan",
        "= inf",
        "= -0.0",
        "[open]\narrivals_per_second = 1",
        "[[phases]]",
        "seconds = 1",
        "factor = 0",
        "[thresholds]",
        "p99_ms = 1",
        "[team]",
        "official = 1",
        "login = true",
        "hot_places = 0",
    ])
}

/// Times with a unit.
pub(super) fn duration() -> Outcome<Setup> {
    Ok(Setup {
        seeds: bytes_of(&["200ms", "10s", "0.25s", "1 h", "5m"]),
        words: bytes_of(&["ms", "h", "NaN", "inf", "1e308", "-0", "0x", "_"]),
        memory: None,
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            match hubu_load::duration::parse(text) {
                Ok(time) => kind(time.as_millis().checked_ilog2()),
                Err(error) => kind_of_text(&error),
            }
        }),
    })
}
