//! Runs one target: seeds first, then mutations of what went somewhere new, until the time is over.

use crate::coverage::Seen;
use crate::mutate::mutate;
use crate::targets::{Setup, Target};
use crate::{Outcome, memory};
use fastrand::Rng;
use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The most inputs that are kept.
const CORPUS_MAX: usize = 20_000;
/// The most answers of a target that are told apart.
const ANSWERS_MAX: usize = 4096;
/// What any input may take, whatever its size: tables and buffers that are made once.
const MEMORY_BASE: usize = 64 << 10;
/// A target that broke so often has told enough.
const CRASHES_MAX: u64 = 10;

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) executions: u64,
    pub(crate) crashes: u64,
    pub(crate) corpus: usize,
    pub(crate) edges: usize,
}

static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `target` for so long. Inputs that break something are printed, and kept in the folder `kept`.
pub(crate) fn drive(target: &Target, time: Duration, seed: u64, kept: &Path) -> Outcome<Told> {
    let setup = (target.make)()?;
    std::fs::create_dir_all(kept)?;
    // What ends the process (a full stack, an abort) leaves its input here; the parent looks.
    let last = File::create(kept.join(format!("{}.last", target.name)))?;
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut heard) = PANIC.lock() {
            heard.get_or_insert_with(|| panic.to_string());
        }
    }));
    let most = setup
        .seeds
        .iter()
        .map(Vec::len)
        .max()
        .unwrap_or(0)
        .max(2048)
        * 2;
    let mut run = Run {
        target,
        setup,
        kept,
        last,
        seen: Seen::default(),
        answers: HashSet::new(),
        corpus: Vec::new(),
        told: Told::default(),
        most,
    };
    let seeds = run.setup.seeds.clone();
    for seed in seeds {
        run.one(&seed)?;
        run.corpus.push(seed);
    }
    run.go_on(time, &mut Rng::with_seed(seed))?;
    std::fs::remove_file(kept.join(format!("{}.last", target.name)))?;
    let _ours = std::panic::take_hook();
    run.told.corpus = run.corpus.len();
    run.told.edges = run.seen.edges();
    Ok(run.told)
}

struct Run<'a> {
    target: &'a Target,
    setup: Setup,
    kept: &'a Path,
    last: File,
    seen: Seen,
    answers: HashSet<u64>,
    corpus: Vec<Vec<u8>>,
    told: Told,
    most: usize,
}

impl Run<'_> {
    fn go_on(&mut self, time: Duration, random: &mut Rng) -> Outcome<()> {
        let end = Instant::now() + time;
        let mut input = Vec::new();
        while Instant::now() < end && self.told.crashes < CRASHES_MAX {
            input.clear();
            // Half of the time one of the newest: that is where something new is near.
            let newest = self.corpus.len().saturating_sub(32);
            let from = if random.usize(..2) == 0 {
                &self.corpus[newest..]
            } else {
                &self.corpus[..]
            };
            input.extend_from_slice(random.choice(from).map_or(&[], Vec::as_slice));
            mutate(
                &mut input,
                &self.corpus,
                &self.setup.words,
                self.most,
                random,
            );
            if self.one(&input)? && self.corpus.len() < CORPUS_MAX {
                self.corpus.push(input.clone());
            }
        }
        Ok(())
    }

    /// Runs one input; whether it went where none went before.
    fn one(&mut self, input: &[u8]) -> Outcome<bool> {
        self.last
            .write_all_at(&(input.len() as u64).to_le_bytes(), 0)?;
        self.last.write_all_at(input, 8)?;
        memory::start();
        let answer = catch_unwind(AssertUnwindSafe(|| (self.setup.run)(input)));
        let most = memory::most();
        let went = self.seen.take();
        self.told.executions += 1;
        // Also a panic on a thread that the target started.
        let panic = PANIC.lock().ok().and_then(|mut heard| heard.take());
        if let Some(panic) = panic {
            self.crash(input, &panic)?;
        }
        if let Some(times) = self.setup.memory
            && most > MEMORY_BASE + times * input.len()
        {
            self.crash(
                input,
                &format!("it took {most} bytes for an input of {}", input.len()),
            )?;
        }
        let is_new = answer
            .is_ok_and(|answer| self.answers.len() < ANSWERS_MAX && self.answers.insert(answer));
        Ok(went || is_new)
    }

    fn crash(&mut self, input: &[u8], why: &str) -> Outcome<()> {
        self.told.crashes += 1;
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.kept.join(format!(
            "{}.{:08x}.crash",
            self.target.name,
            crc32fast::hash(input)
        ));
        std::fs::write(&path, input)?;
        println!(
            "CRASH {} {why}\n  input ({}): {hex}",
            self.target.name,
            path.display()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets;

    /// Each target, on its seeds, on all inputs that once broke it, and for a moment on new ones.
    #[test]
    fn every_target_holds_for_a_moment() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("kept");
        for target in targets::ALL {
            let mut setup = (target.make)().unwrap();
            let Ok(inputs) = std::fs::read_dir(kept.join(target.name)) else {
                continue;
            };
            for input in inputs {
                let path = input.unwrap().path();
                println!("{}", path.display());
                (setup.run)(&std::fs::read(path).unwrap());
            }
        }
        let folder = tempfile::tempdir().unwrap();
        for target in targets::ALL {
            let told = drive(target, Duration::from_millis(400), 1, folder.path()).unwrap();
            assert_eq!(told.crashes, 0, "{}: {told:?}", target.name);
            assert!(told.executions > 0, "{}", target.name);
        }
    }
}
