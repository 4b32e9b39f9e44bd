//! `hubu verify`: the journal from its first batch to its last, the seals over it, and the state that it makes.

use std::path::{Path, PathBuf};

use clap::Args;
use hubu_core::audit;
use hubu_core::cipher::PublicKey;
use hubu_core::config::{JournalPlace, Settings};
use hubu_core::engine::digest;
use hubu_core::engine::signatures::check_journal;
use hubu_core::journal::{JournalReader, Records, codec, open_reader};
use hubu_core::seal::{Checker, Period, SealError, Sealed};
use hubu_core::signing::register::Register;
use hubu_kernel::record::Body;

use super::secrets::public_key;
use super::serve::journal_settings;
use super::{CommandError, Config, hex};

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    config: Config,
    /// Hold the journal against the seals in this folder
    #[arg(long, value_name = "FOLDER", requires = "seal_keys")]
    seals: Option<PathBuf>,
    /// The public key (PEM) that the seals are signed with; after a change of keys all of them, the oldest first
    #[arg(long = "seal-key", value_name = "FILE", requires = "seals")]
    seal_keys: Vec<PathBuf>,
    /// Demand that this day or month was sealed, or a later one
    #[arg(long, value_name = "PERIOD", requires = "seals", value_parser = str::parse::<Period>)]
    sealed_until: Option<Period>,
    /// Check every signature under a document as well, with the public keys that stand beside them
    #[arg(long)]
    signatures: bool,
    /// With --signatures: each key must be registered as its signer's in this file (docs/signatures.md)
    #[arg(long, value_name = "FILE", requires = "signatures")]
    signers: Option<PathBuf>,
}

/// What the records say.
#[derive(Debug, Default)]
struct Tally {
    decided: u64,
    refused: u64,
    fault: Option<String>,
}

impl Verify {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        let place = String::from(settings.journal.place.clone());
        let reader = open_reader(&place, &journal_settings(&settings))?;
        let mut tally = Tally::default();
        let mut checker = self.checker(settings.journal.cell)?;
        let mut unfit: Option<SealError> = None;
        let report = reader.verify(&mut |batch| {
            tally.take(batch.first, batch.last, batch.payload);
            if let Some(checker) = &mut checker {
                unfit = checker.take(&batch).err();
            }
            tally.fault.is_none() && unfit.is_none()
        });
        let report = report?;
        if let Some(fault) = tally.fault {
            return Err(CommandError::Damage(fault));
        }
        if let Some(unfit) = unfit {
            return Err(unfit.into());
        }
        let sealed = checker.map(|checker| checker.finish(report.last));
        let sealed = sealed.transpose()?;
        let state = digest::of_journal(&*reader)?;
        println!("{}: whole", shown(&settings.journal.place));
        println!(
            "records {}  batches {}  bytes {}",
            report.last, report.batches, report.bytes
        );
        println!(
            "decided {}  refused {}  epoch {}",
            tally.decided, tally.refused, report.epoch
        );
        println!(
            "rows {}  open documents {}",
            state.rows, state.open_documents
        );
        println!("chain  {}", hex(&report.chain));
        println!("digest {}  at record {}", hex(&state.sm3), state.last);
        if let Some(sealed) = &sealed {
            show_sealed(sealed, report.last);
        }
        if let Some((division, year)) = state.unbalanced.first() {
            let (books, division) = (state.unbalanced.len(), division.0);
            let text = format!(
                "{books} books do not balance, the first: {division:09} of {}",
                year.0
            );
            return Err(CommandError::Damage(text));
        }
        if state.broken_rows > 0 {
            let text = format!("{} rows break an invariant", state.broken_rows);
            return Err(CommandError::Damage(text));
        }
        println!("every book balances");
        check_audit(&settings.audit.folder)?;
        match self.signatures {
            true => self.check_signatures(&settings, &*reader),
            false => Ok(()),
        }
    }

    fn check_signatures(
        &self,
        settings: &Settings,
        reader: &dyn JournalReader,
    ) -> Result<(), CommandError> {
        let keys = super::fields::keys(settings)?;
        let register = self.signers.as_deref().map(Register::open).transpose()?;
        let signers = register.map(|register| register.current());
        let report = check_journal(reader, signers.as_deref(), keys.keys())?;
        println!(
            "signatures {}  good {}  missing {}  without keys of fields {}",
            report.signed, report.good, report.missing, report.closed
        );
        if report.stray > 0 {
            println!("records that fit no step {}", report.stray);
        }
        if report.is_whole() {
            return Ok(());
        }
        for fault in &report.faults {
            eprintln!("{fault}");
        }
        // What can't be checked here is no damage, and hides none.
        if report.wrong() == 0 {
            let (path, closed) = (settings.fields.key_folder.clone(), report.closed);
            let fault =
                format!("{closed} signatures could not be checked: the field keys are not here");
            return Err(CommandError::Secret { path, fault });
        }
        Err(CommandError::Damage(format!(
            "{} signed steps are not as they were signed",
            report.wrong()
        )))
    }

    fn checker(&self, cell: u64) -> Result<Option<Checker>, CommandError> {
        let Some(folder) = &self.seals else {
            return Ok(None);
        };
        let keys: Result<Vec<PublicKey>, CommandError> =
            self.seal_keys.iter().map(|path| public_key(path)).collect();
        let checker = Checker::open(folder, cell, &keys?)?;
        self.sealed_until
            .map_or(Ok(()), |wanted| checker.reach(wanted))?;
        Ok(Some(checker))
    }
}

fn show_sealed(sealed: &Sealed, last: u64) {
    println!(
        "seals  {} of days, {} of months, all fit; the last day sealed is {}",
        sealed.days,
        sealed.months,
        sealed.day.map_or("none".into(), |day| day.to_string())
    );
    println!(
        "sealed records 1..={}; behind them {} that only the chain vouches for",
        sealed.last,
        last - sealed.last
    );
}

/// The audit log as well, where there is one.
fn check_audit(folder: &Path) -> Result<(), CommandError> {
    if folder.as_os_str().is_empty() || !folder.exists() {
        return Ok(());
    }
    let report = audit::check(folder)?;
    println!("audit log {}: whole", folder.display());
    println!("entries {}", report.entries);
    println!("chain  {}", hex(&report.chain));
    if report.torn_bytes > 0 {
        println!(
            "{} bytes at its end are no whole entry yet",
            report.torn_bytes
        );
    }
    if report.torn_files > 0 {
        println!(
            "{} files torn-… beside it: what a crash tore; where there was none, somebody cut it",
            report.torn_files
        );
    }
    Ok(())
}

impl Tally {
    fn take(&mut self, first: u64, last: u64, payload: &[u8]) {
        let mut seq = first;
        for bytes in Records::new(payload) {
            match codec::decode(bytes).map(|record| record.body) {
                Ok(Body::Decided(_)) => self.decided += 1,
                Ok(Body::Refused(_)) => self.refused += 1,
                Ok(Body::Catalog { .. } | Body::Genesis { .. }) => {}
                Err(error) => {
                    self.fault = Some(format!("batch {first}..={last}, record {seq}: {error}"));
                    return;
                }
            }
            seq += 1;
        }
        if seq != last + 1 {
            self.fault = Some(format!(
                "batch {first}..={last} holds {} records",
                seq - first
            ));
        }
    }
}

fn shown(place: &JournalPlace) -> String {
    format!("{place:?}")
}
