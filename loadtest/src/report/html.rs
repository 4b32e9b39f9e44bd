//! One HTML page with everything in it: no script, no font, no picture from elsewhere. It prints well.

use std::fmt::Write;

use super::chart;
use super::figures::ActionFigures;
use super::result::RunResult;
use crate::audit::{Figures, Settlement};
use crate::error::LoadError;

const STYLE: &str = "
body{font:15px/1.5 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;color:#1b262c;background:#fff;margin:0}
main{max-width:920px;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid #bbe1fa}
.verdict{padding:.7rem 1rem;border-left:6px solid;margin:1rem 0;font-weight:600}
.passed{border-color:#1b7f4b;background:#eaf7f0}.failed{border-color:#b3261e;background:#fdecea}
.cards{display:flex;flex-wrap:wrap;gap:.6rem}.card{flex:1 1 8rem;border:1px solid #dde7ee;border-radius:6px;padding:.5rem .8rem}
.card b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}.card span{color:#52616b;font-size:.85rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid #e6eef3;white-space:nowrap}
th:first-child,td:first-child{text-align:left}tr.sum td{font-weight:600;border-top:2px solid #1b262c}
td.text{text-align:left;white-space:normal}svg{max-width:100%;height:auto}.note{color:#52616b;font-size:.9rem}
@media print{main{max-width:none}h2{break-after:avoid}svg,table{break-inside:avoid}}
";

/// The page of a result.
pub fn page(result: &RunResult, folder: &std::path::Path) -> Result<String, LoadError> {
    let mut out = String::with_capacity(64 << 10);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>hubu-load: {0}</title><style>{STYLE}</style></head><body><main><h1>Hubu 户部 load run 压测报告: {0}</h1><p class=\"note\">{1}</p>",
        escape(&result.plan.name),
        escape(&result.plan.about)
    );
    verdict(&mut out, result);
    cards(&mut out, result);
    let mut figure = |title: &str, svg: Result<String, LoadError>| -> Result<(), LoadError> {
        let _ = write!(out, "<h2>{title}</h2>{}", svg?);
        Ok(())
    };
    figure(
        "Throughput over time 吞吐量",
        chart::throughput(&result.seconds),
    )?;
    figure(
        "Latency over time, from when each request was due 时延",
        chart::latency(&result.seconds),
    )?;
    figure("Users at work 在线用户", chart::users(&result.seconds))?;
    figure(
        "Latency by action 分操作时延",
        chart::by_action(&result.actions),
    )?;
    actions(&mut out, result);
    for audit in &result.audits {
        self::audit(&mut out, audit);
    }
    harness(&mut out, result);
    failures(&mut out, result);
    platform(&mut out, result);
    out.push_str("</main></body></html>\n");
    Ok(out)
}

fn verdict(out: &mut String, result: &RunResult) {
    let v = &result.verdict;
    let (class, word) = if v.passed {
        ("passed", "PASSED 通过")
    } else {
        ("failed", "NOT PASSED 未通过")
    };
    let _ = write!(out, "<div class=\"verdict {class}\">{word}");
    for reason in &v.reasons {
        let _ = write!(out, "<br>{}", escape(reason));
    }
    out.push_str("</div>");
}

fn cards(out: &mut String, result: &RunResult) {
    let (run, total) = (&result.run, &result.total);
    let clean = result.audits.iter().filter(|a| a.is_clean()).count();
    out.push_str("<div class=\"cards\">");
    let mut card = |value: String, name: &str| {
        let _ = write!(
            out,
            "<div class=\"card\"><b>{value}</b><span>{name}</span></div>"
        );
    };
    card(
        run.users.to_string(),
        "users, each on its own connection 用户",
    );
    card(
        format!("{:.0}", run.steady_rate),
        "requests a second, all users at work 每秒请求",
    );
    card(
        format!("{:.1} ms", total.latency_ms.p99),
        "p99 from due 时延",
    );
    card(total.failed.to_string(), "failed 失败");
    card(total.shed.to_string(), "shed 过载拒绝");
    card(
        total.refused.to_string(),
        "refused for business reasons 业务拒绝",
    );
    card(
        format!(
            "{clean} of {}",
            result.audits.len() + result.audit_errors.len()
        ),
        "audits clean 对账一致",
    );
    out.push_str("</div>");
}

fn actions(out: &mut String, result: &RunResult) {
    out.push_str("<h2>By action 分操作</h2><div class=\"wide\"><table><tr><th>action<th>requests<th>commands done<th>refused<th>shed<th>failed<th>mean<th>p50<th>p90<th>p99<th>p99.9<th>max ms</tr>");
    let mut row = |a: &ActionFigures, class: &str| {
        let l = &a.latency_ms;
        let _ = write!(
            out,
            "<tr{class}><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.1}<td>{:.1}</tr>",
            escape(&a.name),
            a.requests,
            a.commands,
            a.refused,
            a.shed,
            a.failed,
            l.mean,
            l.p50,
            l.p90,
            l.p99,
            l.p999,
            l.max
        );
    };
    result.actions.iter().for_each(|a| row(a, ""));
    row(&result.total, " class=\"sum\"");
    out.push_str("</table></div>");
}

fn audit(out: &mut String, audit: &Settlement) {
    let f = &audit.figures;
    let word = if audit.is_clean() { "clean" } else { "FAILED" };
    let _ = write!(
        out,
        "<h2>Audit {} 对账: {word}</h2><div class=\"wide\"><table>",
        escape(&audit.when)
    );
    for (name, value, note) in figures(f) {
        let _ = write!(
            out,
            "<tr><td>{name}<td>{value}<td class=\"text\">{note}</tr>"
        );
    }
    let _ = write!(
        out,
        "</table></div><p class=\"note\">{:.1} s, {} events read, {} of other clients.</p>",
        audit.seconds, f.events, f.foreign_events
    );
    if !audit.findings.is_empty() {
        out.push_str("<table><tr><th>fault<th>what<th>detail</tr>");
        for finding in &audit.findings {
            let (what, detail) = (escape(&finding.what), escape(&finding.detail));
            let _ = write!(
                out,
                "<tr><td>{:?}<td class=\"text\">{what}<td class=\"text\">{detail}</tr>",
                finding.fault
            );
        }
        out.push_str("</table>");
    }
}

/// The audit's arithmetic, line by line, with what each line means.
fn figures(f: &Figures) -> [(&'static str, i128, &'static str); 17] {
    let n = i128::from;
    [
        (
            "acknowledged",
            n(f.acknowledged),
            "commands answered yes, as the harness wrote them down",
        ),
        (
            "found",
            n(f.found),
            "of these, in the server's feed once, with the effects that the harness computed",
        ),
        ("lost", n(f.lost), "acknowledged and not there"),
        ("doubled", n(f.doubled), "there more than once"),
        (
            "misposted",
            n(f.misposted),
            "commands or rows with another effect than acknowledged",
        ),
        ("refused", n(f.refused), "commands answered no"),
        (
            "refused but done",
            n(f.refused_but_done),
            "done for a user who was told no, or nothing",
        ),
        (
            "asked twice",
            n(f.repeated),
            "keys repeated on purpose: the answer must be the same",
        ),
        (
            "contradictory",
            n(f.contradictory),
            "answered twice differently",
        ),
        (
            "unknown, resolved",
            n(f.unknown_resolved),
            "commands without an answer, settled by asking again",
        ),
        (
            "unresolved",
            n(f.unresolved),
            "commands whose fate stays unknown",
        ),
        (
            "rows compared",
            n(f.rows_compared),
            "each held to its opening, the acknowledged effects and the feed, six fields",
        ),
        (
            "rows summed",
            n(f.rows_summed),
            "in the sums of the whole tree, held to openings and effects by ledger",
        ),
        (
            "rows touched",
            n(f.rows_touched),
            "by this run's acknowledged effects",
        ),
        ("documents read back", n(f.documents_read), "by id"),
        ("Σ debit, fen", f.debit, "over all rows"),
        ("Σ credit, fen", f.credit, "over all rows; the same"),
    ]
}

fn harness(out: &mut String, result: &RunResult) {
    let h = &result.harness;
    let _ = write!(
        out,
        "<h2>The harness itself 压测端</h2><p>{:.1} µs of processor time a request, {:.0} % of the machine, {:.1} KiB of memory a user; \
         users were begun at most {:.1} ms late (99 %). {} worker process(es); goose counted {} requests.</p>",
        h.cpu_us_per_request,
        h.cpu_share * 100.0,
        h.bytes_per_user as f64 / 1024.0,
        h.late_p99_ms,
        result.run.workers,
        h.goose_requests
    );
    if let Some(why) = &h.bottleneck {
        let _ = write!(
            out,
            "<div class=\"verdict failed\">The harness was the bottleneck: {}</div>",
            escape(why)
        );
    }
}

fn failures(out: &mut String, result: &RunResult) {
    if !result.failures.is_empty() {
        out.push_str("<h2>Failures, examples 失败示例</h2><ul>");
        for failure in &result.failures {
            let _ = write!(out, "<li>{}</li>", escape(failure));
        }
        out.push_str("</ul>");
    }
}

fn platform(out: &mut String, result: &RunResult) {
    let p = &result.platform;
    out.push_str("<h2>Platform and world 平台</h2><table>");
    let mut row = |name: &str, value: String| {
        let _ = write!(
            out,
            "<tr><td>{name}<td class=\"text\">{}</tr>",
            escape(&value)
        );
    };
    row(
        "processor",
        format!("{} ({}), {} cores", p.cpu, p.architecture, p.cores),
    );
    row(
        "memory",
        format!("{:.1} GiB", p.memory_bytes as f64 / f64::from(1 << 30)),
    );
    row("system", format!("{}, kernel {}", p.system, p.kernel));
    row(
        "disk",
        format!("{}; write and sync of 4 KiB {:.2} ms", p.disk, p.sync_ms),
    );
    row("build", format!("{:?}", p.build));
    p.notes.iter().for_each(|note| row("server", note.clone()));
    let w = &result.world;
    let loaded = format!(
        "{} agencies, {} rows loaded in {:.1} s, seed {}",
        w.recipe.agencies, w.rows, w.seconds, w.recipe.seed
    );
    row("world", loaded);
    row(
        "think time",
        format!(
            "{} s ± {:.0} %",
            result.plan.think_seconds,
            result.plan.think_spread * 100.0
        ),
    );
    out.push_str("</table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
