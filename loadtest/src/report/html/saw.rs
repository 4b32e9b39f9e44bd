//! What users saw: how many there were, what they asked, how long it took, and what failed.

use super::parts::{Page, Row, both, escape, headings};
use crate::error::LoadError;
use crate::measure::Second;
use crate::report::chart::{Curve, Dot, Dots, Limit, Lines, Scale};
use crate::report::figures::ActionFigures;
use crate::report::result::RunResult;

/// Title of the time axis.
pub(super) const TIME: &str = "时间 time, s";
/// Title of a latency axis.
pub(super) const LATENCY: &str = "时延 latency, ms";
/// Journeys whose distributions are drawn.
const JOURNEYS_DRAWN: usize = 3;

/// A line over the client's seconds, as long as anybody worked: the last of them is only the rest of one.
pub(super) fn curve(name: &str, seconds: &[Second], of: fn(&Second) -> f64) -> Curve {
    let last = seconds
        .iter()
        .rposition(|s| s.users > 0)
        .map_or(0, |at| at + 1);
    Curve {
        name: name.into(),
        points: seconds[..last].iter().map(|s| (s.at, of(s))).collect(),
    }
}

/// The limit of the 99th percentile.
pub(super) fn p99_limit(result: &RunResult) -> Vec<Limit> {
    let limit = result.plan.thresholds.p99_ms.map(|value| Limit {
        name: format!("p99 ≤ {value} ms"),
        value,
    });
    limit.into_iter().collect()
}

/// Users, throughput, latency over time and as a distribution, by journey and by action.
pub(super) fn draw(page: &mut Page, result: &RunResult) -> Result<(), LoadError> {
    page.heading(("用户与吞吐量", "Users and throughput over time"));
    page.figure(("在线用户", "Users at work"), users(result).draw())?;
    page.figure(("每秒请求", "Requests a second"), throughput(result).draw())?;
    page.heading(("时延", "Latency, counted from when each request was due"));
    page.figure(
        ("时延百分位随时间变化（每秒）", "Percentiles of each second"),
        over_time(result).draw(),
    )?;
    page.figure(
        ("全程时延分布", "Distribution over the whole run"),
        distribution(result).draw(),
    )?;
    page.heading(("按业务流程与操作", "By journey and by action"));
    page.figure(
        ("各操作时延", "Latency by action"),
        by_action(result).draw(),
    )?;
    actions(
        page,
        ("按流程（毫秒）", "By journey, in ms"),
        &result.journeys,
        None,
    );
    actions(
        page,
        ("按操作（毫秒）", "By action, in ms"),
        &result.actions,
        Some(&result.total),
    );
    phases(page, result);
    Ok(())
}

fn users(result: &RunResult) -> Lines {
    let mut curves = vec![curve("用户 users", &result.seconds, |s| s.users as f64)];
    if let Some(server) = &result.server {
        let seconds = server.seconds.iter();
        curves.push(Curve {
            name: "连接 connections".into(),
            points: seconds
                .filter_map(|s| Some((s.at, s.connections? as f64)))
                .collect(),
        });
    }
    Lines {
        x: TIME,
        x_scale: Scale::Even,
        y: "数量 count",
        y_scale: Scale::Even,
        curves,
        limits: Vec::new(),
    }
}

fn throughput(result: &RunResult) -> Lines {
    let all = &result.seconds;
    let mut curves = vec![curve("请求 requests", all, |s| s.requests as f64)];
    type Of = fn(&Second) -> f64;
    let bad: [(&str, Of); 3] = [
        ("业务拒绝 refused", |s| s.refused as f64),
        ("过载拒绝 shed", |s| s.shed as f64),
        ("失败 failed", |s| s.failed as f64),
    ];
    // A line that lies on the axis all the time says nothing.
    let has_some = |of: Of| all.iter().any(|s| of(s) > 0.0);
    curves.extend(
        bad.into_iter()
            .filter(|(_, of)| has_some(*of))
            .map(|(name, of)| curve(name, all, of)),
    );
    let limits = result.plan.thresholds.rate_min.map(|value| Limit {
        name: format!("≥ {value}/s"),
        value,
    });
    Lines {
        x: TIME,
        x_scale: Scale::Even,
        y: "每秒 per second",
        y_scale: Scale::Even,
        curves,
        limits: limits.into_iter().collect(),
    }
}

fn over_time(result: &RunResult) -> Lines {
    let busy: Vec<Second> = result
        .seconds
        .iter()
        .filter(|s| s.requests > 0)
        .cloned()
        .collect();
    Lines {
        x: TIME,
        x_scale: Scale::Even,
        y: LATENCY,
        y_scale: Scale::Log,
        curves: vec![
            curve("p50", &busy, |s| s.p50_ms),
            curve("p90", &busy, |s| s.p90_ms),
            curve("p99", &busy, |s| s.p99_ms),
            curve("p99.9", &busy, |s| s.p999_ms),
        ],
        limits: p99_limit(result),
    }
}

