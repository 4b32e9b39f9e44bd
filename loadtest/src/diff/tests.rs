//! Two made-up runs: the same, noisy alone, slower, failing.

use super::{Difference, Judgement, compare, text};
use crate::report::RunResult;
use crate::report::sample::calm;

fn judged(difference: &Difference, judgement: Judgement) -> Vec<&str> {
    let lines = difference.lines.iter();
    lines
        .filter(|l| l.judgement == judgement)
        .map(|l| l.name.as_str())
        .collect()
}

fn worse(before: &RunResult, after: &RunResult) -> Vec<String> {
    let difference = compare(before, after).unwrap();
    let names = judged(&difference, Judgement::Worse);
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_run_is_as_good_as_itself() {
    let run = calm(1, 1.0);
    let difference = compare(&run, &run).unwrap();
    assert_eq!((difference.worse, difference.better), (0, 0));
    assert!(difference.differs.is_empty(), "{:?}", difference.differs);
    let same = judged(&difference, Judgement::Same);
    for name in [
        "rate",
        "p99 of a second",
        "server CPU",
        "all p99",
        "read.work p50",
    ] {
        assert!(same.contains(&name), "{name}: {same:?}");
    }
    assert!(difference.lines.iter().all(|l| l.before == l.after));
}

#[test]
fn noise_alone_is_neither_better_nor_worse() {
    let runs: Vec<RunResult> = (1..=4).map(|seed| calm(seed, 1.0)).collect();
    for before in &runs {
        for after in &runs {
            let difference = compare(before, after).unwrap();
            assert_eq!(
                (difference.worse, difference.better),
                (0, 0),
                "{}",
                text(&difference)
            );
        }
    }
}

#[test]
fn a_slowed_run_is_worse_and_the_other_way_round_better() {
    let (before, after) = (calm(1, 1.0), calm(2, 1.4));
    let difference = compare(&before, &after).unwrap();
    let names = judged(&difference, Judgement::Worse);
    for name in [
        "p50 of a second",
        "p99 of a second",
        "all p99",
        "payment.submit p50",
    ] {
        assert!(names.contains(&name), "{name}:\n{}", text(&difference));
    }
    assert!(judged(&difference, Judgement::Same).contains(&"rate"));
    let back = compare(&after, &before).unwrap();
    assert_eq!(back.worse, 0);
    assert!(back.better >= 4, "{}", text(&back));
}

#[test]
fn failures_costs_and_verdicts_are_compared() {
    let before = calm(1, 1.0);
    let mut after = before.clone();
    after.total.failed = 1;
    assert_eq!(worse(&before, &after), ["failed"]);
    after.total.failed = 0;
    after.verdict.passed = false;
    assert_eq!(worse(&before, &after), ["passed"]);
    after = before.clone();
    after.harness.bytes_per_user += 100 << 10;
    if let Some(server) = after.server.as_mut() {
        server.memory_bytes = Some(700 << 20);
        let seconds = server.seconds.iter_mut();
        seconds.for_each(|s| s.cpu_cores = s.cpu_cores.map(|c| c * 1.3));
    }
    let names = worse(&before, &after);
    assert_eq!(names, ["harness memory", "server CPU", "server memory"]);
}

#[test]
fn other_plans_and_platforms_are_pointed_out() {
    let before = calm(1, 1.0);
    let mut after = before.clone();
    after.plan.users = 65;
    after.platform.cpu = "another".into();
    after.platform.sync_ms = 3.0;
    let difference = compare(&before, &after).unwrap();
    assert_eq!(
        difference.differs,
        ["plan.users: 64 | 65", "platform.cpu:  | another"]
    );
    assert!(text(&difference).contains("not the same: plan.users: 64 | 65"));
}

#[test]
fn what_cannot_be_compared_is_refused_and_what_is_too_short_not_judged() {
    let before = calm(1, 1.0);
    let mut after = before.clone();
    after.seconds.truncate(9);
    let difference = compare(&before, &after).unwrap();
    let not = judged(&difference, Judgement::NotJudged);
    assert!(
        not.contains(&"rate") && not.contains(&"p99 of a second"),
        "{not:?}"
    );
    after.actions.clear();
    assert!(compare(&before, &after).is_err());
    after.total.requests = 0;
    assert!(
        compare(&before, &after)
            .unwrap_err()
            .to_string()
            .contains("no request")
    );
}
