//! `[states]` of a document type, and whether its steps make sense together.
//!
//! What a document holds on rows depends on its state alone, never on the way it came: so a step
//! can be judged without its history, and nothing is ever reserved twice or left behind.

use super::steps::ReadStep;
use crate::catalog::document::State;
use crate::catalog::reader::{Node, Table};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::StateId;

/// A state and where it stands in the file.
pub(super) struct ReadState<'a> {
    node: Node<'a>,
    pub(super) state: State,
}

/// What a document has behind it in a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    /// Nothing is reserved and nothing is done.
    Open,
    /// Rows are reserved.
    Holding,
    /// The final step is taken.
    Done,
}

pub(super) fn read<'a>(root: &Table<'a>) -> Vec<ReadState<'a>> {
    let mut states = Vec::new();
    let Some(table) = root.need("states").and_then(|node| node.table()) else {
        return states;
    };
    for (name, node) in table.entries() {
        if states.len() == usize::from(u8::MAX) {
            node.mistake("a type has at most 255 states");
            break;
        }
        let Some(zh) = node.text() else { continue };
        let state = State {
            name: name.to_owned(),
            zh: zh.to_owned(),
            terminal: false,
            holds: false,
        };
        states.push(ReadState { node, state });
    }
    states
}

/// The state that `initial = "..."` names.
pub(super) fn initial(root: &Table<'_>, states: &[ReadState<'_>]) -> Option<StateId> {
    named(root, "initial", states)
}

/// The state that a key names.
pub(super) fn named(
    table: &Table<'_>,
    key: &'static str,
    states: &[ReadState<'_>],
) -> Option<StateId> {
    let node = table.need(key)?;
    let name = node.text()?;
    let found = states.iter().position(|known| known.state.name == name);
    if found.is_none() {
        node.mistake(format!("there is no state `{name}`"));
    }
    found.map(|at| StateId(at as u8))
}

/// Marks what is terminal and what holds, and reports what can't be.
pub(super) fn check(
    root: &Table<'_>,
    states: &mut [ReadState<'_>],
    initial: StateId,
    steps: &[ReadStep<'_>],
    moves: bool,
) {
    for (at, known) in states.iter_mut().enumerate() {
        let leaves = steps
            .iter()
            .any(|step| usize::from(step.rule.kernel.from.0) == at);
        known.state.terminal = !leaves;
    }
    let progress = walk(states, initial, steps);
    for (known, progress) in states.iter_mut().zip(&progress) {
        known.state.holds = *progress == Some(Progress::Holding);
        if progress.is_none() {
            let message = format!("state `{}` can't be reached", known.state.name);
            known.node.mistake(message);
        } else if known.state.terminal && known.state.holds {
            let message = format!(
                "state `{}` is an end and leaves rows reserved",
                known.state.name
            );
            known.node.mistake(message);
        }
    }
    check_ends(root, states);
    if moves && !progress.contains(&Some(Progress::Done)) {
        root.mistake("the type has moves, but no step is `final` or `now`");
    }
}

fn check_ends(root: &Table<'_>, states: &[ReadState<'_>]) {
    let ends: Vec<&str> = states
        .iter()
        .filter(|known| known.state.terminal)
        .map(|known| known.state.name.as_str())
        .collect();
    match ends.len() {
        0 => root.mistake("no state is an end: each has a step that leaves it"),
        1 => {}
        _ => root.mistake(format!(
            "there must be one end, not {}: {}",
            ends.len(),
            ends.join(", ")
        )),
    }
}

/// What is behind a document in each state; `None` where it can't come.
fn walk(
    states: &[ReadState<'_>],
    initial: StateId,
    steps: &[ReadStep<'_>],
) -> Vec<Option<Progress>> {
    let mut progress = vec![None; states.len()];
    let mut open = vec![initial];
    progress[usize::from(initial.0)] = Some(Progress::Open);
    while let Some(state) = open.pop() {
        let before = progress[usize::from(state.0)].unwrap_or(Progress::Open);
        for step in steps.iter().filter(|step| step.rule.kernel.from == state) {
            let Some(after) = advance(step, before) else {
                continue;
            };
            let to = step.rule.kernel.to;
            match progress[usize::from(to.0)] {
                None => {
                    progress[usize::from(to.0)] = Some(after);
                    open.push(to);
                }
                Some(known) if known != after => {
                    let name = &states[usize::from(to.0)].state.name;
                    step.table.mistake(format!(
                        "state `{name}` would be reached both {} and {}",
                        words(known),
                        words(after)
                    ));
                }
                Some(_) => {}
            }
        }
    }
    progress
}

fn advance(step: &ReadStep<'_>, before: Progress) -> Option<Progress> {
    let wrong = |message: &str| {
        step.table.mistake(message);
        None
    };
    match (step.rule.kernel.phase, before) {
        (Phase::None, before) => Some(before),
        (Phase::Reserve, Progress::Open) => Some(Progress::Holding),
        (Phase::Reserve, _) => wrong("this would reserve a second time"),
        (Phase::Final, Progress::Holding) => Some(Progress::Done),
        (Phase::Final, _) => {
            wrong("`final` without `reserve` before it; a type of one step says `now`")
        }
        (Phase::Release, Progress::Holding) => Some(Progress::Open),
        (Phase::Release, _) => wrong("`release` without `reserve` before it"),
        (Phase::Now, Progress::Open) => Some(Progress::Done),
        (Phase::Now, _) => {
            wrong("`now` is reserve and final in one: nothing may be reserved before it")
        }
    }
}

fn words(progress: Progress) -> &'static str {
    match progress {
        Progress::Open => "with nothing reserved",
        Progress::Holding => "with rows reserved",
        Progress::Done => "after the final step",
    }
}
