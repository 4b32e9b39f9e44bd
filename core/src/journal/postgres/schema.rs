//! The two tables, and the only statements that touch the journal's. `docs/journal.md` explains the columns.

use tokio_postgres::error::SqlState;

use super::session::{Failure, Session};
use crate::database::client::Client;
use crate::database::family::FamilyChoice;
use crate::journal::error::JournalError;

const LEASE: &str = "CREATE TABLE IF NOT EXISTS hubu_lease (
    cell bigint PRIMARY KEY,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL,
    last bigint NOT NULL,
    chain bytea NOT NULL)";

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS hubu_journal (
    cell bigint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    epoch bigint NOT NULL,
    journal bigint NOT NULL,
    length integer NOT NULL,
    packing smallint NOT NULL,
    checksum bigint NOT NULL,
    previous bytea NOT NULL,
    chain bytea NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (cell, first))";

/// Payloads are packed by us or not worth it: the database need not try again.
const STORAGE: &str = "ALTER TABLE hubu_journal ALTER COLUMN payload SET STORAGE EXTERNAL";

/// The append: fencing and writing in one statement. The shared lock on the lease row makes whoever raises the epoch wait
/// for appends under the old one, so that none can become visible after the new writer has looked for the end. The journal must
/// also end where this batch begins: after a failover the server that answers may lack batches of the very same epoch.
pub(super) const APPEND: &str = "INSERT INTO hubu_journal
    (cell, first, last, epoch, journal, length, packing, checksum, previous, chain, payload)
    SELECT cell, $3::bigint, $4::bigint, epoch, $5::bigint, $6::integer, $7::smallint, $8::bigint, $9::bytea, $10::bytea,
        $11::bytea
    FROM hubu_lease WHERE cell = $1 AND epoch = $2
        AND coalesce((SELECT j.last FROM hubu_journal j WHERE j.cell = $1 ORDER BY j.first DESC LIMIT 1), 0) = $3::bigint - 1
    FOR SHARE";

/// Batches between two first sequence numbers, in order, at most so many.
pub(super) const READ: &str = "SELECT
    first, last, epoch, journal, length, checksum, previous, chain, packing, payload
    FROM hubu_journal WHERE cell = $1 AND first >= $2 AND first <= $3 ORDER BY first LIMIT $4";

/// As [`READ`], without payloads.
pub(super) const READ_HEADERS: &str = "SELECT
    first, last, epoch, journal, length, checksum, previous, chain
    FROM hubu_journal WHERE cell = $1 AND first >= $2 AND first <= $3 ORDER BY first LIMIT $4";

/// First and last record of the batch that holds a record, or of the last one before it.
pub(super) const FIND: &str = "SELECT first, last FROM hubu_journal WHERE cell = $1 AND first <= $2 ORDER BY first DESC LIMIT 1";

/// Makes the tables where they are missing, and refuses a database that acknowledges before it syncs.
pub(super) fn prepare(session: &Session) -> Result<(), JournalError> {
    let choice = session.family();
    session
        .run(|client| async move {
            refuse_without_sync(&client).await?;
            tell(&client, choice).await;
            if !exists(&client).await? {
                create(&client).await?;
            }
            Ok(())
        })
        .map_err(|failure| failure.during("prepare the tables"))
}

async fn exists(client: &Client) -> Result<bool, Failure> {
    match client
        .batch("SELECT 1 FROM hubu_journal, hubu_lease WHERE false")
        .await
    {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn create(client: &Client) -> Result<(), Failure> {
    for statement in [LEASE, JOURNAL] {
        if let Err(error) = client.batch(statement).await {
            // Two processes that create at the same moment collide in the catalog; the table is there then.
            let raced = [
                &SqlState::UNIQUE_VIOLATION,
                &SqlState::DUPLICATE_TABLE,
                &SqlState::DUPLICATE_OBJECT,
            ];
            if !error.code().is_some_and(|code| raced.contains(&code)) {
                return Err(error.into());
            }
        }
    }
    if let Err(error) = client.batch(STORAGE).await {
        tracing::info!(%error, "the database keeps its own way of storing payloads");
    }
    Ok(())
}

/// Shows the operators which database it is. A store that does not say is PostgreSQL all the same.
async fn tell(client: &Client, choice: FamilyChoice) {
    let asked = client.text("SELECT version()").await;
    let whole = asked.ok().flatten().unwrap_or_default();
    let asked = client.text("SHOW server_version").await;
    let version = asked.ok().flatten().unwrap_or_else(|| "unknown".into());
    let family = choice.or_told_by(&whole);
    let labels = [
        ("kind", "postgres".to_owned()),
        ("version", version.clone()),
        ("family", family.name.to_owned()),
    ];
    metrics::gauge!("hubu_journal_info", &labels).set(1.0);
    tracing::info!(
        family = family.name,
        version,
        tls = client.is_sealed(),
        "the journal's database"
    );
}

async fn refuse_without_sync(client: &Client) -> Result<(), Failure> {
    // Stores that speak the protocol but lack the setting have no such weakness to switch on.
    let Ok(Some(value)) = client.text("SHOW synchronous_commit").await else {
        return Ok(());
    };
    if value == "off" {
        let advice = "synchronous_commit is off, so that a commit may be lost; switch it on for this user or database";
        return Err(Failure::Refused(advice.into()));
    }
    Ok(())
}
