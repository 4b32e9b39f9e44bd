//! What the HTTP figures send: payments of many agencies, each from an indicator row with its plan.
//!
//! The rows are loaded through the library into the journal that the server then starts on.

use crate::Outcome;
use crate::world::{self, Desk, YEAR};
use hubu_core::engine::open::Options;
use hubu_kernel::document::Field;
use hubu_kernel::document::Value;
use hubu_kernel::ident::{Division, FieldId, RowId};
use serde_json::json;

/// One agency that pays.
pub(crate) struct Hand {
    division: Division,
    pub(crate) agency: String,
    row: RowId,
}

/// Loads `counties` counties of ten agencies with one planned indicator each.
pub(crate) fn load(journal: &str, counties: usize) -> Outcome<Vec<Hand>> {
    let engine = world::open(journal, Options::default())?;
    let mut desk = Desk::new(&engine)?;
    let mut hands = Vec::new();
    for division in desk.divisions(counties)? {
        let officer = desk.officer(division)?;
        // `planned` of an opening load: all of it, for January, so that every month may spend it.
        let planned = |line: &mut hubu_kernel::document::Line| {
            let value = Value::Amount(line.amount);
            line.fields.push(Field {
                id: FieldId(10),
                value,
            });
        };
        let rows = desk.open_agencies(&officer, division, planned)?;
        let agency = |at: usize| world::agency_code(division, at);
        hands.extend(rows.into_iter().enumerate().map(|(at, row)| Hand {
            division,
            agency: agency(at),
            row,
        }));
    }
    Ok(hands)
}

impl Hand {
    /// The body of its payment: the same each time.
    pub(crate) fn body(&self) -> String {
        json!({
            "type": "payment",
            "division": format!("{:09}", self.division.0),
            "fiscal_year": YEAR.0,
            "agency": self.agency,
            "transition": "submit",
            "fields": { "purpose": "办公用品", "payee": "文具商店", "payee_account": "6222020200012345678", "payee_match": true },
            "lines": [{ "amount": "12.34", "row": self.row.0.to_string(), "to": { "dept_econ": "30201" }, "month": 6 }],
        })
        .to_string()
    }

    /// Whose money it pays.
    pub(crate) fn home(&self) -> Division {
        self.division
    }

    /// Its row.
    pub(crate) fn row_id(&self) -> RowId {
        self.row
    }

    /// The server's id of its row.
    pub(crate) fn row(&self) -> u32 {
        self.row.0
    }

    /// What `hubu token` is asked for its clerk.
    pub(crate) fn division(&self) -> String {
        format!("{:09}", self.division.0)
    }
}
