//! The audit against a double that lies: each lie is caught and named; the faithful double is clean.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod double;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use double::{Lie, http::Double};
use hubu_load::audit::{Against, Fault, Settlement, settle};
use hubu_load::book::{Book, Key, Kind, Line, Outcome, Step, Unknown, user_prefix};
use hubu_load::money;
use hubu_load::seed::{Loaded, Pace, Progress, load};
use hubu_load::wire::{
    Claims, Connection, DocumentAnswer, Local, Minter, Reader, Request, Target, serde_body,
};
use hubu_load::world::{Ledger, Recipe, RowKey, World};

/// A small world, loaded into a double, and a book to write into.
struct Office {
    _double: Double,
    target: Arc<Target>,
    minter: Arc<Minter>,
    world: Arc<World>,
    loaded: Loaded,
    book: Book,
    connection: Connection,
}

const SECRET: &[u8] = b"a secret for tests only";

async fn open(lie: impl FnOnce(u64) -> Lie) -> Office {
    let divisions = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/divisions.csv").into();
    let recipe = Recipe {
        seed: 3,
        fiscal_year: 2026,
        agencies: 20,
        rows: 200,
        divisions,
    };
    let world = Arc::new(World::make(recipe).unwrap());
    let double = double::http::start(Lie::None).await;
    let target = Target::new(&double.url).unwrap();
    let minter = Arc::new(Minter::new(SECRET).unwrap());
    let pace = Pace {
        connections: 2,
        lines: 3,
        lines_per_batch: 9,
    };
    let loading = load(
        target.clone(),
        minter.clone(),
        world.clone(),
        pace,
        Arc::new(Progress::default()),
    );
    let loaded = loading.await.unwrap();
    let commands = double.books.lock().events.len() as u64;
    assert_eq!(loaded.seeded_to, commands);
    double.books.lock().lie = lie(commands);
    let connection = Connection::new(target.clone(), Local::Any, Duration::from_secs(5));
    Office {
        _double: double,
        target,
        minter,
        world,
        loaded,
        book: Book::new(0xabc, 0),
        connection,
    }
}

impl Office {
    fn claims(&self, role: &str) -> Claims {
        let agency = &self.world.agencies[0];
        Claims {
            agency: role.starts_with("agency").then(|| agency.code.clone()),
            dept: Some(agency.dept.clone()),
            ..Claims::new(
                format!("{}{role}", user_prefix(self.book.run)),
                role,
                self.world.division_of(agency).code,
            )
        }
    }

    async fn post(
        &mut self,
        role: &str,
        path: &str,
        key: Key,
        body: String,
    ) -> Option<DocumentAnswer> {
        let claims = self.claims(role);
        let token = self.minter.bearer(&claims).unwrap();
        let text = key.to_string();
        let request = Request::post(path, &token, Some(&text), Bytes::from(body.clone()));
        match self.connection.send(&request).await {
            Ok(answer) if answer.status.is_success() => {
                let done: DocumentAnswer = serde_body("answer", &answer.body).unwrap();
                self.book
                    .acknowledge(key, done.id.parse().unwrap(), done.version);
                Some(done)
            }
            Ok(_) => {
                self.book.refuse(key);
                None
            }
            Err(_) => {
                let (path, number) = (path.to_owned(), key.number);
                self.book.leave_unknown(
                    key,
                    Unknown {
                        number,
                        claims,
                        path,
                        body,
                    },
                );
                None
            }
        }
    }

    async fn row(&mut self, ledger: &str) -> String {
        let token = self.minter.bearer(&self.claims("auditor")).unwrap();
        let agency = self.world.agencies[0].code.clone();
        let connection = Connection::new(self.target.clone(), Local::Any, Duration::from_secs(5));
        let mut reader = Reader { connection, token };
        let answer = reader
            .get(&format!("/v1/quotas?agency={agency}&ledger={ledger}"))
            .await
            .unwrap();
        let page: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        page["items"][0]["row"].as_str().unwrap().to_owned()
    }

