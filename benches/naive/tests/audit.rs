//! The harness's audit against both ways to pay: clean as they are, and every change behind the server's back is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hubu_load::audit::{Against, Fault, Settlement, settle};
use hubu_load::book::{Book, Kind, Line, Step, user_prefix};
use hubu_load::money;
use hubu_load::wire::{
    Claims, Connection, DocumentAnswer, Local, Minter, Quota, QuotaPage, Request, Target, parse,
    serde_body,
};
use hubu_load::world::{Ledger, Recipe, RowKey, World};
use hubu_naive::Mode;
use hubu_naive::rows::load;
use hubu_naive::world::openings;
use hubu_testkit::{PgCluster, Program};

/// Payments of the book.
const PAYMENTS: u64 = 40;
const RUN: u32 = 7;

struct Office {
    database: PgCluster,
    target: Arc<Target>,
    minter: Minter,
    world: World,
    books: [Book; 1],
    _program: Program,
}

fn recipe() -> Recipe {
    let divisions = "../../loadtest/tests/data/divisions.csv";
    Recipe {
        seed: 3,
        fiscal_year: 2026,
        agencies: 20,
        rows: 200,
        divisions: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(divisions),
    }
}

async fn open(mode: Mode) -> Office {
    let world = World::make(recipe()).unwrap();
    let database = PgCluster::start().unwrap();
    load(&database.url(), &openings(&world)).await.unwrap();
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-naive"));
    command.args([
        "--listen",
        &address.to_string(),
        "--database",
        &database.url(),
    ]);
    command.args(["--mode", &mode.to_string(), "--size", "2"]);
    let program = Program::from(command.spawn().unwrap());
    let mut office = Office {
        database,
        target: Target::new(&format!("http://{address}")).unwrap(),
        minter: Minter::new(b"nobody checks the signature").unwrap(),
        world,
        books: [Book::new(RUN, 0)],
        _program: program,
    };
    for at in 0..PAYMENTS {
        office.pay((at % 5) as u32, 100 + at as i64).await;
    }
    office
}

impl Office {
    fn connection(&self) -> Connection {
        Connection::new(self.target.clone(), Local::Any, Duration::from_secs(30))
    }

    /// What the server says of an agency's first indicator.
    async fn row(&self, agency: u32, ledger: Ledger) -> u64 {
        let of = &self.world.agencies[agency as usize];
        let division = self.world.division_of(of).code;
        let path = format!(
            "/v1/quotas?division={division:09}&agency={}&ledger={}",
            of.code,
            ledger.name()
        );
        let token = self
            .minter
            .bearer(&Claims::new("reader", "auditor", division))
            .unwrap();
        let mut connection = self.connection();
        // The program may not listen yet.
        let answer = hubu_load::wire::get(&mut connection, &token, &path)
            .await
            .unwrap();
        let page: QuotaPage<'_> = parse("quotas", &answer.body).unwrap();
        let is_first = |row: &&Quota<'_>| {
            let key = self.world.key_of(ledger, &row.division, &row.dims);
            key == Some(RowKey::of_indicator(ledger, agency, 0))
        };
        page.items
            .iter()
            .find(is_first)
            .unwrap()
            .row
            .parse()
            .unwrap()
    }

    async fn pay(&mut self, agency: u32, cents: i64) {
        let row = self.row(agency, Ledger::Ind).await;
        let of = &self.world.agencies[agency as usize];
        let division = self.world.division_of(of).code;
        let body = format!(
            r#"{{"type":"payment","division":"{division:09}","fiscal_year":2026,"agency":"{}","transition":"submit",
            "fields":{{}},"lines":[{{"amount":"{}","row":"{row}","month":12}}]}}"#,
            of.code,
            money::text(cents)
        );
        let line = Line {
            amount: cents,
            row: RowKey::of_indicator(Ledger::Ind, agency, 0),
        };
        let [book] = &mut self.books;
        let lines = book.add_lines(&[line]);
        let key = book.begin(Kind::Payment, Step::Reserve, lines);
        let name = format!("{}{agency:06}", user_prefix(RUN));
        let token = self
            .minter
            .bearer(&Claims::new(name, "agency_clerk", division))
            .unwrap();
        let text = key.to_string();
        let request = Request::post("/v1/documents", &token, Some(&text), Bytes::from(body));
        let answer = self.connection().send(&request).await.unwrap();
        let done: DocumentAnswer = serde_body("answer", &answer.body).unwrap();
        let [book] = &mut self.books;
        book.acknowledge(key, done.id.parse().unwrap(), done.version);
    }

    async fn audit(&mut self) -> Settlement {
        let against = Against {
            target: self.target.clone(),
            minter: &self.minter,
            world: &self.world,
            seeded_to: 0,
            when: "in a test",
        };
        settle(&mut self.books, &against).await.unwrap()
    }

    /// Changes the database behind the server's back, and looks whether the audit finds this; then undoes it.
    async fn finds(&mut self, fault: Fault, change: &str, undo: &str) {
        self.database.sql(change).unwrap();
        let settled = self.audit().await;
        assert!(!settled.is_clean(), "{change}");
        let faults: Vec<Fault> = settled
            .findings
            .iter()
            .map(|finding| finding.fault)
            .collect();
        assert!(faults.contains(&fault), "{change}: {:?}", settled.findings);
        self.database.sql(undo).unwrap();
        let settled = self.audit().await;
        assert!(settled.is_clean(), "{undo}: {:?}", settled.findings);
    }
}

