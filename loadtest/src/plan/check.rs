//! Checking a plan: every mistake, not only the first.

use std::collections::BTreeMap;

use super::{CLERK, OFFICIAL, Plan, SEATS};

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
        if whole.contains_key(&key) && !mistyped {
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
    let known = |key: &str| WANTED.contains(&key) || key == "about";
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

/// Values out of range, unknown roles and actions.
pub(super) fn mistakes(plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut want = |good: bool, text: &str| {
        if !good {
            wrong.push(text.to_owned());
        }
    };
    want(!plan.name.trim().is_empty(), "name: must not be empty");
    want(
        (1..=1_000_000).contains(&plan.users),
        "users: want 1 to 1,000,000",
    );
    want(
        (0.0..=3_600.0).contains(&plan.ramp_seconds),
        "ramp_seconds: want 0 to 3,600",
    );
    want(
        (1.0..=604_800.0).contains(&plan.duration_seconds),
        "duration_seconds: want 1 to 604,800",
    );
    want(
        (0.0..=3_600.0).contains(&plan.think_seconds),
        "think_seconds: want 0 to 3,600",
    );
    want(
        (0.0..=1.0).contains(&plan.think_spread),
        "think_spread: want 0 to 1",
    );
    want(
        (0.1..=300.0).contains(&plan.timeout_seconds),
        "timeout_seconds: want 0.1 to 300",
    );
    want(
        (0.0..=1.0).contains(&plan.repeat_share),
        "repeat_share: want 0 to 1",
    );
    want(
        (0.0..=1.0).contains(&plan.reject_share),
        "reject_share: want 0 to 1",
    );
    want((1..=1_000).contains(&plan.batch), "batch: want 1 to 1,000");
    let limits = &plan.thresholds;
    want(
        limits.p99_ms.is_none_or(|ms| ms > 0.0),
        "thresholds.p99_ms: want more than 0",
    );
    want(
        limits.p999_ms.is_none_or(|ms| ms > 0.0),
        "thresholds.p999_ms: want more than 0",
    );
    want(
        limits.rate_min.is_none_or(|r| r >= 0.0),
        "thresholds.rate_min: want 0 or more",
    );
    let share = |s: Option<f64>| s.is_none_or(|s| (0.0..=1.0).contains(&s));
    want(
        share(limits.shed_share),
        "thresholds.shed_share: want 0 to 1",
    );
    want(
        share(limits.refused_share),
        "thresholds.refused_share: want 0 to 1",
    );
    want(plan.seats_per_team() > 0, "team: nobody works");
    for role in plan
        .team
        .keys()
        .filter(|r| !SEATS.iter().any(|(known, _)| known == r))
    {
        wrong.push(format!("team.{role}: unknown role"));
    }
    weights("clerk", &plan.clerk, &CLERK, &mut wrong);
    weights("official", &plan.official, &OFFICIAL, &mut wrong);
    weights("idle", &plan.idle, &OFFICIAL, &mut wrong);
    wrong
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
        for name in ["ordinary-day", "smoke"] {
            assert_eq!(read(&file(name)).map(|_| ()), Ok(()), "{name}");
        }
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
            "users: want 1 to 1,000,000",
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
