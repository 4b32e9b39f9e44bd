//! Runs with the server's metrics scraped, against a double and a made-up metrics page; the folder that comes of it, and
//! two such folders compared.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod double;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use double::Lie;
use parking_lot::Mutex;
use serde_json::Value;

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
const DIVISIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/divisions.csv");
const SCHEMA: &str = include_str!("../../docs/result.schema.json");

/// Answers every request with what the text is at the moment.
fn metrics_page(text: Arc<Mutex<String>>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let text = text.clone();
            std::thread::spawn(move || {
                let mut asked = [0; 4096];
                while stream.read(&mut asked).is_ok_and(|n| n > 0) {
                    let body = text.lock().clone();
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                    if stream.write_all((head + &body).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn page_of(connections: u64) -> String {
    format!(
        "# TYPE hubu_connections gauge\nhubu_connections {connections}\nhubu_cpu_microseconds_total 5\n\
         hubu_build_info{{version=\"9.9\",profile=\"release\"}} 1\nhubu_journal_info{{kind=\"postgres\",version=\"16.4\"}} 1\n"
    )
}

struct Stand {
    folder: tempfile::TempDir,
    url: String,
    page: Arc<Mutex<String>>,
    metrics: String,
    _runtime: tokio::runtime::Runtime,
}

fn stand() -> Stand {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let double = runtime.block_on(double::http::start(Lie::None));
    let page = Arc::new(Mutex::new(page_of(64)));
    let stand = Stand {
        folder: tempfile::tempdir().unwrap(),
        url: double.url,
        metrics: format!("http://{}/metrics", metrics_page(page.clone())),
        page,
        _runtime: runtime,
    };
    let plan = std::fs::read_to_string(PLAN).unwrap();
    // How fast this machine is now is not what is tested.
    let plan = plan.replace("p99_ms = 1000.0", "p99_ms = 60000.0");
    std::fs::write(stand.path("slow.toml"), plan).unwrap();
    std::fs::write(stand.path("secret"), "a secret for tests only\n").unwrap();
    let seeded = stand.call(&[
        "seed",
        "--divisions",
        DIVISIONS,
        "--agencies",
        "60",
        "--rows",
        "1200",
    ]);
    assert!(seeded.status.success(), "{seeded:?}");
    stand
}

impl Stand {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn call(&self, arguments: &[&str]) -> Output {
        let (secret, report) = (self.path("secret"), self.path(""));
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-load"));
        command
            .args(arguments)
            .args(["--quiet", "--url", &self.url]);
        command
            .args(["--secret", &secret, "--report", &report])
            .output()
            .unwrap()
    }

    fn run(&self, seconds: &str) -> Output {
        let plan = self.path("slow.toml");
        self.call(&[
            "run",
            "--plan",
            &plan,
            "--duration",
            seconds,
            "--metrics",
            &self.metrics,
        ])
    }

    fn result(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("result.json")).unwrap()).unwrap()
    }
}

fn free(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hubu-load"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_servers_view_is_kept_and_its_connections_are_judged() {
    let stand = stand();
    let run = stand.run("5");
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let result = stand.result();
    let server = &result["server"];
    assert_eq!(server["open"]["wanted"], 64);
    assert_eq!(server["open"]["least"], 64);
    assert_eq!(server["journal"]["version"], "16.4");
    assert_eq!(server["build"]["version"], "9.9");
    assert!(server["seconds"].as_array().unwrap().len() >= 3, "{server}");
    let page = std::fs::read_to_string(stand.path("report.html")).unwrap();
    assert!(page.contains("postgres 16.4"));
    follows_schema(&result);
    sums_add_up(&result["audits"][0]["ledgers"]);

    let before = stand.folder.path().join("before.json");
    std::fs::copy(stand.path("result.json"), &before).unwrap();
    *stand.page.lock() = page_of(63);
    let run = stand.run("5");
    assert_eq!(run.status.code(), Some(10), "{run:?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("the server had 63 open"));

    let (before, after) = (before.to_str().unwrap(), stand.path(""));
    let same = free(&["diff", before, before]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let worse = free(&["diff", before, &after, "--json"]);
    assert_eq!(worse.status.code(), Some(13), "{worse:?}");
    let said: Value = serde_json::from_slice(&worse.stdout).unwrap();
    assert_eq!(said["schema"], "hubu-load-diff/1");
    assert_eq!(
        said["lines"][0]["judgement"], "worse",
        "the run did not pass"
    );
    assert_eq!(free(&["diff", before, "/nowhere"]).status.code(), Some(1));
}

#[test]
fn a_page_that_is_none_is_refused_before_anything_is_played() {
    let stand = stand();
    for wrong in ["hubu_connections lots\n", "hubu_connections NaN\n"] {
        *stand.page.lock() = wrong.into();
        let run = stand.run("1");
        assert_eq!(run.status.code(), Some(1), "{run:?}");
        assert!(
            String::from_utf8_lossy(&run.stderr).contains("metrics.listen"),
            "{run:?}"
        );
        assert!(!Path::new(&stand.path("result.json")).exists());
    }
}

#[test]
fn the_plan_as_played_is_played_again() {
    let stand = stand();
    assert_eq!(stand.run("2").status.code(), Some(0));
    let first = stand.result()["plan"].clone();
    let played = stand.path("plan-as-played.toml");
    let again = stand.call(&["run", "--plan", &played]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(stand.result()["plan"], first);
    assert_eq!(first["duration_seconds"], 2.0);
}

#[test]
fn the_schema_is_printed_as_it_is_published() {
    assert!(String::from_utf8(free(&["schema"]).stdout).unwrap() == SCHEMA);
}

/// Opening and moves give what was found, field by field, as a reader would add them up.
fn sums_add_up(ledgers: &Value) {
    let ledgers = ledgers.as_array().unwrap();
    let of = |amounts: &Value, field: &str| amounts[field].as_i64().unwrap();
    let mut moves = 0;
    for ledger in ledgers {
        for field in [
            "approved",
            "used",
            "decreasing",
            "increasing",
            "debit",
            "credit",
        ] {
            let changes = ledger["moves"].as_array().unwrap();
            moves += changes.len();
            let sum: i64 = changes.iter().map(|m| of(&m["change"], field)).sum();
            assert_eq!(
                of(&ledger["opening"], field) + sum,
                of(&ledger["found"], field),
                "{ledger}"
            );
        }
    }
    assert!(
        moves > 20 && ledgers.len() > 5,
        "{moves} moves of {} ledgers",
        ledgers.len()
    );
}

/// Every field is one of the schema, and every field that the schema requires is there.
fn follows_schema(result: &Value) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut faults = Vec::new();
    walk(result, &schema, &schema, "result", &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
}

fn walk(value: &Value, schema: &Value, root: &Value, place: &str, faults: &mut Vec<String>) {
    let named = schema["$ref"]
        .as_str()
        .and_then(|name| name.strip_prefix("#/$defs/"));
    if let Some(name) = named {
        return walk(value, &root["$defs"][name], root, place, faults);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice: &&Value| value.is_null() == (choice["type"] == "null");
        if let Some(choice) = choices.iter().find(fits) {
            walk(value, choice, root, place, faults);
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(name.as_str().unwrap()) {
                    faults.push(format!("{place}: {name} is missing"));
                }
            }
            for (name, inner) in fields {
                let (known, any) = (&schema["properties"][name], &schema["additionalProperties"]);
                match (known.is_object(), any.is_object()) {
                    (true, _) => walk(inner, known, root, &format!("{place}.{name}"), faults),
                    (false, true) => walk(inner, any, root, &format!("{place}.{name}"), faults),
                    (false, false) => faults.push(format!("{place}.{name} is not in the schema")),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(item, &schema["items"], root, place, faults);
            }
        }
        _ if schema["type"].is_null() && schema["enum"].is_null() && schema["oneOf"].is_null() => {
            faults.push(format!("{place}: the schema has no type for it"));
        }
        _ => {}
    }
}
