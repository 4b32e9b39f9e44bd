//! The lease: one row a cell. Whoever raised its epoch last may write; its clock, the database's own, only says when
//! somebody else may raise it.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::session::{Failure, Session};
use crate::database::client::{Client, Param};
use crate::journal::chain::{Chain, GENESIS};
use crate::journal::check::Holds;
use crate::journal::error::JournalError;
use crate::journal::reading::Anchor;
use crate::journal::setting::Settings;

/// Raises the epoch of a lease that is there, when it has run out or is forced.
const RAISE: &str = "UPDATE hubu_lease SET
        epoch = greatest(epoch + 1, $2), holder = $3, expires_at = now() + $4 * interval '1 millisecond'
    WHERE cell = $1 AND (expires_at <= now() OR $5)
    RETURNING epoch, last, chain";
/// Makes a lease where there is none yet. Not one statement with the other: the families have no form of it in common.
const MAKE: &str = "INSERT INTO hubu_lease (cell, epoch, holder, expires_at, last, chain)
    VALUES ($1, $2, $3, now() + $4 * interval '1 millisecond', 0, $5)";
const HOLDER: &str = "SELECT holder FROM hubu_lease WHERE cell = $1";
const KEEP: &str = "UPDATE hubu_lease SET expires_at = now() + $3 * interval '1 millisecond', last = $4, chain = $5
    WHERE cell = $1 AND epoch = $2";
const ANCHOR: &str = "SELECT last, chain FROM hubu_lease WHERE cell = $1";
/// As one snapshot of the database.
const HOLDS: &str = "SELECT
    (SELECT epoch FROM hubu_lease WHERE cell = $1),
    (SELECT last FROM hubu_journal WHERE cell = $1 ORDER BY first DESC LIMIT 1)";

/// A lease as just taken.
pub(super) struct Taken {
    pub(super) epoch: u64,
    pub(super) anchor: Option<Anchor>,
}

/// Takes the lease when it is free, has run out, or is forced; the epoch rises to `at_least` or more.
pub(super) fn take(
    session: &Session,
    settings: &Settings,
    cell: i64,
    at_least: u64,
) -> Result<Taken, JournalError> {
    let answer = session.run(|client| async move {
        // Twice: somebody else may make it between the two statements.
        for _ in 0..2 {
            if let Some(taken) = raise(&client, settings, (cell, at_least)).await? {
                return Ok(Ok(taken));
            }
            if let Some(taken) = make(&client, settings, (cell, at_least)).await? {
                return Ok(Ok(taken));
            }
        }
        let row = client.row(HOLDER, &[(&cell, Type::INT8)]).await?;
        let holder = row.map(|row| row.try_get::<_, String>(0)).transpose()?;
        Ok(Err(holder.unwrap_or_else(|| "another holder".into())))
    });
    answer
        .map_err(|failure| failure.during("take the lease"))?
        .map_err(|holder| JournalError::Busy {
            place: format!("cell {cell} in the database"),
            holder: format!("{holder}, whose lease has not run out"),
        })
}

async fn raise(
    client: &Client,
    settings: &Settings,
    (cell, at_least): (i64, u64),
) -> Result<Option<Taken>, Failure> {
    let of: [Param<'_>; 5] = [
        (&cell, Type::INT8),
        (&at_least.cast_signed(), Type::INT8),
        (&settings.holder, Type::TEXT),
        (&milliseconds(settings), Type::FLOAT8),
        (&settings.force, Type::BOOL),
    ];
    let Some(row) = client.row(RAISE, &of).await? else {
        return Ok(None);
    };
    let epoch: i64 = row.try_get(0)?;
    Ok(Some(Taken {
        epoch: epoch.cast_unsigned(),
        anchor: anchor(row.try_get(1)?, row.try_get(2)?),
    }))
}

/// `None` when there is one already.
async fn make(
    client: &Client,
    settings: &Settings,
    (cell, epoch): (i64, u64),
) -> Result<Option<Taken>, Failure> {
    let of: [Param<'_>; 5] = [
        (&cell, Type::INT8),
        (&epoch.cast_signed(), Type::INT8),
        (&settings.holder, Type::TEXT),
        (&milliseconds(settings), Type::FLOAT8),
        (&GENESIS.as_slice(), Type::BYTEA),
    ];
    match client.change(MAKE, &of).await {
        Ok(_) => Ok(Some(Taken {
            epoch,
            anchor: Some((0, GENESIS)),
        })),
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Prolongs the lease (asking twice does no harm) and notes how far the journal has come; `lease` = 0 gives it back. `false` when it is gone.
pub(super) fn keep(
    session: &Session,
    (cell, epoch): (i64, u64),
    lease: f64,
    (last, chain): Anchor,
) -> Result<bool, Failure> {
    session.ask(|client| async move {
        let of: [Param<'_>; 5] = [
            (&cell, Type::INT8),
            (&epoch.cast_signed(), Type::INT8),
            (&lease, Type::FLOAT8),
            (&last.cast_signed(), Type::INT8),
            (&chain.as_slice(), Type::BYTEA),
        ];
        let rows = client.change(KEEP, &of).await?;
        Ok(rows == 1)
    })
}

/// What the lease remembers of the journal's end.
pub(super) fn remembered(session: &Session, cell: i64) -> Result<Option<Anchor>, JournalError> {
    let row = session.ask(|client| async move {
        let Some(row) = client.row(ANCHOR, &[(&cell, Type::INT8)]).await? else {
            return Ok(None);
        };
        Ok(anchor(row.try_get(0)?, row.try_get(1)?))
    });
    row.map_err(|failure| failure.during("read the lease"))
}

/// Whose the lease is now, and where the journal ends.
pub(super) fn holds(session: &Session, cell: i64) -> Result<Holds, Failure> {
    session.ask(|client| async move {
        let Some(row) = client.row(HOLDS, &[(&cell, Type::INT8)]).await? else {
            return Err(Failure::Refused("it answers no row".into()));
        };
        let (epoch, last): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Holds {
            epoch: epoch.map(i64::cast_unsigned),
            last: last.unwrap_or(0).cast_unsigned(),
        })
    })
}

/// The lease's length as the statements want it.
pub(super) fn milliseconds(settings: &Settings) -> f64 {
    settings.lease.as_secs_f64() * 1000.0
}

fn anchor(last: i64, chain: &[u8]) -> Option<Anchor> {
    Some((last.cast_unsigned(), Chain::try_from(chain).ok()?))
}
