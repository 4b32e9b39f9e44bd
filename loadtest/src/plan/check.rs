//! Checking a plan: every mistake, not only the first.

use std::collections::BTreeMap;

use super::{BEGINS, CLERK, OFFICIAL, Plan, SEATS};

/// Parses and checks.
pub(super) fn read(text: &str) -> Result<Plan, Vec<String>> {
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| vec![e.to_string().trim_end().to_owned()])?;
    let mut wrong = shape(&table);
    match repaired(table).try_into::<Plan>() {
        Ok(plan) => wrong.extend(mistakes(&plan)),
        Err(error) => wrong.push(error.to_string().trim_end().to_owned()),
    }
    if wrong.is_empty() {
        text.parse::<toml::Table>()
            .and_then(toml::Table::try_into)
            .map_err(|e| vec![e.to_string()])
    } else {
        Err(wrong)
    }
}

/// A plan that is right, from which what is missing is taken so that the rest can be checked too.
const REFERENCE: &str = include_str!("../../../config/plans/smoke.toml");

/// The table with unknown keys left out and missing ones taken from the reference.
fn repaired(table: toml::Table) -> toml::Table {
    let mut whole: toml::Table = REFERENCE.parse().unwrap_or_default();
    for (key, value) in table {
        let mistyped = NUMBERS.contains(&key.as_str()) && !value.is_float() && !value.is_integer();
        let is_known = whole.contains_key(&key) || OPTIONAL.contains(&key.as_str());
        if is_known && !mistyped {
            whole.insert(key, value);
        }
    }
    whole
}

const NUMBERS: [&str; 6] = [
    "ramp_seconds",
    "duration_seconds",
    "think_seconds",
    "think_spread",
    "timeout_seconds",
    "repeat_share",
];
/// Keys that a plan may leave out.
const OPTIONAL: [&str; 6] = ["about", "begins", "phases", "open", "login", "hot_places"];
const WANTED: [&str; 15] = [
    "name",
    "users",
    "ramp_seconds",
    "duration_seconds",
    "think_seconds",
    "think_spread",
    "timeout_seconds",
    "repeat_share",
    "reject_share",
    "batch",
    "team",
    "clerk",
    "official",
    "idle",
    "thresholds",
];

/// Missing, unknown and mistyped keys of the top level.
fn shape(table: &toml::Table) -> Vec<String> {
    let mut wrong: Vec<String> = WANTED
        .iter()
        .filter(|k| !table.contains_key(**k))
        .map(|k| format!("{k}: missing"))
        .collect();
    let known = |key: &str| WANTED.contains(&key) || OPTIONAL.contains(&key);
    wrong.extend(
        table
            .keys()
            .filter(|k| !known(k))
            .map(|k| format!("{k}: unknown")),
    );
    for key in NUMBERS {
        if table
            .get(key)
            .is_some_and(|v| !v.is_float() && !v.is_integer())
        {
            wrong.push(format!("{key}: want a number"));
        }
    }
    wrong
}

/// Values out of range, in what plans of Hubu and of other systems have in common.
pub(crate) fn common_mistakes(plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut within = |name: &str, value: f64, low: f64, high: f64| {
        if !(low..=high).contains(&value) {
            wrong.push(format!("{name}: want {low} to {high}"));
        }
    };
    within("users", f64::from(plan.users), 1.0, 1_000_000.0);
    within("ramp_seconds", plan.ramp_seconds, 0.0, 3_600.0);
    within("duration_seconds", plan.duration_seconds, 1.0, 604_800.0);
    within("think_seconds", plan.think_seconds, 0.0, 3_600.0);
    within("think_spread", plan.think_spread, 0.0, 1.0);
    within("timeout_seconds", plan.timeout_seconds, 0.1, 300.0);
    within("repeat_share", plan.repeat_share, 0.0, 1.0);
    within("reject_share", plan.reject_share, 0.0, 1.0);
    within("batch", f64::from(plan.batch), 1.0, 1_000.0);
    let limits = &plan.thresholds;
    let optional = [
        ("thresholds.p99_ms", limits.p99_ms, 3_600_000.0),
        ("thresholds.p999_ms", limits.p999_ms, 3_600_000.0),
        ("thresholds.rate_min", limits.rate_min, 1e9),
        ("thresholds.shed_share", limits.shed_share, 1.0),
        ("thresholds.refused_share", limits.refused_share, 1.0),
        ("thresholds.dropped_share", limits.dropped_share, 1.0),
        (
            "thresholds.recovery_seconds",
            limits.recovery_seconds,
            604_800.0,
        ),
    ];
    for (name, value, high) in optional {
        value
            .iter()
            .for_each(|value| within(name, *value, 0.0, high));
    }
    load(plan, &mut within);
    if plan.name.trim().is_empty() {
        wrong.push("name: must not be empty".into());
    }
    let phases: f64 = plan.phases.iter().map(|p| p.seconds).sum();
    // Shortened phases may be longer by the last digit.
    if phases > plan.duration_seconds + 1e-6 {
        wrong.push(format!(
            "phases: {phases} s together, and the run lasts {} s",
            plan.duration_seconds
        ));
    }
    if limits.dropped_share.is_some() && plan.open.is_none() {
        wrong.push("thresholds.dropped_share: arrivals are dropped only with [open]".into());
    }
    if limits.recovery_seconds.is_some() && plan.phases.is_empty() {
        wrong.push("thresholds.recovery_seconds: there are no phases to recover from".into());
    }
    wrong
}

