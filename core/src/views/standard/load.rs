//! Loading: staging tables filled by COPY, merged into the tables, and the watermark, in one transaction.

use super::StandardSettings;
use super::gather::{DocumentDelta, Gathered, RowDelta};
use super::schema::{self, AMOUNTS};
use super::text::{Lines, quoted};
use crate::catalog::model::Catalog;
use crate::database::address::Address;
use crate::database::dial::{self, Lent, Pool, Wanted, refusal};
use crate::database::error::words;
use crate::views::error::ViewError;
use bytes::Bytes;
use futures_util::SinkExt;
use hubu_kernel::ident::RowId;
use hubu_kernel::row::Control;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

/// What came of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The database is at this record.
    Done(u64),
    /// Try again later: nobody answers, or nobody knows.
    Away(String),
}

/// Why an attempt came to nothing.
enum Failure {
    Away(String),
    /// Something is there already, which passes only while tables are made.
    Raced(String),
    /// Trying again would not help.
    Wrong(String),
}

impl Failure {
    /// As it is while tables are made: a race of two that make the same ones passes.
    fn of_making(self) -> Failure {
        match self {
            Failure::Raced(reason) => Failure::Away(reason),
            other => other,
        }
    }

    fn of_code(code: &str, reason: String) -> Failure {
        // Unique, duplicate schema, table, column and object.
        let raced = ["23505", "42P06", "42P07", "42701", "42710"];
        match code.get(..2) {
            // Connection, resource and operator trouble passes; a refused statement does not.
            Some("08" | "53" | "57" | "40") => Failure::Away(reason),
            _ if raced.contains(&code) => Failure::Raced(reason),
            _ => Failure::Wrong(reason),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        match error.as_db_error() {
            Some(refusal) => Failure::of_code(refusal.code().code(), words(&error)),
            None => Failure::Away(words(&error)),
        }
    }
}

/// A connection, and what is loaded through it.
pub(super) struct Loader {
    runtime: Runtime,
    pool: Pool,
    patience: Duration,
    cell: u64,
    /// Digest of the journal's first record: whose tables these are.
    owner: String,
    /// Dimensions by column, in the order of the catalog.
    dimensions: Vec<String>,
}

impl Loader {
    pub(super) fn new(settings: &StandardSettings, owner: String) -> Result<Loader, ViewError> {
        let wrong = |reason: String| ViewError::Database(reason);
        let address = Address::new(&settings.url, &settings.link);
        let address = address.map_err(|error| wrong(error.to_string()))?;
        let wanted = Wanted {
            name: format!("hubu standard tables, cell {}", settings.cell),
            connections: 1,
            patience: settings.patience,
            schema: None,
        };
        let pool = dial::pool(&address, wanted).map_err(|error| wrong(error.to_string()))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| ViewError::System {
                doing: "make a runtime",
                source,
            })?;
        let (patience, cell) = (settings.patience, settings.cell);
        Ok(Loader {
            runtime,
            pool,
            patience,
            cell,
            owner,
            dimensions: Vec::new(),
        })
    }

    /// Makes what is missing; tells the record that the tables are at.
    pub(super) fn prepare(&mut self, catalog: &Catalog) -> Result<Outcome, ViewError> {
        self.dimensions = catalog.dimensions.iter().map(|d| d.name.clone()).collect();
        let schema = schema::schema(self.cell);
        let owner = &self.owner;
        self.run(async |client: &mut Lent| {
            let prepared = prepared(client, &schema, owner, catalog).await;
            prepared.map_err(Failure::of_making)
        })
    }

    /// Brings what was gathered into the tables, unless the database has it already.
    pub(super) fn load(&self, gathered: &Gathered) -> Result<Outcome, ViewError> {
        let texts = self.texts(gathered);
        let schema = schema::schema(self.cell);
        let columns: Vec<String> = row_columns(&self.dimensions);
        let (after, through) = (gathered.after as i64, gathered.through as i64);
        self.run(async |client: &mut Lent| {
            let transaction = client.transaction().await?;
            let look = format!("SELECT seq FROM {schema}.progress FOR UPDATE");
            let at: i64 = transaction.query_typed_one(&look, &[]).await?.try_get(0)?;
            // A commit whose answer was lost is found here.
            if at == through {
                return Ok(at as u64);
            }
            if at != after {
                return Err(Failure::Wrong(format!(
                    "somebody else moved it from {after} to {at}"
                )));
            }
            transaction.batch_execute(&schema::staging(&schema)).await?;
            for (table, text) in &texts {
                copy(&transaction, table, text).await?;
            }
            for statement in schema::merge(&schema, &columns) {
                transaction.execute_typed(&statement, &[]).await?;
            }
            let moved = format!("UPDATE {schema}.progress SET seq = $1, loaded_time = now()");
            transaction
                .execute_typed(&moved, &[(&through, Type::INT8)])
                .await?;
            transaction.batch_execute(schema::UNSTAGE).await?;
            transaction.commit().await?;
            Ok(through as u64)
        })
    }

