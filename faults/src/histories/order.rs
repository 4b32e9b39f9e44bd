//! Decides a history by the engine's own numbers: in linear time, and stricter than the search.
//!
//! Every decision was answered with its sequence number. They must be an order that agrees with real
//! time and with the model; what has no number (reads, and refusals that are no decisions) must fit
//! between two of them, where its own time allows. Only whole histories can be decided so: what was
//! asked and not heard must have been settled before, by asking again under the same key.

use super::history::{Heard, History, Operation, Verdict};
use std::fmt::Write as _;

/// A numbered decision.
struct Decision {
    at: usize,
    seq: u64,
    from: u64,
    until: u64,
}

/// Something without a number, and the states it may have seen: as they were after that many decisions.
struct Look {
    at: usize,
    from: u64,
    until: u64,
    least: usize,
    most: usize,
}

/// Whether the engine's own order explains the history.
pub(crate) fn follow(history: &History) -> Verdict {
    let (decisions, mut looks) = match parts(history) {
        Ok(parts) => parts,
        Err(fault) => return Verdict::Broken(fault),
    };
    if let Some(fault) = against_time(history, &decisions) {
        return Verdict::Broken(fault);
    }
    bound(&decisions, &mut looks);
    replay(history, &decisions, looks)
}

/// Decisions by number, and the rest by when it began.
fn parts(history: &History) -> Result<(Vec<Decision>, Vec<Look>), String> {
    let (mut decisions, mut looks) = (Vec::new(), Vec::new());
    for (at, Operation { asked, from, heard }) in history.operations.iter().enumerate() {
        match heard {
            Some(Heard {
                seq: Some(seq),
                at: until,
                ..
            }) => decisions.push(Decision {
                at,
                seq: *seq,
                from: *from,
                until: *until,
            }),
            Some(heard) => looks.push(Look {
                at,
                from: *from,
                until: heard.at,
                least: 0,
                most: usize::MAX,
            }),
            None if asked.is_read() => {}
            None => return Err(format!("#{at} {asked:?} was never settled")),
        }
    }
    decisions.sort_by_key(|decision| decision.seq);
    looks.sort_by_key(|look| look.from);
    match decisions.windows(2).find(|two| two[0].seq == two[1].seq) {
        Some(two) => Err(format!("#{} and #{} have one number", two[0].at, two[1].at)),
        None => Ok((decisions, looks)),
    }
}

/// A decision that was over before one with a lower number began.
fn against_time(history: &History, decisions: &[Decision]) -> Option<String> {
    let mut latest: Option<&Decision> = None;
    for decision in decisions {
        if let Some(before) = latest.filter(|before| decision.until < before.from) {
            let tell = |d: &Decision| format!("{:?}", history.operations[d.at]);
            return Some(format!(
                "against real time: {} was over before {} began",
                tell(decision),
                tell(before)
            ));
        }
        if latest.is_none_or(|latest| decision.from > latest.from) {
            latest = Some(decision);
        }
    }
    None
}

/// Fills in which states each look may have seen.
fn bound(decisions: &[Decision], looks: &mut [Look]) {
    for look in looks {
        let before = decisions.iter().rposition(|d| d.until < look.from);
        look.least = before.map_or(0, |at| at + 1);
        let behind = decisions.iter().position(|d| d.from > look.until);
        look.most = behind.unwrap_or(decisions.len());
    }
}

/// Plays the decisions and gives each look the first state that it may have seen and that explains it;
/// one that began when another was over sees no earlier state than that one.
fn replay(history: &History, decisions: &[Decision], looks: Vec<Look>) -> Verdict {
    let mut state = history.start();
    let mut waiting = looks.into_iter().peekable();
    let mut open: Vec<Look> = Vec::new();
    for played in 0..=decisions.len() {
        // The lower bound rises with the beginning, so looks come to be open in their order.
        while let Some(look) = waiting.next_if(|look| look.least <= played) {
            open.push(look);
        }
        let mut until = u64::MAX;
        open.retain(|look| {
            let asked = history.operations[look.at].asked;
            let (right, change) = state.judge(&history.forms, asked);
            let heard = history.operations[look.at].heard.as_ref();
            let is_right = heard.is_some_and(|heard| heard.answer == right) && change.is_nothing();
            let keeps = !is_right || look.from > until;
            if keeps {
                until = until.min(look.until);
            }
            keeps
        });
        if let Some(late) = open.iter().find(|look| look.most <= played) {
            let mut text = history.tell(late.at, &state);
            let _infallible = write!(
                text,
                " after {played} decisions, {} at the least",
                late.least
            );
            return Verdict::Broken(text);
        }
        let Some(decision) = decisions.get(played) else {
            break;
        };
        let operation = &history.operations[decision.at];
        let (right, change) = state.judge(&history.forms, operation.asked);
        if operation
            .heard
            .as_ref()
            .is_none_or(|heard| heard.answer != right)
        {
            return Verdict::Broken(history.tell(decision.at, &state));
        }
        state.take(change);
    }
    Verdict::Holds
}
