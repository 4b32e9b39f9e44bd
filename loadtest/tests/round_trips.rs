//! What the harness writes it reads again as the same: plans, amounts.
#![allow(clippy::unwrap_used, reason = "a test program")]

use hubu_load::money;
use hubu_load::plan::{Open, Plan};
use proptest::prelude::*;
use std::path::Path;

/// The repository's plans.
fn plans() -> Vec<Plan> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/plans");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Plan::read(path).unwrap()).collect()
}

#[test]
fn each_plan_of_ours_comes_back() {
    for plan in plans() {
        let text = toml::to_string(&plan).unwrap();
        assert_eq!(Plan::parse(&text), Ok(plan), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_comes_back_or_is_refused_with_a_reason(
        which in any::<prop::sample::Index>(), name in "[a-z 0-9]{1,12}", users in 0..200_000_u32,
        ramp in -1.0..1e6_f64, duration in prop_oneof![0.0..1e6_f64, Just(f64::INFINITY), Just(f64::NAN)],
        think in 0.0..100.0_f64, repeat in -0.1..1.1_f64, arrivals in proptest::option::of(0.0..1e6_f64),
    ) {
        let ours = plans();
        let mut plan = which.get(&ours).clone();
        plan.name = name;
        (plan.users, plan.ramp_seconds, plan.duration_seconds) = (users, ramp, duration);
        (plan.think_seconds, plan.repeat_share) = (think, repeat);
        if let Some(arrivals_per_second) = arrivals {
            plan.open = Some(Open { arrivals_per_second, patience_seconds: 0.0 });
        }
        let text = toml::to_string(&plan).unwrap();
        match Plan::parse(&text) {
            Ok(again) => {
                prop_assert!(plan.check().is_ok());
                prop_assert_eq!(again, plan);
            }
            Err(mistakes) => prop_assert!(!mistakes.is_empty() && plan.check().is_err(), "{:?}", mistakes),
        }
    }

    #[test]
    fn an_amount_comes_back(fen: i64) {
        prop_assert_eq!(money::parse(&money::text(fen)), Some(fen));
        prop_assert_eq!(money::parse_wide(&money::text(fen)), Some(i128::from(fen)));
    }
}
