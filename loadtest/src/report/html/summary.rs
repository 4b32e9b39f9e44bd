//! The beginning: what was asked, what came out, and whether it holds.

use super::parts::{Page, Row, Words, both, escape, grouped, headings, ms};
use crate::report::Exit;
use crate::report::result::RunResult;

/// Title, verdict, the figures that people ask for, and each condition with its outcome.
pub(super) fn draw(page: &mut Page, result: &RunResult) {
    let (plan, run) = (&result.plan, &result.run);
    page.raw(&format!(
        "<h1>{} · {}</h1><p class=\"note\">{}</p>",
        both(("Hubu 户部 压测报告", "Hubu load report")),
        escape(&plan.name),
        escape(&plan.about)
    ));
    page.note(
        &format!(
            "{} 个用户对 {}，平均思考 {} 秒，历时 {:.0} 秒；{}（UTC）开始，运行号 {:08x}，种子 {}。",
            grouped(run.users.into()),
            run.url,
            plan.think_seconds,
            run.seconds,
            date(run.began),
            run.number,
            result.world.recipe.seed
        ),
        &format!(
            "{} users against {}, mean think time {} s, for {:.0} s; begun {} UTC, run {:08x}, seed {}.",
            grouped(run.users.into()),
            run.url,
            plan.think_seconds,
            run.seconds,
            date(run.began),
            run.number,
            result.world.recipe.seed
        ),
    );
    verdict(page, result);
    cards(page, result);
    conditions(page, result);
}

fn verdict(page: &mut Page, result: &RunResult) {
    let v = &result.verdict;
    let (class, words): (_, Words) = if v.passed {
        ("passed", ("✓ 通过", "PASSED"))
    } else if v.exit == Exit::Emulated as u8 {
        let words = ("✗ 模拟运行，不作为性能证明", "EMULATED, NO PROOF OF SPEED");
        ("failed", words)
    } else {
        ("failed", ("✗ 未通过", "NOT PASSED"))
    };
    page.raw(&format!(
        "<div class=\"verdict {class}\"><b>{}</b>",
        both(words)
    ));
    if !v.reasons.is_empty() {
        page.raw("<ul>");
        for reason in &v.reasons {
            page.raw(&format!("<li>{}</li>", escape(reason)));
        }
        page.raw("</ul>");
    }
    if let Some(why) = &result.harness.bottleneck {
        page.raw(&format!(
            "<p>{}: {}</p>",
            both(("压测端自身是瓶颈", "The harness itself was the bottleneck")),
            escape(why)
        ));
    }
    page.raw("</div>");
}

fn cards(page: &mut Page, result: &RunResult) {
    let (run, total) = (&result.run, &result.total);
    let clean = result.audits.iter().filter(|a| a.is_clean()).count();
    let audits = result.audits.len() + result.audit_errors.len();
    let mut all: Vec<(String, Words)> = vec![
        (
            grouped(run.users_at_work.into()),
            ("同时在线用户", "users at work at once"),
        ),
        (
            format!("{:.0}", run.steady_rate),
            ("每秒请求（全员在岗时）", "requests a second, all at work"),
        ),
        (
            format!("{} ms", ms(total.latency_ms.p99)),
            ("p99 时延（自应发时刻起）", "p99 latency from due time"),
        ),
        (
            grouped(total.failed.into()),
            ("失败请求", "requests failed"),
        ),
        (
            grouped(total.shed.into()),
            ("过载拒绝（503）", "requests shed (503)"),
        ),
    ];
    if let Some(open) = result.server.as_ref().and_then(|s| s.open) {
        let words = ("服务端实测连接（最少）", "connections at the server, least");
        all.push((grouped(open.least.into()), words));
    }
    if audits > 0 {
        let words = ("账目核对一致", "audits clean");
        all.push((format!("{clean} / {audits}"), words));
    }
    page.raw("<div class=\"cards\">");
    for (value, words) in all {
        page.raw(&format!(
            "<div class=\"card\"><b>{value}</b><span>{}</span></div>",
            both(words)
        ));
    }
    page.raw("</div>");
}

/// One condition of the plan or of the audit.
struct Condition {
    words: Words,
    asked: String,
    found: String,
    holds: bool,
}

