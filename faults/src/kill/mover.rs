//! The budget office moves money between indicators, many moves in one request: documents that end at once, for volume.

use super::cast::{AGENCIES, COUNTY, Who};
use super::client::Client;
use super::deed::{Ask, Deed, Due, Form, MOVE};
use super::money::{Effect, yuan};
use serde_json::json;

/// More than all rows together ever have, in 分: 90 billion yuan.
pub(super) const TOO_MUCH: i64 = 9_000_000_000_000;

/// One batch. Of those that are atomic every sixth holds a move that must be refused, and with it all others; of the rest
/// every fortieth move is refused alone.
pub(super) fn turn(client: &mut Client<'_>) -> Option<()> {
    let atomic = client.draw.once_in(3);
    let count = match atomic {
        true => 2 + client.draw.below(client.office.batch / 4),
        false => 1 + client.draw.below(client.office.batch),
    };
    let mut deeds: Vec<Deed> = (0..count)
        .map(|_| {
            let is_refused = !atomic && client.draw.once_in(40);
            a_move(client, is_refused)
        })
        .collect();
    if atomic && client.draw.once_in(6) {
        let at = client.draw.below(count);
        deeds[at] = a_move(client, true);
    }
    let form = if atomic { Form::Atomic } else { Form::Each };
    client.send(Who::Mover, form, deeds).map(drop)
}

/// A move from one agency's indicator to another's.
fn a_move(client: &mut Client<'_>, is_refused: bool) -> Deed {
    let from = client.draw.below(AGENCIES);
    let to = (from + 1 + client.draw.below(AGENCIES - 1)) % AGENCIES;
    let fen = if is_refused {
        TOO_MUCH
    } else {
        1 + client.draw.below(10_000) as i64
    };
    let rows = &client.office.rows;
    let line = json!({"amount": yuan(fen), "row": rows[from], "to_row": rows[to]});
    let body = json!({
        "type": MOVE.kind, "division": COUNTY, "fiscal_year": 2026, "transition": MOVE.name, "lines": [line],
    });
    let due = match is_refused {
        true => Due::Refused("insufficient"),
        false => Due::Done(1, Effect::Move { from, to, fen }),
    };
    Deed::new(&MOVE, Ask::Enter(body), due)
}
