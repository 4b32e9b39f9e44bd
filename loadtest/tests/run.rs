//! The whole command against the double: seed, run, audit again, redraw; exit statuses say what failed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod double;

use std::path::Path;
use std::process::{Command, Output};

use double::Lie;
use serde_json::Value;

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
const DIVISIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/divisions.csv");

/// Runs a subcommand against a double that lives in a runtime of its own.
fn hubu_load(folder: &Path, url: &str, arguments: &[&str]) -> Output {
    let secret = folder.join("secret");
    std::fs::write(&secret, "a secret for tests only\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-load"));
    command.arg(arguments[0]).arg("--report").arg(folder);
    if arguments[0] != "report" {
        command
            .args(["--url", url, "--quiet", "--secret"])
            .arg(secret);
    }
    command.args(&arguments[1..]).output().unwrap()
}

struct Stand {
    folder: tempfile::TempDir,
    url: String,
    books: std::sync::Arc<parking_lot::Mutex<double::ledger::Ledger>>,
    _runtime: tokio::runtime::Runtime,
}

fn stand() -> Stand {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let double = runtime.block_on(double::http::start(Lie::None));
    let stand = Stand {
        folder: tempfile::tempdir().unwrap(),
        url: double.url,
        books: double.books,
        _runtime: runtime,
    };
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
    fn call(&self, arguments: &[&str]) -> Output {
        hubu_load(self.folder.path(), &self.url, arguments)
    }

    /// The smoke plan with another limit for the slowest answers.
    fn plan_with_p99(&self, ms: &str) -> String {
        let plan = std::fs::read_to_string(PLAN).unwrap();
        assert!(plan.contains("p99_ms = 1000.0"));
        let path = self.folder.path().join("plan.toml");
        let limit = format!("p99_ms = {ms}");
        std::fs::write(&path, plan.replace("p99_ms = 1000.0", &limit)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn result(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder.path().join("result.json")).unwrap())
            .unwrap()
    }
}

