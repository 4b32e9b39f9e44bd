//! The rows that payments come out of: how they get into the database.

use tokio_postgres::{Client, NoTls};

use crate::error::NaiveError;

/// One quota row as it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its id: the one that Hubu gave it, so that both are asked the same.
    pub id: i64,
    /// The indicator row that it belongs to; its own id for an indicator.
    pub indicator: i64,
    /// `IND` or `PLN`.
    pub ledger: String,
    /// Nine digits.
    pub division: String,
    /// 21 digits.
    pub agency: String,
    /// The year.
    pub fiscal_year: i16,
    /// What was given to it, in 分.
    pub approved_cents: i64,
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
    let insert = "INSERT INTO quota_row (id, indicator, ledger, division, agency, fiscal_year, approved_cents)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::bigint[])";
    fn column<'a, T>(rows: &'a [Opening], of: impl Fn(&'a Opening) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    client
        .execute(
            insert,
            &[
                &column(rows, |r| r.id),
                &column(rows, |r| r.indicator),
                &column(rows, |r| r.ledger.as_str()),
                &column(rows, |r| r.division.as_str()),
                &column(rows, |r| r.agency.as_str()),
                &column(rows, |r| r.fiscal_year),
                &column(rows, |r| r.approved_cents),
            ],
        )
        .await?;
    // Plans are made from statistics; without them the first ones would be wrong.
    client.batch_execute("ANALYZE").await?;
    Ok(())
}
