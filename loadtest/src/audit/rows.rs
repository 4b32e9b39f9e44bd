//! Rows against their openings, the acknowledged effects and the feed: agency by agency, then whatever else the feed
//! says was touched.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use super::arithmetic::Moves;
use super::events::Feed;
use super::finding::{Fault, Figures, Findings};
use crate::book::{Book, Outcome};
use crate::error::LoadError;
use crate::money;
use crate::wire::{Quota, QuotaPage, Reader, parse};
use crate::world::{Balance, Ledger, RowKey, World};

/// Rows asked for at a time.
const PAGE: u32 = 1_000;
/// Rows of an indicator that carry its agency: all but the source.
const ROWS_OF_AGENCY: u64 = 6;
/// Agencies read on one connection before the next takes its turn.
const SHARE: usize = 64;

/// What the harness expects of rows.
pub(super) struct Expected<'a> {
    pub(super) world: &'a World,
    pub(super) books: &'a [Book],
    pub(super) sums: HashMap<RowKey, Balance>,
    /// The same by ledger and kind of step.
    pub(super) moves: Moves,
    pub(super) feed: Feed,
    seen: HashSet<u64>,
}

impl<'a> Expected<'a> {
    /// Adds up the acknowledged effects of all books by row.
    pub(super) fn new(
        world: &'a World,
        books: &'a [Book],
        feed: Feed,
        pool: impl Fn(RowKey) -> RowKey,
    ) -> Self {
        let mut sums: HashMap<RowKey, Balance> = HashMap::new();
        let mut moves = Moves::default();
        for book in books {
            for (_, entry) in book
                .entries()
                .filter(|(_, e)| e.outcome == Outcome::Acknowledged)
            {
                let changes = book.changes_of(entry, &pool);
                moves.add(entry.kind, entry.step, &changes, |row| row.ledger());
                for (row, change) in changes {
                    sums.entry(row).or_default().add(change);
                }
            }
        }
        Self {
            world,
            books,
            sums,
            moves,
            feed,
            seen: HashSet::new(),
        }
    }
}

/// Compares the rows of every agency, and every other row that the feed names. Rows of the world that are not there
/// are findings too. The rest, untouched rows of divisions, is held to its sums (see [`super::sums`]).
pub(super) async fn compare(
    readers: &mut [Reader],
    mut expected: Expected<'_>,
    findings: &mut Findings,
    figures: &mut Figures,
) -> Result<(), LoadError> {
    figures.rows_touched = expected.sums.len() as u64;
    let world = expected.world;
    let all: Vec<usize> = (0..world.agencies.len()).collect();
    for part in all.chunks(SHARE * readers.len()) {
        let shares = part.chunks(part.len().div_ceil(readers.len()));
        let reading = readers
            .iter_mut()
            .zip(shares)
            .map(|(reader, share)| read_agencies(reader, world, share));
        for pages in futures_util::future::join_all(reading).await {
            for body in pages? {
                let page: QuotaPage<'_> = parse("quotas", &body)?;
                for item in &page.items {
                    check(&mut expected, item, findings, figures)?;
                }
            }
        }
    }
    let mut others: Vec<u64> = expected
        .feed
        .all
        .keys()
        .filter(|id| !expected.seen.contains(id))
        .copied()
        .collect();
    others.sort_unstable();
    for id in others {
        let answer = readers[0].get(&format!("/v1/quotas/{id}")).await?;
        check(
            &mut expected,
            &parse("quota", &answer.body)?,
            findings,
            figures,
        )?;
    }
    let agencies: u64 = world.indicators() * ROWS_OF_AGENCY;
    if figures.rows_compared < agencies {
        let detail = format!(
            "{agencies} were loaded, {} are there",
            figures.rows_compared
        );
        findings.add(Fault::Lost, "rows of agencies", detail);
    }
    for (key, change) in expected.sums.iter().filter(|(_, c)| !c.is_zero()) {
        findings.add(
            Fault::Lost,
            key.describe(world),
            format!("no such row; expected {change}"),
        );
    }
    Ok(())
}