#[test]
fn a_day_is_played_audited_and_reported() {
    let stand = stand();
    // How fast this machine is now is not what is tested.
    let plan = stand.plan_with_p99("60000.0");
    let run = stand.call(&["run", "--plan", &plan, "--duration", "3", "--workers", "2"]);
    let said =
        String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{said}");
    let result = stand.result();
    assert_eq!(result["schema"], "hubu-load/2");
    let of = |name: &str| {
        result["actions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|a| a["name"] == name)
            .cloned()
    };
    for name in [
        "payment.submit",
        "payment.review",
        "pay_plan.submit",
        "indicator_issue.submit",
        "read.work",
    ] {
        assert!(
            of(name).is_some_and(|a| a["requests"].as_u64() > Some(0)),
            "{name}: {said}"
        );
    }
    assert!(of("repeat").is_some(), "keys are asked twice");
    let audit = &result["audits"][0]["figures"];
    assert!(audit["acknowledged"].as_u64() > Some(50), "{said}");
    assert_eq!(audit["acknowledged"], audit["found"]);
    assert_eq!(
        result["run"]["connections_opened"], 64,
        "each user keeps its own connection"
    );
    assert_eq!(
        result["harness"]["goose_requests"],
        result["total"]["requests"]
    );
    let page = std::fs::read_to_string(stand.folder.path().join("report.html")).unwrap();
    assert!(page.contains("PASSED") && page.matches("<svg").count() == 10);

    let again = stand.call(&["audit", "--when", "later"]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(stand.result()["audits"][1]["when"], "later");
    assert!(stand.call(&["report"]).status.success());

    // One fen more on a row that the run touched, and the audit after the "restart" fails with its own status.
    let row = stand
        .books
        .lock()
        .rows
        .iter()
        .position(|r| r.ledger == "PAY" || r.sums[2] > 0)
        .unwrap();
    stand.books.lock().rows[row].sums[2] += 1;
    let failed = stand.call(&["audit", "--when", "tampered"]);
    assert_eq!(failed.status.code(), Some(11), "{failed:?}");
    let findings = stand.result()["audits"][2]["findings"].to_string();
    assert!(
        findings.contains(&format!("row {} (", row + 1)),
        "{findings}"
    );
}

/// The small plan in the shape of a season: everything that a plan of the house may ask for.
const SEASON: &str = r#"
[begins]
project_virement = 0.3
indicator_reduction = 0.2
indicator_issue = 0.3
[[phases]]
name = "quiet"
seconds = 1.5
factor = 0.5
[[phases]]
name = "rush"
seconds = 1.0
factor = 3.0
"#;

#[test]
fn a_season_is_played_and_audited() {
    let stand = stand();
    let text = std::fs::read_to_string(stand.plan_with_p99("60000.0")).unwrap();
    let text = text
        .replace(
            "reject_share = 0.05",
            "reject_share = 0.4\nlogin = true\nhot_places = 1",
        )
        .replace("payment = 50", "payment = 30\npayroll = 10\nrevise = 20")
        .replace("dept_reviewer = 1", "dept_reviewer = 4")
        .replace("business_office = 2", "business_office = 4");
    let path = stand.folder.path().join("season.toml");
    std::fs::write(&path, text + SEASON).unwrap();
    let run = stand.call(&["run", "--plan", path.to_str().unwrap()]);
    let said =
        String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{said}");
    let result = stand.result();
    for name in [
        "read.login",
        "payment.payroll",
        "pay_plan.revise",
        "project_virement.submit",
        "project_virement.approve",
        "indicator_reduction.submit",
        "indicator_reduction.approve",
    ] {
        let mut actions = result["actions"].as_array().unwrap().iter();
        let of = actions.find(|a| a["name"] == name);
        let commands = of.and_then(|a| a["requests"].as_u64()).unwrap_or(0);
        assert!(commands > 0, "{name}: {said}");
    }
    assert_eq!(result["run"]["phases"][1]["name"], "rush");
    let audit = &result["audits"][0]["figures"];
    assert_eq!(audit["acknowledged"], audit["found"], "{said}");
}

#[test]
fn arrivals_that_nobody_is_free_for_are_dropped_and_counted() {
    let stand = stand();
    let plan = stand.plan_with_p99("60000.0");
    let text = std::fs::read_to_string(&plan).unwrap();
    let open = "dropped_share = 0.0\n[open]\narrivals_per_second = 300.0\n";
    std::fs::write(&plan, text + open).unwrap();
    let play = |users: &str| {
        let run = stand.call(&["run", "--plan", &plan, "--users", users, "--duration", "2"]);
        let arrived = stand.result()["run"]["arrived"].clone();
        let count = |name: &str| arrived[name].as_u64().unwrap();
        (run, count("due"), count("dropped"))
    };
    // One user can't be at two places: what falls due while it works is dropped, and the plan says none may be.
    stand.books.lock().pause_ms = 20;
    let (run, due, dropped) = play("1");
    assert_eq!(run.status.code(), Some(10), "{run:?}");
    assert!(dropped > due / 2 && due > 400, "{due} {dropped} {run:?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("dropped_share"));
}

#[test]
fn a_broken_threshold_has_its_own_status() {
    let stand = stand();
    let plan = stand.plan_with_p99("0.001");
    let run = stand.call(&["run", "--plan", &plan, "--duration", "1", "--users", "32"]);
    assert_eq!(run.status.code(), Some(10), "{run:?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("p99_ms"));
}

#[test]
fn a_denial_is_refused_where_somebody_else_was_faster_and_failed_where_not() {
    let stand = stand();
    let plan = stand.plan_with_p99("60000.0");
    let play = |lie: Lie| {
        stand.books.lock().lie = lie;
        let run = stand.call(&["run", "--plan", &plan, "--duration", "3"]);
        let result = stand.result();
        let review = result["actions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|a| a["name"] == "pay_plan.review")
            .cloned()
            .unwrap();
        let count = |name: &str| review[name].as_u64().unwrap();
        let failed = result["total"]["failed"].as_u64().unwrap();
        (run, count("refused"), count("failed"), failed)
    };
    let (run, refused, failed, all) = play(Lie::Overtake);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert!(refused > 0 && failed == 0 && all == 0, "{run:?}");
    let (run, _, failed, _) = play(Lie::Deny);
    assert_eq!(run.status.code(), Some(10), "{run:?}");
    assert!(failed > 0, "{run:?}");
}

#[test]
fn wrong_plans_list_every_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    std::fs::write(&path, "users = 0\nnonsense = 1\n").unwrap();
    let run = hubu_load(
        folder.path(),
        "http://127.0.0.1:9",
        &["run", "--plan", path.to_str().unwrap()],
    );
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        said.contains("nonsense: unknown")
            && said.contains("users: want")
            && said.contains("name: missing"),
        "{said}"
    );
}

#[test]
fn ctrl_c_stops_the_users_and_still_audits() {
    let stand = stand();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-load"));
    command.args([
        "run",
        "--quiet",
        "--plan",
        PLAN,
        "--duration",
        "60",
        "--url",
        &stand.url,
        "--secret",
    ]);
    command
        .arg(stand.folder.path().join("secret"))
        .arg("--report")
        .arg(stand.folder.path());
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let status = child.wait().unwrap();
    let result = stand.result();
    assert_eq!(status.code(), Some(12), "{}", result["verdict"]);
    assert_eq!(result["run"]["was_interrupted"], true);
    assert_eq!(result["audits"][0]["figures"]["lost"], 0);
    assert!(result["audits"][0]["figures"]["acknowledged"].as_u64() > Some(0));
}
