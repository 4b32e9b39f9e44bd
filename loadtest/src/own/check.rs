//! Checking a plan of another system: every mistake with its place, before anything is sent.

use std::collections::BTreeSet;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use super::data::{BUILT_IN, columns};
use super::plan::{Journey, OwnPlan, Step};
use super::text::names;

/// What is wrong, one sentence each.
pub(super) fn mistakes(plan: &OwnPlan) -> Vec<String> {
    let mut wrong = crate::plan::common_mistakes(&plan.common());
    let mut known: BTreeSet<String> = BUILT_IN.map(String::from).into();
    for (name, data) in &plan.data {
        match columns(name, &data.csv) {
            Ok(columns) => known.extend(columns),
            Err(error) => wrong.push(format!("data.{name}: {error}")),
        }
    }
    for (name, [low, high]) in &plan.ranges {
        if low > high || *high == u64::MAX {
            wrong.push(format!("ranges.{name}: want [first, last]"));
        }
        known.insert(name.clone());
    }
    headers("headers", &plan.headers, &known, &mut wrong);
    if plan.journeys.iter().all(|j| j.weight == 0) {
        wrong.push("journeys: no weight is more than 0".into());
    }
    let mut seen = BTreeSet::new();
    let twice: Vec<String> = plan
        .names()
        .into_iter()
        .filter(|n| !seen.insert(n.clone()))
        .collect();
    wrong.extend(
        twice
            .iter()
            .map(|n| format!("{n}: two requests have this name")),
    );
    for one in &plan.journeys {
        journey(one, known.clone(), &mut wrong);
    }
    wrong
}

fn journey(journey: &Journey, mut known: BTreeSet<String>, wrong: &mut Vec<String>) {
    if journey.requests.is_empty() {
        wrong.push(format!("journeys.{}: no request", journey.name));
    }
    for step in &journey.requests {
        let place = format!("{}.{}", journey.name, step.name);
        request(&place, step, &known, wrong);
        known.extend(step.capture.keys().cloned());
    }
}

fn request(place: &str, step: &Step, known: &BTreeSet<String>, wrong: &mut Vec<String>) {
    let is_method = step.method.chars().all(|c| c.is_ascii_uppercase());
    if !is_method || Method::from_bytes(step.method.as_bytes()).is_err() {
        wrong.push(format!(
            "{place}: method {:?}: want GET, POST, …",
            step.method
        ));
    }
    if !step.path.starts_with('/') {
        wrong.push(format!("{place}: path {:?}: want /…", step.path));
    }
    headers(place, &step.headers, known, wrong);
    let checked = step.checks.iter().filter_map(|c| c.equals.as_deref());
    for text in [step.path.as_str(), &step.body].into_iter().chain(checked) {
        placeholders(place, text, known, wrong);
    }
    let pointers = step.checks.iter().map(|c| &c.pointer);
    for pointer in pointers.chain(step.capture.values()) {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            wrong.push(format!("{place}: JSON pointer {pointer:?}: want /…"));
        }
    }
    for status in step.expect.iter().chain(&step.refused) {
        if !(100..600).contains(status) {
            wrong.push(format!("{place}: status {status}: want 100 to 599"));
        }
    }
}

fn headers(
    place: &str,
    headers: &std::collections::BTreeMap<String, String>,
    known: &BTreeSet<String>,
    wrong: &mut Vec<String>,
) {
    for (name, value) in headers {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            wrong.push(format!("{place}: {name:?} is no header name"));
        }
        // One with placeholders is judged when it is filled.
        if names(value).is_empty() && HeaderValue::from_str(value).is_err() {
            wrong.push(format!(
                "{place}: {name}: {value:?} has what no header may have"
            ));
        }
        placeholders(place, value, known, wrong);
    }
}

fn placeholders(place: &str, text: &str, known: &BTreeSet<String>, wrong: &mut Vec<String>) {
    for name in names(text).into_iter().filter(|n| !known.contains(*n)) {
        wrong.push(format!(
            "{place}: {{{name}}} is not known here; known: {}",
            known.iter().cloned().collect::<Vec<_>>().join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_in_the_docs_is_right() {
        let docs = include_str!("../../../docs/harness.md");
        let from = docs.find("# shop.toml").unwrap();
        let text = &docs[from..from + docs[from..].find("```").unwrap()];
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("people.csv"), "name,token\na,b\n").unwrap();
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, text).unwrap();
        let plan = OwnPlan::read(&path).unwrap();
        assert_eq!(plan.names(), ["order.make", "order.read"]);
        assert!(OwnPlan::is_one(&path));
    }

    #[test]
    fn a_header_that_no_request_may_have_is_a_mistake() {
        let text = "name = \"p\"\nusers = 1\nramp_seconds = 0\nduration_seconds = 1\ntimeout_seconds = 1\n\
                    [headers]\naccept = \"a\\nb\"\n\"x who\" = \"c\"\n\
                    [[journeys]]\nname = \"j\"\nweight = 1\n[[journeys.requests]]\nname = \"r\"\npath = \"/\"\n";
        let wrong = mistakes(&toml::from_str(text).unwrap());
        let tells = |what: &str| wrong.iter().any(|w| w.contains(what));
        assert!(tells("accept") && tells("x who"), "{wrong:?}");
        assert_eq!(wrong.len(), 2);
    }
}
