//! `hubu-bench`: the end-to-end figures of Hubu, measured one scenario after another.
//!
//! Each scenario runs in a process of its own (this program again), so that the memory and threads of
//! one don't reach the next; it prints one JSON line a figure, and this process collects them in
//! `target/bench/bench.json`. `scripts/bench` builds what is needed and calls it.

mod bare;
mod bulk;
mod certificate;
mod ciphers;
mod client;
mod compare;
mod connection;
mod fields;
mod figure;
mod handshake;
mod harness;
mod http;
mod https;
mod machine;
mod payments;
mod peers;
mod prove;
mod quota_row;
mod recover;
mod report;
mod scenario;
mod server;
mod signed;
mod sustained;
mod tokens;
mod tool;
mod world;
mod wrk;

use clap::{Parser, Subcommand};
use figure::{FIGURES, Figure};
use report::{Measured, Report};
use scenario::{Scale, Task};
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// Whatever ends a scenario: it is printed, and the figure is missing.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Measures Hubu's figures.
#[derive(Parser)]
#[command(name = "hubu-bench")]
struct Arguments {
    /// Figures to measure (default: all but the capacity proof's; `capacity`: those; `all`).
    keys: Vec<String>,
    /// Smallest sizes: does it run at all?
    #[arg(long)]
    smoke: bool,
    /// Lists the figures and their goals.
    #[arg(long)]
    list: bool,
    /// Prints the JSON as a table for docs/results.md, and measures nothing.
    #[arg(long)]
    markdown: bool,
    /// Where the JSON goes; figures in it that are not measured now are kept.
    #[arg(long, default_value = "target/bench/bench.json")]
    out: PathBuf,
    #[command(subcommand)]
    inner: Option<Inner>,
}

#[derive(Subcommand)]
enum Inner {
    /// Runs one scenario for the named figures and prints its figures (for this program's own use).
    #[command(hide = true)]
    Scenario {
        name: String,
        keys: Vec<String>,
        #[arg(long)]
        smoke: bool,
    },
    /// The same payments against Hubu and against what is commonly built, in one run (`scripts/prove compare`).
    Compare(compare::Options),
    /// Plays clerks as standard input says (for `compare`'s own use).
    #[command(hide = true)]
    Crowd,
    /// Serves what the HTTP figures are compared with.
    #[command(hide = true)]
    Bare { listen: SocketAddr, answer: PathBuf },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The exit status.
fn run(arguments: &Arguments) -> Outcome<u8> {
    match &arguments.inner {
        Some(Inner::Compare(options)) => return compare::command(options),
        Some(Inner::Crowd) => compare::crowd::run()?,
        Some(Inner::Scenario { name, keys, smoke }) => {
            let scale = if *smoke { Scale::Smoke } else { Scale::Full };
            scenario::run(&Task { name, keys, scale })?;
        }
        Some(Inner::Bare { listen, answer }) => bare::serve(*listen, answer)?,
        None if arguments.list => {
            for figure in &FIGURES {
                println!(
                    "{:<22} {:<12} {:<26} {}",
                    figure.key,
                    figure.goal.text(),
                    figure.unit,
                    figure.what
                );
            }
        }
        None if arguments.markdown => {
            print!(
                "{}",
                Report::open(&arguments.out, arguments.smoke)?.markdown()
            );
        }
        None => return Ok(u8::from(!measure(arguments)?)),
    }
    Ok(0)
}

/// Runs every scenario that a wanted figure needs; `false` when one of them failed.
fn measure(arguments: &Arguments) -> Outcome<bool> {
    let wanted = wanted(&arguments.keys, arguments.smoke)?;
    let mut report = Report::open(&arguments.out, arguments.smoke)?;
    let mut failed = Vec::new();
    let mut scenarios: Vec<&str> = Vec::new();
    for figure in &wanted {
        if !scenarios.contains(&figure.scenario) {
            scenarios.push(figure.scenario);
        }
    }
    for name in scenarios {
        let keys: Vec<&str> = wanted
            .iter()
            .filter(|f| f.scenario == name)
            .map(|f| f.key)
            .collect();
        eprintln!("== {name}: {}", keys.join(" "));
        match in_own_process(name, &keys, arguments.smoke) {
            Ok(measured) => {
                let missing = keys
                    .iter()
                    .filter(|key| !measured.iter().any(|m| m.key == **key));
                failed.extend(missing.map(|key| String::from(*key)));
                for one in measured
                    .into_iter()
                    .filter(|m| keys.contains(&m.key.as_str()))
                {
                    report.add(one)?;
                }
                report.write()?;
            }
            Err(error) => {
                eprintln!("   {name} failed: {error}");
                failed.extend(keys.iter().map(|key| String::from(*key)));
            }
        }
    }
    print!("{}", report.table());
    println!("{}", arguments.out.display());
    if !failed.is_empty() {
        eprintln!("not measured: {}", failed.join(" "));
    }
    Ok(failed.is_empty())
}

/// The figures of these names, each once. A smoke run leaves out what is measured beside a tool that is not there.
fn wanted(keys: &[String], smoke: bool) -> Outcome<Vec<&'static Figure>> {
    let mut wanted: Vec<&Figure> = Vec::new();
    let mut add = |found: &mut dyn Iterator<Item = &'static Figure>| {
        for figure in found {
            if !wanted.iter().any(|known| known.key == figure.key) {
                wanted.push(figure);
            }
        }
    };
    if keys.is_empty() {
        add(&mut FIGURES.iter().filter(|f| smoke || !f.is_of_capacity()));
    }
    for key in keys {
        match (key.as_str(), Figure::named(key)) {
            ("all", _) => add(&mut FIGURES.iter()),
            ("capacity", _) => add(&mut FIGURES.iter().filter(|f| f.is_of_capacity())),
            (_, Some(figure)) => add(&mut std::iter::once(figure)),
            (_, None) => return Err(format!("no figure `{key}`: --list names them").into()),
        }
    }
    wanted.retain(|figure| {
        let is_there = figure
            .beside()
            .is_none_or(|tool| tool::installed(tool).is_some());
        if smoke && !is_there {
            eprintln!("{} is left out: its tool is not installed", figure.key);
        }
        is_there || !smoke
    });
    Ok(wanted)
}

fn in_own_process(name: &str, keys: &[&str], smoke: bool) -> Outcome<Vec<Measured>> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("scenario")
        .arg(name)
        .args(keys)
        .stdout(Stdio::piped());
    if smoke {
        command.arg("--smoke");
    }
    let output = command.spawn()?.wait_with_output()?;
    let lines = String::from_utf8(output.stdout)?;
    let mut measured = Vec::new();
    for line in lines.lines() {
        measured.push(serde_json::from_str(line).map_err(|error| format!("{error} in {line:?}"))?);
    }
    if !output.status.success() && measured.is_empty() {
        return Err(format!("it ended with {}", output.status).into());
    }
    Ok(measured)
}
