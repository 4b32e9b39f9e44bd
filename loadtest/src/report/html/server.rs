//! The server's own view beside the client's: where the time goes, and what the machine does meanwhile.

use super::parts::{Page, Row, Words, both, bytes, grouped, headings, ms, or_dash};
use super::saw::{LATENCY, TIME, curve, p99_limit};
use crate::error::LoadError;
use crate::report::chart::{Curve, Lines, Scale};
use crate::report::result::RunResult;
use crate::scrape::{ServerSecond, ServerView};

/// A line over the server's seconds.
fn line(name: &str, server: &ServerView, of: fn(&ServerSecond) -> Option<f64>) -> Curve {
    let points = server.seconds.iter().filter_map(|s| Some((s.at, of(s)?)));
    Curve {
        name: name.into(),
        points: points.collect(),
    }
}

fn chart(y: &'static str, y_scale: Scale, curves: Vec<Curve>) -> Lines {
    Lines {
        x: TIME,
        x_scale: Scale::Even,
        y,
        y_scale,
        curves,
        limits: Vec::new(),
    }
}

/// The section.
pub(super) fn draw(page: &mut Page, result: &RunResult) -> Result<(), LoadError> {
    page.heading(("服务端自述", "The server's own view"));
    let Some(server) = &result.server else {
        page.note(
            "未采集服务端指标；hubu-load run --metrics http://主机:端口/metrics 可采集。",
            "The server's metrics were not scraped; hubu-load run --metrics http://HOST:PORT/metrics does.",
        );
        return Ok(());
    };
    page.note(
        "以下数据来自服务端的 /metrics，每秒采集一次，仅供对照；结论只依据用户所见与账目核对。",
        "From the server's /metrics, once a second, to be laid beside what users saw; the verdict rests on the latter and on the audit.",
    );
    table(page, result, server);
    let beside = Lines {
        limits: p99_limit(result),
        ..chart(
            LATENCY,
            Scale::Log,
            vec![
                curve("用户 client p99", &result.seconds, |s| s.p99_ms),
                line("服务端 server p99", server, |s| s.served_p99_ms),
                line("同步 sync p99", server, |s| s.sync_p99_ms),
            ],
        )
    };
    page.figure(
        (
            "用户所见与服务端所计",
            "What users saw and what the server counted",
        ),
        beside.draw(),
    )?;
    journal(page, server)?;
    machine(page, server)
}

/// How long commits take and how large they are.
fn journal(page: &mut Page, server: &ServerView) -> Result<(), LoadError> {
    let sync = vec![
        line("均值 mean", server, |s| s.sync_mean_ms),
        line("p99", server, |s| s.sync_p99_ms),
    ];
    page.figure(
        (
            "日志落盘用时（每次组提交）",
            "Time of one group commit's sync",
        ),
        chart("毫秒 ms", Scale::Log, sync).draw(),
    )?;
    let batch = vec![
        line("每批记录 batch", server, |s| s.batch_records),
        line("待落盘 waiting", server, |s| {
            s.lag_records.map(|v| v as f64)
        }),
    ];
    page.figure(
        (
            "组提交大小与待落盘记录",
            "Records of one commit, and records not yet durable",
        ),
        chart("记录 records", Scale::Even, batch).draw(),
    )
}

/// What the server takes of the machine.
fn machine(page: &mut Page, server: &ServerView) -> Result<(), LoadError> {
    let cores = vec![line("核 cores", server, |s| s.cpu_cores)];
    page.figure(
        (
            "服务端占用处理器",
            "Processor cores that the server kept busy",
        ),
        chart("核 cores", Scale::Even, cores).draw(),
    )?;
    let memory = vec![line("内存 memory", server, |s| {
        s.resident_bytes.map(|b| b as f64 / f64::from(1 << 20))
    })];
    page.figure(
        ("服务端内存", "Memory of the server"),
        chart("MiB", Scale::Even, memory).draw(),
    )
}

fn table(page: &mut Page, result: &RunResult, server: &ServerView) {
    let heads = headings(&[
        ("项目", "figure"),
        ("用户端", "client"),
        ("服务端", "server"),
    ]);
    page.table("small", &heads, &side_by_side(result, server));
    let mut seen = (
        format!("采集 {} 次，漏 {} 次。", server.scrapes, server.missed),
        format!("{} scrapes, {} missed.", server.scrapes, server.missed),
    );
    if let Some(why) = &server.missed_why {
        seen.0 += &format!("最近一次漏采：{why}。");
        seen.1 += &format!(" The last was missed because: {why}.");
    }
    page.note(
        &format!("{}服务端的百分位由直方图各档推算，档内按均匀计。", seen.0),
        &format!(
            "{} The server's percentiles come from the buckets of its histograms, taken as even within each.",
            seen.1
        ),
    );
}

/// Each figure as the client has it, and as the server has it.
fn side_by_side(result: &RunResult, server: &ServerView) -> Vec<Row> {
    let (client, harness) = (&result.total, &result.harness);
    let count = |n: Option<u64>| n.map_or("–".into(), |n| grouped(n.into()));
    let in_ms = |v: Option<f64>| or_dash(v, |v| format!("{} ms", ms(v)));
    let open = server.open;
    let mut rows = Vec::new();
    let mut row = |words: Words, users: String, own: String| {
        rows.push(Row::default().text(both(words)).cell(users).cell(own));
    };
    row(
        (
            "连接（全员在岗时最少）",
            "connections, least while all worked",
        ),
        grouped(result.run.users.into()),
        count(open.map(|o| o.least)),
    );
    row(
        ("请求", "requests"),
        grouped(client.requests.into()),
        count(server.requests),
    );
    row(
        ("过载拒绝（503）", "shed (503)"),
        grouped(client.shed.into()),
        count(server.shed),
    );
    row(
        ("p50 时延", "p50 latency"),
        in_ms(Some(client.latency_ms.p50)),
        in_ms(server.served_p50_ms),
    );
    row(
        ("p99 时延", "p99 latency"),
        in_ms(Some(client.latency_ms.p99)),
        in_ms(server.served_p99_ms),
    );
    row(
        ("每请求处理器用时", "CPU a request"),
        format!("{:.1} µs", harness.cpu_us_per_request),
        or_dash(server.cpu_us_per_request, |v| format!("{v:.1} µs")),
    );
    row(
        ("内存（最大）", "memory, most"),
        bytes(harness.memory_bytes),
        server.memory_bytes.map_or("–".into(), bytes),
    );
    row(
        ("组提交", "group commit"),
        "–".into(),
        or_dash(server.batch_records, |v| format!("{v:.1} records")),
    );
    row(
        ("落盘（均值，p99）", "sync, mean and p99"),
        "–".into(),
        format!(
            "{}, {}",
            in_ms(server.sync_mean_ms),
            in_ms(server.sync_p99_ms)
        ),
    );
    rows
}
