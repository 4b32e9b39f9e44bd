//! `hubu verify`: the journal from its first batch to its last, and the state that it makes.

use std::path::Path;

use clap::Args;
use hubu_core::audit;
use hubu_core::config::JournalPlace;
use hubu_core::engine::digest;
use hubu_core::journal::{Records, codec, open_reader};
use hubu_kernel::record::Body;

use super::serve::journal_settings;
use super::{CommandError, Config, hex};

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    config: Config,
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
        let report = reader.verify(&mut |batch| {
            tally.take(batch.first, batch.last, batch.payload);
            tally.fault.is_none()
        });
        let report = report?;
        if let Some(fault) = tally.fault {
            return Err(CommandError::Damage(fault));
        }
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
        check_audit(&settings.audit.folder)
    }
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
