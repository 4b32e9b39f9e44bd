//! A connection and the statements that go through it. A statement is sent with the types of its parameters: prepared once by name
//! where the connection is ours alone, and without a name behind a pooler in transaction mode, where the next statement may meet
//! another server connection.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row, Statement, Transaction};

/// A parameter and its type.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// See the module.
pub struct Client {
    client: tokio_postgres::Client,
    driver: JoinHandle<()>,
    /// The statements that were prepared; none where names may not be used.
    named: Option<Mutex<HashMap<&'static str, Statement>>>,
    /// Where the tables are, if not where the connection's search path says.
    schema: Option<Arc<str>>,
    is_sealed: bool,
}

impl Client {
    pub(super) fn new(
        (client, driver): (tokio_postgres::Client, JoinHandle<()>),
        has_names: bool,
        is_sealed: bool,
    ) -> Self {
        Self {
            client,
            driver,
            named: has_names.then(Mutex::default),
            schema: None,
            is_sealed,
        }
    }

    pub(super) fn in_schema(mut self, schema: Option<Arc<str>>) -> Self {
        self.schema = schema;
        self
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether what goes through it is encrypted.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// The database's.
    pub async fn rows(&self, sql: &'static str, of: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        match self.named(sql, of).await? {
            Some(statement) => {
                let values = of.iter().map(|(value, _)| *value);
                let rows = self.client.query_raw(&statement, values).await?;
                rows.try_collect().await
            }
            None => self.client.query_typed(&self.placed(sql), of).await,
        }
    }

    /// The only row of a query, if there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn row(&self, sql: &'static str, of: &[Param<'_>]) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, of).await?.into_iter().next())
    }

    /// Changes rows; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn change(&self, sql: &'static str, of: &[Param<'_>]) -> Result<u64, Error> {
        match self.named(sql, of).await? {
            Some(statement) => {
                let values = of.iter().map(|(value, _)| *value);
                self.client.execute_raw(&statement, values).await
            }
            None => self.client.execute_typed(&self.placed(sql), of).await,
        }
    }

    /// Statements without parameters and results.
    ///
    /// # Errors
    /// The database's.
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(&self.placed(sql)).await
    }

    /// A query without parameters, each value as text; for what is asked seldom.
    ///
    /// # Errors
    /// The database's.
    pub async fn text(&self, sql: &str) -> Result<Option<String>, Error> {
        use tokio_postgres::SimpleQueryMessage::Row;
        let answer = self.client.simple_query(&self.placed(sql)).await?;
        let first = answer.iter().find_map(|message| match message {
            Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        Ok(first)
    }

    /// A transaction; what is sent in it has no names.
    ///
    /// # Errors
    /// The database's.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        self.client.transaction().await
    }

    async fn named(&self, sql: &'static str, of: &[Param<'_>]) -> Result<Option<Statement>, Error> {
        let Some(named) = &self.named else {
            return Ok(None);
        };
        let known = named.lock().get(sql).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let types: Vec<Type> = of.iter().map(|(_, kind)| kind.clone()).collect();
        let statement = self.client.prepare_typed(&self.placed(sql), &types).await?;
        named.lock().insert(sql, statement.clone());
        Ok(Some(statement))
    }

    /// The statement with its tables where they are.
    fn placed<'s>(&self, sql: &'s str) -> Cow<'s, str> {
        match &self.schema {
            None => Cow::Borrowed(sql),
            Some(schema) => Cow::Owned(
                sql.replace("hubu_journal", &format!("{schema}.hubu_journal"))
                    .replace("hubu_lease", &format!("{schema}.hubu_lease")),
            ),
        }
    }
}

impl Drop for Client {
    /// Its driver ends with it.
    fn drop(&mut self) {
        self.driver.abort();
    }
}
