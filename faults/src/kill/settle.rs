//! Settling: after a fault the feed, the rows and repeated keys are held against the clients' log.

use super::book::{Acknowledged, Book, Outcome as Answered};
use super::client::Office;
use super::deed::{Form, Heard, Request};
use super::feed::{self, Owners};
use super::log::Log;
use super::rows;
use super::tally::{Breach, Tally};
use crate::Outcome;
use hubu_testkit::Wire;
use std::collections::HashMap;

/// Kept answers that are asked for again each time.
const REPEATED: usize = 60;

/// What settles one cell.
pub(super) struct Settling<'a> {
    pub(super) office: &'a Office,
    pub(super) log: &'a mut Log,
    pub(super) tally: &'a mut Tally,
    pub(super) wire: Wire,
}

/// Records of requests whose answer is open: their places in the journal.
type Found = HashMap<u64, Vec<u64>>;

impl Settling<'_> {
    /// Settles everything since it was settled last.
    pub(super) fn settle(&mut self) -> Outcome<()> {
        let open = std::mem::take(&mut self.log.open);
        let (found, events) = self.find(&open)?;
        self.judge_open(&open, &found);
        self.repeat_open(open, &found)?;
        let end = self.check_all()?;
        if events > end {
            self.tally
                .breach(Breach::Lost, events - end, "the feed became shorter");
        }
        self.repeat_kept()?;
        self.check_rows()
    }

    /// Looks, before anything is repeated, what of the open requests took effect.
    fn find(&mut self, open: &[Request]) -> Outcome<(Found, u64)> {
        let mut found: Found = open
            .iter()
            .map(|request| (request.number, Vec::new()))
            .collect();
        let mut known: Vec<u64> = self.log.acknowledged.iter().map(|a| a.seq).collect();
        known.sort_unstable();
        let life = self.office.life;
        let mut each = |event: &feed::Event<'_>| {
            // Of a batch in which each stands alone some may have been acknowledged.
            let records = event
                .request(life)
                .and_then(|request| found.get_mut(&request));
            if let Some(records) = records
                && known.binary_search(&event.seq).is_err()
            {
                records.push(event.seq);
            }
        };
        let end = feed::read(&mut self.wire, &self.office.cast, self.log.stood, &mut each)?;
        Ok((found, end))
    }

    /// All or nothing: an atomic batch stands whole in the journal, or as the one refusal that it came to, or not at all.
    fn judge_open(&mut self, open: &[Request], found: &Found) {
        for request in open {
            let (records, deeds) = (found[&request.number].len(), request.deeds.len());
            self.tally.unknown += deeds as u64;
            self.tally.unknown_done += records as u64;
            let whole = if request.is_doomed() { 1 } else { deeds };
            if request.form == Form::Atomic && records != 0 && records != whole {
                let what = format!("{records} of {deeds} commands of an atomic batch are there");
                self.tally.breach(Breach::Torn, 1, &what);
            }
            if records > deeds {
                let what = format!("{records} records of {deeds} commands");
                self.tally
                    .breach(Breach::Doubled, (records - deeds) as u64, &what);
            }
        }
    }

    /// Repeats what is open under its keys: what had taken effect gives that effect's answer, the rest is decided now.
    fn repeat_open(&mut self, open: Vec<Request>, found: &Found) -> Outcome<()> {
        for request in open {
            let mut book = Book::default();
            let number = request.number;
            let heard = request.send(&mut self.wire, &self.office.cast, self.office.life)?;
            book.note(request, &heard, || true);
            if !book.open.is_empty() {
                return Err(format!("request {number:x} stays open: {heard:?}").into());
            }
            // What was there before is there once, under the answer that the repeat got.
            let strays = found[&number].iter();
            let strays = strays.filter(|seq| book.acknowledged.iter().all(|a| a.seq != **seq));
            let strays = strays.count() as u64;
            self.tally
                .breach(Breach::Doubled, strays, "a repeated key took effect again");
            self.take(book);
        }
        Ok(())
    }

    pub(super) fn take(&mut self, book: Book) {
        for complaint in self.log.take(book) {
            self.tally.breach(Breach::Wrong, 1, &complaint);
        }
    }

    /// Goes through the feed from where all was settled: each record is acknowledged once, each acknowledgement a record.
    fn check_all(&mut self) -> Outcome<u64> {
        let Some(read) = rows::read(&mut self.wire, &self.office.cast)? else {
            return Err("the rows can't be read".into());
        };
        let mut acknowledged = std::mem::take(&mut self.log.acknowledged);
        acknowledged.sort_by_key(|acknowledged| acknowledged.seq);
        let mut walk = Walk {
            life: self.office.life,
            owners: &read.owners,
            waiting: acknowledged.into_iter().peekable(),
            tally: self.tally,
        };
        let digest = &mut self.log.digest;
        let mut each = |event: &feed::Event<'_>| {
            digest.add(event);
            walk.event(event);
        };
        let end = feed::read(&mut self.wire, &self.office.cast, self.log.stood, &mut each)?;
        walk.end();
        self.log.stood = end;
        Ok(end)
    }

    /// A sample of all answers since the beginning is asked for again: it is the same, and no record comes of it.
    fn repeat_kept(&mut self) -> Outcome<()> {
        for kept in self.log.some_kept(REPEATED) {
            let heard = kept
                .request
                .send(&mut self.wire, &self.office.cast, self.office.life);
            if heard? != [kept.first.clone()] {
                let what = format!("a repeat of {kept:?} is answered otherwise");
                self.tally.breach(Breach::Wrong, 1, &what);
            }
        }
        let mut more = 0;
        let mut each = |_: &feed::Event<'_>| more += 1;
        self.log.stood = feed::read(&mut self.wire, &self.office.cast, self.log.stood, &mut each)?;
        self.tally
            .breach(Breach::Doubled, more, "records came of repeats");
        Ok(())
    }

    /// The rows hold exactly the sums.
    fn check_rows(&mut self) -> Outcome<()> {
        let read =
            rows::read(&mut self.wire, &self.office.cast)?.ok_or("the rows can't be read")?;
        if read.sums != self.log.sums {
            let what = format!("rows hold {:?} and must {:?}", read.sums, self.log.sums);
            self.tally.breach(Breach::Torn, 1, &what);
            // Told once: what comes next is measured from here.
            self.log.sums = read.sums;
        }
        let overdrawn = read.overdrawn.len() as u64;
        self.tally
            .breach(Breach::Wrong, overdrawn, "rows are overdrawn");
        Ok(())
    }

    /// At the end: all that was ever settled is still there, unchanged.
    pub(super) fn check_history(&mut self) -> Outcome<()> {
        let (mut digest, stood) = (feed::Digest::default(), self.log.stood);
        let mut each = |event: &feed::Event<'_>| digest.add(event);
        let end = feed::read(&mut self.wire, &self.office.cast, self.log.start, &mut each)?;
        if end != stood || digest.value() != self.log.digest.value() {
            let what = format!("what was settled has changed: it ended at {stood}, now at {end}");
            self.tally.breach(Breach::Lost, 1, &what);
        }
        Ok(())
    }
}

