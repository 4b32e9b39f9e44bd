//! Load tools as processes: what each was asked, what it saw, and the processor time that it took.

use crate::{Outcome, machine};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One GET that every tool sends alike.
pub(crate) struct Hot {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) token: String,
    /// For plans, scripts and reports.
    pub(crate) folder: PathBuf,
}

/// How hard.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection asks again as soon as it is answered.
    Saturated,
    /// So many arrivals a second, whoever is free takes them.
    Arrivals(u32),
    /// Each connection's user thinks so long before each request, in seconds.
    Think(f64),
}

/// What came of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) rate: f64,
    pub(crate) p99_ms: f64,
    pub(crate) failed: u64,
    /// Processor time of the tool a request, in µs.
    pub(crate) cpu_us: f64,
    /// Cores that it kept busy.
    pub(crate) cores: f64,
}

/// Where `scripts/bench` puts tools that Debian does not have.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let tools = Path::new("target/tools");
    let places = [tools.join("bin"), tools.join("locust/bin")];
    let path = std::env::var_os("PATH").unwrap_or_default();
    places
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|place| place.join(name))
        .find(|file| file.is_file())
}

/// `hubu-load` with a plan of one request.
pub(crate) fn hubu_load(hot: &Hot, users: u32, seconds: f64, pace: Pace) -> Outcome<Spent> {
    let (think, open) = match pace {
        Pace::Saturated => (0.0, String::new()),
        Pace::Think(think) => (think, String::new()),
        Pace::Arrivals(rate) => (0.0, format!("[open]\narrivals_per_second = {rate}.0\n")),
    };
    let ramp = f64::from(users) / 4_000.0;
    let plan = hot.folder.join("hot.toml");
    fs::write(
        &plan,
        format!(
            "name = \"hot\"\nusers = {users}\nramp_seconds = {ramp}\nduration_seconds = {seconds}\n\
             think_seconds = {think}\nthink_spread = 0.5\ntimeout_seconds = 10.0\n{open}\
             [headers]\nauthorization = \"Bearer {}\"\n\
             [[journeys]]\nname = \"hot\"\nweight = 1\n[[journeys.requests]]\nname = \"get\"\npath = \"{}\"\n",
            hot.token, hot.path
        ),
    )?;
    let beside = std::env::current_exe()?.with_file_name("hubu-load");
    let mut command = Command::new(beside);
    command.arg("run").arg("--quiet").arg("--plan").arg(&plan);
    command.arg("--url").arg(format!("http://{}", hot.address));
    let report = hot.folder.join("load");
    command.arg("--report").arg(&report);
    let (_, cpu) = watched(&mut command)?;
    let result: Value = serde_json::from_slice(&fs::read(report.join("result.json"))?)?;
    let number = |pointer: &str| result.pointer(pointer).and_then(Value::as_f64);
    let requests = number("/total/requests").ok_or("no requests in result.json")?;
    let worked = number("/run/seconds").ok_or("no seconds in result.json")?;
    Ok(Spent {
        rate: number("/run/steady_rate").unwrap_or(0.0),
        p99_ms: number("/total/latency_ms/p99").unwrap_or(0.0),
        failed: number("/total/failed").unwrap_or(0.0) as u64,
        cpu_us: cpu * 1e6 / requests.max(1.0),
        cores: cpu / worked.max(0.001),
    })
}

/// `oha`, at a pace or saturated.
pub(crate) fn oha(hot: &Hot, connections: u32, seconds: u32, pace: Pace) -> Outcome<Spent> {
    let mut command = Command::new(installed("oha").ok_or("oha is not installed")?);
    command.args(["--no-tui", "--output-format", "json", "--no-color"]);
    command.args(["-z", &format!("{seconds}s"), "-c", &connections.to_string()]);
    if let Pace::Arrivals(rate) = pace {
        command.args(["-q", &rate.to_string(), "--latency-correction"]);
    }
    command.args(["-H", &format!("authorization: Bearer {}", hot.token)]);
    command.arg(format!("http://{}{}", hot.address, hot.path));
    let (out, cpu) = watched(&mut command)?;
    let result: Value = serde_json::from_slice(&out)?;
    let number = |pointer: &str| result.pointer(pointer).and_then(Value::as_f64);
    let rate = number("/summary/requestsPerSec").ok_or("oha told no rate")?;
    let requests = rate * number("/summary/total").unwrap_or(f64::from(seconds));
    let success = number("/summary/successRate").unwrap_or(0.0);
    Ok(Spent {
        rate,
        p99_ms: 1e3 * number("/latencyPercentiles/p99").unwrap_or(0.0),
        failed: (requests * (1.0 - success)).round() as u64,
        cpu_us: cpu * 1e6 / requests.max(1.0),
        cores: cpu / f64::from(seconds),
    })
}

