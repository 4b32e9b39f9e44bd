//! Example 3: adjustment with freeze, rollback and rejection.

use crate::worked::book::{Book, assert_checkpoint, balances};
use crate::worked::flow::{Line, Office, line};
use crate::worked::server::{Answer, Server, shipped};
use crate::{assert_refused, none, sums};
use serde_json::json;

const PROJECTS: [(&str, &str); 4] = [
    ("A", "420106250000000000001"),
    ("B", "420106250000000000002"),
    ("C", "420106250000000000003"),
    ("D", "420106250000000000004"),
];

fn project(label: &str) -> &'static str {
    let found = PROJECTS.iter().find(|(known, _)| *known == label);
    found.expect("a project of the example").1
}

/// The example's office and its books.
struct Adjustment<'a> {
    office: Office<'a>,
    book: Book,
}

impl Adjustment<'_> {
    fn whole(&mut self, kind: &str, lines: &[Line]) {
        self.office.whole(&mut self.book, kind, lines, none());
    }

    fn row(&self, ledger: &str, label: &str) -> String {
        self.office.row(ledger, &[("pro_code", project(label))])
    }

    fn checkpoint(&self, name: &str) {
        assert_checkpoint(&self.office, &PROJECTS, "E3", name);
    }

    /// The pool that the example draws on, outside of its books.
    fn fund(&mut self) {
        let source = json!({ "fund_type": "1", "source_type": "1", "budget_level": "4" });
        self.whole("legal_approval", &[line(5_600_000).dims(source)]);
        let to = json!({ "office": "003", "exp_func": "2010101", "marks": "00" });
        let pooled = line(5_600_000).row(&self.office.row("TOT", &[])).to(to);
        self.whole("pool_to_office", &[pooled]);
        self.book.begin();
    }

    fn issue(&mut self, label: &str, yuan: i64) {
        let to = json!({
            "agency_code": self.office.agency, "dept": self.office.dept, "pro_code": project(label),
            "gov_econ": "50201", "pay_mode": "1",
        });
        let issued = line(yuan).row(&self.office.row("OFF", &[])).to(to);
        self.submit_keep_labels("indicator_issue", issued);
    }

    /// Runs a document whose rows come to be with it, and names them before its vouchers are kept.
    fn submit_keep_labels(&mut self, kind: &str, line: Line) {
        let sent = self
            .office
            .submit(kind, std::slice::from_ref(&line), none());
        assert_eq!(sent.status, 201, "{sent:?}");
        self.finish(kind, &sent.text("id"));
    }

    fn finish(&mut self, kind: &str, id: &str) {
        self.office.follow(kind, id, "0.00", 1);
        self.book.label(&self.office, &PROJECTS);
        self.office.keep(&mut self.book, id);
    }

    /// Plan, one payment made and settled, one in flight: its id.
    fn pay(&mut self) -> String {
        let planned = line(1_800_000).row(&self.row("INDP", "A")).month(5);
        let sent = self.office.submit("pay_plan", &[planned], none());
        self.finish("pay_plan", &sent.text("id"));
        let paid = |yuan, row: &str| {
            line(yuan)
                .row(row)
                .month(5)
                .to(json!({ "dept_econ": "30201" }))
        };
        let row = self.row("IND", "A");
        self.whole("payment", &[paid(1_000_000, &row)]);
        self.whole("bank_settlement", &[paid(1_000_000, &row)]);
        let sent = self
            .office
            .submit("payment", &[paid(400_000, &row)], none());
        assert_eq!(sent.status, 201, "{sent:?}");
        sent.text("id")
    }

    fn virement(&self, moves: &[(&str, &str, i64)]) -> Answer {
        let one = |(from, to, yuan): &(&str, &str, i64)| {
            line(*yuan)
                .row(&self.row("IND", from))
                .to(json!({ "pro_code": project(to) }))
        };
        let lines: Vec<Line> = moves.iter().map(one).collect();
        self.office.submit("project_virement", &lines, none())
    }
}

#[test]
fn an_adjustment_with_freeze_rollback_and_rejection() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420106000", 2025);
    let mut example = Adjustment {
        office,
        book: Book::default(),
    };
    example.fund();
    example.issue("A", 5_000_000);
    example.issue("D", 600_000);
    let in_flight = example.pay();
    example.checkpoint("s1 paid 1.0m, 0.4m in flight");

    let frozen = line(1_500_000).row(&example.row("IND", "A"));
    let head = json!({ "purpose": "项目进度滞后" });
    let sent = example.office.submit("indicator_freeze", &[frozen], head);
    example.finish("indicator_freeze", &sent.text("id"));
    example.checkpoint("s2 frozen");

    let too_much = example.virement(&[("A", "B", 2_000_000)]);
    assert_refused(&too_much, "INDP", 1_700_000, 2_000_000);
    let rolled_back = example.virement(&[
        ("A", "B", 1_200_000),
        ("D", "B", 100_000),
        ("D", "C", 600_000),
    ]);
    assert_refused(&rolled_back, "IND", 600_000, 700_000);
    example.checkpoint("s4 after rolled-back voucher (unchanged)");

    let sent = example.virement(&[
        ("A", "B", 1_100_000),
        ("A", "C", 100_000),
        ("D", "C", 500_000),
    ]);
    assert_eq!(sent.status, 201, "{sent:?}");
    example.checkpoint("s5 virement in flight");
    example.finish("project_virement", &sent.text("id"));
    example.checkpoint("s6 virement final");

    let reviewer = example.office.person("agency_reviewer", 1);
    let back = example.office.act(
        &in_flight,
        "reject",
        &reviewer,
        json!({ "reason": "收款人有误" }),
    );
    assert_eq!(back.status, 200, "{back:?}");
    example.checkpoint("s7 payment rejected");

    let thawed = line(1_500_000).row(&example.row("FRZ", "A"));
    example.whole("indicator_unfreeze", &[thawed]);
    example.checkpoint("s8 unfrozen");
    example.book.assert_vouchers("E3", "420106000", 2025);
    let end = balances(&example.office);
    let wanted = [
        ("CLR", 1_000_000),
        ("CPL", -4_600_000),
        ("IND", 4_600_000),
        ("INDP", 3_800_000),
        ("PLN", 800_000),
        ("SRC", -5_600_000),
    ];
    assert_eq!(end, sums(&wanted));
}
