//! A division's people and how its documents pass among them, step by step, to their end.

use super::book::Book;
use super::server::{Answer, Person, Server};
use serde_json::{Value, json};

/// A step: its name, who takes it, and what comes with it.
pub type Step = (&'static str, &'static str, Value);

/// One division and year, seen from the people who work there.
pub struct Office<'a> {
    pub server: &'a Server,
    pub division: &'static str,
    pub year: u16,
    pub agency: String,
    pub dept: &'static str,
}

/// A line in the making.
#[derive(Clone, Debug)]
pub struct Line(Value);

/// The dimensions of an agency's money for one project.
pub fn indicator(agency: &str, project: &str) -> Value {
    json!({
        "agency_code": agency, "fund_type": "1", "source_type": "1", "budget_level": "4",
        "exp_func": "2010101", "office": "003", "dept": "105", "pro_code": project,
        "gov_econ": "50201", "pay_mode": "1", "marks": "00",
    })
}

/// A line of so many yuan.
pub fn line(yuan: i64) -> Line {
    Line(json!({ "amount": yuan_text(yuan) }))
}

/// Yuan as the interface writes them.
pub fn yuan_text(yuan: i64) -> String {
    format!("{yuan}.00")
}

impl Line {
    pub fn row(mut self, row: &str) -> Line {
        self.0["row"] = row.into();
        self
    }
    pub fn dims(mut self, dims: Value) -> Line {
        self.0["dims"] = dims;
        self
    }
    pub fn to(mut self, to: Value) -> Line {
        self.0["to"] = to;
        self
    }
    pub fn month(mut self, month: u8) -> Line {
        self.0["month"] = month.into();
        self
    }
    pub fn field(mut self, name: &str, value: Value) -> Line {
        self.0["fields"][name] = value;
        self
    }
}