fn conditions(page: &mut Page, result: &RunResult) {
    let row = |c: &Condition| {
        let (class, word) = if c.holds {
            ("yes", both(("✓ 符合", "holds")))
        } else {
            ("no", both(("✗ 不符", "broken")))
        };
        Row::default()
            .text(both(c.words))
            .cell(c.asked.clone())
            .cell(c.found.clone())
            .cell(format!("<span class=\"{class}\">{word}</span>"))
    };
    page.heading(("验收条件", "What was asked, and what came out"));
    let rows: Vec<Row> = all_conditions(result).iter().map(row).collect();
    let heads = headings(&[
        ("条件", "condition"),
        ("要求", "asked"),
        ("实测", "measured"),
        ("结论", "outcome"),
    ]);
    page.table("small", &heads, &rows);
    if let Some(why) = &result.not_audited {
        page.note(
            &format!("未做账目核对：{why}"),
            &format!("Not audited: {why}"),
        );
    }
}

fn all_conditions(result: &RunResult) -> Vec<Condition> {
    let (limits, total) = (&result.plan.thresholds, &result.total);
    let mut all = Vec::new();
    let mut most = |words: Words, limit: Option<f64>, is: f64, text: fn(f64) -> String| {
        all.extend(limit.map(|limit| Condition {
            words,
            asked: format!("≤ {}", text(limit)),
            found: text(is),
            holds: is <= limit,
        }));
    };
    let in_ms = |v: f64| format!("{} ms", ms(v));
    let count = |v: f64| grouped(v as i128);
    let percent = |v: f64| format!("{:.2} %", v * 100.0);
    let part = |n: u64| n as f64 / total.requests.max(1) as f64;
    let l = &total.latency_ms;
    most(("p99 时延", "p99 latency"), limits.p99_ms, l.p99, in_ms);
    let words = ("p99.9 时延", "p99.9 latency");
    most(words, limits.p999_ms, l.p999, in_ms);
    let failed = Some(limits.failed as f64);
    most(
        ("失败请求", "failed requests"),
        failed,
        total.failed as f64,
        count,
    );
    let words = ("过载拒绝比例", "share shed");
    most(words, limits.shed_share, part(total.shed), percent);
    let words = ("业务拒绝比例", "share refused for reasons of business");
    most(words, limits.refused_share, part(total.refused), percent);
    if let Some(arrived) = result.run.arrived {
        let dropped = arrived.dropped as f64 / arrived.due.max(1) as f64;
        let words = ("无人可接的到达", "share of arrivals dropped");
        most(words, limits.dropped_share, dropped, percent);
    }
    if let Some(least) = limits.rate_min {
        all.push(Condition {
            words: ("每秒请求", "requests a second"),
            asked: format!("≥ {least}"),
            found: format!("{:.1}", result.run.rate),
            holds: result.run.rate >= least,
        });
    }
    if let Some(open) = result.server.as_ref().and_then(|s| s.open) {
        all.push(Condition {
            words: ("服务端实测连接", "connections open at the server"),
            asked: format!("≥ {}", grouped(open.wanted.into())),
            found: grouped(open.least.into()),
            holds: open.least >= open.wanted,
        });
    }
    for audit in &result.audits {
        let f = &audit.figures;
        let faults = f.lost + f.doubled + f.misposted + f.refused_but_done + f.contradictory;
        all.push(Condition {
            words: match audit.when.as_str() {
                "after the run" => ("账目差错（压测后）", "faults in the books, after the run"),
                "after a restart" => ("账目差错（重启后）", "faults in the books, after a restart"),
                _ => ("账目差错（再次核对）", "faults in the books, audited again"),
            },
            asked: "0".into(),
            found: grouped((faults + f.unresolved).into()),
            holds: audit.is_clean(),
        });
    }
    all
}

/// Unix seconds as a date and time of UTC (Hinnant's `civil_from_days`).
fn date(unix: u64) -> String {
    let (days, rest) = (unix / 86_400, unix % 86_400);
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year}-{month:02}-{day:02} {:02}:{:02}",
        rest / 3_600,
        rest / 60 % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(date(951_782_399), "2000-02-28 23:59");
        assert_eq!(date(951_782_400), "2000-02-29 00:00");
        assert_eq!(date(1_798_675_200), "2026-12-31 00:00");
    }
}