    /// Enters and submits one payment of the first agency.
    async fn pay(&mut self, fen: i64) -> Option<(String, hubu_load::book::Lines)> {
        let row = self.row("IND").await;
        let agency = &self.world.agencies[0];
        let division = self.world.division_of(agency).code;
        let body = format!(
            r#"{{"type":"payment","division":"{division:09}","fiscal_year":2026,"agency":"{}","transition":"submit",
            "fields":{{"payee_match":true}},"lines":[{{"amount":"{}","row":"{row}","month":12,"to":{{"dept_econ":"30201"}}}}]}}"#,
            agency.code,
            money::text(fen)
        );
        let lines = self.book.add_lines(&[Line {
            amount: fen,
            row: RowKey::of_indicator(Ledger::Ind, 0, 0),
        }]);
        let key = self.book.begin(Kind::Payment, Step::Reserve, lines);
        let done = self
            .post("agency_clerk", "/v1/documents", key, body)
            .await?;
        Some((done.id, lines))
    }

    async fn act(&mut self, id: &str, lines: hubu_load::book::Lines, transition: &str, role: &str) {
        let key = self
            .book
            .begin(Kind::Payment, Kind::Payment.step(transition), lines);
        let path = format!("/v1/documents/{id}/actions/{transition}");
        self.post(role, &path, key, r#"{"fields":{}}"#.into()).await;
    }

    /// One payment paid, one rejected, one left in flight, one refused: nine commands are decided.
    async fn day(&mut self) {
        let (id, lines) = self.pay(12_345).await.unwrap();
        self.act(&id, lines, "review", "agency_reviewer").await;
        self.act(&id, lines, "sign", "agency_head").await;
        self.act(&id, lines, "seal", "payment_centre").await;
        let seals = self.world.agencies[0].division;
        assert_eq!(seals, 0);
        let (other, lines_other) = self.pay(700).await.unwrap();
        self.act(&other, lines_other, "reject", "agency_reviewer")
            .await;
        self.pay(1_001).await;
        assert!(
            self.pay(i64::from(u32::MAX) * 100).await.is_none(),
            "more than the row has"
        );
    }

    async fn settle(&mut self) -> Settlement {
        let against = Against {
            target: self.target.clone(),
            minter: &self.minter,
            world: &self.world,
            seeded_to: self.loaded.seeded_to,
            when: "test",
        };
        settle(std::slice::from_mut(&mut self.book), &against)
            .await
            .unwrap()
    }
}

async fn audited(lie: impl FnOnce(u64) -> Lie) -> Settlement {
    let mut office = open(lie).await;
    office.day().await;
    office.settle().await
}

fn named(settlement: &Settlement, fault: Fault) -> Vec<&str> {
    settlement
        .findings
        .iter()
        .filter(|f| f.fault == fault)
        .map(|f| f.what.as_str())
        .collect()
}

#[tokio::test]
async fn the_faithful_double_is_clean() {
    let settlement = audited(|_| Lie::None).await;
    assert!(settlement.is_clean(), "{settlement:#?}");
    let figures = &settlement.figures;
    assert_eq!(
        (figures.acknowledged, figures.found, figures.refused),
        (7, 7, 1)
    );
    assert_eq!(figures.debit, figures.credit);
    assert!(figures.debit > 0 && figures.rows_compared > 150);
    assert_eq!(figures.documents_read, 3);
}

#[tokio::test]
async fn a_lost_command_is_named() {
    let settlement = audited(|from| Lie::Lose { at: from + 6 }).await;
    assert_eq!(
        settlement.figures.lost, 2,
        "the document is neither in the feed nor to be read: {settlement:#?}"
    );
    assert!(named(&settlement, Fault::Lost)[0].contains("version 1"));
    // Its reservation is missing on the rows as well.
    assert!(
        named(&settlement, Fault::Misposted)
            .iter()
            .any(|n| n.contains("indicator 0"))
    );
    assert!(!settlement.is_clean());
}

#[tokio::test]
async fn a_doubled_command_is_named() {
    let settlement = audited(|from| Lie::Double { at: from + 4 }).await;
    assert_eq!(settlement.figures.doubled, 1, "{settlement:#?}");
    assert!(named(&settlement, Fault::Doubled)[0].contains("version 1"));
    assert!(!named(&settlement, Fault::Misposted).is_empty());
}

