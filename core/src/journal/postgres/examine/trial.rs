//! A journal on trial: the product's own statements, in a schema of their own that is removed afterwards, also when they fail.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use super::Examiner;
use super::finding::Finding;
use super::measure::{ms, summed};
use crate::database::error::words;
use crate::journal::error::JournalError;
use crate::journal::framing::push_record;
use crate::journal::postgres::PostgresJournal;
use crate::journal::setting::Settings;
use crate::journal::{Batch, Journal};

/// The size of a batch whose commits are counted: some ten commands.
const BATCH_BYTES: usize = 2048;
/// What a column's storage is called in the catalog when it lies apart and unpacked.
const EXTERNAL: &str = "e";
/// Fewer commits a second than this make every answer slow.
const SLOW: f64 = 50.0;

pub(super) fn journal(
    examiner: &Examiner,
    url: &str,
    settings: &Settings,
    time: Duration,
) -> Vec<Finding> {
    let schema = format!("hubu_check_{}_{}", std::process::id(), number());
    if let Err(finding) = make(examiner, &schema) {
        return vec![finding];
    }
    let apart = Settings {
        cell: 1,
        holder: "hubu check-database".into(),
        schema: Some(schema.clone()),
        lease: Duration::from_secs(60),
        ..settings.clone()
    };
    let mut findings =
        vec![written(url, &apart).map_or_else(refused, |detail| Finding::fine("journal", detail))];
    findings.push(storage(examiner, &schema));
    findings.push(commits(url, &apart, time).unwrap_or_else(refused));
    let dropped = examiner.lend().and_then(|client| {
        let text = format!("DROP SCHEMA {schema} CASCADE");
        examiner.wait(async { client.batch(&text).await })
    });
    if let Err(reason) = dropped {
        findings.push(Finding::warning(
            "cleanup",
            format!("the schema {schema} is left behind: {reason}"),
            format!("DROP SCHEMA {schema} CASCADE"),
        ));
    }
    findings
}

/// Makes the schema. Only a role that may not is no fault: after any other failure nobody knows whether the schema is there.
fn make(examiner: &Examiner, schema: &str) -> Result<(), Finding> {
    let made = examiner.lend().and_then(|client| {
        let text = format!("CREATE SCHEMA {schema}");
        examiner.wait(async { Ok(client.batch(&text).await) })
    });
    let reason = match made {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            return Err(Finding::warning(
                "journal",
                format!(
                    "not tried: no schema could be made for it: {}",
                    words(&error)
                ),
                "GRANT CREATE ON DATABASE … TO the role, for the time of this check",
            ));
        }
        Ok(Err(error)) => words(&error),
        Err(reason) => reason,
    };
    Err(Finding::fault(
        "journal",
        format!("not tried: {reason}; the schema {schema} may be left behind"),
        format!(
            "run the check again once that is mended; where the schema is there: DROP SCHEMA {schema} CASCADE"
        ),
    ))
}

/// Enough to keep two checks of one database apart.
fn number() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % 1_000_000
}

fn refused(error: JournalError) -> Finding {
    Finding::fault(
        "journal",
        error.to_string(),
        "this database cannot carry a journal until that is mended",
    )
}

/// Everything that a journal does in its life: made, written, read, checked, refused to a second writer, taken over.
fn written(url: &str, settings: &Settings) -> Result<String, JournalError> {
    let unlike = |what: &str| JournalError::Database {
        doing: "try a journal",
        detail: what.into(),
    };
    let mut journal = PostgresJournal::open(url, settings)?;
    let payload = batch();
    for first in 1..=3 {
        journal.append(&Batch {
            first,
            last: first,
            payload: &payload,
        })?;
    }
    journal.renew()?;
    let report = journal.reader().verify(&mut |_| true)?;
    if report.last != 3 {
        return Err(unlike("what was written is not what is read"));
    }
    match PostgresJournal::open(url, settings) {
        Err(JournalError::Busy { .. }) => {}
        Err(other) => return Err(other),
        Ok(_) => return Err(unlike("a second writer was let in beside the first")),
    }
    let forced = Settings {
        force: true,
        ..settings.clone()
    };
    let second = PostgresJournal::open(url, &forced)?;
    let stale = journal.append(&Batch {
        first: 4,
        last: 4,
        payload: &payload,
    });
    match stale {
        Err(JournalError::Fenced { .. }) => {}
        Err(other) => return Err(other),
        Ok(()) => return Err(unlike("a writer that was overtaken could still write")),
    }
    drop(second);
    Ok("made, written, read, checked, kept from a second writer and taken over".into())
}

fn storage(examiner: &Examiner, schema: &str) -> Finding {
    let ask = format!(
        "SELECT attstorage FROM pg_attribute WHERE attrelid = '{schema}.hubu_journal'::regclass AND attname = 'payload'"
    );
    let told = examiner
        .lend()
        .and_then(|client| examiner.wait(async { client.text(&ask).await }));
    match told {
        Ok(Some(kind)) if kind == EXTERNAL => {
            Finding::fine("storage", "payloads lie apart, packed by the journal alone")
        }
        _ => Finding::warning(
            "storage",
            "the database keeps its own way of storing payloads",
            "nothing must be done; it may pack a second time, which costs its processor",
        ),
    }
}

/// Commits as the journal makes them, for a while.
fn commits(url: &str, settings: &Settings, time: Duration) -> Result<Finding, JournalError> {
    let forced = Settings {
        force: true,
        ..settings.clone()
    };
    let mut journal = PostgresJournal::open(url, &forced)?;
    let payload = batch();
    let mut took = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let at = journal.last() + 1;
        let asked = Instant::now();
        journal.append(&Batch {
            first: at,
            last: at,
            payload: &payload,
        })?;
        took.push(asked.elapsed());
    }
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    let (middle, longest) = summed(&mut took);
    let detail = format!(
        "{rate:.0} a second of 2 KiB each, one after the other: p50 {}, max {}",
        ms(middle),
        ms(longest)
    );
    Ok(match rate < SLOW {
        true => Finding::warning(
            "commits",
            detail,
            "a faster disk for the database's log, or a nearer standby: each answer waits for one commit or two",
        ),
        false => Finding::fine("commits", detail),
    })
}

/// One record that does not pack.
fn batch() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    let record: Vec<u8> = noise.take(BATCH_BYTES).collect();
    let mut payload = Vec::new();
    push_record(&mut payload, &record);
    payload
}
