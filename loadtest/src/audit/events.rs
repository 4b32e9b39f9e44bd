//! The feed against the book: each acknowledged command once and as computed, each refused one not at all.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use super::finding::{Fault, Figures, Findings};
use crate::book::{Book, Key, Outcome, user_prefix};
use crate::error::LoadError;
use crate::money;
use crate::wire::{Event, EventPage, Op, Reader, parse};
use crate::world::{Balance, RowKey};

/// Events asked for at a time.
const PAGE: u32 = 1_000;

/// What the feed says was done to rows since the seeding, by the server's row id.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// All commands.
    pub(super) all: HashMap<u64, Balance>,
    /// Those that are not in our books.
    pub(super) foreign: HashMap<u64, Balance>,
}

struct Walk<'a> {
    books: &'a [Book],
    /// Where each acknowledged step of a document stands: book and key.
    acknowledged: HashMap<(u64, u32), (usize, Key)>,
    /// Every step of every document that the feed has told so far.
    told: HashSet<(u64, u32)>,
    feed: Feed,
    findings: &'a mut Findings,
    figures: &'a mut Figures,
    pool: &'a (dyn Fn(RowKey) -> RowKey + Sync),
}

/// Walks the feed from `after` to its end.
pub(super) async fn walk(
    reader: &mut Reader,
    books: &[Book],
    after: u64,
    pool: &(dyn Fn(RowKey) -> RowKey + Sync),
    findings: &mut Findings,
    figures: &mut Figures,
) -> Result<Feed, LoadError> {
    let acknowledged = index(books, findings);
    let mut walk = Walk {
        books,
        acknowledged,
        told: HashSet::new(),
        feed: Feed::default(),
        findings,
        figures,
        pool,
    };
    let mut next = after;
    loop {
        let answer = reader
            .get(&format!("/v1/events?after={next}&limit={PAGE}"))
            .await?;
        let page: EventPage<'_> = parse("events", &answer.body)?;
        if page.events.is_empty() {
            break;
        }
        for event in &page.events {
            walk.take(event)?;
        }
        let to = u64::from_str(&page.next).map_err(|e| LoadError::format("events", e))?;
        if to <= next {
            return Err(LoadError::format(
                "events",
                format!("the feed does not go on after {next}"),
            ));
        }
        next = to;
    }
    walk.finish();
    Ok(walk.feed)
}

/// Acknowledged steps by document and version; two keys may not be answered with the same one.
fn index(books: &[Book], findings: &mut Findings) -> HashMap<(u64, u32), (usize, Key)> {
    let mut index = HashMap::new();
    for (at, book) in books.iter().enumerate() {
        for (key, entry) in book
            .entries()
            .filter(|(_, e)| e.outcome == Outcome::Acknowledged)
        {
            if let Some((_, first)) = index.insert((entry.document, entry.version), (at, key)) {
                let name = format!("document {} version {}", entry.document, entry.version);
                findings.add(
                    Fault::Contradictory,
                    name,
                    format!("answered to {first} and to {key}"),
                );
            }
        }
    }
    index
}

