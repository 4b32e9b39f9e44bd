//! What is answered: Hubu's bodies and status codes.

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;

use crate::money;
use crate::payment::Payment;

/// What a key came to, as the idempotency table keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The digest of the body that used the key.
    pub digest: i64,
    /// What was decided then.
    pub decision: Decision,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This document was entered and submitted.
    Entered(i64),
    /// A row had too little.
    Insufficient {
        /// The row that refused.
        row: i64,
        /// What it had, in 分.
        available_cents: i64,
    },
}

impl Kept {
    /// From the columns `document`, `refused_by` and `available_cents`; `None` when they contradict each other.
    pub fn from_columns(
        digest: i64,
        document: Option<i64>,
        refused_by: Option<i64>,
        available_cents: Option<i64>,
    ) -> Option<Kept> {
        let decision = match (document, refused_by, available_cents) {
            (Some(document), None, None) => Decision::Entered(document),
            (None, Some(row), Some(available_cents)) => Decision::Insufficient {
                row,
                available_cents,
            },
            _ => return None,
        };
        Some(Kept { digest, decision })
    }
}

/// Status and body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// JSON.
    pub body: Vec<u8>,
}

#[derive(Serialize)]
struct Entered<'a> {
    id: String,
    #[serde(rename = "type")]
    kind: &'a str,
    state: &'a str,
    version: u32,
    number: String,
    seq: String,
    warnings: [(); 0],
    spawned: [(); 0],
}

impl Answer {
    /// An answer of this value.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Answer {
        match serde_json::to_vec(value) {
            Ok(body) => Answer { status, body },
            Err(_) => Answer {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                body: Vec::new(),
            },
        }
    }

    /// A problem (RFC 9457) with Hubu's code.
    pub fn problem(status: StatusCode, code: &str, detail: &str) -> Answer {
        let body = json!({
            "type": format!("urn:hubu:problem:{code}"), "title": code, "status": status.as_u16(),
            "detail": detail, "code": code,
        });
        Answer::json(status, &body)
    }

    /// What a payment is answered with, now or when it is asked again; `None` when its row does not exist.
    pub fn to_payment(payment: &Payment, kept: Option<Kept>) -> Answer {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match kept {
            None => Answer::problem(unprocessable, "value", "no such row"),
            Some(kept) if kept.digest != payment.digest => {
                Answer::problem(unprocessable, "key_reused", "another body had this key")
            }
            Some(Kept {
                decision: Decision::Entered(document),
                ..
            }) => entered(payment, document),
            Some(Kept {
                decision:
                    Decision::Insufficient {
                        row,
                        available_cents,
                    },
                ..
            }) => {
                let (has, asked) = (
                    money::format(available_cents),
                    money::format(payment.amount_cents),
                );
                let body = json!({
                    "type": "urn:hubu:problem:insufficient", "title": "not enough available", "status": 409,
                    "detail": format!("available {has}, asked {asked}"), "code": "insufficient",
                    "row": row.to_string(), "available": has, "asked": asked,
                });
                Answer::json(StatusCode::CONFLICT, &body)
            }
        }
    }
}

fn entered(payment: &Payment, document: i64) -> Answer {
    let body = Entered {
        id: document.to_string(),
        kind: "payment",
        state: "submitted",
        version: 1,
        number: format!(
            "{}-{}-PAY-{document:06}",
            payment.division, payment.fiscal_year
        ),
        seq: document.to_string(),
        warnings: [],
        spawned: [],
    };
    Answer::json(StatusCode::CREATED, &body)
}