/// The steps of a document type from its first state to its end; `total` is Σ of its lines.
pub fn steps(kind: &str, total: &str) -> Vec<Step> {
    let none = || json!({});
    match kind {
        "legal_approval" => vec![
            ("enter", "budget_office", none()),
            (
                "confirm",
                "budget_office",
                json!({ "resolution_no": "鄂人〔2025〕1号", "income_total": total, "expense_total": total }),
            ),
        ],
        "pool_to_office" | "pool_to_transfer" => vec![
            ("submit", "budget_office", none()),
            ("approve", "budget_office", none()),
        ],
        "office_to_dept" => vec![
            ("submit", "business_office", none()),
            ("review", "business_office", none()),
            (
                "issue",
                "budget_office",
                json!({ "document_no": "鄂财预〔2025〕7号" }),
            ),
        ],
        "dept_to_agency" => vec![
            ("submit", "dept_reviewer", none()),
            ("review", "dept_reviewer", none()),
            (
                "issue",
                "business_office",
                json!({ "document_no": "鄂教财〔2025〕3号" }),
            ),
        ],
        "indicator_issue" => vec![
            (
                "submit",
                "business_office",
                json!({ "project_status": "executing" }),
            ),
            ("review", "business_office", none()),
            (
                "issue",
                "budget_office",
                json!({ "document_no": "财预〔2026〕11号" }),
            ),
        ],
        "indicator_reduction" => vec![
            ("submit", "business_office", none()),
            (
                "review",
                "business_office",
                json!({ "basic_guarantee": false }),
            ),
            ("approve", "budget_office", none()),
        ],
        "project_virement" => vec![
            ("submit", "dept_reviewer", none()),
            ("review", "dept_reviewer", none()),
            ("approve", "business_office", none()),
        ],
        "indicator_freeze" | "indicator_unfreeze" => vec![
            ("submit", "business_office", none()),
            ("approve", "budget_office", none()),
        ],
        "special_transfer_issue" => vec![
            ("submit", "business_office", none()),
            (
                "review",
                "budget_office",
                json!({ "target_attached": true }),
            ),
            (
                "sign",
                "budget_office",
                json!({ "document_no": "鄂财农发〔2026〕9号" }),
            ),
            ("issue", "budget_office", json!({ "sealed": true })),
        ],
        "procurement_plan" => vec![
            (
                "submit",
                "agency_clerk",
                json!({ "intent_published": "2025-01-02" }),
            ),
            ("review", "agency_reviewer", none()),
            ("review", "dept_reviewer", none()),
            (
                "file",
                "procurement_office",
                json!({ "method": "公开招标" }),
            ),
        ],
        "procurement_contract" => vec![
            (
                "submit",
                "agency_clerk",
                json!({ "award_confirmed": true, "award_amount": total }),
            ),
            ("sign", "agency_head", json!({ "schedule_total": total })),
            (
                "file",
                "agency_reviewer",
                json!({ "contract_published": true }),
            ),
        ],
        "contract_saving" => vec![
            ("submit", "agency_clerk", none()),
            ("release", "procurement_office", none()),
        ],
        "pay_plan" => vec![
            ("submit", "agency_clerk", none()),
            ("review", "agency_reviewer", none()),
            ("review", "dept_reviewer", none()),
            ("review", "business_office", none()),
            ("approve", "treasury_office", json!({ "cash_need": total })),
        ],
        "payment" => vec![
            ("submit", "agency_clerk", json!({ "payee_match": true })),
            ("review", "agency_reviewer", json!({ "alerts_blocking": 0 })),
            ("sign", "agency_head", json!({ "alerts_unattached": 0 })),
            (
                "seal",
                "payment_centre",
                json!({ "certificate_valid": true }),
            ),
            (
                "send",
                "payment_centre",
                json!({ "order_no": "ZF-17", "bank_reachable": true }),
            ),
            (
                "receipt",
                "agent_bank",
                json!({ "receipt_amount": total, "receipt_order_no": "ZF-17" }),
            ),
        ],
        "bank_settlement" => vec![
            (
                "match",
                "treasury_office",
                json!({ "receipts_total": total }),
            ),
            (
                "settle",
                "treasury_bank",
                json!({ "cash_balance": "900000000.00" }),
            ),
        ],
        "payment_return" => vec![
            (
                "match",
                "payment_centre",
                json!({ "order_no": "ZF-17", "return_order_no": "ZF-17" }),
            ),
            ("restore", "system", none()),
        ],
        "library_admission" => vec![
            ("submit", "dept_reviewer", json!({ "target_locked": true })),
            ("review", "business_office", json!({ "category": "goods" })),
            (
                "confirm",
                "budget_office",
                json!({ "year_slices_total": total }),
            ),
        ],
        "opening" => vec![("load", "system_admin", none())],
        "project_ceiling" => vec![("set", "budget_office", none())],
        "quick_virement" => vec![("move", "budget_office", none())],
        "row_freeze" => vec![("freeze", "budget_office", none())],
        "row_thaw" => vec![("thaw", "budget_office", none())],
        "partial_refund" => vec![
            (
                "match",
                "agency_clerk",
                json!({ "payment_paid": "250000.00", "payment_refunded": "0.00", "payment_year": 2025 }),
            ),
            ("review", "agency_reviewer", none()),
            (
                "restore",
                "treasury_office",
                json!({ "bank_line_amount": total }),
            ),
        ],
        "pay_plan_cancel" => vec![
            ("confirm", "agency_clerk", json!({ "no_inflight": true })),
            ("cancel", "treasury_office", none()),
        ],
        "surplus_recovery" => vec![
            ("notify", "budget_office", none()),
            ("recover", "budget_office", none()),
        ],
        "carryover_generate" => vec![
            (
                "judge",
                "business_office",
                json!({ "no_inflight": true, "plans_cancelled": true }),
            ),
            ("confirm", "budget_office", none()),
            ("open", "system", none()),
        ],
        other => panic!("no steps for {other}"),
    }
}

fn is_of_agency(role: &str) -> bool {
    role.starts_with("agency_")
}