impl Walk<'_> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), LoadError> {
        self.figures.events += 1;
        let document = event
            .document
            .as_deref()
            .and_then(|d| u64::from_str(d).ok());
        let step = match (&*event.kind, document, event.version) {
            ("decided", Some(document), Some(version)) => Some((document, version)),
            _ => None,
        };
        let ours = step.and_then(|step| self.acknowledged.get(&step).copied());
        if let Some(step) = step {
            let name = format!(
                "document {} version {} (seq {})",
                step.0, step.1, &*event.seq
            );
            if !self.told.insert(step) {
                self.findings.add(
                    Fault::Doubled,
                    name,
                    "this step of the document was done before",
                );
            } else if let Some((book, key)) = ours {
                self.compare(event, book, key, name)?;
            } else if self.is_of_our_users(&event.actor) {
                let detail = format!("done by {}, who was never told so", &*event.actor);
                self.findings.add(Fault::RefusedButDone, name, detail);
            }
        }
        self.figures.foreign_events += u64::from(ours.is_none());
        self.take_rows(event, ours.is_none())
    }

    /// Whether somebody who acted is a user of these books' runs.
    fn is_of_our_users(&self, actor: &str) -> bool {
        self.books
            .iter()
            .any(|book| actor.starts_with(&user_prefix(book.run)))
    }

    /// The effects of one command, as balances by row: which row each fell on is settled row by row later.
    fn compare(
        &mut self,
        event: &Event<'_>,
        book: usize,
        key: Key,
        name: String,
    ) -> Result<(), LoadError> {
        let Some(entry) = self.books[book].entry(key) else {
            return Ok(());
        };
        let expected = self.books[book].changes_of(entry, self.pool);
        let mut want: Vec<Balance> = expected.into_iter().map(|(_, change)| change).collect();
        let mut have: Vec<Balance> = changes_of(event)?
            .into_values()
            .filter(|c| !c.is_zero())
            .collect();
        want.sort_unstable();
        have.sort_unstable();
        if want != have {
            let detail = format!(
                "{key}: expected {}, found {}",
                describe(&want),
                describe(&have)
            );
            self.findings.add(Fault::Misposted, name, detail);
        }
        Ok(())
    }

    fn take_rows(&mut self, event: &Event<'_>, foreign: bool) -> Result<(), LoadError> {
        for (row, change) in changes_of(event)? {
            self.feed.all.entry(row).or_default().add(change);
            if foreign {
                self.feed.foreign.entry(row).or_default().add(change);
            }
        }
        Ok(())
    }

    fn finish(&mut self) {
        for (key, entry) in self.books.iter().flat_map(Book::entries) {
            match entry.outcome {
                Outcome::Acknowledged => {
                    self.figures.acknowledged += 1;
                    if self.told.contains(&(entry.document, entry.version)) {
                        self.figures.found += 1;
                    } else {
                        let name = format!(
                            "document {} version {} ({key})",
                            entry.document, entry.version
                        );
                        self.findings
                            .add(Fault::Lost, name, "acknowledged and not in the feed");
                    }
                }
                Outcome::Refused => self.figures.refused += 1,
                Outcome::Pending => {
                    self.findings
                        .add(Fault::Unresolved, key, "the run ended before its answer")
                }
                Outcome::Unknown | Outcome::Unsent => {}
            }
        }
    }
}

/// What an event does to each row, by the server's row id.
fn changes_of(event: &Event<'_>) -> Result<HashMap<u64, Balance>, LoadError> {
    let mut rows: HashMap<u64, Balance> = HashMap::new();
    for op in &event.ops {
        rows.entry(row_id(&op.row)?)
            .or_default()
            .add(change_of(op)?);
    }
    for posting in &event.postings {
        let amount = amount(&posting.amount)?;
        rows.entry(row_id(&posting.debit_row)?).or_default().debit += amount;
        rows.entry(row_id(&posting.credit_row)?).or_default().credit += amount;
    }
    Ok(rows)
}

/// What an operation of the feed does to the four fields.
fn change_of(op: &Op<'_>) -> Result<Balance, LoadError> {
    let m = amount(&op.amount)?;
    let zero = Balance::default();
    Ok(match &*op.operation {
        "reserve_consume" | "reserve_cut" => Balance {
            decreasing: m,
            ..zero
        },
        "release" => Balance {
            decreasing: -m,
            ..zero
        },
        "consume" => Balance {
            decreasing: -m,
            used: m,
            ..zero
        },
        "cut" => Balance {
            decreasing: -m,
            approved: -m,
            ..zero
        },
        "promise" => Balance {
            increasing: m,
            ..zero
        },
        "unpromise" => Balance {
            increasing: -m,
            ..zero
        },
        "grant" => Balance {
            increasing: -m,
            approved: m,
            ..zero
        },
        "restore" => Balance { used: -m, ..zero },
        "freeze" | "thaw" => zero,
        other => {
            return Err(LoadError::format(
                "events",
                format!("operation {other:?} is unknown"),
            ));
        }
    })
}

fn amount(text: &str) -> Result<i64, LoadError> {
    money::parse(text).ok_or_else(|| LoadError::format("events", format!("{text:?} is no amount")))
}

fn row_id(text: &str) -> Result<u64, LoadError> {
    u64::from_str(text).map_err(|_| LoadError::format("events", format!("{text:?} is no row")))
}

fn describe(changes: &[Balance]) -> String {
    let all: Vec<_> = changes.iter().map(ToString::to_string).collect();
    format!("[{}]", all.join("; "))
}
