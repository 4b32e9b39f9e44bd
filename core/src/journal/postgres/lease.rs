//! The lease: one row a cell. Whoever raised its epoch last may write; its clock, the database's own, only says when
//! somebody else may raise it.

use super::session::{Failure, Session};
use crate::journal::chain::{Chain, GENESIS};
use crate::journal::error::JournalError;
use crate::journal::reading::Anchor;
use crate::journal::setting::Settings;

const TAKE: &str = "INSERT INTO hubu_lease (cell, epoch, holder, expires_at, last, chain)
    VALUES ($1, $2, $3, now() + $4 * interval '1 millisecond', 0, $6)
    ON CONFLICT (cell) DO UPDATE SET
        epoch = greatest(hubu_lease.epoch + 1, excluded.epoch), holder = excluded.holder,
        expires_at = excluded.expires_at
    WHERE hubu_lease.expires_at <= now() OR $5
    RETURNING epoch, last, chain";
const HOLDER: &str = "SELECT holder FROM hubu_lease WHERE cell = $1";
const KEEP: &str = "UPDATE hubu_lease SET expires_at = now() + $3 * interval '1 millisecond', last = $4, chain = $5
    WHERE cell = $1 AND epoch = $2";
const ANCHOR: &str = "SELECT last, chain FROM hubu_lease WHERE cell = $1";

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
        let statement = client.prepare_cached(TAKE).await?;
        let lease = milliseconds(settings);
        let epoch = at_least.cast_signed();
        let genesis = GENESIS.as_slice();
        let row = client
            .query_opt(
                &statement,
                &[
                    &cell,
                    &epoch,
                    &settings.holder,
                    &lease,
                    &settings.force,
                    &genesis,
                ],
            )
            .await?;
        match row {
            Some(row) => {
                let epoch: i64 = row.try_get(0)?;
                let anchor = anchor(row.try_get(1)?, row.try_get(2)?);
                Ok(Ok(Taken {
                    epoch: epoch.cast_unsigned(),
                    anchor,
                }))
            }
            None => {
                let row = client.query_opt(HOLDER, &[&cell]).await?;
                let holder = row.map(|row| row.try_get::<_, String>(0)).transpose()?;
                Ok(Err(holder.unwrap_or_else(|| "another holder".into())))
            }
        }
    });
    answer
        .map_err(|failure| failure.during("take the lease"))?
        .map_err(|holder| JournalError::Busy {
            place: format!("cell {cell} in the database"),
            holder: format!("{holder}, whose lease has not run out"),
        })
}

/// Prolongs the lease (asking twice does no harm) and notes how far the journal has come; `lease` = 0 gives it back. `false` when it is gone.
pub(super) fn keep(
    session: &Session,
    (cell, epoch): (i64, u64),
    lease: f64,
    (last, chain): Anchor,
) -> Result<bool, Failure> {
    session.ask(|client| async move {
        let statement = client.prepare_cached(KEEP).await?;
        let (epoch, last, chain) = (epoch.cast_signed(), last.cast_signed(), chain.as_slice());
        let rows = client
            .execute(&statement, &[&cell, &epoch, &lease, &last, &chain])
            .await?;
        Ok(rows == 1)
    })
}

/// What the lease remembers of the journal's end.
pub(super) fn remembered(session: &Session, cell: i64) -> Result<Option<Anchor>, JournalError> {
    let row = session.ask(|client| async move {
        let Some(row) = client.query_opt(ANCHOR, &[&cell]).await? else {
            return Ok(None);
        };
        Ok(anchor(row.try_get(0)?, row.try_get(1)?))
    });
    row.map_err(|failure| failure.during("read the lease"))
}

/// The lease's length as the statements want it.
pub(super) fn milliseconds(settings: &Settings) -> f64 {
    settings.lease.as_secs_f64() * 1000.0
}

fn anchor(last: i64, chain: &[u8]) -> Option<Anchor> {
    Some((last.cast_unsigned(), Chain::try_from(chain).ok()?))
}