fn distribution(result: &RunResult) -> Lines {
    let mut journeys: Vec<&ActionFigures> = result.journeys.iter().collect();
    journeys.sort_by_key(|j| std::cmp::Reverse(j.requests));
    let shown = journeys.into_iter().take(JOURNEYS_DRAWN);
    let curve = |name: &str, figures: &ActionFigures| {
        let points = figures.curve.iter().filter(|p| p.percentile < 100.0);
        Curve {
            name: name.into(),
            points: points.map(|p| (p.percentile, p.ms)).collect(),
        }
    };
    let mut curves = vec![curve("全部 all", &result.total)];
    curves.extend(shown.map(|j| curve(&j.name, j)));
    Lines {
        x: "百分位 percentile, %",
        x_scale: Scale::Percentile,
        y: LATENCY,
        y_scale: Scale::Log,
        curves,
        limits: p99_limit(result),
    }
}

fn by_action(result: &RunResult) -> Dots {
    let row = |a: &ActionFigures| {
        let l = &a.latency_ms;
        Dot {
            name: a.name.clone(),
            values: vec![l.p50, l.p99, l.p999],
        }
    };
    Dots {
        x: LATENCY,
        marks: vec!["p50", "p99", "p99.9"],
        rows: result
            .actions
            .iter()
            .chain([&result.total])
            .map(row)
            .collect(),
    }
}

fn actions(
    page: &mut Page,
    words: (&'static str, &'static str),
    all: &[ActionFigures],
    total: Option<&ActionFigures>,
) {
    let row = |class: &'static str, a: &ActionFigures| {
        let l = &a.latency_ms;
        Row::of(class)
            .cell(escape(&a.name))
            .count(a.requests)
            .count(a.refused)
            .count(a.shed)
            .count(a.failed)
            .ms(l.mean)
            .ms(l.p50)
            .ms(l.p90)
            .ms(l.p99)
            .ms(l.p999)
            .ms(l.max)
    };
    let mut rows: Vec<Row> = all.iter().map(|a| row("", a)).collect();
    rows.extend(total.map(|t| row("sum", t)));
    let mut heads = headings(&[
        ("名称", "name"),
        ("请求", "requests"),
        ("拒绝", "refused"),
        ("过载", "shed"),
        ("失败", "failed"),
        ("均值", "mean"),
    ]);
    heads.extend(["p50", "p90", "p99", "p99.9"].map(String::from));
    heads.push(both(("最长", "longest")));
    page.subheading(words);
    page.table("", &heads, &rows);
}

/// The phases of the load curve, if the plan has one, and the arrivals of the open model.
fn phases(page: &mut Page, result: &RunResult) {
    if let Some(a) = result.run.arrived {
        page.note(
            &format!(
                "开放模型：到达 {}，迟接 {}，无人可接 {}。",
                a.due, a.late, a.dropped
            ),
            &format!(
                "Open model: {} arrivals, {} taken late, {} dropped since nobody was free.",
                a.due, a.late, a.dropped
            ),
        );
    }
    if result.run.phases.is_empty() {
        return;
    }
    let rows = result.run.phases.iter().map(|p| {
        let recovered = match (p.is_load, p.recovered_seconds) {
            (false, _) => "–".into(),
            (true, Some(seconds)) => format!("{seconds:.0} s"),
            (true, None) => both(("未恢复", "never")),
        };
        Row::default()
            .cell(escape(&p.name))
            .cell(format!("{:.0}–{:.0}", p.from, p.to))
            .cell(format!("× {}", p.factor))
            .cell(format!("{:.0}", p.rate))
            .ms(p.p99_ms)
            .ms(p.max_ms)
            .count(p.shed)
            .count(p.failed)
            .cell(recovered)
    });
    let rows: Vec<Row> = rows.collect();
    let heads = headings(&[
        ("阶段", "phase"),
        ("时间", "time, s"),
        ("强度", "pace"),
        ("每秒请求", "requests/s"),
        ("p99", "ms"),
        ("最长", "longest, ms"),
        ("过载", "shed"),
        ("失败", "failed"),
        ("恢复用时", "recovered"),
    ]);
    page.subheading(("负载曲线", "Load curve"));
    page.table("", &heads, &rows);
}

/// What failed, with examples as they came.
pub(super) fn failures(page: &mut Page, result: &RunResult) {
    page.heading(("差错", "Errors"));
    let bad = |a: &&ActionFigures| a.failed + a.shed > 0;
    let rows: Vec<Row> = result
        .actions
        .iter()
        .filter(bad)
        .map(|a| {
            Row::default()
                .cell(escape(&a.name))
                .count(a.failed)
                .count(a.shed)
        })
        .collect();
    if rows.is_empty() && result.failures.is_empty() && result.run.deaths.is_empty() {
        page.note(
            "没有失败，也没有过载拒绝。",
            "Nothing failed and nothing was shed.",
        );
        return;
    }
    if !rows.is_empty() {
        let heads = headings(&[("操作", "action"), ("失败", "failed"), ("过载拒绝", "shed")]);
        page.table("small", &heads, &rows);
    }
    page.note(
        "示例（先发生的若干条，原文）：",
        "Examples, the first that happened, as they came:",
    );
    page.raw("<ul>");
    for failure in result.run.deaths.iter().chain(&result.failures) {
        page.raw(&format!("<li><code>{}</code></li>", escape(failure)));
    }
    page.raw("</ul>");
}
