//! Whether a pooler in transaction mode stands between: then two clients that are connected at once are served by one and the same
//! server process, one after the other.

use tokio_postgres::Error;

use super::finding::Finding;
use crate::database::client::Client;
use crate::database::dial::{Lent, Pool};

/// Asked in turns, so that a pooler has a reason to give both the same process.
const TURNS: usize = 24;

pub(super) async fn look(pool: &Pool, is_expected: bool) -> Result<Finding, Error> {
    const CHECK: &str = "pooler";
    let Some((first, second)) = both(pool).await else {
        return Ok(Finding::fine(
            CHECK,
            "only one connection could be had: not looked at",
        ));
    };
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        // Not strictly in turns: two server processes that take turns as well would each seem to be one client's own.
        for _ in 0..=turn % 2 {
            firsts.extend(process(&first).await?);
        }
        seconds.extend(process(&second).await?);
    }
    firsts.sort_unstable();
    firsts.dedup();
    let is_shared = firsts.len() > 1 || seconds.iter().any(|process| firsts.contains(process));
    Ok(match (is_shared, is_expected) {
        (true, false) => Finding::fault(
            CHECK,
            "one in transaction mode stands between: prepared statements would fail",
            "database.pooler = true (--pooler), or an address behind the pooler",
        ),
        (true, true) => Finding::fine(CHECK, "one in transaction mode, as the settings say"),
        (false, true) => Finding::fine(
            CHECK,
            "none is seen, though database.pooler is true: statements are planned anew each time",
        ),
        (false, false) => Finding::fine(CHECK, "none in transaction mode"),
    })
}

async fn both(pool: &Pool) -> Option<(Lent, Lent)> {
    Some((pool.get().await.ok()?, pool.get().await.ok()?))
}

async fn process(client: &Client) -> Result<Option<String>, Error> {
    client.text("SELECT pg_backend_pid()").await
}
