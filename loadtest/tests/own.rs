//! Plans of other systems: a stranger's requests against a small double, and doubles that misbehave. Each is reported
//! for what it is: the right counter, the right words, the right exit status.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod rough;

use rough::Manner;
use serde_json::Value;

/// Thresholds that no clock of a busy machine breaks, and nothing may fail.
const LIMITS: &str =
    "[thresholds]\np99_ms = 60000.0\nfailed = 0\nshed_share = 0.0\nrefused_share = 0.0\n";

struct Played {
    exit: i32,
    said: String,
    result: Value,
    opened: u64,
}

fn play(manner: Manner, limits: &str) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let plan = rough::plan(folder.path(), limits);
    let double = rough::start(manner);
    let (output, result) = rough::run(folder.path(), &double.url, &plan);
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let opened = result["run"]["connections_opened"].as_u64().unwrap_or(0);
    Played {
        exit: output.status.code().unwrap(),
        said,
        result,
        opened,
    }
}

impl Played {
    fn count(&self, what: &str) -> u64 {
        self.result["total"][what].as_u64().unwrap()
    }

    fn example(&self, words: &str) -> bool {
        let mut failures = self.result["failures"].as_array().unwrap().iter();
        failures.any(|f| f.as_str().unwrap().contains(words))
    }

    /// All of this kind and none of the others.
    fn is_all(&self, what: &str) -> bool {
        let others = ["failed", "shed", "refused"]
            .into_iter()
            .filter(|o| *o != what);
        self.count(what) > 0
            && self.count(what) == self.count("requests")
            && others.map(|o| self.count(o)).sum::<u64>() == 0
    }
}

#[test]
fn a_stranger_is_played_and_not_audited() {
    let played = play(Manner::Honest, LIMITS);
    assert_eq!(played.exit, 0, "{}", played.said);
    assert!(
        played
            .said
            .contains("not audited: the plan is of another system")
    );
    assert_eq!(played.opened, 4, "each user keeps its connection");
    let actions = played.result["actions"].as_array().unwrap();
    let names: Vec<_> = actions
        .iter()
        .map(|a| a["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["order.make", "order.read"]);
    assert!(actions[1]["requests"].as_u64() > Some(4), "{}", played.said);
    assert_eq!(played.result["audits"].as_array().unwrap().len(), 0);
}

#[test]
fn slow_answers_break_the_limit_and_nothing_fails() {
    let played = play(Manner::Slow(60), "[thresholds]\np99_ms = 50.0\n");
    assert_eq!(
        (played.exit, played.count("failed")),
        (10, 0),
        "{}",
        played.said
    );
    assert!(played.said.contains("p99_ms"), "{}", played.said);
    assert!(played.result["total"]["latency_ms"]["p50"].as_f64() >= Some(60.0));
}

#[test]
fn a_server_that_stalls_has_not_answered_in_time() {
    let played = play(Manner::Stalling, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        played.is_all("failed") && played.example("no answer in time"),
        "{}",
        played.said
    );
    assert!(played.result["total"]["latency_ms"]["p50"].as_f64() >= Some(500.0));
}

#[test]
fn a_reset_connection_is_a_cut_one_and_the_next_request_opens_another() {
    let played = play(Manner::Resetting, LIMITS);
    let (failed, all) = (played.count("failed"), played.count("requests"));
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        0 < failed && failed < all && played.example("connection cut"),
        "{}",
        played.said
    );
    assert!(
        played.opened > 4 && played.opened >= failed,
        "{}",
        played.said
    );
}

#[test]
fn a_500_fails_with_its_words() {
    let played = play(Manner::Failing, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(played.is_all("failed") && played.example("order.make POST /orders: status 500"));
}

#[test]
fn a_503_is_shed_and_a_409_refused_where_the_plan_says_so() {
    let played = play(Manner::Full, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        played.is_all("shed") && played.said.contains("shed_share"),
        "{}",
        played.said
    );
    let played = play(Manner::Refusing, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        played.is_all("refused") && played.said.contains("refused_share"),
        "{}",
        played.said
    );
}

#[test]
fn answers_to_other_questions_are_noticed() {
    let played = play(Manner::OutOfOrder, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        played.count("failed") > 0 && played.example(", want "),
        "{}",
        played.said
    );
    assert!(
        played.example("/echo is") || played.example("/order/id is"),
        "{}",
        played.said
    );
}

#[test]
fn a_stale_version_is_noticed() {
    let played = play(Manner::Stale, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        played.example(r#"/order/version is "1", want "2""#),
        "{}",
        played.said
    );
}

#[test]
fn connections_closed_while_idle_are_opened_again_and_are_no_failure() {
    let slow = LIMITS.replace(
        "[thresholds]",
        "[thresholds] # closed after 1 ms, thought for 10 to 30",
    );
    let played = play(Manner::ClosingIdle(1), &slow);
    assert!(played.opened > 8, "{}", played.said);
    // Closed in the very moment of asking, a request is cut: that is rare, and it is told.
    let (failed, all) = (played.count("failed"), played.count("requests"));
    assert!(failed * 10 < all, "{}", played.said);
    assert!(
        failed == 0 || played.example("connection cut"),
        "{}",
        played.said
    );
}

#[test]
fn what_is_not_http_is_not_understood() {
    let played = play(Manner::Garbled, LIMITS);
    assert_eq!(played.exit, 10, "{}", played.said);
    assert!(
        played.is_all("failed") && played.example("answer not understood"),
        "{}",
        played.said
    );
}

#[test]
fn nobody_there_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let plan = rough::plan(folder.path(), LIMITS);
    let (output, result) = rough::run(folder.path(), "http://127.0.0.1:9", &plan);
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    let failures = result["failures"].to_string();
    assert!(
        failures.contains("cannot connect (connection refused)"),
        "{failures}"
    );
    assert_eq!(result["run"]["connections_opened"], 0);
}

#[test]
fn arrivals_come_by_the_clock() {
    let open = format!("{LIMITS}dropped_share = 0.0\n[open]\narrivals_per_second = 100.0\n");
    let played = play(Manner::Stalling, &open);
    let arrived = &played.result["run"]["arrived"];
    // Four users wait for half a second each: the rest finds nobody free.
    assert!(arrived["due"].as_u64() > Some(100), "{arrived}");
    assert!(arrived["dropped"].as_u64() > Some(80), "{arrived}");
    assert!(played.said.contains("dropped_share"), "{}", played.said);
}

#[test]
fn every_mistake_of_a_plan_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = rough::plan(folder.path(), LIMITS);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("people.csv", "nobody.csv")
        .replace("amount = [1, 9]", "amount = [9, 1]")
        .replace("weight = 1", "weight = 0")
        .replace("\"/order/id\", version", "\"order.id\", version")
        .replace("\"/orders/{id}\"", "\"orders/{nothing}\"")
        .replace("users = 4", "users = 0")
        .replace("\"POST\"", "\"post\"");
    std::fs::write(&path, text).unwrap();
    let (output, _) = rough::run(folder.path(), "http://127.0.0.1:9", &path);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for mistake in [
        "users: want 1",
        "data.people: ",
        "ranges.amount: want",
        "no weight is more than 0",
        "order.make: method \"post\"",
        "JSON pointer \"order.id\"",
        "order.read: path \"orders/{nothing}\"",
        "{nothing} is not known here",
        "{people.token} is not known here",
    ] {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
}
