//! Requests, written as far as they go before the clock starts: a head for each clerk, a body for each row. What is left
//! is the key and the amount.

use super::order::{Hand, Order};
use crate::Outcome;
use hubu_load::book::{Key, user_prefix};
use hubu_load::wire::{Claims, Minter};
use hubu_load::world::RowKey;
use std::collections::HashMap;
use std::io::Write;

/// The payment's own fields: as the harness's clerks fill them in.
const FIELDS: &str = r#"{"purpose":"示例：办公用品","payee":"示例供应商","payee_account":"0000000001","payee_match":true}"#;
/// December: all that is planned may be spent.
const MONTH: u8 = 12;

/// Somebody who pays.
struct Clerk {
    claims: Claims,
    /// From the request line to where the key stands.
    head: Vec<u8>,
}

/// A row that is paid from.
struct Row {
    key: RowKey,
    /// Who pays from it when clerks keep to no row.
    clerk: usize,
    /// From behind the key to where the amount stands, and what follows the amount.
    before: Vec<u8>,
    after: Vec<u8>,
}

/// All that is written.
pub(super) struct Papers {
    clerks: Vec<Clerk>,
    rows: Vec<Row>,
    is_fixed: bool,
}

impl Papers {
    /// Writes what an order asks for.
    pub(super) fn write(order: &Order, minter: &Minter) -> Outcome<Papers> {
        let mut papers = Papers {
            clerks: Vec::new(),
            rows: Vec::with_capacity(order.hands.len()),
            is_fixed: order.is_fixed,
        };
        for at in 0..order.clerks * usize::from(order.is_fixed) {
            let hand = &order.hands[(order.first + at) % order.hands.len()];
            papers.add_clerk(order, order.first + at, hand, minter)?;
        }
        let mut of_agency: HashMap<&str, usize> = HashMap::new();
        for hand in &order.hands {
            let clerk = match of_agency.get(hand.agency.as_str()) {
                Some(clerk) => *clerk,
                None if order.is_fixed => 0,
                None => {
                    let clerk = papers.clerks.len();
                    papers.add_clerk(order, clerk, hand, minter)?;
                    of_agency.insert(&hand.agency, clerk);
                    clerk
                }
            };
            papers.rows.push(row(order, hand, clerk)?);
        }
        Ok(papers)
    }

    fn add_clerk(
        &mut self,
        order: &Order,
        number: usize,
        hand: &Hand,
        minter: &Minter,
    ) -> Outcome<()> {
        let name = format!("{}{number:06}", user_prefix(order.run));
        let mut claims = Claims::new(name, "agency_clerk", hand.division);
        claims.agency = Some(hand.agency.clone());
        let token = minter.bearer(&claims)?;
        let head = format!(
            "POST /v1/documents HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: ",
            order.address,
            token.to_str()?
        );
        self.clerks.push(Clerk {
            claims,
            head: head.into(),
        });
        Ok(())
    }

    /// The row, as the book names it.
    pub(super) fn row(&self, hand: usize) -> RowKey {
        self.rows[hand].key
    }

    /// Writes one request.
    pub(super) fn request(
        &self,
        out: &mut Vec<u8>,
        clerk: usize,
        hand: usize,
        key: Key,
        cents: u64,
    ) {
        let row = &self.rows[hand];
        out.extend_from_slice(&self.clerk(clerk, row).head);
        // Writing to memory can't fail.
        let _written = write!(out, "{key}");
        out.extend_from_slice(&row.before);
        out.extend_from_slice(&amount(cents));
        out.extend_from_slice(&row.after);
    }

    /// What is needed to ask the same again: who, and the body.
    pub(super) fn again(&self, clerk: usize, hand: usize, cents: u64) -> (Claims, String) {
        let row = &self.rows[hand];
        let body = row.before.windows(4).position(|four| four == b"\r\n\r\n");
        let before = &row.before[body.map_or(0, |at| at + 4)..];
        let body = [before, &amount(cents), &row.after].concat();
        let claims = self.clerk(clerk, row).claims.clone();
        (claims, String::from_utf8_lossy(&body).into_owned())
    }

    fn clerk(&self, clerk: usize, row: &Row) -> &Clerk {
        &self.clerks[if self.is_fixed { clerk } else { row.clerk }]
    }
}

/// One to nine 分, as 元: always four bytes, so that every body of a row is equally long.
fn amount(cents: u64) -> [u8; 4] {
    assert!((1..=9).contains(&cents), "a payment is of one to nine 分");
    [b'0', b'.', b'0', b'0' + cents as u8]
}

fn row(order: &Order, hand: &Hand, clerk: usize) -> Outcome<Row> {
    let key = RowKey::from_bits(hand.key).ok_or("an order names no row")?;
    let before = format!(
        r#"{{"type":"payment","division":"{:09}","fiscal_year":{},"agency":"{}","transition":"submit","fields":{FIELDS},"lines":[{{"amount":""#,
        hand.division, order.recipe.fiscal_year, hand.agency
    );
    let after = format!(
        r#"","row":"{}","month":{MONTH},"to":{{"dept_econ":"30201"}}}}]}}"#,
        hand.row
    );
    let length = before.len() + amount(1).len() + after.len();
    Ok(Row {
        key,
        clerk,
        before: format!("\r\nContent-Length: {length}\r\n\r\n{before}").into(),
        after: after.into(),
    })
}
