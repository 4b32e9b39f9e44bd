//! What everybody demands of a journal who makes a state of its records, whatever its chain says: start, standby, and the
//! check of signatures. `evolve` demands the rest.

use crate::catalog::model::Catalog;
use crate::catalog::sources::Sources;
use crate::engine::catalogs::Catalogs;
use crate::engine::error::{EngineError, misfit};
use crate::journal::Records;
use hubu_kernel::evolve::Misfit;
use hubu_kernel::ident::{CatalogVersion, Seq};
use hubu_kernel::record::{Body, Record};
use std::sync::Arc;

/// Takes the records of a batch in their order; there are as many as its head says, and nothing else.
pub(crate) fn each_record(
    (first, last): (u64, u64),
    payload: &[u8],
    mut take: impl FnMut(u64, &[u8]) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let mut records = Records::new(payload);
    for seq in first..=last {
        let record = records.next().ok_or(Misfit::Batch);
        take(seq, record.map_err(misfit(Seq(seq)))?)?;
    }
    match records.is_whole() {
        true => Ok(()),
        false => Err(misfit(Seq(last))(Misfit::Batch)),
    }
}

/// A catalog from the journal.
pub(crate) fn compile(version: u16, packed: &[u8]) -> Result<Catalog, EngineError> {
    let failed = |reason: String| EngineError::Catalog { version, reason };
    let sources = Sources::from_bytes(packed).map_err(|e| failed(e.to_string()))?;
    Catalog::from_sources(&sources).map_err(|e| failed(e.to_string()))
}

/// Puts a version of the catalog to use. One that is in use already, as a snapshot brings them, is the same.
pub(crate) fn take_catalog(
    catalogs: &mut Catalogs,
    seq: Seq,
    (version, sources): (CatalogVersion, &Arc<[u8]>),
) -> Result<(), EngineError> {
    if version == catalogs.next() {
        let compiled = compile(version.0, sources)?;
        catalogs.push(Arc::new(compiled), Arc::clone(sources));
        return Ok(());
    }
    let at = usize::from(version.0).checked_sub(1);
    match at.and_then(|at| catalogs.sources().get(at)) {
        Some(known) if known == sources => Ok(()),
        _ => Err(misfit(seq)(Misfit::Catalog(version))),
    }
}

/// The secret of the journal, which is given once.
pub(crate) fn take_secret(
    known: &mut Option<[u8; 16]>,
    seq: Seq,
    secret: [u8; 16],
) -> Result<(), EngineError> {
    match known.replace(secret) {
        Some(other) if other != secret => Err(misfit(seq)(Misfit::Genesis)),
        _ => Ok(()),
    }
}

/// Demands that each version of the catalog that a record names was put to use before it; `next` is the first that was not.
pub(crate) fn check_catalogs(
    seq: Seq,
    record: &Record,
    next: CatalogVersion,
) -> Result<(), EngineError> {
    let check = |version: CatalogVersion| match (1..next.0).contains(&version.0) {
        true => Ok(()),
        false => Err(misfit(seq)(Misfit::Catalog(version))),
    };
    match &record.body {
        Body::Decided(decided) => {
            check(decided.catalog)?;
            let spawned = decided.spawned.iter().map(|spawned| &spawned.entry);
            let mut entries = decided.entry.iter().chain(spawned);
            entries.try_for_each(|entry| check(entry.catalog))
        }
        Body::Refused(refused) => check(refused.catalog),
        Body::Genesis { .. } | Body::Catalog { .. } => Ok(()),
    }
}