async fn nothing_escapes_the_audit(mode: Mode) {
    let mut office = open(mode).await;
    let settled = office.audit().await;
    assert!(settled.is_clean(), "{:?}", settled.findings);
    let figures = &settled.figures;
    assert_eq!(
        (figures.acknowledged, figures.found, figures.events),
        (PAYMENTS, PAYMENTS, PAYMENTS)
    );
    assert_eq!(
        (figures.documents_read, figures.rows_touched),
        (PAYMENTS, 15)
    );
    // What Hubu makes at a first payment is there from the beginning.
    let rows = office.world.opened_rows() + office.world.indicators();
    assert_eq!(figures.rows_summed, rows);

    // Told yes, and not there: the row still holds it, the feed does not tell it.
    let lose = "UPDATE document SET id = -id WHERE id = 7";
    office
        .finds(
            Fault::Lost,
            lose,
            "UPDATE document SET id = -id WHERE id = -7",
        )
        .await;
    // There with another amount.
    let change = |by: i32| {
        format!("UPDATE posting SET amount_cents = amount_cents + {by} WHERE document = 9")
    };
    office
        .finds(Fault::Misposted, &change(1), &change(-1))
        .await;
    // The document is right and its row is not: a lost update.
    let row = office.row(2, Ledger::Pln).await;
    let change = |by: i32| {
        format!("UPDATE quota_row SET decreasing_cents = decreasing_cents + {by} WHERE id = {row}")
    };
    office
        .finds(Fault::Misposted, &change(-1), &change(1))
        .await;
    // A row that nobody touched, and that belongs to no agency.
    let change = |by: i32| {
        format!(
            "UPDATE quota_row SET used_cents = used_cents + {by} WHERE ledger = 'OFF' AND division = '420000000'"
        )
    };
    office
        .finds(Fault::Misposted, &change(1), &change(-1))
        .await;
    // Done twice: once more than its user was told.
    let moved = |sign: &str| {
        format!(
            "UPDATE quota_row q SET
                decreasing_cents = q.decreasing_cents {sign} CASE q.ledger WHEN 'PAY' THEN 0 ELSE p.amount_cents END,
                increasing_cents = q.increasing_cents {sign} CASE q.ledger WHEN 'PAY' THEN p.amount_cents ELSE 0 END
            FROM posting p WHERE p.document = 11 AND p.row_id = q.id"
        )
    };
    let double = format!(
        "INSERT INTO document (id, actor, division, agency, fiscal_year, row_id, month, amount_cents, fields)
        SELECT 1000, actor, division, agency, fiscal_year, row_id, month, amount_cents, fields FROM document WHERE id = 11;
        INSERT INTO posting SELECT 1000, row_id, amount_cents FROM posting WHERE document = 11; {}",
        moved("+")
    );
    let undo = format!(
        "{}; DELETE FROM posting WHERE document = 1000; DELETE FROM document WHERE id = 1000",
        moved("-")
    );
    office.finds(Fault::RefusedButDone, &double, &undo).await;
}

#[tokio::test]
async fn row_lock() {
    nothing_escapes_the_audit(Mode::RowLock).await;
}

#[tokio::test]
async fn batched() {
    nothing_escapes_the_audit(Mode::Batched).await;
}