/// The feed and the acknowledgements side by side, both in the journal's order.
struct Walk<'a, I: Iterator<Item = Acknowledged>> {
    life: u64,
    owners: &'a Owners,
    waiting: std::iter::Peekable<I>,
    tally: &'a mut Tally,
}

impl<I: Iterator<Item = Acknowledged>> Walk<'_, I> {
    fn event(&mut self, event: &feed::Event<'_>) {
        while let Some(passed) = self.waiting.next_if(|first| first.seq < event.seq) {
            self.lost(passed);
        }
        let Some(acknowledged) = self.waiting.next_if(|first| first.seq == event.seq) else {
            let what = format!("nobody was told of {event:?}");
            return self.tally.breach(Breach::Doubled, 1, &what);
        };
        if !event.is(&acknowledged, self.life) {
            let what = format!("{acknowledged:?} is now {event:?}");
            return self.tally.breach(Breach::Lost, 1, &what);
        }
        let due = match acknowledged.outcome {
            Answered::Done { effect, .. } => effect.changes(),
            Answered::Refused { .. } => Default::default(),
        };
        if event.changes(self.owners).as_ref() != Some(&due) {
            let what = format!("{acknowledged:?} did {event:?}");
            return self.tally.breach(Breach::Torn, 1, &what);
        }
        self.tally.settled += 1;
    }

    fn lost(&mut self, acknowledged: Acknowledged) {
        self.tally
            .breach(Breach::Lost, 1, &format!("{acknowledged:?} is not there"));
    }

    fn end(mut self) {
        while let Some(rest) = self.waiting.next() {
            self.lost(rest);
        }
    }
}

/// Repeats kept answers of a server that has latched: each is given again or refused for now, and never another.
pub(super) fn repeat_latched(settling: &mut Settling<'_>) -> Outcome<()> {
    for kept in settling.log.some_kept(REPEATED / 6) {
        let life = settling.office.life;
        let heard = kept
            .request
            .send(&mut settling.wire, &settling.office.cast, life)?;
        if heard != [Heard::Open] && heard != [kept.first.clone()] {
            let what = format!("latched, it answers {heard:?} to a repeat of {kept:?}");
            settling.tally.breach(Breach::Wrong, 1, &what);
        }
    }
    Ok(())
}