/// All pages of some agencies' rows.
async fn read_agencies(
    reader: &mut Reader,
    world: &World,
    agencies: &[usize],
) -> Result<Vec<bytes::Bytes>, LoadError> {
    let year = world.recipe.fiscal_year;
    let mut pages = Vec::new();
    for agency in agencies.iter().map(|at| &world.agencies[*at]) {
        let division = world.division_of(agency).code;
        let path = format!(
            "/v1/quotas?division={division:09}&agency={}&fiscal_year={year}&limit={PAGE}",
            agency.code
        );
        let mut cursor: Option<String> = None;
        loop {
            let from = cursor
                .as_deref()
                .map(|c| format!("&cursor={c}"))
                .unwrap_or_default();
            let answer = reader.get(&format!("{path}{from}")).await?;
            cursor = parse::<Cursor>("quotas", &answer.body)?.cursor;
            pages.push(answer.body);
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(pages)
}

#[derive(serde::Deserialize)]
struct Cursor {
    cursor: Option<String>,
}

fn check(
    expected: &mut Expected<'_>,
    item: &Quota<'_>,
    findings: &mut Findings,
    figures: &mut Figures,
) -> Result<(), LoadError> {
    let (id, balance) = (row_id(item)?, balance_of(item)?);
    expected.seen.insert(id);
    figures.rows_compared += 1;
    let key = Ledger::named(&item.ledger);
    let key = key.and_then(|ledger| expected.world.key_of(ledger, &item.division, &item.dims));
    // Rows that the world does not describe are other clients'; their openings are not ours to know.
    let Some(key) = key else { return Ok(()) };
    let opening = expected.world.opening(key).unwrap_or_default();
    let mut want = opening;
    want.add(expected.sums.remove(&key).unwrap_or_default());
    want.add(expected.feed.foreign.get(&id).copied().unwrap_or_default());
    let mut fed = opening;
    fed.add(expected.feed.all.get(&id).copied().unwrap_or_default());
    if want == balance && fed == balance {
        return Ok(());
    }
    let name = format!("row {id} ({})", key.describe(expected.world));
    let detail = if want == balance {
        format!("its postings in the feed give {fed}; the row, as acknowledged, says {balance}")
    } else {
        let touched = if findings.names(Fault::Misposted) {
            documents_on(expected, key)
        } else {
            String::new()
        };
        format!("expected {want}; found {balance}; acknowledged here: {touched}")
    };
    findings.add(Fault::Misposted, name, detail);
    Ok(())
}

/// The first few documents of the books that touched a row.
fn documents_on(expected: &Expected<'_>, key: RowKey) -> String {
    let mut found = Vec::new();
    for book in expected.books {
        for (_, entry) in book
            .entries()
            .filter(|(_, e)| e.outcome == Outcome::Acknowledged)
        {
            let pool = |row: RowKey| expected.world.pool_of(row);
            if found.len() < 5
                && book
                    .changes_of(entry, pool)
                    .iter()
                    .any(|(row, _)| *row == key)
            {
                found.push(format!(
                    "document {} version {}",
                    entry.document, entry.version
                ));
            }
        }
    }
    if found.is_empty() {
        "none".into()
    } else {
        found.join(", ")
    }
}

fn row_id(item: &Quota<'_>) -> Result<u64, LoadError> {
    u64::from_str(&item.row)
        .map_err(|_| LoadError::format("quotas", format!("{:?} is no row", &*item.row)))
}

fn balance_of(item: &Quota<'_>) -> Result<Balance, LoadError> {
    let fen = |text: &str| {
        money::parse(text)
            .ok_or_else(|| LoadError::format("quotas", format!("row {}: {text:?}", &*item.row)))
    };
    Ok(Balance {
        approved: fen(&item.approved)?,
        used: fen(&item.used)?,
        decreasing: fen(&item.decreasing)?,
        increasing: fen(&item.increasing)?,
        debit: fen(&item.debit)?,
        credit: fen(&item.credit)?,
    })
}