    /// The lines of each table, with its columns.
    fn texts<'g>(&self, gathered: &'g Gathered) -> [(String, std::borrow::Cow<'g, str>); 4] {
        let mut rows = Lines::default();
        for (id, row) in &gathered.rows {
            self.put_row(*id, row, &mut rows);
        }
        let mut documents = Lines::default();
        for (id, document) in &gathered.documents {
            put_document(*id, document, &mut documents);
        }
        let row_columns = row_columns(&self.dimensions).join(", ");
        let schema = schema::schema(self.cell);
        [
            (
                format!("new_row ({row_columns}, is_new)"),
                rows.as_str().to_owned().into(),
            ),
            (
                "new_document".to_owned(),
                documents.as_str().to_owned().into(),
            ),
            (
                format!("{schema}.voucher_entry"),
                gathered.entries.as_str().into(),
            ),
            (
                format!("{schema}.document_step"),
                gathered.steps.as_str().into(),
            ),
        ]
    }

    fn put_row(&self, id: RowId, row: &RowDelta, lines: &mut Lines) {
        let new = row.new.as_ref();
        let key = new.and_then(|(new, catalog, _)| {
            let parts = catalog.read_key(&new.key).ok()?;
            Some((new, catalog.ledger(parts.ledger)?, parts, catalog))
        });
        lines.plain(id.0);
        lines.maybe(key.as_ref().map(|(_, ledger, ..)| ledger.name.as_str()));
        lines.maybe(key.as_ref().map(|(_, ledger, ..)| ledger.zh.as_str()));
        lines.maybe(
            key.as_ref()
                .map(|(_, _, parts, _)| parts.year.0.to_string())
                .as_deref(),
        );
        lines.maybe(
            key.as_ref()
                .map(|(_, _, parts, _)| format!("{:09}", parts.division.0))
                .as_deref(),
        );
        lines.maybe(key.as_ref().map(|(new, ..)| control_name(new.kind.control)));
        let frozen = row.frozen.or(new.map(|_| false));
        lines.maybe(frozen.map(|frozen| if frozen { "t" } else { "f" }));
        let sums = &row.sums;
        for amount in [
            sums.approved,
            sums.used,
            sums.decreasing,
            sums.increasing,
            sums.debit,
            sums.credit,
        ] {
            lines.amount(amount);
        }
        lines
            .maybe(new.map(|(_, _, seq)| seq.to_string()).as_deref())
            .plain(row.last);
        for name in &self.dimensions {
            let value = key.as_ref().and_then(|(_, _, parts, catalog)| {
                parts.bag.get(catalog.dimension_named(name)?.id)
            });
            lines.maybe(value);
        }
        lines.plain(if new.is_some() { "t" } else { "f" }).end();
    }

    fn run(
        &self,
        work: impl AsyncFnOnce(&mut Lent) -> Result<u64, Failure>,
    ) -> Result<Outcome, ViewError> {
        let attempt = async {
            let client = self.pool.get().await;
            let mut client = client.map_err(|error| Failure::Away(refusal(error)))?;
            work(&mut client).await
        };
        let done = self
            .runtime
            .block_on(async { tokio::time::timeout(self.patience, attempt).await });
        match done {
            Ok(Ok(seq)) => Ok(Outcome::Done(seq)),
            Ok(Err(Failure::Away(reason))) => Ok(Outcome::Away(reason)),
            Ok(Err(Failure::Raced(reason) | Failure::Wrong(reason))) => {
                Err(ViewError::Database(reason))
            }
            Err(_) => Ok(Outcome::Away("no answer in time".into())),
        }
    }
}

/// Makes what is missing and enters whose tables they are; answers the record that they are at.
async fn prepared(
    client: &mut Lent,
    schema: &str,
    owner: &str,
    catalog: &Catalog,
) -> Result<u64, Failure> {
    let transaction = client.transaction().await?;
    make(&transaction, schema, catalog).await?;
    let enter = schema::enter(schema);
    transaction
        .execute_typed(&enter, &[(&owner, Type::TEXT)])
        .await?;
    let look = format!("SELECT journal, seq FROM {schema}.progress");
    let row = transaction.query_typed_one(&look, &[]).await?;
    if row.try_get::<_, String>(0)? != owner {
        return Err(Failure::Wrong(
            "its tables are another journal's: drop their schema".into(),
        ));
    }
    let seq: i64 = row.try_get(1)?;
    transaction.commit().await?;
    Ok(seq as u64)
}

