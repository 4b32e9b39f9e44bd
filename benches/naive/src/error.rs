//! What can go wrong here that is not the client's fault.

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum NaiveError {
    /// The database said no, or went away.
    #[error("the database: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// No connection to the database could be had.
    #[error("no connection to the database: {0}")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The pool could not be made.
    #[error("the pool: {0}")]
    Build(#[from] deadpool_postgres::BuildError),
    /// The socket.
    #[error("listening: {0}")]
    Listen(#[from] std::io::Error),
    /// The database answered what it may not, or a writer ended.
    #[error("{0}")]
    Broken(String),
}
