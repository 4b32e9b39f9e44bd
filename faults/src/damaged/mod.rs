//! Damaged data folders of every kind: a start refuses in words that say what to do, or serves the truth. It never guesses:
//! a state that is not the truth is the one forbidden outcome.
//!
//! `template` builds a folder with a journal of several segments, an archive and two snapshots, and what others it takes
//! files from; `journal`, `segments`, `derived` and `settings` are the kinds of damage. Each is done to a fresh copy, which is
//! opened as `hubu serve` opens it; state and ended documents are compared with those of the whole folder.

mod alarm;
mod damage;
mod derived;
mod journal;
mod place;
mod segments;
mod settings;
mod template;
mod world;

use crate::Outcome;
use crate::report::Report;
use clap::Args;
use damage::{Base, Damage, Expect};
use place::Place;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use template::Template;

/// What a start answered.
#[derive(Debug)]
enum Answer {
    Right,
    Refused(String),
    /// It ended in a panic: no wrong state, but no clear word either.
    Panicked(String),
    /// Forbidden.
    Wrong(String),
}

impl Answer {
    fn told(&self) -> String {
        match self {
            Answer::Right => "served rightly".into(),
            Answer::Refused(said) => format!("refused: {said}"),
            Answer::Panicked(panic) => format!("panicked: {panic}"),
            Answer::Wrong(why) => format!("wrong: {why}"),
        }
    }
}

/// Starts damaged data folders.
#[derive(Args)]
pub(crate) struct Options {
    /// Fewer flipped bits, and a third of the kinds for each file
    #[arg(long)]
    quick: bool,
    /// Only kinds whose name has this in it; no figure is noted then
    #[arg(long)]
    only: Option<String>,
}

/// Runs the trial; whether every answer was as it must be.
pub(crate) fn run(report: &mut Report, options: &Options) -> Outcome<bool> {
    let (quick, only) = (options.quick, options.only.as_deref());
    let folder = tempfile::tempdir()?;
    let template = Template::build(folder.path())?;
    let positions = if quick { 2 } else { 40 };
    let mut damages = journal::all(positions);
    damages.extend(derived::all(&archive_files(&template.closed)?, positions));
    damages.retain(|damage| only.is_none_or(|part| damage.name.contains(part)));
    if quick && only.is_none() {
        // Each third: a kind's files stand side by side, mostly more than two, so that nearly every kind is among them.
        damages = damages.into_iter().step_by(3).collect();
    }
    alarm::set();
    let mut tally = Tally::default();
    for damage in &damages {
        alarm::trying(&damage.name);
        let answer = answer(&template, damage, &folder.path().join("trial"))?;
        tally.take(damage, &answer);
    }
    let _printed_again = std::panic::take_hook();
    for (name, fault) in settings::all(folder.path(), only)? {
        tally.tried += 1;
        tally.refused += 1;
        if let Some(fault) = fault {
            tally.unclear += 1;
            println!("UNCLEAR {name}: {fault}");
        }
    }
    println!(
        "{} damaged folders: {} served rightly, {} refused, {} of them unclearly, {} wrong",
        tally.tried, tally.right, tally.refused, tally.unclear, tally.wrong
    );
    if only.is_none() {
        report.put("damaged_folders", tally.tried as f64);
        report.put("damaged_wrong", tally.wrong as f64);
    }
    Ok(tally.wrong == 0 && tally.unclear == 0)
}

#[derive(Default)]
struct Tally {
    tried: u64,
    right: u64,
    refused: u64,
    unclear: u64,
    wrong: u64,
}

impl Tally {
    fn take(&mut self, damage: &Damage, answer: &Answer) {
        self.tried += 1;
        let told = format!("{} ({:?})", damage.name, damage.base);
        match answer {
            Answer::Right => self.right += 1,
            Answer::Wrong(_) => self.wrong += 1,
            Answer::Refused(_) | Answer::Panicked(_) => self.refused += 1,
        }
        if let Answer::Wrong(why) = answer {
            println!("WRONG {told}: {why}");
        } else if !fits(damage.expect, answer) {
            self.unclear += 1;
            println!(
                "UNCLEAR {told}: {}; expected {:?}",
                answer.told(),
                damage.expect
            );
        }
    }
}

fn fits(expect: Expect, answer: &Answer) -> bool {
    match (expect, answer) {
        (Expect::Right | Expect::Either(_), Answer::Right) => true,
        (Expect::Refused(words) | Expect::Either(words), Answer::Refused(said)) => {
            let said = said.to_lowercase();
            words.iter().all(|word| said.contains(&word.to_lowercase()))
        }
        _ => false,
    }
}

/// Damages a copy and starts it.
fn answer(template: &Template, damage: &Damage, trial: &Path) -> Outcome<Answer> {
    let (base, truth) = match damage.base {
        Base::Closed => (&template.closed, &template.truth),
        Base::Killed => (&template.killed, &template.truth),
        Base::Branch => (&template.branch, &template.branch_truth),
    };
    let place = base.copy_to(trial)?;
    (damage.apply)(&place, template)?;
    let started = catch_unwind(AssertUnwindSafe(|| match place.open() {
        Err(refused) => Answer::Refused(refused),
        Ok(cell) => {
            let answer = match cell.check(truth) {
                Err(refused) => Answer::Refused(refused),
                Ok(Err(wrong)) => Answer::Wrong(wrong),
                Ok(Ok(())) => Answer::Right,
            };
            cell.close();
            answer
        }
    }));
    let mut answer = started.unwrap_or_else(|_| Answer::Panicked("the start".into()));
    if let Some(panic) = alarm::heard()
        && !matches!(answer, Answer::Wrong(_))
    {
        answer = Answer::Panicked(panic);
    }
    // What was served must also be what the journal holds afterwards.
    if matches!(answer, Answer::Right) {
        match place.digest() {
            Ok(state) if state == truth.state => {}
            other => answer = Answer::Wrong(format!("after the start the journal makes {other:?}")),
        }
    }
    std::fs::remove_dir_all(trial)?;
    Ok(answer)
}

/// Every file of the archive, from its folder.
fn archive_files(place: &Place) -> Outcome<Vec<PathBuf>> {
    let root = place.archive();
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&root)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
