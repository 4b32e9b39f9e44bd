//! What is shown while a run goes, as text: pure, so that it can be tested without a terminal.

use crate::measure::Second;
use crate::scrape::ServerSecond;

/// Seconds of the sparkline.
const SPARKS: usize = 40;
/// Steps of a spark, from nothing to most.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same for terminals that know only ASCII.
const MARKS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// All that is known of the run so far.
#[derive(Debug, Default)]
pub(super) struct Panel {
    pub(super) name: String,
    pub(super) wanted: u64,
    /// Seconds heard of.
    pub(super) seconds: u64,
    length: f64,
    has_blocks: bool,
    now: Second,
    opened: u64,
    requests: u64,
    refused: u64,
    shed: u64,
    failed: u64,
    rates: Vec<u64>,
    server: Option<ServerSecond>,
}

impl Panel {
    /// Of a run of so many seconds.
    pub(super) fn new(length: f64, has_blocks: bool) -> Self {
        Self {
            length,
            has_blocks,
            ..Self::default()
        }
    }

    /// Takes a second in.
    pub(super) fn heard(&mut self, second: &Second, opened: u64, server: Option<ServerSecond>) {
        self.seconds += 1;
        self.now = second.clone();
        self.opened = opened;
        self.requests += second.requests;
        self.refused += second.refused;
        self.shed += second.shed;
        self.failed += second.failed;
        if self.rates.len() == SPARKS {
            self.rates.remove(0);
        }
        self.rates.push(second.requests);
        self.server = server;
    }

    fn left(&self) -> f64 {
        (self.length - self.seconds as f64).max(0.0)
    }
}

/// The lines for a terminal of so many columns.
pub(super) fn draw(panel: &Panel, columns: usize) -> Vec<String> {
    let now = &panel.now;
    let of = if panel.wanted > 0 {
        format!(" of {}", grouped(panel.wanted))
    } else {
        String::new()
    };
    let open = panel.server.as_ref().and_then(|s| s.connections);
    let open = open.map_or(String::new(), |n| {
        format!("   open at the server {}", grouped(n))
    });
    let mut lines = vec![
        format!(
            "{:<9}{} {} of {}, {} left",
            short(&panel.name, 24),
            bar(panel, 20),
            clock(panel.seconds as f64),
            clock(panel.length),
            clock(panel.left())
        ),
        format!(
            "users    {}{of}   connections opened {}{open}",
            grouped(now.users),
            grouped(panel.opened)
        ),
        format!("rate     {}/s  {}", grouped(now.requests), sparkline(panel)),
        format!(
            "latency  p50 {:.1}   p99 {:.1}   p99.9 {:.1}   longest {:.1} ms",
            now.p50_ms, now.p99_ms, now.p999_ms, now.max_ms
        ),
        format!(
            "so far   {} requests   failed {}   shed {}   refused {}",
            grouped(panel.requests),
            grouped(panel.failed),
            grouped(panel.shed),
            grouped(panel.refused)
        ),
    ];
    if let Some(server) = &panel.server {
        lines.push(format!("server   {}", server_in_words(server)));
    }
    // A line that the terminal wraps would take two of its rows, and the next panel would begin too low.
    let fits = |line: String| line.chars().take(columns.saturating_sub(1)).collect();
    lines.into_iter().map(fits).collect()
}

/// One line, for logs.
pub(super) fn plain(panel: &Panel) -> String {
    let now = &panel.now;
    let server = panel.server.as_ref().map_or(String::new(), |s| {
        format!("  server: {}", server_in_words(s))
    });
    format!(
        "users {:>6}  connections {:>6}  {:>6} req/s  p50 {:>7.1} ms  p99 {:>7.1} ms  failed {}  shed {}  refused {}  \
         {:>3.0} s left{server}",
        now.users,
        panel.opened,
        now.requests,
        now.p50_ms,
        now.p99_ms,
        panel.failed,
        panel.shed,
        panel.refused,
        panel.left()
    )
}

fn server_in_words(server: &ServerSecond) -> String {
    let mut parts = Vec::new();
    let mut say = |value: Option<f64>, text: fn(f64) -> String| parts.extend(value.map(text));
    say(server.sync_mean_ms, |ms| format!("sync {ms:.2} ms"));
    say(server.batch_records, |n| format!("batch {n:.1} records"));
    say(server.queue_records.map(|n| n as f64), |n| {
        format!("queue {n:.0}")
    });
    say(server.cpu_cores, |n| format!("{n:.2} cores"));
    say(server.resident_bytes.map(|n| n as f64), |n| {
        format!("{:.0} MiB", n / f64::from(1 << 20))
    });
    if parts.is_empty() {
        parts.push("its metrics tell nothing that is known here".into());
    }
    parts.join("   ")
}

/// How much of the time has passed.
fn bar(panel: &Panel, width: usize) -> String {
    let share = panel.seconds as f64 / panel.length.max(1.0);
    let full = ((share * width as f64) as usize).min(width);
    let (done, open) = if panel.has_blocks {
        ('█', '░')
    } else {
        ('#', '.')
    };
    (0..width)
        .map(|at| if at < full { done } else { open })
        .collect()
}

fn sparkline(panel: &Panel) -> String {
    let most = panel.rates.iter().copied().max().unwrap_or(0).max(1);
    let steps = if panel.has_blocks { BLOCKS } else { MARKS };
    let spark = |rate: &u64| steps[((*rate * 7 + most / 2) / most).min(7) as usize];
    panel.rates.iter().map(spark).collect()
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1:02:03` or `2:03`.
fn clock(seconds: f64) -> String {
    let all = seconds.round() as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// At most so many characters, and a space behind them.
fn short(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).collect();
    out.push(' ');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(has_blocks: bool) -> Panel {
        let mut panel = Panel::new(90.0, has_blocks);
        panel.name = "ordinary-day".into();
        panel.wanted = 40_000;
        for at in 1..=45u32 {
            let second = Second {
                at: f64::from(at),
                users: 39_998,
                requests: u64::from(at) * 100,
                refused: 1,
                p50_ms: 1.25,
                p99_ms: 12.0,
                ..Second::default()
            };
            let server = ServerSecond {
                connections: Some(39_997),
                sync_mean_ms: Some(0.4),
                batch_records: Some(17.3),
                ..ServerSecond::default()
            };
            panel.heard(&second, 40_000, Some(server));
        }
        panel
    }

    #[test]
    fn everything_is_there() {
        let text = draw(&panel(true), 120).join("\n");
        for part in [
            "39,998 of 40,000",
            "open at the server 39,997",
            "0:45 of 1:30, 0:45 left",
            "4,500/s",
            "p99 12.0",
            "103,500 requests",
            "refused 45",
            "sync 0.40 ms",
            "batch 17.3 records",
            "█",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(plain(&panel(true)).contains("sync 0.40 ms"));
        let ascii = draw(&panel(false), 120).join("\n");
        assert!(ascii.is_ascii(), "{ascii}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [20, 40, 79] {
            let lines = draw(&panel(true), columns);
            assert!(lines.iter().all(|l| l.chars().count() < columns));
        }
        assert_eq!(
            draw(&Panel::new(0.0, true), 80).len(),
            5,
            "without a server"
        );
    }

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped).join(" "),
            "0 999 1,000 1,234,567"
        );
        assert_eq!(
            [0.0, 61.0, 3_723.0].map(clock).join(" "),
            "0:00 1:01 1:02:03"
        );
    }
}
