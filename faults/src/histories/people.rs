//! Words between the model and the wire: requests for what is asked, answers for what came back.

use super::model::{Answer, Asked, Form, Kind, Row, Stand, Step, sum};
use super::site::Site;
use super::wire::Request;
use crate::Outcome;
use serde_json::{Value, json};

/// The fiscal year of everything here.
pub(crate) const YEAR: u16 = 2026;

/// Those who act for one agency.
struct Agency {
    code: String,
    clerk: String,
    reviewer: String,
    head: String,
}

/// One division's people, as their tokens, and its rows by their names.
pub(crate) struct People {
    pub(crate) division: String,
    agencies: Vec<Agency>,
    department: [String; 2],
    office: String,
    pub(crate) admin: String,
    /// The indicator row of each agency.
    pub(crate) rows: Vec<String>,
}

impl People {
    /// People for a division with so many agencies; its rows are to be loaded.
    pub(crate) fn new(site: &Site, division: &str, agencies: usize) -> Outcome<People> {
        let name = |who: &str| format!("{division}-{who}");
        let agency = |at: usize| -> Outcome<Agency> {
            let code = format!("{division}{:012}", at + 1);
            let token = |who: &str, role| {
                site.token(&name(&format!("{who}{at}")), role, division, Some(&code))
            };
            Ok(Agency {
                clerk: token("clerk", "agency_clerk")?,
                reviewer: token("reviewer", "agency_reviewer")?,
                head: token("head", "agency_head")?,
                code,
            })
        };
        let token = |who: &str, role| site.token(&name(who), role, division, None);
        Ok(People {
            division: division.to_owned(),
            agencies: (0..agencies).map(agency).collect::<Outcome<_>>()?,
            department: [
                token("dept1", "dept_reviewer")?,
                token("dept2", "dept_reviewer")?,
            ],
            office: token("office", "business_office")?,
            admin: token("admin", "system_admin")?,
            rows: Vec::new(),
        })
    }

    /// Loads the agencies' money: half of it is planned, so that indicators are what runs short.
    pub(crate) fn opening(&self, yuan: u64) -> Value {
        let line = |agency: &Agency| {
            let dims = json!({
                "agency_code": agency.code, "fund_type": "1", "source_type": "1", "budget_level": "4",
                "exp_func": "2010101", "office": "001", "dept": "101",
                "pro_code": format!("{}000000000900", self.division),
                "gov_econ": "50201", "pay_mode": "1", "marks": "00",
            });
            let fields = json!({"planned": format!("{}.00", yuan / 2), "procurable": "0.00"});
            json!({"amount": format!("{yuan}.00"), "month": 3, "dims": dims, "fields": fields})
        };
        let lines: Vec<Value> = self.agencies.iter().map(line).collect();
        json!({"type": "opening", "division": self.division, "fiscal_year": YEAR, "transition": "load", "lines": lines})
    }

    /// Where all rows are read in one answer.
    pub(crate) fn list_path(&self) -> String {
        format!(
            "/v1/quotas?division={}&ledger=IND&fiscal_year={YEAR}",
            self.division
        )
    }

    /// The names of the rows in a list, by agency; `None` when one is missing.
    pub(crate) fn find_rows(&self, list: &Value) -> Option<Vec<String>> {
        let items = list["items"].as_array()?;
        let of = |agency: &Agency| {
            let item = items
                .iter()
                .find(|item| item["dims"]["agency_code"] == *agency.code)?;
            item["row"].as_str().map(str::to_owned)
        };
        self.agencies.iter().map(of).collect()
    }

    /// The request for what is asked; `document` is the name of the document that it is about.
    pub(crate) fn request(
        &self,
        asked: Asked,
        form: Option<Form>,
        document: &str,
        key: &str,
    ) -> Request {
        let get = |path| Request::get(path, &self.admin);
        match (asked, form) {
            (Asked::Row(at), _) => get(format!("/v1/quotas/{}", self.rows[at])),
            (Asked::Rows, _) => get(self.list_path()),
            (Asked::Sums, _) => get(format!(
                "/v1/divisions/{}/summary?fiscal_year={YEAR}",
                self.division
            )),
            (Asked::Act { step, if_match, .. }, Some(form)) => {
                let (name, body) = step_words(form.kind, step);
                let path = format!("/v1/documents/{document}/actions/{name}");
                let mut request = Request::post(path, self.actor(form, step), key, &body);
                if let Some(version) = if_match {
                    request.headers += &format!("If-Match: \"{version}\"\r\n");
                }
                request
            }
            (Asked::Enter { .. }, Some(form)) => {
                let token = match form.kind {
                    Kind::Payment => &self.agencies[form.from].clerk,
                    Kind::Quick => &self.admin,
                    Kind::Virement => &self.department[0],
                };
                Request::post("/v1/documents".into(), token, key, &self.entry(form))
            }
            _ => get(format!("/v1/documents/{document}")),
        }
    }

    fn actor(&self, form: Form, step: Step) -> &str {
        let agency = &self.agencies[form.from];
        match (form.kind, step) {
            (Kind::Payment, Step::Submit | Step::Withdraw) => &agency.clerk,
            (Kind::Payment, Step::Review | Step::RejectSubmitted) => &agency.reviewer,
            (Kind::Payment, _) => &agency.head,
            (_, Step::Submit | Step::Withdraw) => &self.department[0],
            (_, Step::Review | Step::RejectSubmitted) => &self.department[1],
            (_, Step::RejectReviewed | Step::Approve) => &self.office,
        }
    }

