//! A comparison as one HTML page in Chinese and English, with nothing beside it; it prints well.

use super::outcome::{Audit, Comparison};
use super::system::{Load, System};
use super::{chart, table};
use crate::Outcome;
use std::fmt::Write;

const STYLE: &str = "
body{font:15px/1.5 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;color:#1b262c;background:#fff;margin:0}
main{max-width:1080px;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid #bbe1fa}
.verdict{padding:.7rem 1rem;border-left:6px solid;margin:1rem 0}
.met{border-color:#1b7f4b;background:#eaf7f0}.missed{border-color:#b3261e;background:#fdecea}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid #e6eef3;white-space:nowrap}
th{white-space:normal;vertical-align:bottom}th:first-child,td:first-child,td.text{text-align:left}td.text{white-space:normal}
svg{max-width:100%;height:auto;min-width:640px}.note{color:#52616b;font-size:.9rem}
@media print{main{max-width:none}th,td{padding:.2rem;font-size:.75rem}h2{break-after:avoid}svg,table{break-inside:avoid}}
";

/// The page; writing to a string can't fail.
pub(super) fn page(comparison: &Comparison) -> Outcome<String> {
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>Hubu compared 户部对比</title><style>{STYLE}</style></head>\
         <body><main><h1>Hubu compared 户部对比测试</h1>"
    );
    verdict(&mut out, comparison);
    out.push_str("<h2>Payments a second, saturated 饱和吞吐量</h2>");
    let _ = write!(
        out,
        "<div class=\"wide\">{}</div>",
        chart::rates(comparison)?
    );
    cells(&mut out, comparison);
    users(&mut out, comparison);
    audits(&mut out, comparison);
    systems(&mut out, comparison);
    out.push_str("</main></body></html>\n");
    Ok(out)
}

fn verdict(out: &mut String, comparison: &Comparison) {
    let (class, word) = match comparison.exit() {
        0 => (
            "met",
            "All goals met, all audits clean. 目标全部达到，对账全部一致。",
        ),
        10 => (
            "missed",
            "Audits clean; some goals not met. 对账一致；部分目标未达到。",
        ),
        12 => (
            "missed",
            "Stopped before its end; audits clean. 提前停止；对账一致。",
        ),
        _ => ("missed", "An audit failed. 对账不一致。"),
    };
    let _ = write!(out, "<div class=\"verdict {class}\"><b>{word}</b>");
    for goal in &comparison.goals {
        let word = if goal.is_met {
            "met 达到"
        } else {
            "not met 未达到"
        };
        let _ = write!(
            out,
            "<br>{} ({}), {}: {:.1} × c, goal ≥ {} 目标: {word}",
            goal.system.letter(),
            goal.system.name_zh(),
            goal.of,
            goal.value,
            goal.goal
        );
    }
    out.push_str("</div>");
}

fn cells(out: &mut String, comparison: &Comparison) {
    out.push_str(
        "<div class=\"wide\"><table><tr><th>load 负载<th>system 系统<th>connections 连接<th>pool, writers 池<th>payments/s 笔/秒\
         <th>lowest–highest 区间<th>× c<th>p50 ms<th>p99 ms<th>server µs<th>client µs<th>others</tr>",
    );
    for load in [Load::Uniform, Load::Hot10, Load::Hot1] {
        for cell in comparison.cells.iter().filter(|cell| cell.load == load) {
            let size = cell.best.size;
            let size = if size == 0 {
                "–".into()
            } else {
                size.to_string()
            };
            let _ = write!(
                out,
                "<tr><td>{} {}<td>{}<td>{}<td>{size}<td>{:.0}<td>{:.0}–{:.0}<td>{}<td>{:.2}<td>{:.2}<td>{:.1}<td>{:.1}<td>{:.1} %</tr>",
                load.name(),
                load.name_zh(),
                cell.system.letter(),
                cell.best.connections,
                cell.rate,
                cell.rate_min,
                cell.rate_max,
                table::times(cell.ratio),
                cell.p50_ms,
                cell.p99_ms,
                cell.cpu_us,
                cell.client_cpu_us,
                cell.bystanders_share * 100.0
            );
        }
    }
    out.push_str(
        "</table></div><p class=\"note\">Each payment is entered and submitted in one request and answered when it is durable: \
         its amount is held on indicator and plan, and announced on the row that is settled from. Median of the slices; latency over all slices, closed loop without think time. \
         Server µs: processor time of server and database a payment; client µs: of the clerks; others: what the idle systems \
         took meanwhile, at most, of the whole machine. 每笔支付一次请求即录入并提交，落盘后才应答；取各轮中位数。</p>",
    );
}

fn users(out: &mut String, comparison: &Comparison) {
    if comparison.users.is_empty() {
        return;
    }
    let s = &comparison.settings;
    let _ = write!(
        out,
        "<h2>Users held with one hot row 单一热点可承载用户</h2><p class=\"note\">Each on a connection of its own, think time {} s, \
         p99 ≤ {} ms from when each payment was due. 每个用户独占一个连接。</p>\
         <div class=\"wide\"><table><tr><th>system 系统<th>users 用户<th>× c<th>not held 未承载<th class=\"text\">tried: users, p99 in ms</tr>",
        s.think_seconds, s.p99_ms
    );
    for held in &comparison.users {
        let probes = held
            .probes
            .iter()
            .map(|p| format!("{}: {:.0}", p.users, p.slice.p99_ms));
        let probes: Vec<_> = probes.collect();
        let _ = write!(
            out,
            "<tr><td>{} {}<td>{}<td>{}<td>{}<td class=\"text\">{}</tr>",
            held.system.letter(),
            held.system.name_zh(),
            held.users,
            table::times(comparison.users_ratio(held)),
            held.broke_at.map_or("–".into(), |broke| broke.to_string()),
            probes.join("; ")
        );
    }
    out.push_str("</table></div>");
}

fn audits(out: &mut String, comparison: &Comparison) {
    out.push_str(
        "<h2>Audits 对账</h2><div class=\"wide\"><table><tr><th>system 系统<th>verdict<th>acknowledged 已应答<th>found 查到<th>lost 丢失\
         <th>doubled 重复<th>misposted 错记<th>refused but done<th>unresolved<th>rows compared</tr>",
    );
    for audit in &comparison.audits {
        let word = if audit.is_clean {
            "clean 一致"
        } else {
            "FAILED 不一致"
        };
        let _ = write!(out, "<tr><td>{}<td>{word}", audit.system.letter());
        if let Some(settlement) = &audit.settlement {
            let f = &settlement.figures;
            let all = [
                f.acknowledged,
                f.found,
                f.lost,
                f.doubled,
                f.misposted,
                f.refused_but_done,
                f.unresolved,
                f.rows_compared,
            ];
            all.iter().for_each(|figure| {
                let _ = write!(out, "<td>{figure}");
            });
        }
        out.push_str("</tr>");
        findings(out, audit);
    }
    out.push_str("</table></div>");
}

fn findings(out: &mut String, audit: &Audit) {
    let named = audit
        .settlement
        .iter()
        .flat_map(|settlement| &settlement.findings);
    let words = named.map(|f| format!("{:?}: {}: {}", f.fault, f.what, f.detail));
    for words in words.chain(audit.error.clone()).take(10) {
        let _ = write!(
            out,
            "<tr><td class=\"text\" colspan=\"10\">{}</tr>",
            escape(&words)
        );
    }
}

fn systems(out: &mut String, comparison: &Comparison) {
    let (p, s) = (&comparison.platform, &comparison.settings);
    out.push_str("<h2>What was compared 对比对象与平台</h2><table>");
    let mut row = |name: &str, value: String| {
        let _ = write!(
            out,
            "<tr><td>{name}<td class=\"text\">{}</tr>",
            escape(&value)
        );
    };
    for facts in &comparison.systems {
        let mut text = format!("{}; {}", facts.name, facts.system.name_zh());
        for (name, value) in facts.postgres.as_object().into_iter().flatten() {
            let _ = write!(text, "; {name} {}", value.as_str().unwrap_or_default());
        }
        row(facts.letter, text);
    }
    row(
        "rows",
        format!(
            "{} of {} agencies; uniform loads pay from {} indicators",
            s.rows, s.agencies, s.indicators
        ),
    );
    row(
        "slices",
        format!(
            "{} of {} s for each system and load, in turns, {} s before each not counted",
            s.rounds, s.seconds, s.warm_seconds
        ),
    );
    row(
        "processor",
        format!(
            "{} ({}), {} cores; client, servers and databases share them",
            p.cpu, p.architecture, p.cores
        ),
    );
    row(
        "memory",
        format!("{:.1} GiB", p.memory_bytes as f64 / f64::from(1 << 30)),
    );
    row("system", format!("{}, kernel {}", p.system, p.kernel));
    row(
        "disk",
        format!(
            "{}; write and sync of 4 KiB {:.2} ms; all four on it",
            p.disk, p.sync_ms
        ),
    );
    row("commit", p.build.commit.clone());
    out.push_str("</table>");
    if comparison
        .systems
        .iter()
        .any(|facts| facts.system == System::RowLock)
    {
        out.push_str(
            "<p class=\"note\">c and d leave out work that Hubu does: they believe tokens, know no document types, guards, months of \
             plans or counter-accounts. That is in their favour. c 与 d 省去了户部所做的部分工作，对其有利。</p>",
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