/// `wrk`, which only knows saturation.
pub(crate) fn wrk(hot: &Hot, connections: u32, seconds: u32) -> Outcome<Spent> {
    let script = hot.folder.join("hot.lua");
    fs::write(
        &script,
        "function done(s, l) io.write(string.format(\"RESULT %d %f %d %f\\n\", s.requests, s.duration / 1e6, \
         s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout + s.errors.status, \
         l:percentile(99) / 1e3)) end\n",
    )?;
    let mut command = Command::new("wrk");
    command.args(["-t2", "--timeout", "30s", "-c", &connections.to_string()]);
    command
        .args(["-d", &format!("{seconds}s"), "-s"])
        .arg(&script);
    command.args(["-H", &format!("Authorization: Bearer {}", hot.token)]);
    command.arg(format!("http://{}{}", hot.address, hot.path));
    let (out, cpu) = watched(&mut command)?;
    let text = String::from_utf8_lossy(&out);
    let numbers: Vec<f64> = text
        .lines()
        .find_map(|line| line.strip_prefix("RESULT "))
        .ok_or("wrk told no result")?
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [requests, duration, failed, p99_ms] = numbers[..] else {
        return Err(format!("wrk: {text}").into());
    };
    Ok(Spent {
        rate: requests / duration,
        p99_ms,
        failed: failed as u64,
        cpu_us: cpu * 1e6 / requests.max(1.0),
        cores: cpu / duration,
    })
}

/// `locust` in one process, as it is run on one core: FastHttpUser, each thinking one second or so.
pub(crate) fn locust(hot: &Hot, users: u32, seconds: u32) -> Outcome<Spent> {
    let script = hot.folder.join("locustfile.py");
    fs::write(
        &script,
        format!(
            "from locust import FastHttpUser, task, between\n\
             class Hot(FastHttpUser):\n    wait_time = between(0.5, 1.5)\n    @task\n    def get(self):\n\
             \x20       self.client.get(\"{}\", headers={{\"Authorization\": \"Bearer {}\"}})\n",
            hot.path, hot.token
        ),
    )?;
    let ramp = 5;
    let mut command = Command::new(installed("locust").ok_or("locust is not installed")?);
    command
        .arg("-f")
        .arg(&script)
        .args(["--headless", "--json", "--reset-stats"]);
    command.args([
        "-u",
        &users.to_string(),
        "-r",
        &(users / ramp).max(1).to_string(),
    ]);
    command.args(["-t", &format!("{}s", seconds + ramp), "--loglevel", "ERROR"]);
    command.args(["--host", &format!("http://{}", hot.address)]);
    let (out, cpu) = watched(&mut command)?;
    let result: Value = serde_json::from_slice(&out)?;
    let one = result.pointer("/0").ok_or("locust told nothing")?;
    let number = |name: &str| one.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let (first, last) = (number("start_time"), number("last_request_timestamp"));
    let (requests, length) = (number("num_requests"), (last - first).max(0.001));
    // The ramp is forgotten by its counts and not by the processor: its share is taken as half of its time.
    let worked = f64::from(seconds) + f64::from(ramp) / 2.0;
    let cpu_us = cpu / worked * length * 1e6 / requests.max(1.0);
    Ok(Spent {
        rate: requests / length,
        p99_ms: percentile(one.get("response_times"), 0.99),
        failed: number("num_failures") as u64,
        cpu_us,
        cores: cpu / worked,
    })
}

/// Of locust's table of rounded milliseconds and counts.
fn percentile(table: Option<&Value>, share: f64) -> f64 {
    let mut counts: Vec<(f64, f64)> = table
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(ms, count)| Some((ms.parse().ok()?, count.as_f64()?)))
        .collect();
    counts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = share * counts.iter().map(|(_, count)| count).sum::<f64>();
    let mut seen = 0.0;
    for (ms, count) in &counts {
        seen += count;
        if seen >= wanted {
            return *ms;
        }
    }
    0.0
}

/// Runs a tool to its end: what it printed, and the seconds of processor time that it took.
fn watched(command: &mut Command) -> Outcome<(Vec<u8>, f64)> {
    let before = machine::children_seconds()?;
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .output()?;
    let spent = machine::children_seconds()? - before;
    if output.stdout.is_empty() {
        return Err(format!("{command:?} ended with {} and said nothing", output.status).into());
    }
    Ok((output.stdout, spent))
}