    fn entry(&self, form: Form) -> Value {
        let Form {
            kind,
            from,
            to,
            fen,
        } = form;
        let amount = format!("{}.{:02}", fen / 100, fen % 100);
        let (division, row) = (&self.division, &self.rows[from]);
        if kind == Kind::Payment {
            return json!({
                "type": "payment", "division": division, "fiscal_year": YEAR,
                "agency": self.agencies[from].code, "transition": "submit",
                "fields": {"purpose": "office", "payee": "Zhang", "payee_account": "6222", "payee_match": true},
                "lines": [{"amount": amount, "row": row, "month": 3, "to": {"dept_econ": "30201"}}],
            });
        }
        let (name, step) = match kind {
            Kind::Quick => ("quick_virement", "move"),
            _ => ("project_virement", "submit"),
        };
        json!({
            "type": name, "division": division, "fiscal_year": YEAR, "transition": step,
            "lines": [{"amount": amount, "row": row, "to_row": self.rows[to]}],
        })
    }

    /// What was heard, in the model's words, with the number of the decision; `None` where an answer
    /// says that nobody knows.
    pub(crate) fn understand(
        &self,
        asked: Asked,
        status: u16,
        body: &Value,
    ) -> Option<(Answer, Option<u64>)> {
        if matches!(status, 408 | 503) {
            return None;
        }
        let seq = body["seq"].as_str().and_then(|seq| seq.parse().ok());
        let other = || Answer::Other(format!("{status} {body}"));
        let answer = if status >= 400 {
            refusal(body).unwrap_or_else(other)
        } else if asked.is_read() {
            self.seen(asked, body).unwrap_or_else(other)
        } else {
            moved(body).filter(|_| seq.is_some()).unwrap_or_else(other)
        };
        Some((answer, seq))
    }

    fn seen(&self, asked: Asked, body: &Value) -> Option<Answer> {
        Some(match asked {
            Asked::Rows => {
                let items = body["items"]
                    .as_array()
                    .filter(|items| items.len() == self.rows.len())?;
                let of = |name: &String| row(items.iter().find(|item| item["row"] == **name)?);
                Answer::Rows(self.rows.iter().map(of).collect::<Option<_>>()?)
            }
            Asked::Sums => Answer::Sums(sums(body, "own")?),
            Asked::Document(_) => Answer::Document {
                stand: stand(&body["state"])?,
                version: u32::try_from(body["version"].as_u64()?).ok()?,
            },
            _ => Answer::Rows(vec![row(body)?]),
        })
    }
}

/// A step's name, and the body that it asks for.
fn step_words(kind: Kind, step: Step) -> (&'static str, Value) {
    let fields = match (kind, step) {
        (Kind::Payment, Step::Submit) => json!({"payee_match": true}),
        (Kind::Payment, Step::Review) => json!({"alerts_blocking": 0}),
        // It has no such field, and has ended anyway.
        (Kind::Quick, _) => json!({}),
        (_, Step::RejectSubmitted | Step::RejectReviewed) => json!({"reason": "not now"}),
        _ => json!({}),
    };
    let name = match step {
        Step::Submit => "submit",
        Step::Withdraw => "withdraw",
        Step::Review => "review",
        Step::RejectSubmitted | Step::RejectReviewed => "reject",
        Step::Approve => "approve",
    };
    (name, json!({"fields": fields}))
}

fn moved(body: &Value) -> Option<Answer> {
    let number = body["number"]
        .as_str()
        .and_then(|text| text.rsplit('-').next());
    Some(Answer::Moved {
        stand: stand(&body["state"])?,
        version: u32::try_from(body["version"].as_u64()?).ok()?,
        number: number.and_then(|digits| digits.parse().ok()),
    })
}

fn refusal(body: &Value) -> Option<Answer> {
    Some(match body["code"].as_str()? {
        "insufficient" => Answer::Insufficient {
            available: fen(&body["available"])?,
        },
        "wrong_state" => Answer::WrongState,
        "stale_version" => Answer::Stale,
        "role_denied" => Answer::Denied,
        "document_ended" => Answer::Ended,
        "not_found" => Answer::Absent,
        _ => return None,
    })
}

fn stand(state: &Value) -> Option<Stand> {
    Some(match state.as_str()? {
        "draft" => Stand::Draft,
        "submitted" => Stand::Submitted,
        "agency_reviewed" | "dept_reviewed" => Stand::Reviewed,
        "moved" | "approved" => Stand::Ended,
        _ => return None,
    })
}

/// The amounts of a row or of sums.
pub(crate) fn row(item: &Value) -> Option<Row> {
    Some(Row {
        approved: fen(&item["approved"])?,
        used: fen(&item["used"])?,
        decreasing: fen(&item["decreasing"])?,
        increasing: fen(&item["increasing"])?,
    })
}

/// The indicators' sums of a division (`own`), or of all below it as well (`subtree`).
pub(crate) fn sums(summary: &Value, which: &str) -> Option<Row> {
    let ledgers = summary["ledgers"].as_array()?;
    match ledgers.iter().find(|ledger| ledger["ledger"] == "IND") {
        Some(ledger) => row(&ledger[which]),
        None => Some(sum(&[])),
    }
}

fn fen(amount: &Value) -> Option<i64> {
    let (yuan, fen) = amount.as_str()?.split_once('.')?;
    (fen.len() == 2).then(|| format!("{yuan}{fen}").parse().ok())?
}
