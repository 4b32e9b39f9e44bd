//! The best that SQL alone does: what arrived while a transaction was under way is committed by the next one.
//!
//! Each writer has a connection and a queue of its own. A row's payments all go to one writer, so writers never wait
//! for each other's rows.

use std::sync::Arc;

use deadpool_postgres::Pool;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, Statement};

use crate::answer::Kept;
use crate::error::NaiveError;
use crate::payment::Payment;

/// The most payments that wait for one writer; beyond it they are refused at once.
const QUEUE_MAX: usize = 8192;

const ENTER: &str = "SELECT place, digest, document, refused_by, available_cents
    FROM enter_payments($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// A payment and who waits for its answer.
struct Asked {
    payment: Arc<Payment>,
    answer: oneshot::Sender<Result<Option<Kept>, String>>,
}

/// The writers' queues.
#[derive(Debug)]
pub struct Writers {
    queues: Vec<mpsc::Sender<Asked>>,
}

/// Why a payment was not even queued.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Writers {
    /// Starts `count` writers that commit up to `batch` payments at once. The pool must have a connection for each,
    /// and they keep it.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(pool: &Pool, count: usize, batch: usize) -> Result<Writers, NaiveError> {
        assert!(count > 0 && batch > 0, "somebody must write something");
        let mut queues = Vec::with_capacity(count);
        for _ in 0..count {
            let client = pool.get().await?;
            let enter = client.prepare(ENTER).await?;
            let (sender, receiver) = mpsc::channel(QUEUE_MAX);
            queues.push(sender);
            tokio::spawn(async move { write(&client, &enter, receiver, batch).await });
        }
        Ok(Writers { queues })
    }

    /// Enters and submits one payment; `None` when its row does not exist.
    ///
    /// # Errors
    /// [`Full`] when too many wait, with nothing done; else as in [`NaiveError`], and nobody knows what was done.
    pub async fn pay(
        &self,
        payment: Arc<Payment>,
    ) -> Result<Result<Option<Kept>, Full>, NaiveError> {
        let mine = payment.indicator.unsigned_abs() as usize % self.queues.len();
        let (answer, answered) = oneshot::channel();
        let ended = || NaiveError::Broken("the writer ended".into());
        match self.queues[mine].try_send(Asked { payment, answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Ok(Err(Full)),
            Err(TrySendError::Closed(_)) => return Err(ended()),
        }
        let kept = answered
            .await
            .map_err(|_| ended())?
            .map_err(NaiveError::Broken)?;
        Ok(Ok(kept))
    }
}

/// Commits batches until the queue or the connection ends.
async fn write(client: &Client, enter: &Statement, mut queue: mpsc::Receiver<Asked>, batch: usize) {
    let mut asked = Vec::with_capacity(batch);
    while queue.recv_many(&mut asked, batch).await > 0 {
        match commit(client, enter, &asked).await {
            Ok(kept) => {
                for (asked, kept) in asked.drain(..).zip(kept) {
                    // Whoever asked may be gone; the payment stands, and its key tells so.
                    let _gone = asked.answer.send(Ok(kept));
                }
            }
            Err(error) => {
                for asked in asked.drain(..) {
                    let _gone = asked.answer.send(Err(error.to_string()));
                }
            }
        }
        if client.is_closed() {
            return;
        }
    }
}

/// One transaction; answers stand in the order of `asked`.
async fn commit(
    client: &Client,
    enter: &Statement,
    asked: &[Asked],
) -> Result<Vec<Option<Kept>>, NaiveError> {
    fn column<'a, T>(asked: &'a [Asked], of: impl Fn(&'a Payment) -> T) -> Vec<T> {
        asked.iter().map(|asked| of(&asked.payment)).collect()
    }
    let rows = client
        .query(
            enter,
            &[
                &column(asked, |p| p.actor.as_str()),
                &column(asked, |p| p.key.as_str()),
                &column(asked, |p| p.digest),
                &column(asked, |p| p.division.as_str()),
                &column(asked, |p| p.agency.as_str()),
                &column(asked, |p| p.fiscal_year),
                &column(asked, |p| p.indicator),
                &column(asked, |p| p.month),
                &column(asked, |p| p.amount_cents),
                &column(asked, |p| p.fields.as_str()),
            ],
        )
        .await?;
    let mut kept = vec![None; asked.len()];
    for row in rows {
        let broken = || NaiveError::Broken("enter_payments answered what it may not".into());
        let place: i64 = row.get(0);
        let place = usize::try_from(place - 1).map_err(|_| broken())?;
        let found = Kept::from_columns(row.get(1), row.get(2), row.get(3), row.get(4));
        *kept.get_mut(place).ok_or_else(broken)? = Some(found.ok_or_else(broken)?);
    }
    Ok(kept)
}
