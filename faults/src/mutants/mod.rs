//! Deliberate mistakes (变异): each promise is broken on purpose, one mistake at a time, and something must notice. What
//! nothing notices is a promise that nothing guards.
//!
//! `faults/mutants.toml` lists the mistakes. Each is made in a copy of the source under `target/mutants`; there the
//! simulation runs first, then the crashes, then the tests that the mistake names; one in the rights is the trial `access`'s
//! to notice. A mistake that does not even compile
//! is none, and ends the trial.

use crate::Outcome;
use crate::report::Report;
use clap::Args;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Breaks each promise on purpose, and shows what notices.
#[derive(Args)]
pub(crate) struct Options {
    /// Only mistakes whose words contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Makes none of them; only looks whether each still fits the source.
    #[arg(long)]
    quick: bool,
}

const LIST: &str = "faults/mutants.toml";

/// Seeds of the simulation that a mistake has to get by.
const SEEDS: &str = "400";

/// Orders of each scenario that a mistake of threads has to get by.
const ORDERS: &str = "1000";

/// After so long a run is ended: a mistake may well make something wait for ever.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
struct List {
    mutants: Vec<Mutant>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// Which is broken; 0 for the table of rights, which is none of the twelve.
    promise: u8,
    breaks: String,
    file: PathBuf,
    find: String,
    put: String,
    #[serde(default)]
    tests: Vec<String>,
    /// It shows where threads meet.
    #[serde(default)]
    threads: bool,
    /// It opens a cell of the table of rights.
    #[serde(default)]
    access: bool,
}

pub(crate) fn run(options: &Options, report: &mut Report) -> Outcome<bool> {
    let all = read(Path::new("."))?;
    if options.quick {
        println!("{} mistakes fit the source", all.len());
        return Ok(true);
    }
    let wanted: Vec<_> = all
        .into_iter()
        .filter(|mutant| mutant.breaks.contains(&options.only))
        .collect();
    let place = Place::make()?;
    let mut missed = 0;
    for mutant in &wanted {
        let whole = std::fs::read_to_string(place.tree.join(&mutant.file))?;
        std::fs::write(
            place.tree.join(&mutant.file),
            whole.replace(&mutant.find, &mutant.put),
        )?;
        let caught = place.try_out(mutant);
        std::fs::write(place.tree.join(&mutant.file), whole)?;
        let caught = caught?;
        missed += u64::from(caught.is_none());
        let by = caught.unwrap_or_else(|| "NOTHING".into());
        println!(
            "promise {}: {}: caught by {by}",
            mutant.promise, mutant.breaks
        );
    }
    println!("{} mistakes, {missed} of them not caught", wanted.len());
    if options.only.is_empty() {
        report.put("mutants", wanted.len() as f64);
        report.put("mutants_missed", missed as f64);
    }
    Ok(missed == 0)
}

/// The mistakes, each of which fits the source under `root`.
fn read(root: &Path) -> Outcome<Vec<Mutant>> {
    let list: List = toml::from_str(&std::fs::read_to_string(root.join(LIST))?)?;
    for mutant in &list.mutants {
        let source = std::fs::read_to_string(root.join(&mutant.file))?;
        let times = source.matches(&mutant.find).count();
        if times != 1 {
            let (file, breaks) = (mutant.file.display(), &mutant.breaks);
            return Err(format!("\"{breaks}\" stands {times} times in {file}; mend {LIST}").into());
        }
        for test in &mutant.tests {
            let (binary, name) = test.split_once("::").ok_or("a test is BINARY::NAME")?;
            let source = root.join("core/tests").join(binary).with_extension("rs");
            // The tests of the suite stand in a module for each store.
            let function = name.rsplit("::").next().unwrap_or(name);
            let source = std::fs::read_to_string(source)?;
            if !["(", "<"]
                .iter()
                .any(|end| source.contains(&format!("fn {function}{end}")))
            {
                return Err(format!("there is no test {test}; mend {LIST}").into());
            }
        }
    }
    Ok(list.mutants)
}

/// A copy of the source, and what is built of it.
struct Place {
    tree: PathBuf,
    target: PathBuf,
}

impl Place {
    /// Copies every file that git knows, as it is now.
    fn make() -> Outcome<Place> {
        let root = std::env::current_dir()?.join("target/mutants");
        let (tree, target) = (root.join("tree"), root.join("target"));
        let listed = Command::new("git").args(["ls-files", "-z"]).output()?;
        for name in listed.stdout.split(|byte| *byte == 0) {
            let name = std::str::from_utf8(name)?;
            let Ok(bytes) = std::fs::read(name) else {
                continue;
            };
            let to = tree.join(name);
            // One that is as it was keeps its time, so that nothing is built for nothing.
            if std::fs::read(&to).is_ok_and(|there| there == bytes) {
                continue;
            }
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&to, bytes)?;
        }
        Ok(Place { tree, target })
    }

    /// What notices the mistake, if anything does.
    fn try_out(&self, mutant: &Mutant) -> Outcome<Option<String>> {
        if mutant.threads {
            self.build(mutant, &["--features", "shuttle"])?;
            if let Some(caught) = self.try_trial(&["interleave", "--orders", ORDERS])? {
                return Ok(Some(caught));
            }
        }
        self.build(mutant, &[])?;
        if mutant.access {
            self.build(
                mutant,
                &["-p", "hubu-core", "--bin", "hubu", "--bin", "hubu-faults"],
            )?;
            return self.try_trial(&["access", "--quick"]);
        }
        let trials: [&[&str]; 2] = [&["sim", "--seeds", SEEDS], &["crash", "--quick"]];
        for trial in trials {
            if let Some(caught) = self.try_trial(trial)? {
                return Ok(Some(caught));
            }
        }
        for test in &mutant.tests {
            let Some((binary, name)) = test.split_once("::") else {
                return Err(format!("{test} is not BINARY::NAME").into());
            };
            let one = [
                "test",
                "--quiet",
                "-p",
                "hubu-core",
                "--test",
                binary,
                "--",
                "--exact",
                name,
            ];
            if !ends_well(self.cargo(&one), PATIENCE * 2)? {
                return Ok(Some(test.clone()));
            }
        }
        Ok(None)
    }

    fn build(&self, mutant: &Mutant, features: &[&str]) -> Outcome<()> {
        let build = [&["build", "--quiet", "-p", "hubu-faults"], features].concat();
        match ends_well(self.cargo(&build), PATIENCE * 4)? {
            true => Ok(()),
            false => Err(format!("\"{}\" does not compile", mutant.breaks).into()),
        }
    }

    /// The trial's words, when it notices the mistake.
    fn try_trial(&self, trial: &[&str]) -> Outcome<Option<String>> {
        let mut faults = Command::new(self.target.join("debug/hubu-faults"));
        faults.current_dir(&self.tree).args(trial);
        let noticed = !ends_well(faults, PATIENCE)?;
        Ok(noticed.then(|| format!("`hubu-faults {}`", trial.join(" "))))
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("RUSTFLAGS", "--cap-lints warn")
            .args(arguments);
        cargo
    }
}

/// Whether it ends by itself in time, and well.
fn ends_well(mut command: Command, patience: Duration) -> Outcome<bool> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let until = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_mistake_fits_the_source_and_every_promise_has_one() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let all = read(root).unwrap_or_else(|error| panic!("{error}"));
        let promises: BTreeSet<u8> = all.iter().map(|mutant| mutant.promise).collect();
        assert!(promises.into_iter().eq(0..=12), "0 is the table of rights");
        assert!(all.len() >= 20);
    }
}
