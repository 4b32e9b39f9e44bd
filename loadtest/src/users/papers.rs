//! What a user fills in: the fields that each transition asks for, and the bodies of new documents.

use std::fmt::Write;

use crate::book::Kind;
use crate::money;

/// The fields of a transition as JSON, for a document with this id and amount.
pub(super) fn fields(kind: Kind, transition: &str, document: u64, amount: i64) -> String {
    match (kind, transition) {
        (_, "reject") => r#"{"reason":"示例：材料不全"}"#.into(),
        (Kind::Payment, "review") => r#"{"alerts_blocking":0}"#.into(),
        (Kind::Payment, "sign") => r#"{"alerts_unattached":0}"#.into(),
        (Kind::Payment, "seal") => r#"{"certificate_valid":true}"#.into(),
        (Kind::Payment, "send") => {
            format!(r#"{{"order_no":"LOAD-{document}","bank_reachable":true}}"#)
        }
        (Kind::Payment, "receipt") => {
            let amount = money::text(amount);
            format!(r#"{{"receipt_amount":"{amount}","receipt_order_no":"LOAD-{document}"}}"#)
        }
        (Kind::PayPlan, "approve") => format!(r#"{{"cash_need":"{}"}}"#, money::text(amount)),
        (Kind::Settlement, "settle") => r#"{"cash_balance":"10000000000.00"}"#.into(),
        (Kind::Reduction, "review") => r#"{"basic_guarantee":false}"#.into(),
        (Kind::Issue, "issue") => r#"{"document_no":"示例指〔2026〕1号"}"#.into(),
        _ => "{}".into(),
    }
}

/// The row that a line is about.
pub(super) enum Base {
    /// By the server's id.
    Row(u64),
    /// By its dimensions, a JSON object.
    Dims(String),
}

/// One line of a new document.
pub(super) struct NewLine {
    /// Fen.
    pub(super) amount: i64,
    /// What it is about.
    pub(super) base: Base,
    /// The receiving side as a JSON object, if it differs.
    pub(super) to: Option<String>,
}

/// The head of a new document.
pub(super) struct NewDocument<'a> {
    pub(super) kind: Kind,
    pub(super) transition: &'a str,
    pub(super) division: u32,
    pub(super) fiscal_year: u16,
    pub(super) agency: Option<&'a str>,
    /// JSON object.
    pub(super) fields: String,
    /// Month of every line.
    pub(super) month: Option<u8>,
    pub(super) lines: Vec<NewLine>,
}

impl NewDocument<'_> {
    /// The body of POST /v1/documents.
    pub(super) fn body(&self) -> String {
        let mut out = String::with_capacity(256 + self.lines.len() * 80);
        let (kind, division, year) = (self.kind.name(), self.division, self.fiscal_year);
        let _ = write!(
            out,
            r#"{{"type":"{kind}","division":"{division:09}","fiscal_year":{year},"#
        );
        if let Some(agency) = self.agency {
            let _ = write!(out, r#""agency":"{agency}","#);
        }
        let _ = write!(
            out,
            r#""transition":"{}","fields":{},"lines":"#,
            self.transition, self.fields
        );
        push_lines(&mut out, &self.lines, self.month);
        out.push('}');
        out
    }
}

/// Writes lines as a JSON array.
pub(super) fn push_lines(out: &mut String, lines: &[NewLine], month: Option<u8>) {
    out.push('[');
    for (line, at) in lines.iter().zip(0..) {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(out, r#"{comma}{{"amount":"{}","#, money::text(line.amount));
        let _ = match &line.base {
            Base::Row(id) => write!(out, r#""row":"{id}""#),
            Base::Dims(dims) => write!(out, r#""dims":{dims}"#),
        };
        if let Some(month) = month {
            let _ = write!(out, r#","month":{month}"#);
        }
        if let Some(to) = &line.to {
            let _ = write!(out, r#","to":{to}"#);
        }
        out.push('}');
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_fields_are_json() {
        let line = |to: Option<&str>| NewLine {
            amount: 150,
            base: Base::Row(9),
            to: to.map(str::to_owned),
        };
        let body = NewDocument {
            kind: Kind::Payment,
            transition: "submit",
            division: 42,
            fiscal_year: 2026,
            agency: Some("x"),
            fields: "{}".into(),
            month: Some(12),
            lines: vec![line(None), line(Some(r#"{"dept_econ":"30201"}"#))],
        }
        .body();
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (&value["lines"][1]["amount"], &value["lines"][1]["month"]),
            (&"1.50".into(), &12.into())
        );
        assert_eq!(value["division"], "000000042");
        for kind in Kind::ALL {
            for transition in [
                "review", "sign", "seal", "send", "receipt", "approve", "settle", "issue", "reject",
            ] {
                let text = fields(kind, transition, 7, 100);
                assert!(
                    serde_json::from_str::<serde_json::Value>(&text)
                        .unwrap()
                        .is_object()
                );
            }
        }
    }
}
