//! The steps of an audit, in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::finding::{Fault, Figures, Findings, Settlement};
use super::{events, resolve, rows, sample, sums};
use crate::book::Book;
use crate::error::LoadError;
use crate::wire::{Claims, Connection, Local, Minter, Reader, Target};
use crate::world::World;

/// One request of the audit may take this long: a page of rows of a busy server.
const LIMIT: Duration = Duration::from_secs(30);

/// Connections that read rows side by side.
const READERS: usize = 4;

/// What the books are settled against.
#[derive(Debug)]
pub struct Against<'a> {
    /// The server.
    pub target: Arc<Target>,
    /// Signs the auditor's token, and those of users whose commands are asked again.
    pub minter: &'a Minter,
    /// The world that was loaded.
    pub world: &'a World,
    /// The server's sequence number when it was loaded.
    pub seeded_to: u64,
    /// What this audit is called in the report.
    pub when: &'a str,
}

/// Settles the books. Open questions are answered in them; everything else is only read.
pub async fn settle(books: &mut [Book], against: &Against<'_>) -> Result<Settlement, LoadError> {
    let started = Instant::now();
    let mut findings = Findings::default();
    let mut figures = Figures::default();
    let root = against
        .world
        .divisions
        .iter()
        .find(|d| d.parent.is_none())
        .map_or(0, |d| d.code);
    let token = against
        .minter
        .bearer(&Claims::new("load-auditor", "budget_office", root))?;
    let connection = || Connection::new(against.target.clone(), Local::Any, LIMIT);
    let mut reader = Reader {
        connection: connection(),
        token,
    };
    for book in books.iter_mut() {
        let mut asking = connection();
        figures.unknown_resolved +=
            resolve::resolve(book, &mut asking, against.minter, &mut findings).await;
        figures.repeated += book.repeated();
        note_contradictions(book, &mut findings);
    }
    let pool = |row| against.world.pool_of(row);
    let feed = events::walk(
        &mut reader,
        books,
        against.seeded_to,
        &pool,
        &mut findings,
        &mut figures,
    )
    .await?;
    let expected = rows::Expected::new(against.world, books, feed, pool);
    let ledgers = sums::compare(&mut reader, &expected, &mut findings, &mut figures).await?;
    let mut readers: Vec<Reader> = (0..READERS)
        .map(|_| Reader {
            connection: connection(),
            token: reader.token.clone(),
        })
        .collect();
    rows::compare(&mut readers, expected, &mut findings, &mut figures).await?;
    sample::read_back(
        &mut reader,
        books,
        against.world.recipe.seed,
        &mut findings,
        &mut figures,
    )
    .await?;

    count_faults(&findings, &mut figures);
    let seconds = started.elapsed().as_secs_f64();
    Ok(Settlement {
        when: against.when.to_owned(),
        seconds,
        figures,
        ledgers,
        findings: findings.into_named(),
    })
}

fn note_contradictions(book: &Book, findings: &mut Findings) {
    let (contradicted, named) = book.contradictions();
    for one in named {
        let detail = format!("answered {:?}, then {:?}", one.first, one.second);
        findings.add(Fault::Contradictory, &one.key, detail);
    }
    findings.add_unnamed(Fault::Contradictory, contradicted - named.len() as u64);
}

fn count_faults(findings: &Findings, figures: &mut Figures) {
    figures.lost = findings.count(Fault::Lost);
    figures.doubled = findings.count(Fault::Doubled);
    figures.misposted = findings.count(Fault::Misposted);
    figures.refused_but_done = findings.count(Fault::RefusedButDone);
    figures.contradictory = findings.count(Fault::Contradictory);
    figures.unresolved = findings.count(Fault::Unresolved);
}
