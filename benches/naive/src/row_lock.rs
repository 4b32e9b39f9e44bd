//! The common way: one transaction a command, its quota rows locked by `SELECT … FOR UPDATE`.
//!
//! Two round trips a payment: the first begins the transaction, locks the rows and looks the key up; the second writes
//! everything in one statement and commits. The key is read after the rows are locked, so a command that is repeated
//! while its first is under way finds the first one's answer.

use deadpool_postgres::{Client, Pool};
use futures_util::future::{join, join3};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::answer::{Decision, Kept};
use crate::error::NaiveError;
use crate::payment::Payment;

const LOCK: &str =
    "SELECT id, approved_cents - used_cents - decreasing_cents, ledger = 'PAY' FROM quota_row
    WHERE indicator = $1 ORDER BY id FOR UPDATE";

const LOOK_UP: &str = "SELECT digest, document, refused_by, available_cents FROM idempotency
    WHERE actor = $1 AND key = $2";

const WRITE: &str = "WITH moved AS (
        UPDATE quota_row SET decreasing_cents = decreasing_cents + CASE ledger WHEN 'PAY' THEN 0 ELSE $9::bigint END,
            increasing_cents = increasing_cents + CASE ledger WHEN 'PAY' THEN $9::bigint ELSE 0 END
        WHERE indicator = $7
    ), entered AS (
        INSERT INTO document (id, actor, division, agency, fiscal_year, row_id, month, amount_cents, fields)
        VALUES (nextval('document_id'), $1, $4, $5, $6, $7, $8, $9, $10) RETURNING id
    ), posted AS (
        INSERT INTO posting (document, row_id, amount_cents)
        SELECT entered.id, touched.id, $9 FROM entered, unnest($11::bigint[]) AS touched (id)
    ), spent AS (
        INSERT INTO idempotency (actor, key, digest, document) SELECT $1, $2, $3, id FROM entered
    ) SELECT id FROM entered";

const REFUSE: &str = "INSERT INTO idempotency (actor, key, digest, refused_by, available_cents)
    VALUES ($1, $2, $3, $4, $5)";

/// Enters and submits one payment; `None` when its row does not exist.
///
/// Must run to its end: a connection that is given back amid a transaction would pass it on to the next command.
///
/// # Errors
/// The database's; nobody knows then whether the payment took effect, and asking again under its key tells.
pub async fn pay(pool: &Pool, payment: &Payment) -> Result<Option<Kept>, NaiveError> {
    let client = pool.get().await?;
    match transact(&client, payment).await {
        Ok(kept) => Ok(kept),
        Err(error) => {
            client.batch_execute("ROLLBACK").await?;
            if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
                // Another row's command took the key a moment ago.
                return look_up(&client, payment).await;
            }
            Err(error.into())
        }
    }
}

async fn transact(
    client: &Client,
    payment: &Payment,
) -> Result<Option<Kept>, tokio_postgres::Error> {
    let lock = client.prepare_cached(LOCK).await?;
    let known = client.prepare_cached(LOOK_UP).await?;
    let (begun, rows, known) = join3(
        client.batch_execute("BEGIN"),
        client.query(&lock, &[&payment.indicator]),
        client.query_opt(&known, &[&payment.actor, &payment.key]),
    )
    .await;
    begun?;
    let (rows, known) = (rows?, known?);
    if known.is_some() || rows.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        return Ok(known.as_ref().and_then(kept));
    }
    let mut touched: Vec<i64> = Vec::with_capacity(rows.len());
    for row in &rows {
        let (id, available_cents, is_announced): (i64, i64, bool) =
            (row.get(0), row.get(1), row.get(2));
        if !is_announced && payment.amount_cents > available_cents {
            return refuse(client, payment, id, available_cents).await;
        }
        touched.push(id);
    }
    enter(client, payment, touched).await
}

async fn enter(
    client: &Client,
    payment: &Payment,
    touched: Vec<i64>,
) -> Result<Option<Kept>, tokio_postgres::Error> {
    let write = client.prepare_cached(WRITE).await?;
    let Payment { actor, key, .. } = payment;
    let (written, committed) = join(
        client.query_one(
            &write,
            &[
                actor,
                key,
                &payment.digest,
                &payment.division,
                &payment.agency,
                &payment.fiscal_year,
                &payment.indicator,
                &payment.month,
                &payment.amount_cents,
                &payment.fields,
                &touched,
            ],
        ),
        client.batch_execute("COMMIT"),
    )
    .await;
    // A failed write turns COMMIT into a rollback that reports no error: the write is asked first.
    let document = written?.get(0);
    committed?;
    let decision = Decision::Entered(document);
    Ok(Some(Kept {
        digest: payment.digest,
        decision,
    }))
}

async fn refuse(
    client: &Client,
    payment: &Payment,
    row: i64,
    available_cents: i64,
) -> Result<Option<Kept>, tokio_postgres::Error> {
    let refuse = client.prepare_cached(REFUSE).await?;
    let Payment {
        actor, key, digest, ..
    } = payment;
    let (written, committed) = join(
        client.execute(&refuse, &[actor, key, digest, &row, &available_cents]),
        client.batch_execute("COMMIT"),
    )
    .await;
    written?;
    committed?;
    let decision = Decision::Insufficient {
        row,
        available_cents,
    };
    Ok(Some(Kept {
        digest: *digest,
        decision,
    }))
}

async fn look_up(client: &Client, payment: &Payment) -> Result<Option<Kept>, NaiveError> {
    let known = client.prepare_cached(LOOK_UP).await?;
    let row = client
        .query_opt(&known, &[&payment.actor, &payment.key])
        .await?;
    Ok(row.as_ref().and_then(kept))
}

fn kept(row: &Row) -> Option<Kept> {
    Kept::from_columns(row.get(0), row.get(1), row.get(2), row.get(3))
}