#[tokio::test]
async fn one_fen_on_a_row_is_named() {
    let settlement = audited(|from| Lie::Mispost { at: from }).await;
    // The row itself, and the sums of its ledger over the whole tree.
    assert_eq!(settlement.figures.misposted, 2, "{settlement:#?}");
    let names = named(&settlement, Fault::Misposted);
    assert!(names.contains(&"sums of ledger IND"), "{names:?}");
    let finding = settlement
        .findings
        .iter()
        .find(|f| f.what.starts_with("row "))
        .unwrap();
    assert!(
        finding.what.contains("IND") && finding.what.contains("indicator 0"),
        "{finding:?}"
    );
    assert!(
        finding.detail.contains("used 0.01") && finding.detail.contains("document "),
        "{finding:?}"
    );
}

#[tokio::test]
async fn one_fen_in_the_feed_is_named() {
    let settlement = audited(|from| Lie::MispostFeed { at: from }).await;
    let names = named(&settlement, Fault::Misposted);
    assert!(
        names.iter().any(|n| n.starts_with("document ")),
        "{settlement:#?}"
    );
    assert!(
        names.iter().any(|n| n.starts_with("row ")),
        "{settlement:#?}"
    );
}

#[tokio::test]
async fn a_refused_command_that_was_done_is_named() {
    let settlement = audited(|from| Lie::RefuseAndDo { at: from + 6 }).await;
    assert_eq!(settlement.figures.refused_but_done, 1, "{settlement:#?}");
    assert!(named(&settlement, Fault::RefusedButDone)[0].starts_with("document "));
}

#[tokio::test]
async fn an_answer_that_changes_is_named() {
    let mut office = open(|_| Lie::AnswerTwice).await;
    let row = office.row("IND").await;
    let lines = office.book.add_lines(&[Line {
        amount: 500,
        row: RowKey::of_indicator(Ledger::Ind, 0, 0),
    }]);
    let key = office.book.begin(Kind::Payment, Step::Reserve, lines);
    let (agency, division) = (
        office.world.agencies[0].code.clone(),
        office.world.divisions[0].code,
    );
    let body = format!(
        r#"{{"type":"payment","division":"{division:09}","fiscal_year":2026,"agency":"{agency}","transition":"submit",
        "fields":{{}},"lines":[{{"amount":"5.00","row":"{row}","month":12,"to":{{"dept_econ":"30201"}}}}]}}"#
    );
    let first = office
        .post("agency_clerk", "/v1/documents", key, body.clone())
        .await
        .unwrap();
    let token = office
        .minter
        .bearer(&office.claims("agency_clerk"))
        .unwrap();
    let text = key.to_string();
    let again = Request::post("/v1/documents", &token, Some(&text), Bytes::from(body));
    let answer = office.connection.send(&again).await.unwrap();
    let second: DocumentAnswer = serde_body("answer", &answer.body).unwrap();
    office
        .book
        .repeat(key, &format!("{first:?}"), &format!("{second:?}"));
    let settlement = office.settle().await;
    assert_eq!(settlement.figures.contradictory, 1, "{settlement:#?}");
    assert_eq!(named(&settlement, Fault::Contradictory), [text.as_str()]);
}

#[tokio::test]
async fn a_stale_version_is_named() {
    // The review is answered with the version that the submission had.
    let settlement = audited(|from| Lie::StaleVersion { at: from + 1 }).await;
    assert_eq!(settlement.figures.contradictory, 1, "{settlement:#?}");
    assert!(named(&settlement, Fault::Contradictory)[0].contains("version 1"));
    // The version that was done has nobody who was told of it.
    assert!(named(&settlement, Fault::RefusedButDone)[0].contains("version 2"));
}

#[tokio::test]
async fn a_cut_connection_is_asked_again() {
    let mut office = open(|from| Lie::CutAfter { at: from }).await;
    assert!(office.pay(900).await.is_none(), "the first answer is cut");
    let (key, outcome) = office
        .book
        .entries()
        .map(|(k, e)| (k, e.outcome))
        .next()
        .unwrap();
    assert_eq!(outcome, Outcome::Unknown);
    let settlement = office.settle().await;
    assert!(settlement.is_clean(), "{settlement:#?}");
    assert_eq!(
        (
            settlement.figures.unknown_resolved,
            settlement.figures.acknowledged
        ),
        (1, 1)
    );
    assert_eq!(
        office.book.entry(key).unwrap().outcome,
        Outcome::Acknowledged
    );
}
