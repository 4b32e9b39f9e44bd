//! Acts under a break-glass role (应急岗位): each is told to the operator and counted, whether it reads or writes and
//! whatever comes of it. What it wrote carries the reason in its record
//! (see [`hubu_kernel::actor`]); the audit log has it too, as such a role is privileged.

use super::route::Operation;
use crate::engine::actor::Actor;

/// Marks a request of somebody who broke the glass; nothing for others.
#[inline]
pub(super) fn mark(actor: &Actor, operation: Operation) {
    if let Some(reason) = actor.named().break_glass {
        tell(actor, reason, operation);
    }
}

#[cold]
fn tell(actor: &Actor, reason: &str, operation: Operation) {
    let person = actor.named().person;
    metrics::counter!("hubu_break_glass_acts_total").increment(1);
    tracing::warn!(
        actor = person,
        reason,
        operation = operation.name(),
        division = actor.division.0,
        "an act under a break-glass role"
    );
}
