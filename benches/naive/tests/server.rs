//! Both ways to pay, over real sockets and a real PostgreSQL: what they acknowledge is there, once, and never too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use hubu_naive::Mode;
use hubu_naive::rows::{Opening, load};
use hubu_testkit::{PgCluster, Program};
use serde_json::{Value, json};

const DIVISION: &str = "420106000";
/// Of `{"sub":"t"}`; nobody checks the signature.
const TOKEN: &str = "Bearer e30.eyJzdWIiOiJ0In0.x";
const AGENCY: &str = "420106000000000000001";

struct Server {
    address: SocketAddr,
    database: PgCluster,
    _program: Program,
}

/// A server whose indicators 1 and 3 have `cents` each, with plan rows 2 and 4; what is paid from 1 is announced on 5.
fn serve(mode: Mode, size: usize, cents: i64) -> Server {
    let database = PgCluster::start().unwrap();
    let row = |id, indicator, ledger: &str| Opening {
        id,
        indicator: Some(indicator),
        ledger: ledger.into(),
        division: DIVISION.into(),
        agency: AGENCY.into(),
        fiscal_year: 2026,
        approved_cents: cents,
        ..Opening::default()
    };
    let rows = [
        row(1, 1, "IND"),
        row(2, 1, "PLN"),
        row(3, 3, "IND"),
        row(4, 3, "PLN"),
        Opening {
            approved_cents: 0,
            ..row(5, 1, "PAY")
        },
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(load(&database.url(), &rows)).unwrap();
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-naive"));
    command
        .args(["--listen", &address.to_string()])
        .args(["--database", &database.url()]);
    command
        .args(["--mode", &mode.to_string()])
        .args(["--size", &size.to_string()]);
    let program = Program::from(command.spawn().unwrap());
    let until = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "the server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let server = Server {
        address,
        database,
        _program: program,
    };
    assert_eq!(server.get("/readyz").0, 200);
    server
}

