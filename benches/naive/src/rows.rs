//! The rows that payments come out of: how they get into the database.

use tokio_postgres::{Client, NoTls};

use crate::error::NaiveError;

/// Rows of one statement.
const ROWS_AT_ONCE: usize = 20_000;

/// One row as it is loaded: its place, and what it begins with in 分.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Its id.
    pub id: i64,
    /// The indicator row that it is paid out of with; its own id for an indicator, `None` for what no payment touches.
    pub indicator: Option<i64>,
    /// `IND`, `PLN` and the others of Hubu's ledgers.
    pub ledger: String,
    /// Nine digits.
    pub division: String,
    /// 21 digits; empty for rows of no agency.
    pub agency: String,
    /// 21 digits; empty for rows of no project.
    pub project: String,
    /// The year.
    pub fiscal_year: i16,
    /// What was given to it.
    pub approved_cents: i64,
    /// What was spent of it before.
    pub used_cents: i64,
    /// Debit total.
    pub debit_cents: i64,
    /// Credit total.
    pub credit_cents: i64,
}

/// Lays out an empty database and loads these rows.
///
/// # Errors
/// The database's.
pub async fn load(database: &str, rows: &[Opening]) -> Result<(), NaiveError> {
    let (client, connection) = tokio_postgres::connect(database, NoTls).await?;
    let connection = tokio::spawn(connection);
    let loaded = write(&client, rows).await;
    drop(client);
    connection
        .await
        .map_err(|error| NaiveError::Broken(error.to_string()))??;
    loaded
}

async fn write(client: &Client, rows: &[Opening]) -> Result<(), NaiveError> {
    client.batch_execute(include_str!("schema.sql")).await?;
    let insert = "INSERT INTO quota_row (id, indicator, ledger, division, agency, project, fiscal_year, approved_cents,
            used_cents, debit_cents, credit_cents)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])";
    fn column<'a, T>(rows: &'a [Opening], of: impl Fn(&'a Opening) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    for part in rows.chunks(ROWS_AT_ONCE) {
        client
            .execute(
                insert,
                &[
                    &column(part, |r| r.id),
                    &column(part, |r| r.indicator),
                    &column(part, |r| r.ledger.as_str()),
                    &column(part, |r| r.division.as_str()),
                    &column(part, |r| r.agency.as_str()),
                    &column(part, |r| r.project.as_str()),
                    &column(part, |r| r.fiscal_year),
                    &column(part, |r| r.approved_cents),
                    &column(part, |r| r.used_cents),
                    &column(part, |r| r.debit_cents),
                    &column(part, |r| r.credit_cents),
                ],
            )
            .await?;
    }
    // Plans are made from statistics; without them the first ones would be wrong. Only where there are rows: what is known to
    // be empty is read from end to end, and prepared statements would go on so while it grows.
    client.batch_execute("VACUUM ANALYZE quota_row").await?;
    Ok(())
}
