//! Hostile bytes for every parser: runs each target of `hubu-fuzz` in a process of its own and counts what came of it.
//!
//! What panics is told by that process. What ends it (a full stack, an abort) or keeps it from ending is told here,
//! with the input that it had last.

use crate::Outcome;
use crate::program;
use crate::report::Report;
use clap::Args;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Gives hostile bytes to every parser.
#[derive(Args)]
pub(crate) struct Options {
    /// A second for each target
    #[arg(long)]
    quick: bool,
    /// Seconds for each target
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Only targets whose name has this in it; no figure is noted then
    #[arg(long = "target")]
    only: Option<String>,
    /// Of the mutations
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The program with the targets; beside this one when not given
    #[arg(long)]
    program: Option<PathBuf>,
}

impl Options {
    fn seconds(&self) -> f64 {
        if self.quick { 1.0 } else { self.seconds }
    }
}

/// Where inputs that broke something are kept.
const KEPT: &str = "target/faults/fuzz";

/// A target that has not ended so long after its time hangs.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Tally {
    targets: u64,
    executions: u64,
    crashes: u64,
    guided: u64,
}

/// Runs the targets; whether none broke.
pub(crate) fn run(report: &mut Report, options: &Options) -> Outcome<bool> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => program::beside("hubu-fuzz")?,
    };
    let names = Command::new(&program)
        .arg("list")
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let names = String::from_utf8(names.stdout)?;
    let mut tally = Tally::default();
    for name in names
        .lines()
        .filter(|name| options.only.as_ref().is_none_or(|part| name.contains(part)))
    {
        one(&program, name, options, &mut tally)?;
    }
    if tally.targets == 0 {
        return Err("no target has such a name".into());
    }
    println!(
        "{} targets, {} of them guided by coverage",
        tally.targets, tally.guided
    );
    if options.only.is_none() {
        report.put("fuzz_targets", tally.targets as f64);
        report.put("fuzz_guided", tally.guided as f64);
        report.put("fuzz_executions", tally.executions as f64);
        report.put("fuzz_crashes", tally.crashes as f64);
    }
    Ok(tally.crashes == 0)
}

fn one(program: &Path, name: &str, options: &Options, tally: &mut Tally) -> Outcome<()> {
    let mut child = Command::new(program)
        .args(["run", name, "--kept", KEPT])
        .args([
            "--seconds",
            &options.seconds().to_string(),
            "--seed",
            &options.seed.to_string(),
        ])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdout = child.stdout.take().ok_or("no output")?;
    let reading = std::thread::spawn(move || {
        let mut said = String::new();
        stdout.read_to_string(&mut said).map(|_| said)
    });
    let end = Instant::now() + Duration::from_secs_f64(options.seconds()) + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let said = reading.join().map_err(|_| "the reading thread is gone")??;
    print!("{said}");
    tally.targets += 1;
    tally.executions += figure(&said, "executions");
    tally.crashes += figure(&said, "crashes");
    tally.guided += u64::from(said.contains("guided=true"));
    match status.and_then(|status| status.code()) {
        Some(0 | 1) => {}
        Some(2) => return Err(format!("{name} could not be run").into()),
        _ => {
            tally.crashes += 1;
            let how = status.map_or("it does not end".into(), |status| status.to_string());
            println!("CRASH {name} {how}\n  input: {}", last(name)?);
        }
    }
    Ok(())
}

/// A number of the last line.
fn figure(said: &str, key: &str) -> u64 {
    let pair = said
        .rsplit(&format!("{key}="))
        .next()
        .filter(|_| said.contains(key));
    let digits = pair.and_then(|rest| rest.split_whitespace().next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The input that a process had when it ended: kept as a file, and as hex.
fn last(name: &str) -> Outcome<String> {
    let bytes = std::fs::read(Path::new(KEPT).join(format!("{name}.last")))?;
    let (length, rest) = bytes.split_first_chunk().ok_or("no input was kept")?;
    let length = u64::from_le_bytes(*length) as usize;
    let input = &rest[..length.min(rest.len())];
    let kept = Path::new(KEPT).join(format!("{name}.ended.crash"));
    std::fs::write(kept, input)?;
    Ok(input.iter().map(|byte| format!("{byte:02x}")).collect())
}
