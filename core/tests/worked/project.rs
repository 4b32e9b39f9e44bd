//! Example 1: one project of the province from its approval to its end, over two years.

use crate::worked::book::{Book, assert_checkpoint, balances};
use crate::worked::flow::{Line, Office, line, yuan_text};
use crate::worked::server::{Server, shipped};
use crate::{assert_refused, none, sums};
use serde_json::json;

const PLAN_NO: &str = "CG-2025-08";
const CONTRACT_NO: &str = "HT-2025-31";

/// The project's office and its books.
struct Project<'a> {
    office: Office<'a>,
    book: Book,
}

impl Project<'_> {
    fn whole(&mut self, kind: &str, line: Line) {
        self.office.whole(&mut self.book, kind, &[line], none());
    }

    fn checkpoint(&self, example: &str, name: &str) {
        assert_checkpoint(&self.office, &[], example, name);
    }

    /// V01 to V04: the money comes down from the congress to the agency.
    fn issue(&mut self) {
        let source = json!({ "fund_type": "1", "source_type": "1", "budget_level": "2" });
        self.whole("legal_approval", line(100_000_000).dims(source));
        let row = self.office.row("TOT", &[]);
        let to = json!({ "office": "003", "exp_func": "2010101", "marks": "00" });
        self.whole("pool_to_office", line(20_000_000).row(&row).to(to));
        let row = self.office.row("OFF", &[]);
        self.whole(
            "office_to_dept",
            line(8_000_000).row(&row).to(json!({ "dept": "105" })),
        );
        let row = self.office.row("DEP", &[]);
        let to = json!({
            "agency_code": self.office.agency, "pro_code": "420000250000000000031",
            "gov_econ": "50201", "pay_mode": "1",
        });
        let issued = line(3_000_000).row(&row).to(to);
        self.whole(
            "dept_to_agency",
            issued.field("procurable", json!("2400000.00")),
        );
    }

    /// V05 to V07.
    fn buy(&mut self) {
        let row = self.office.row("INDG", &[]);
        let plan = json!({ "contract_no": PLAN_NO });
        self.whole(
            "procurement_plan",
            line(2_400_000).row(&row).to(plan.clone()),
        );
        let planned = self.office.row("PRC", &[]);
        let contract = json!({ "contract_no": CONTRACT_NO });
        self.whole(
            "procurement_contract",
            line(2_300_000).row(&planned).to(contract),
        );
        self.whole("contract_saving", line(100_000).row(&row).to(plan));
    }

    fn plan(&mut self, yuan: i64, month: u8) {
        let row = self.office.row("INDP", &[]);
        self.whole("pay_plan", line(yuan).row(&row).month(month));
    }

    /// The line of a payment, its settlement or its refund.
    fn pay_line(&self, yuan: i64, month: u8, contract: bool) -> Line {
        let mut to = json!({ "dept_econ": "30201" });
        if contract {
            to["contract_no"] = CONTRACT_NO.into();
        }
        line(yuan)
            .row(&self.office.row("IND", &[]))
            .month(month)
            .to(to)
    }

    fn pay(&mut self, yuan: i64, month: u8, contract: bool) {
        let line = self.pay_line(yuan, month, contract);
        self.whole("payment", line.clone());
        self.whole("bank_settlement", line);
    }

    /// A payment that the plan does not cover is refused and changes nothing.
    fn overpay(&self) {
        let before = self.office.rows(None);
        let answer = self
            .office
            .submit("payment", &[self.pay_line(80_000, 4, false)], none());
        assert_refused(&answer, "PLN", 60_000, 80_000);
        assert_eq!(self.office.rows(None), before);
    }

    /// V14 and V15: a progress payment is rejected, sent again and paid.
    fn pay_in_two_attempts(&mut self) {
        let line = self.pay_line(1_200_000, 6, true);
        let sent = self
            .office
            .submit("payment", std::slice::from_ref(&line), none());
        assert_eq!(sent.status, 201, "{sent:?}");
        let id = sent.text("id");
        self.checkpoint("E1", "b progress payment in flight");
        let reviewer = self.office.person("agency_reviewer", 1);
        let reason = json!({ "reason": "发票不全" });
        let back = self.office.act(&id, "reject", &reviewer, reason);
        assert_eq!((back.status, back.text("state")), (200, "draft".to_owned()));
        self.checkpoint("E1", "c after rejection");
        let total = yuan_text(1_200_000);
        self.office.follow("payment", &id, &total, 0);
        self.office.keep(&mut self.book, &id);
        self.whole("bank_settlement", line);
    }

    /// V17 to V19.
    fn close(&mut self) {
        let row = self.office.row("PLN", &[]);
        self.whole("pay_plan_cancel", line(370_000).row(&row).month(6));
        let row = self.office.row("IND", &[]);
        let surplus = line(460_000)
            .row(&row)
            .field("procurable", json!("100000.00"));
        self.whole("surplus_recovery", surplus);
        let carried = line(410_000)
            .row(&row)
            .to(json!({ "contract_no": CONTRACT_NO }));
        self.whole("carryover_generate", carried);
    }
}

#[test]
fn one_project_from_approval_to_close_out() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420000000", 2025);
    let mut project = Project {
        office,
        book: Book::default(),
    };
    project.issue();
    project.checkpoint("E1", "a after issue");
    project.buy();
    project.plan(1_000_000, 3);
    project.pay(690_000, 3, true);
    project.pay(250_000, 4, false);
    project.overpay();
    project.plan(1_500_000, 6);
    project.pay_in_two_attempts();
    let refund = project.pay_line(10_000, 4, false);
    project.whole("partial_refund", refund);
    project.checkpoint("E1", "d before year-end");
    project.close();
    project.checkpoint("E1", "e closed 2025");
    project.book.assert_vouchers("E1", "420000000", 2025);
    let closing = [
        ("SRC", -100_000_000),
        ("TOT", 80_000_000),
        ("OFF", 12_000_000),
        ("DEP", 5_000_000),
        ("CLR", 2_130_000),
        ("RET", 460_000),
        ("COV", 410_000),
    ];
    assert_eq!(balances(&project.office), sums(&closing));
    assert_eq!(closing.iter().map(|(_, sum)| sum).sum::<i64>(), 0);

    project.office = Office::new(&server, "420000000", 2026);
    project.plan(410_000, 12);
    project.pay(410_000, 12, true);
    project.checkpoint("E1-2026", "f project closed");
    project.book.assert_vouchers("E1-2026", "420000000", 2026);
    assert_eq!(
        balances(&project.office),
        sums(&[("SRC", -410_000), ("CLR", 410_000)])
    );
}
