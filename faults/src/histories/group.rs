//! One division whose rows and documents several clients work on at once, and the history of it.

use super::dice::Dice;
use super::history::{Heard, History, Operation};
use super::model::{Answer, Asked, Form, Kind, Step};
use super::people::{People, row};
use super::site::Site;
use super::wire::{Request, Wire};
use crate::Outcome;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What each agency is loaded with, and what the first ones keep: little, so that money runs short.
const LOADED_YUAN: u64 = 1_000_000;
const KEPT_YUAN: u64 = 1_500;

/// Steps are taken on the newest documents, so that clients meet.
const NEWEST: usize = 10;

/// How long a command is repeated until it is answered.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// See the module.
pub(crate) struct Group {
    people: People,
    clock: Instant,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    history: History,
    /// The names of documents, as far as they were heard.
    names: Vec<Option<String>>,
    /// Documents whose names are known, in the order in which they were.
    known: Vec<usize>,
}

impl Group {
    /// Loads a division with `scarce` agencies whose money is soon gone and one that has plenty.
    pub(crate) fn new(
        site: &Site,
        division: &str,
        scarce: usize,
        clock: Instant,
    ) -> Outcome<Group> {
        let mut people = People::new(site, division, scarce + 1)?;
        let mut wire = Wire::new(site.address);
        let mut ask = |request: &Request| match wire.ask(request) {
            Some((200 | 201, body)) => Ok(body),
            other => Err(format!("{} {}: {other:?}", request.path, request.body)),
        };
        let (path, admin) = ("/v1/documents", people.admin.clone());
        ask(&Request::post(
            path.into(),
            &admin,
            "load",
            &people.opening(LOADED_YUAN),
        ))?;
        let list = Request::get(people.list_path(), &admin);
        people.rows = people
            .find_rows(&ask(&list)?)
            .ok_or("a loaded row is missing")?;
        for at in 0..scarce {
            let away = json!({
                "type": "quick_virement", "division": division, "fiscal_year": super::people::YEAR, "transition": "move",
                "lines": [{"amount": format!("{}.00", LOADED_YUAN - KEPT_YUAN), "row": people.rows[at],
                    "to_row": people.rows[scarce]}],
            });
            ask(&Request::post(
                path.into(),
                &admin,
                &format!("away{at}"),
                &away,
            ))?;
        }
        let mut history = History::default();
        let body = ask(&list)?;
        for name in &people.rows {
            let item = body["items"]
                .as_array()
                .and_then(|items| items.iter().find(|i| i["row"] == **name));
            history
                .rows
                .push(item.and_then(row).ok_or("a row shows no amounts")?);
        }
        history.numbers[Kind::Quick as usize] = scarce as u64;
        let book = Book {
            history,
            ..Book::default()
        };
        Ok(Group {
            people,
            clock,
            book: Mutex::new(book),
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX - 1)
    }

    /// One client: asks one thing after another until `stop`.
    pub(crate) fn run(&self, address: SocketAddr, seed: u64, stop: &AtomicBool) {
        let mut dice = Dice::new(seed);
        let mut wire = Wire::new(address);
        while !stop.load(Ordering::Acquire) {
            let (at, request) = self.begin(&mut dice);
            // What was not heard is asked again under its key, or left: then nobody ever knows.
            let is_patient = dice.percent(50);
            while !self.ask(&mut wire, at, &request) {
                std::thread::sleep(Duration::from_millis(5 + dice.below(20)));
                if !is_patient || stop.load(Ordering::Acquire) {
                    break;
                }
            }
            std::thread::sleep(Duration::from_micros(dice.below(6_000)));
        }
    }

    /// Writes down what is going to be asked.
    fn begin(&self, dice: &mut Dice) -> (usize, Request) {
        let mut book = self.book();
        let asked = self.draw(&mut book, dice);
        self.note(&mut book, asked)
    }

    fn note(&self, book: &mut Book, asked: Asked) -> (usize, Request) {
        let at = book.history.operations.len();
        let request = self.request(book, at, asked);
        book.history.operations.push(Operation {
            asked,
            from: self.now(),
            heard: None,
        });
        (at, request)
    }

    fn request(&self, book: &Book, at: usize, asked: Asked) -> Request {
        let (form, name) = match asked {
            Asked::Enter { document } | Asked::Act { document, .. } | Asked::Document(document) => {
                (
                    Some(book.history.forms[document]),
                    book.names[document].as_deref().unwrap_or_default(),
                )
            }
            Asked::Row(_) | Asked::Rows | Asked::Sums => (None, ""),
        };
        self.people.request(asked, form, name, &format!("k{at}"))
    }

    /// Asks once; whether the answer was heard.
    fn ask(&self, wire: &mut Wire, at: usize, request: &Request) -> bool {
        let Some((status, body)) = wire.ask(request) else {
            return false;
        };
        let now = self.now();
        let mut book = self.book();
        let asked = book.history.operations[at].asked;
        let Some((answer, seq)) = self.people.understand(asked, status, &body) else {
            return false;
        };
        if let (Asked::Enter { document }, Answer::Moved { .. }) = (asked, &answer) {
            book.names[document] = body["id"].as_str().map(str::to_owned);
            book.known.push(document);
        }
        book.history.operations[at].heard = Some(Heard {
            at: now,
            answer,
            seq,
        });
        true
    }

    fn draw(&self, book: &mut Book, dice: &mut Dice) -> Asked {
        let rows = self.people.rows.len() as u64;
        let newest = book.known.len().min(NEWEST) as u64;
        let known =
            |dice: &mut Dice| book.known[book.known.len() - 1 - dice.below(newest) as usize];
        match dice.below(100) {
            0..20 => Asked::Row(dice.below(rows) as usize),
            20..32 => Asked::Rows,
            32..40 => Asked::Sums,
            40..50 if newest > 0 => Asked::Document(known(dice)),
            50..75 if newest > 0 => {
                let document = known(dice);
                Asked::Act {
                    document,
                    step: draw_step(book.history.forms[document].kind, dice),
                    if_match: dice.percent(25).then(|| 1 + dice.below(3) as u32),
                }
            }
            _ => {
                let document = book.history.forms.len();
                book.history.forms.push(draw_form(rows, dice));
                book.names.push(None);
                Asked::Enter { document }
            }
        }
    }

    /// Asks again what was not heard, until it is, and looks at everything once more; the history as
    /// the clients know it, and as it is with what was settled.
    pub(crate) fn settle(&self, address: SocketAddr) -> Outcome<(History, History)> {
        let mut wire = Wire::new(address);
        let before = self.book().history.clone();
        let operations = before.operations.iter().enumerate();
        let lost: Vec<usize> = operations
            .filter(|(_, operation)| operation.heard.is_none() && !operation.asked.is_read())
            .map(|(at, _)| at)
            .collect();
        for at in &lost {
            let request = self.request(&self.book(), *at, before.operations[*at].asked);
            self.ask_on(&mut wire, *at, &request)?;
        }
        let rows = (0..self.people.rows.len()).map(Asked::Row);
        let known = self.book().known.clone();
        let looks = rows.chain([Asked::Rows, Asked::Sums]);
        let documents = known.into_iter().rev().map(Asked::Document);
        for asked in looks.chain(documents.take(100)) {
            let (at, request) = self.note(&mut self.book(), asked);
            self.ask_on(&mut wire, at, &request)?;
        }
        let settled = self.book().history.clone();
        let mut heard = settled.clone();
        lost.into_iter()
            .for_each(|at| heard.operations[at].heard = None);
        Ok((heard, settled))
    }

    fn ask_on(&self, wire: &mut Wire, at: usize, request: &Request) -> Outcome<()> {
        let end = Instant::now() + SETTLE_MAX;
        while !self.ask(wire, at, request) {
            if Instant::now() > end {
                return Err(format!("{} is not answered", request.path).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// All that its rows were loaded with, in 分.
    pub(crate) fn loaded_fen(&self) -> i64 {
        self.book()
            .history
            .rows
            .iter()
            .map(|row| row.approved)
            .sum()
    }
}

fn draw_form(rows: u64, dice: &mut Dice) -> Form {
    let from = dice.below(rows) as usize;
    let kind = match dice.below(10) {
        0..5 => Kind::Payment,
        5..8 => Kind::Quick,
        _ => Kind::Virement,
    };
    let other = (from + 1 + dice.below(rows - 1) as usize) % rows as usize;
    Form {
        kind,
        from,
        to: if kind == Kind::Payment { from } else { other },
        // Odd amounts, so that what a row shows tells what is in it.
        fen: 1 + dice.below(50_000) as i64,
    }
}

fn draw_step(kind: Kind, dice: &mut Dice) -> Step {
    let steps = [
        Step::Submit,
        Step::Withdraw,
        Step::Review,
        Step::RejectSubmitted,
        Step::RejectReviewed,
        Step::Approve,
    ];
    let count = steps.len() as u64 - u64::from(kind == Kind::Payment);
    steps[dice.below(count) as usize]
}