/// What is missing of schema, tables, columns and index.
async fn make(into: &Transaction<'_>, schema: &str, catalog: &Catalog) -> Result<(), Failure> {
    let named = schema.to_owned();
    let named = [(&named as &(dyn ToSql + Sync), Type::TEXT)];
    if into
        .query_typed_opt(schema::HAS_SCHEMA, &named)
        .await?
        .is_none()
    {
        into.batch_execute(&format!("CREATE SCHEMA {schema}"))
            .await?;
    }
    into.batch_execute(&schema::tables(schema)).await?;
    let known = into.query_typed(schema::COLUMNS, &named).await?;
    let known: Result<Vec<String>, _> = known.iter().map(|row| row.try_get(0)).collect();
    into.batch_execute(&schema::columns(schema, catalog, &known?))
        .await?;
    if into
        .query_typed_opt(schema::HAS_INDEX, &named)
        .await?
        .is_none()
    {
        into.batch_execute(&schema::index(schema)).await?;
    }
    Ok(())
}

async fn copy(into: &Transaction<'_>, table: &str, text: &str) -> Result<(), Failure> {
    if text.is_empty() {
        return Ok(());
    }
    let sink = into.copy_in(&format!("COPY {table} FROM STDIN")).await?;
    let mut sink = std::pin::pin!(sink);
    sink.send(Bytes::copy_from_slice(text.as_bytes())).await?;
    sink.close().await?;
    Ok(())
}

/// The columns of a row, in the order in which lines have them.
fn row_columns(dimensions: &[String]) -> Vec<String> {
    let fixed = [
        "row_id",
        "ledger_code",
        "ledger_name",
        "fiscal_year",
        "mof_div_code",
        "control_level",
        "is_frozen",
    ];
    let marks = ["create_seq", "update_seq"];
    let names = fixed
        .iter()
        .chain(&AMOUNTS)
        .chain(&marks)
        .map(|name| (*name).to_owned());
    names
        .chain(dimensions.iter().map(|name| quoted(name)))
        .collect()
}

const fn control_name(control: Control) -> &'static str {
    match control {
        Control::Strict => "strict",
        Control::Warn => "warn",
        Control::None => "none",
    }
}

fn put_document(id: u64, document: &DocumentDelta, lines: &mut Lines) {
    let kind = document.catalog.document_type(document.kind);
    let state = kind.and_then(|kind| kind.state(document.state));
    let entry = document.new.as_ref().map(|(_, _, entry)| entry);
    lines
        .plain(id)
        .maybe(kind.map(|kind| kind.name.as_str()))
        .maybe(kind.map(|kind| kind.zh.as_str()));
    let number = entry
        .filter(|entry| entry.number > 0)
        .zip(kind)
        .map(|(entry, kind)| {
            format!(
                "{:09}-{}-{}-{:06}",
                entry.division.0, entry.year.0, kind.series, entry.number
            )
        });
    lines.maybe(number.as_deref());
    lines.maybe(entry.map(|entry| entry.year.0.to_string()).as_deref());
    lines.maybe(
        entry
            .map(|entry| format!("{:09}", entry.division.0))
            .as_deref(),
    );
    lines.maybe(
        entry
            .map(|entry| &*entry.agency)
            .filter(|agency| !agency.is_empty()),
    );
    lines
        .maybe(state.map(|state| state.name.as_str()))
        .maybe(state.map(|state| state.zh.as_str()));
    lines.plain(document.version);
    match document.amount {
        Some(amount) => lines.amount(amount),
        None => lines.maybe(None),
    };
    match &document.new {
        Some((creator, entered_ms, _)) => lines.text(creator).time(*entered_ms),
        None => lines.maybe(None).maybe(None),
    };
    lines
        .time(document.moved_ms)
        .plain(if document.ended { "t" } else { "f" })
        .plain(document.last);
    lines
        .plain(if document.new.is_some() { "t" } else { "f" })
        .end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_already_passes_only_while_tables_are_made() {
        for code in ["23505", "42P06", "42P07", "42701", "42710"] {
            let raced = || Failure::of_code(code, String::new());
            assert!(matches!(raced(), Failure::Raced(_)), "{code}");
            assert!(matches!(raced().of_making(), Failure::Away(_)), "{code}");
        }
        let refused = Failure::of_code("42501", String::new()).of_making();
        assert!(matches!(refused, Failure::Wrong(_)));
        assert!(matches!(
            Failure::of_code("57P01", String::new()),
            Failure::Away(_)
        ));
    }
}
