//! Where it all ran, what the harness itself cost, and how to play the same again.

use std::collections::BTreeMap;

use super::parts::{Page, Row, Words, both, bytes, escape, grouped};
use crate::report::Told;
use crate::report::kept::PLAN_AS_PLAYED;
use crate::report::result::RunResult;

/// The sections.
pub(super) fn draw(page: &mut Page, result: &RunResult) {
    harness(page, result);
    page.heading(("平台", "Platform"));
    page.note(
        "压测端所在机器；服务端若在别处，以其自述为准。",
        "The machine of the harness; a server elsewhere tells of itself.",
    );
    let rows: Vec<Row> = facts(result)
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(words, text)| Row::default().text(both(words)).text(escape(&text)))
        .collect();
    page.table("facts", &[], &rows);
    page.note(
        &format!("本次所用方案（含全部选项）在 {PLAN_AS_PLAYED}，数据在 result.json。"),
        &format!("The plan as it was played is in {PLAN_AS_PLAYED}, the data in result.json."),
    );
}

fn harness(page: &mut Page, result: &RunResult) {
    let h = &result.harness;
    page.heading(("压测端自身", "The harness itself"));
    page.note(
        &format!(
            "每请求处理器用时 {:.1} µs，占本机 {:.0} %，每用户内存 {:.1} KiB；99 % 的请求起始延误不超过 {:.1} ms（已计入时延）。{} 个工作进程。",
            h.cpu_us_per_request,
            h.cpu_share * 100.0,
            h.bytes_per_user as f64 / 1024.0,
            h.late_p99_ms,
            result.run.workers
        ),
        &format!(
            "{:.1} µs of processor time a request, {:.0} % of the machine, {:.1} KiB of memory a user; 99 % of the requests were begun at most {:.1} ms late, which latency includes. {} worker process(es).",
            h.cpu_us_per_request,
            h.cpu_share * 100.0,
            h.bytes_per_user as f64 / 1024.0,
            h.late_p99_ms,
            result.run.workers
        ),
    );
}

fn facts(result: &RunResult) -> Vec<(Words, String)> {
    let (p, w, plan) = (&result.platform, &result.world, &result.plan);
    let b = &p.build;
    let mut all = vec![
        (
            ("处理器", "processor"),
            format!("{}, {}, {} cores", p.cpu, p.architecture, p.cores),
        ),
        (("内存", "memory"), bytes(p.memory_bytes)),
        (
            ("系统", "system"),
            format!("{}, Linux {}", p.system, p.kernel),
        ),
        (
            ("磁盘", "disk"),
            [p.disk.as_str(), p.disk_model.as_str()]
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        ),
        (
            ("磁盘同步", "disk sync"),
            format!(
                "4 KiB write + fdatasync: median {:.2} ms, longest {:.2} ms",
                p.sync_ms, p.sync_max_ms
            ),
        ),
        (
            ("压测端构建", "harness build"),
            format!(
                "hubu-load {}, {}, {}, {}, target-cpu {}",
                b.version, b.profile, b.rustc, b.target, b.target_cpu
            ),
        ),
        (("代码版本", "commit"), b.commit.clone()),
    ];
    all.extend(server_facts(result));
    let notes = p.notes.iter();
    all.extend(notes.map(|note| (("备注", "note"), note.clone())));
    if w.rows > 0 {
        let text = format!(
            "{} agencies, {} rows, fiscal year {}, seed {}; loaded in {:.1} s",
            grouped(w.recipe.agencies.into()),
            grouped(w.rows.into()),
            w.recipe.fiscal_year,
            w.recipe.seed,
            w.seconds
        );
        all.push((("数据", "world"), text));
    }
    all.push((
        ("用户", "users"),
        format!(
            "{}, ramp {} s, think {} s ± {:.0} %, time limit {} s",
            grouped(plan.users.into()),
            plan.ramp_seconds,
            plan.think_seconds,
            plan.think_spread * 100.0,
            plan.timeout_seconds
        ),
    ));
    all
}

/// What the server tells of the machine under it.
fn server_machine(labels: &BTreeMap<String, String>) -> Vec<(Words, String)> {
    if labels.is_empty() {
        return Vec::new();
    }
    let of = |name: &str| labels.get(name).cloned().unwrap_or_default();
    let told = Told {
        vendor: of("cpu_vendor"),
        model: of("cpu_model"),
        part: of("cpu_part"),
    };
    let mut all = vec![
        (
            ("服务端处理器", "server processor"),
            format!("{}, {}", told.name(), of("architecture")),
        ),
        (
            ("服务端系统", "server system"),
            format!("{}, Linux {}", of("system"), of("kernel")),
        ),
    ];
    if !of("emulated").is_empty() {
        let words = ("服务端处理器为模拟", "server emulated");
        all.push((words, format!("{}: no proof of speed", of("emulated"))));
    }
    all
}

/// What the server tells of itself.
fn server_facts(result: &RunResult) -> Vec<(Words, String)> {
    let Some(server) = &result.server else {
        return Vec::new();
    };
    let of = |name: &str| server.build.get(name).cloned().unwrap_or_default();
    let mut all = Vec::new();
    if !server.build.is_empty() {
        let text = format!(
            "hubu {}, {}, {}, {}, target-cpu {}",
            of("version"),
            of("profile"),
            of("rustc"),
            of("target"),
            of("target_cpu")
        );
        all.push((("服务端构建", "server build"), text));
        all.push((("服务端代码版本", "server commit"), of("commit")));
    }
    all.extend(server_machine(&server.platform));
    let journal: Vec<&str> = server.journal.values().map(String::as_str).collect();
    let journal = journal.join(" ").trim().to_owned();
    all.push((("日志存放", "journal"), journal));
    all
}