/// Values out of range, unknown roles and actions.
pub(super) fn mistakes(plan: &Plan) -> Vec<String> {
    let mut wrong = common_mistakes(plan);
    if plan.seats_per_team() == 0 {
        wrong.push("team: nobody works".into());
    }
    let is_known = |role: &String| SEATS.iter().any(|(known, _)| known == role);
    for role in plan.team.keys().filter(|role| !is_known(role)) {
        wrong.push(format!("team.{role}: unknown role"));
    }
    for kind in plan.begins.keys() {
        if BEGINS.iter().all(|(known, _)| known != kind) {
            wrong.push(format!("begins.{kind}: no desk begins such a document"));
        }
    }
    weights("clerk", &plan.clerk, &CLERK, &mut wrong);
    weights("official", &plan.official, &OFFICIAL, &mut wrong);
    weights("idle", &plan.idle, &OFFICIAL, &mut wrong);
    wrong
}

/// Values of the load's shape.
fn load(plan: &Plan, within: &mut impl FnMut(&str, f64, f64, f64)) {
    for (phase, at) in plan.phases.iter().zip(0..) {
        within(
            &format!("phases[{at}].seconds"),
            phase.seconds,
            0.1,
            604_800.0,
        );
        within(&format!("phases[{at}].factor"), phase.factor, 0.0, 1_000.0);
    }
    if let Some(open) = plan.open {
        let rate = open.arrivals_per_second;
        within("open.arrivals_per_second", rate, 0.001, 1_000_000.0);
        within("open.patience_seconds", open.patience_seconds, 0.0, 3_600.0);
    }
    for (kind, share) in &plan.begins {
        within(&format!("begins.{kind}"), *share, 0.0, 1.0);
    }
    if let Some(places) = plan.hot_places {
        within("hot_places", f64::from(places), 1.0, 1_000_000.0);
    }
}

fn weights(table: &str, given: &BTreeMap<String, u32>, known: &[&str], wrong: &mut Vec<String>) {
    for action in given.keys().filter(|a| !known.contains(&a.as_str())) {
        wrong.push(format!(
            "{table}.{action}: unknown action; want one of {}",
            known.join(", ")
        ));
    }
    if given.values().all(|w| *w == 0) {
        wrong.push(format!("{table}: no weight is more than 0"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> String {
        let path = format!("{}/../config/plans/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_plans_of_the_house_are_right() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert_eq!(read(&file(name)).map(|p| p.name), Ok(name.to_owned()));
            count += 1;
        }
        assert!(count >= 8, "{count}");
    }

    #[test]
    fn a_larger_crowd_comes_at_the_plans_rate() {
        let plan = read(&file("ordinary-day")).unwrap();
        let (mut large, mut small) = (plan.clone(), plan.clone());
        large.crowd(plan.users * 4);
        small.crowd(plan.users / 4);
        assert_eq!(large.ramp_seconds, plan.ramp_seconds * 4.0);
        assert_eq!(small.ramp_seconds, plan.ramp_seconds);
        assert_eq!((large.users, small.users), (plan.users * 4, plan.users / 4));
    }

    #[test]
    fn mistakes_in_the_shape_of_the_load_are_listed() {
        let text = file("smoke").replace("[team]", "hot_places = 0\n[team]")
            + "dropped_share = 0.1\n[begins]\npayment = 2.0\n\
               [[phases]]\nname = \"a\"\nseconds = 9\nfactor = -1\n";
        let wrong = read(&text).unwrap_err();
        for start in [
            "hot_places: want",
            "thresholds.dropped_share: arrivals",
            "begins.payment: no desk",
            "begins.payment: want 0 to 1",
            "phases[0].factor: want",
            "phases: 9 s together",
        ] {
            assert!(
                wrong.iter().any(|w| w.starts_with(start)),
                "{start} {wrong:?}"
            );
        }
        assert_eq!(wrong.len(), 6, "{wrong:?}");
    }

    #[test]
    fn every_mistake_is_listed() {
        let text = file("smoke")
            .replace("think_spread", "think_sprad")
            .replace("users = ", "users = 0 #")
            .replace("payment = ", "payments = ")
            .replace("agent_bank = ", "agent_banker = ");
        let wrong = read(&text).unwrap_err();
        for mistake in [
            "think_spread: missing",
            "think_sprad: unknown",
            "users: want 1 to 1000000",
        ] {
            assert!(wrong.contains(&mistake.to_owned()), "{wrong:?}");
        }
        assert!(
            wrong
                .iter()
                .any(|w| w.starts_with("clerk.payments: unknown action")),
            "{wrong:?}"
        );
        assert!(
            wrong.contains(&"team.agent_banker: unknown role".to_owned()),
            "{wrong:?}"
        );
        assert_eq!(wrong.len(), 5, "{wrong:?}");
    }
}