impl<'a> Office<'a> {
    pub fn new(server: &'a Server, division: &'static str, year: u16) -> Office<'a> {
        let agency = format!("{division}000000000017");
        Office {
            server,
            division,
            year,
            agency,
            dept: "105",
        }
    }

    /// Somebody with a role; `place` tells one from another, since no two steps in a row are one person's.
    pub fn person(&self, role: &'static str, place: usize) -> Person {
        Person {
            name: format!("{role}-{place}-{}", self.division),
            role,
            division: self.division,
            agency: is_of_agency(role).then(|| self.agency.clone()),
            dept: (role == "dept_reviewer").then_some(self.dept),
        }
    }

    /// Enters a document and takes its first step.
    pub fn submit(&self, kind: &str, lines: &[Line], head: Value) -> Answer {
        let lines: Vec<Value> = lines.iter().map(|line| line.0.clone()).collect();
        let (name, role, mut fields) = steps(kind, &total(&lines)).swap_remove(0);
        for (field, value) in head.as_object().into_iter().flatten() {
            fields[field] = value.clone();
        }
        let mut body = json!({
            "type": kind, "division": self.division, "fiscal_year": self.year,
            "transition": name, "fields": fields, "lines": lines,
        });
        let by_agency = [
            "procurement_plan",
            "procurement_contract",
            "contract_saving",
            "pay_plan",
            "payment",
            "partial_refund",
            "pay_plan_cancel",
        ];
        if by_agency.contains(&kind) {
            body["agency"] = self.agency.clone().into();
        }
        self.server
            .post(&self.person(role, 0), "/v1/documents", &body)
    }

    /// Takes the steps after the first `done`, and gives the last answer.
    pub fn follow(&self, kind: &str, id: &str, total: &str, done: usize) -> Answer {
        let mut last = None;
        for (at, (name, role, fields)) in steps(kind, total).into_iter().enumerate().skip(done) {
            let answer = self.act(id, name, &self.person(role, at), fields);
            assert_eq!(answer.status, 200, "{kind} {name}: {answer:?}");
            last = Some(answer);
        }
        last.expect("a step is left")
    }

    /// One step.
    pub fn act(&self, id: &str, step: &str, person: &Person, fields: Value) -> Answer {
        let path = format!("/v1/documents/{id}/actions/{step}");
        self.server
            .post(person, &path, &json!({ "fields": fields }))
    }

    /// A document from its entry to its end, its vouchers in the book.
    pub fn whole(&self, book: &mut Book, kind: &str, lines: &[Line], head: Value) -> Answer {
        let first = self.submit(kind, lines, head);
        assert_eq!(first.status, 201, "{kind}: {first:?}");
        let id = first.text("id");
        let bodies: Vec<Value> = lines.iter().map(|line| line.0.clone()).collect();
        let last = self.follow(kind, &id, &total(&bodies), 1);
        self.keep(book, &id);
        last
    }

    /// Puts the vouchers of a document that has ended into the book.
    pub fn keep(&self, book: &mut Book, id: &str) {
        let reader = self.person("auditor", 0);
        let trace = self
            .server
            .get(&reader, &format!("/v1/documents/{id}/trace"));
        assert_eq!(trace.status, 200, "{trace:?}");
        book.add(&trace.body);
    }

    /// The one row of a ledger whose dimensions contain these.
    pub fn row(&self, ledger: &str, wanted: &[(&str, &str)]) -> String {
        let fits = |row: &&Value| {
            wanted
                .iter()
                .all(|(name, value)| row["dims"][name] == *value)
        };
        let rows = self.rows(Some(ledger));
        let found: Vec<&Value> = rows.iter().filter(fits).collect();
        assert_eq!(found.len(), 1, "{ledger} {wanted:?} among {rows:?}");
        found[0]["row"].as_str().expect("a row id").to_owned()
    }

    /// All rows of this division and year.
    pub fn rows(&self, ledger: Option<&str>) -> Vec<Value> {
        let reader = self.person("auditor", 0);
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let ledger = ledger.map_or(String::new(), |name| format!("&ledger={name}"));
            let path = format!(
                "/v1/quotas?division={}&fiscal_year={}&limit=100{ledger}{cursor}",
                self.division, self.year
            );
            let page = self.server.get(&reader, &path);
            assert_eq!(page.status, 200, "{page:?}");
            // A read of the province shows the divisions below as well.
            let own = |row: &&Value| row["division"] == self.division;
            rows.extend(
                page.body["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .filter(own)
                    .cloned(),
            );
            match page.body["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }
}

fn total(lines: &[Value]) -> String {
    let yuan = |line: &Value| -> i64 {
        let text = line["amount"].as_str().expect("an amount");
        text.strip_suffix(".00")
            .expect("whole yuan")
            .parse()
            .expect("a number")
    };
    yuan_text(lines.iter().map(yuan).sum())
}
