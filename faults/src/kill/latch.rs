//! A server whose database is gone: it must say so, answer nothing new, and go on telling what is durable.

use super::book::Book;
use super::cast::{COUNTY, Who, agency};
use super::deed::{Ask, Deed, Due, Form, Heard, SUBMIT};
use super::money::{Amounts, Changes, Effect, change, yuan};
use super::rows;
use super::settle::{Settling, repeat_latched};
use super::tally::Breach;
use crate::Outcome;
use hubu_testkit::Wire;
use serde::Deserialize;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// New commands that it is asked while it is latched.
const ASKED: usize = 5;
/// Reads must go on by then; no more than a guard against waiting for ever.
const READS_WITHIN: Duration = Duration::from_secs(60);
const READY_WITHIN: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Readiness {
    ready: bool,
    reason: Option<String>,
}

/// Why the server takes no commands; nothing when it does.
pub(super) fn reason(address: SocketAddr) -> Outcome<Option<String>> {
    let reply = Wire::open(address)?.ask("GET", "/readyz", "", "")?;
    let readiness: Readiness = serde_json::from_slice(&reply.body)?;
    if readiness.ready != (reply.status == 200) {
        return Err(format!(
            "readyz says {} with status {}",
            readiness.ready, reply.status
        )
        .into());
    }
    Ok((!readiness.ready).then(|| readiness.reason.unwrap_or_default()))
}

/// Whether a server that takes no commands says that it will again, by itself.
pub(super) fn goes_on(reason: &str) -> bool {
    reason.contains("it goes on by itself")
}

/// Waits until it does, as it said.
pub(super) fn await_ready(settling: &mut Settling<'_>) -> Outcome<()> {
    let end = Instant::now() + READY_WITHIN;
    while let Some(reason) = reason(settling.office.address)? {
        if Instant::now() > end {
            let what = format!("there is room again, and it says {reason:?}");
            settling.tally.breach(Breach::Wrong, 1, &what);
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Holds a latched server to its promise.
pub(super) fn check(settling: &mut Settling<'_>) -> Outcome<()> {
    match reason(settling.office.address)? {
        Some(reason) if !reason.is_empty() => {}
        other => {
            let what = format!("without its database it says {other:?}");
            settling.tally.breach(Breach::Wrong, 1, &what);
        }
    }
    for _ in 0..ASKED {
        let deed = Deed::new(&SUBMIT, Ask::Enter(payment(settling)), due());
        let request = settling
            .office
            .request(Who::Clerk(0), Form::Single, vec![deed]);
        let life = settling.office.life;
        let heard = request.send(&mut settling.wire, &settling.office.cast, life)?;
        if heard != [Heard::Open] {
            let what = format!("latched, it answers {heard:?}");
            settling.tally.breach(Breach::Wrong, 1, &what);
        }
        let mut book = Book::default();
        book.note(request, &heard, || false);
        settling.take(book);
    }
    repeat_latched(settling)?;
    check_read(settling).map(drop)
}

/// Waits until the rows can be read again although it is latched: they hold what is durable.
pub(super) fn await_reads(settling: &mut Settling<'_>) -> Outcome<()> {
    let end = Instant::now() + READS_WITHIN;
    while !check_read(settling)? {
        if Instant::now() > end {
            let what = "latched, it tells no rows although the database is back";
            settling.tally.breach(Breach::Wrong, 1, what);
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Where the rows are told they hold all that was acknowledged, and of what is open some or nothing.
fn check_read(settling: &mut Settling<'_>) -> Outcome<bool> {
    let Some(read) = rows::read(&mut settling.wire, &settling.office.cast)? else {
        return Ok(false);
    };
    let mut bounds = [settling.log.sums.clone(), settling.log.sums.clone()];
    for deed in settling.log.open.iter().flat_map(|request| &request.deeds) {
        if let Due::Done(_, effect) = deed.due {
            for (rows, by) in effect.changes() {
                change(&mut bounds[0], rows, by.each(|fen| fen.min(0)));
                change(&mut bounds[1], rows, by.each(|fen| fen.max(0)));
            }
        }
    }
    let [least, most] = &bounds;
    let holds = |rows| {
        let of = |sums: &Changes| sums.get(&rows).copied().unwrap_or_default();
        of(&read.sums).is_within(of(least), of(most))
    };
    let all = least.keys().chain(most.keys()).chain(read.sums.keys());
    let wrong: Vec<_> = all.copied().filter(|rows| !holds(*rows)).collect();
    if !wrong.is_empty() {
        let what = format!(
            "latched, it tells rows that never were: {wrong:?} of {:?}",
            read.sums
        );
        settling.tally.breach(Breach::Wrong, 1, &what);
    }
    Ok(true)
}

impl Amounts {
    fn each(self, of: impl Fn(i64) -> i64) -> Amounts {
        Amounts {
            approved: of(self.approved),
            used: of(self.used),
            decreasing: of(self.decreasing),
            increasing: of(self.increasing),
        }
    }

    fn is_within(self, least: Amounts, most: Amounts) -> bool {
        let all = |a: Amounts| [a.approved, a.used, a.decreasing, a.increasing];
        let bounds = all(least).into_iter().zip(all(most));
        all(self)
            .into_iter()
            .zip(bounds)
            .all(|(fen, (low, high))| (low..=high).contains(&fen))
    }
}

fn due() -> Due {
    Due::Done(1, Effect::Reserve { agency: 0, fen: 1 })
}

fn payment(settling: &Settling<'_>) -> serde_json::Value {
    let row = &settling.office.rows[0];
    json!({
        "type": SUBMIT.kind, "division": COUNTY, "fiscal_year": 2026, "agency": agency(0), "transition": SUBMIT.name,
        "fields": {"purpose": "late", "payee": "Zhang", "payee_account": "6222", "payee_match": true},
        "lines": [{"amount": yuan(1), "row": row, "month": 3, "to": {"dept_econ": "30201"}}],
    })
}
