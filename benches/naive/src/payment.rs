//! A payment (支付申请) as it comes in: Hubu's body of `POST /v1/documents`, as far as the compared journey uses it.

use std::borrow::Cow;
use std::hash::Hasher;

use serde::Deserialize;
use serde_json::value::RawValue;
use siphasher::sip::SipHasher13;

use crate::{money, token};

/// One payment, entered and submitted in one step.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Who asks: the `sub` of the bearer token, which is believed.
    pub actor: String,
    /// The idempotency key: 1 to 64 bytes.
    pub key: String,
    /// A digest of the body, to tell a repeated command from another one under the same key.
    pub digest: i64,
    /// Nine digits.
    pub division: String,
    /// 21 digits.
    pub agency: String,
    /// The year.
    pub fiscal_year: i16,
    /// The indicator row; its plan row goes with it.
    pub indicator: i64,
    /// 1 to 12.
    pub month: i16,
    /// In 分; above 0.
    pub amount_cents: i64,
    /// The document's own fields, as JSON.
    pub fields: String,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    division: Cow<'a, str>,
    fiscal_year: i16,
    #[serde(borrow)]
    agency: Cow<'a, str>,
    #[serde(borrow)]
    transition: Cow<'a, str>,
    #[serde(borrow)]
    fields: &'a RawValue,
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    amount: Cow<'a, str>,
    #[serde(borrow)]
    row: Cow<'a, str>,
    month: i16,
}

impl Payment {
    /// Reads one.
    ///
    /// # Errors
    /// What the client should mend, in words.
    pub fn read(token: &str, key: &str, body: &[u8]) -> Result<Payment, String> {
        if key.is_empty() || key.len() > 64 {
            return Err("Idempotency-Key: 1 to 64 characters".into());
        }
        let read: Body<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if read.kind != "payment" || read.transition != "submit" {
            return Err("this server takes payments that are submitted at once".into());
        }
        let [line] = read.lines.as_slice() else {
            return Err("this server takes payments of one line".into());
        };
        let amount_cents = money::parse(&line.amount).filter(|cents| *cents > 0);
        let amount_cents = amount_cents.ok_or_else(|| format!("{} is no amount", line.amount))?;
        let indicator = line.row.parse();
        let indicator = indicator.map_err(|_| format!("{} is no row", line.row))?;
        if !(1..=12).contains(&line.month) {
            return Err(format!("{} is no month", line.month));
        }
        Ok(Payment {
            actor: token::subject(token)?,
            key: key.to_owned(),
            digest: digest(body),
            division: read.division.into_owned(),
            agency: read.agency.into_owned(),
            fiscal_year: read.fiscal_year,
            indicator,
            month: line.month,
            amount_cents,
            fields: read.fields.get().to_owned(),
        })
    }
}

fn digest(bytes: &[u8]) -> i64 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish().cast_signed()
}
