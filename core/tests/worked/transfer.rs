//! Example 2: money on its way from the province to counties and townships, and some of it back.

use crate::worked::book::{Book, assert_checkpoint, balances};
use crate::worked::flow::{Office, line};
use crate::worked::server::{Server, shipped};
use crate::{none, sums};
use serde_json::{Value, json};

const UPPER_OFFICE: &str = "007";
const TRACE: &str = "T2026-0017";
const EARMARKED: &str = "420000260000000000088";

/// The books of all five divisions.
struct Chain {
    book: Book,
}

impl Chain {
    fn approve(&mut self, province: &Office<'_>) {
        let source = json!({ "fund_type": "1", "source_type": "1", "budget_level": "2" });
        province.whole(
            &mut self.book,
            "legal_approval",
            &[line(12_000_000).dims(source)],
            none(),
        );
        let to = json!({ "office": UPPER_OFFICE, "exp_func": "2130101", "marks": "01" });
        let pooled = line(12_000_000).row(&province.row("TOT", &[])).to(to);
        province.whole(&mut self.book, "pool_to_office", &[pooled], none());
    }

    fn set_apart(&mut self, upper: &Office<'_>, yuan: i64) {
        let to = json!({ "pro_code": EARMARKED, "trace_id": TRACE });
        let pooled = line(yuan).row(&upper.row("OFF", &[])).to(to);
        upper.whole(&mut self.book, "pool_to_transfer", &[pooled], none());
    }

    /// Issues to a division below, which takes it from its inbox.
    fn issue(&mut self, upper: &Office<'_>, lower: &Office<'_>, yuan: i64) {
        let to = json!({ "to_div": lower.division });
        let line = line(yuan).row(&upper.row("TRP", &[])).to(to);
        let head = json!({ "grant_type": "3" });
        let issued = upper.whole(&mut self.book, "special_transfer_issue", &[line], head);
        let spawned = issued.body["spawned"].as_array().expect("receipts");
        assert_eq!(spawned.len(), 1, "{issued:?}");
        let id = spawned[0].as_str().expect("an id");
        let transit: i64 = lower
            .rows(Some("SRC"))
            .iter()
            .map(|row| yuan_of(&row["increasing"]))
            .sum();
        assert_eq!(transit, yuan, "in transit to {}", lower.division);
        let pool = json!({ "pool": "OFF", "office": "011" });
        let checked = lower.act(id, "check", &lower.person("budget_office", 0), pool);
        assert_eq!(checked.status, 200, "{checked:?}");
        let taken = lower.act(id, "confirm", &lower.person("budget_office", 1), none());
        assert_eq!(
            (taken.status, taken.text("state")),
            (200, "confirmed".to_owned()),
            "{taken:?}"
        );
        lower.keep(&mut self.book, id);
    }

    /// At a leaf: indicator, plan, payment, settlement.
    fn spend(&mut self, leaf: &Office<'_>, issued: i64, spent: i64) {
        let to = json!({
            "agency_code": leaf.agency, "dept": leaf.dept, "gov_econ": "50201", "pay_mode": "2",
        });
        let pool = line(issued).row(&leaf.row("OFF", &[])).to(to);
        leaf.whole(&mut self.book, "indicator_issue", &[pool], none());
        let planned = line(spent).row(&leaf.row("INDP", &[])).month(12);
        leaf.whole(&mut self.book, "pay_plan", &[planned], none());
        let to = json!({ "dept_econ": "30201" });
        let paid = line(spent).row(&leaf.row("IND", &[])).month(12).to(to);
        leaf.whole(
            &mut self.book,
            "payment",
            std::slice::from_ref(&paid),
            none(),
        );
        leaf.whole(&mut self.book, "bank_settlement", &[paid], none());
    }

    /// The county gives back what it does not need: first to its own pool, then to the province.
    fn recall(&mut self, province: &Office<'_>, county: &Office<'_>) {
        let reduced = line(400_000)
            .row(&county.row("IND", &[]))
            .to(json!({ "gov_econ": "" }));
        county.whole(&mut self.book, "indicator_reduction", &[reduced], none());
        let notice = json!({
            "type": "transfer_recall", "division": county.division, "fiscal_year": county.year,
            "lines": [{
                "amount": "400000.00", "row": county.row("OFF", &[]),
                "to": { "office": UPPER_OFFICE, "source_type": "1" },
            }],
        });
        let entered = province.server.post(
            &province.person("budget_office", 0),
            "/v1/documents",
            &notice,
        );
        assert_eq!(
            (entered.status, entered.text("state")),
            (201, "notice".to_owned()),
            "{entered:?}"
        );
        let id = entered.text("id");
        for (step, person) in [
            ("reserve", county.person("budget_office", 0)),
            ("confirm", county.person("business_office", 0)),
            ("settle", province.person("business_office", 0)),
        ] {
            let answer = county.act(&id, step, &person, none());
            assert_eq!(answer.status, 200, "{step}: {answer:?}");
        }
        county.keep(&mut self.book, &id);
    }
}

fn yuan_of(value: &Value) -> i64 {
    let text = value.as_str().expect("an amount");
    text.strip_suffix(".00")
        .expect("whole yuan")
        .parse()
        .expect("a number")
}

#[test]
fn money_goes_down_four_levels_and_some_comes_back() {
    let server = Server::start(&shipped());
    let office = |division| Office::new(&server, division, 2026);
    let (province, county) = (office("420000000"), office("420625000"));
    let (prefecture, district) = (office("420600000"), office("420607000"));
    let township = office("420625101");
    let mut chain = Chain {
        book: Book::default(),
    };
    chain.approve(&province);
    chain.set_apart(&province, 12_000_000);
    chain.issue(&province, &county, 6_300_000);
    chain.issue(&province, &county, 2_700_000);
    chain.issue(&province, &prefecture, 2_100_000);
    chain.issue(&province, &prefecture, 900_000);
    chain.set_apart(&prefecture, 1_800_000);
    chain.issue(&prefecture, &district, 1_800_000);
    chain.set_apart(&county, 500_000);
    chain.issue(&county, &township, 500_000);
    chain.spend(&county, 8_500_000, 8_100_000);
    chain.spend(&township, 500_000, 500_000);
    chain.spend(&district, 1_800_000, 1_800_000);
    chain.spend(&prefecture, 1_200_000, 1_200_000);
    chain.recall(&province, &county);

    let ends = [
        (
            &province,
            sums(&[("SRC", -12_000_000), ("TRP", 400_000), ("TRS", 11_600_000)]),
        ),
        (
            &county,
            sums(&[("SRC", -8_600_000), ("TRS", 500_000), ("CLR", 8_100_000)]),
        ),
        (
            &prefecture,
            sums(&[("SRC", -3_000_000), ("TRS", 1_800_000), ("CLR", 1_200_000)]),
        ),
        (&district, sums(&[("SRC", -1_800_000), ("CLR", 1_800_000)])),
        (&township, sums(&[("SRC", -500_000), ("CLR", 500_000)])),
    ];
    for (office, wanted) in ends {
        let example = format!("E2-{}", office.division);
        chain.book.assert_vouchers(&example, office.division, 2026);
        assert_checkpoint(office, &[], &example, "final");
        assert_eq!(balances(office), wanted, "{example}");
        assert_eq!(wanted.values().sum::<i64>(), 0);
    }
    // What is on its way to nobody: sources of the children are what the parent issued.
    assert_eq!(11_600_000, 8_600_000 + 3_000_000);
}
