//! The rows as they are read, summed by agency and ledger.

use super::cast::{AGENCIES, COUNTY, Cast, Who, agency};
use super::feed::Owners;
use super::money::{Amounts, Changes, Ledger, change, fen};
use crate::Outcome;
use hubu_testkit::Wire;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Page {
    items: Vec<Row>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    row: String,
    ledger: String,
    dims: BTreeMap<String, String>,
    approved: String,
    used: String,
    decreasing: String,
    increasing: String,
    available: String,
}

/// What was read.
pub(super) struct Read {
    pub(super) owners: Owners,
    pub(super) sums: Changes,
    /// Rows with less than nothing available.
    pub(super) overdrawn: Vec<String>,
}

/// Reads all rows of the agencies in the ledgers that commands touch; nothing where the server is not sure of them now.
pub(super) fn read(wire: &mut Wire, cast: &Cast) -> Outcome<Option<Read>> {
    let mut read = Read {
        owners: Owners::new(),
        sums: Changes::new(),
        overdrawn: Vec::new(),
    };
    for ledger in ["IND", "PLN", "PAY"] {
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/quotas?division={COUNTY}&ledger={ledger}&limit=1000{cursor}");
            let reply = wire.ask("GET", &path, cast.header(Who::Auditor), "")?;
            if reply.status == 503 {
                return Ok(None);
            }
            let page: Page = serde_json::from_slice(&reply.body).map_err(|error| {
                format!(
                    "{path}: {} {error} {}",
                    reply.status,
                    String::from_utf8_lossy(&reply.body)
                )
            })?;
            for row in page.items {
                read.take(row).ok_or("a row that is not understood")?;
            }
            match page.cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    Ok(Some(read))
}

impl Read {
    fn take(&mut self, row: Row) -> Option<()> {
        let owner = row.dims.get("agency_code")?;
        let place = (0..AGENCIES).find(|place| agency(*place) == *owner)?;
        let rows = (place, Ledger::named(&row.ledger)?);
        let amounts = Amounts {
            approved: fen(&row.approved)?,
            used: fen(&row.used)?,
            decreasing: fen(&row.decreasing)?,
            increasing: fen(&row.increasing)?,
        };
        change(&mut self.sums, rows, amounts);
        let available = fen(&row.available)?;
        if available < 0 || available != amounts.approved - amounts.used - amounts.decreasing {
            self.overdrawn.push(row.row.clone());
        }
        self.owners.insert(row.row, rows);
        Some(())
    }
}