impl Server {
    fn ask(&self, head: &str, body: &str) -> (u16, Value) {
        let mut stream = BufReader::new(TcpStream::connect(self.address).unwrap());
        let length = body.len();
        let request = format!(
            "{head}\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap())
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.ask(
            &format!("GET {path} HTTP/1.1\r\nAuthorization: {TOKEN}"),
            "",
        )
    }

    fn pay(&self, key: &str, row: &str, amount: &str) -> (u16, Value) {
        let body = json!({
            "type": "payment", "division": DIVISION, "fiscal_year": 2026, "agency": AGENCY, "transition": "submit",
            "fields": { "purpose": "办公用品" },
            "lines": [{ "amount": amount, "row": row, "to": { "dept_econ": "30201" }, "month": 6 }],
        });
        let head = format!(
            "POST /v1/documents HTTP/1.1\r\nAuthorization: {TOKEN}\r\nIdempotency-Key: {key}"
        );
        self.ask(&head, &body.to_string())
    }

    fn count(&self, what: &str) -> String {
        self.database.sql(&format!("SELECT {what}")).unwrap()
    }
}

fn never_too_much(mode: Mode, size: usize) {
    let server = serve(mode, size, 10_000);
    let accepted: usize = std::thread::scope(|scope| {
        let one = |thread: usize| {
            let server = &server;
            move || {
                let pay = |at| server.pay(&format!("k-{thread}-{at}"), "1", "3.00").0;
                let statuses: Vec<u16> = (0..10).map(pay).collect();
                assert!(
                    statuses.iter().all(|status| [201, 409].contains(status)),
                    "{statuses:?}"
                );
                statuses.iter().filter(|status| **status == 201).count()
            }
        };
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(one(thread))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(accepted, 33, "33 times 3.00 fit into 100.00");
    for row in ["1", "2"] {
        let (_, held) = server.get(&format!("/v1/quotas/{row}"));
        assert_eq!(
            (&held["decreasing"], &held["available"]),
            (&json!("99.00"), &json!("1.00"))
        );
    }
    let (_, announced) = server.get("/v1/quotas/5");
    assert_eq!(
        (&announced["decreasing"], &announced["increasing"]),
        (&json!("0.00"), &json!("99.00"))
    );
    let (_, untouched) = server.get("/v1/quotas/3");
    assert_eq!(untouched["decreasing"], json!("0.00"));
    assert_eq!(server.count("count(*) FROM document"), "33");
    assert_eq!(
        server.count("count(*), sum(amount_cents) FROM posting"),
        "99|29700"
    );
    assert_eq!(
        server.count("count(*), count(refused_by) FROM idempotency"),
        "80|47"
    );
}

fn once_by_its_key(mode: Mode, size: usize) {
    let server = serve(mode, size, 100_000);
    let first = server.pay("same", "1", "10.00");
    assert_eq!(first.0, 201, "{first:?}");
    assert_eq!(server.pay("same", "1", "10.00"), first);
    let (status, problem) = server.pay("same", "3", "10.00");
    assert_eq!((status, &problem["code"]), (422, &json!("key_reused")));
    // Repeated while the first is under way, and refused ones too.
    let together = |key: &'static str, amount: &'static str| {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let ask = || server.pay(key, "1", amount);
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
        answers[0].0
    };
    assert_eq!(together("twice", "1.00"), 201);
    assert_eq!(together("never", "5000.00"), 409);
    assert_eq!(
        server.count("count(*), sum(amount_cents) FROM document"),
        "2|1100"
    );
    let (_, held) = server.get("/v1/quotas/1");
    assert_eq!(held["decreasing"], json!("11.00"));
}

fn tells_what_happened(mode: Mode, size: usize) {
    let server = serve(mode, size, 100_000);
    let mut ids: Vec<Value> = Vec::new();
    for at in 0..5 {
        let (status, answer) = server.pay(&format!("k{at}"), "3", "2.50");
        assert_eq!((status, &answer["state"]), (201, &json!("submitted")));
        ids.push(answer["id"].clone());
    }
    let (_, first) = server.get("/v1/events?after=0&limit=3");
    let next = first["next"].as_str().unwrap();
    let (_, second) = server.get(&format!("/v1/events?after={next}&limit=3"));
    let events = [&first, &second].map(|page| page["events"].as_array().unwrap().clone());
    let events = events.concat();
    assert!(events.iter().all(|event| event["actor"] == "t"));
    let told: Vec<Value> = events.iter().map(|e| e["document"].clone()).collect();
    assert_eq!(told, ids);
    let op = |row: &str| json!({ "row": row, "operation": "reserve_consume", "amount": "2.50", "month": 6 });
    assert_eq!(events[0]["ops"], json!([op("3"), op("4")]));
    let document = server.get(&format!("/v1/documents/{}", ids[0].as_str().unwrap()));
    assert_eq!(
        (
            document.0,
            &document.1["version"],
            &document.1["lines"][0]["amount"]
        ),
        (200, &json!(1), &json!("2.50"))
    );
    let (_, province) = server.get("/v1/divisions/420000000/summary?fiscal_year=2026");
    let indicators = &province["ledgers"][0];
    assert_eq!(
        (
            &indicators["ledger"],
            &indicators["subtree"]["decreasing"],
            &indicators["subtree"]["rows"]
        ),
        (&json!("IND"), &json!("12.50"), &json!(2))
    );
    let (_, elsewhere) = server.get("/v1/divisions/430000000/summary");
    assert_eq!(elsewhere["ledgers"], json!([]));
    let (_, plans) = server.get(&format!(
        "/v1/quotas?division={DIVISION}&ledger=PLN&limit=1"
    ));
    assert_eq!(
        (&plans["items"][0]["row"], &plans["cursor"]),
        (&json!("2"), &json!("2"))
    );
}

fn refuses_what_it_does_not_know(mode: Mode, size: usize) {
    let server = serve(mode, size, 100_000);
    assert_eq!(server.pay("a", "99", "1.00").0, 422);
    assert_eq!(server.pay("b", "1", "1.005").0, 400);
    assert_eq!(server.pay("c", "1", "0.00").0, 400);
    assert_eq!(server.get("/v1/quotas/99").0, 404);
    // A key that nothing came of is not spent.
    assert_eq!(server.pay("a", "1", "1.00").0, 201);
}

/// Each test, both ways: with fewer and with more connections than commands at a time.
macro_rules! both_ways {
    ($($name:ident)*) => { $(mod $name {
        use super::Mode;
        #[test]
        fn row_lock() { super::$name(Mode::RowLock, 4); }
        #[test]
        fn batched() { super::$name(Mode::Batched, 2); }
    })* };
}
both_ways!(never_too_much once_by_its_key tells_what_happened refuses_what_it_does_not_know);
