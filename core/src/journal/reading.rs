//! What every reader does with the batches that its store gives it in order: show them, recompute the chain, or pick one
//! record. The store's own walk checks CRCs and links.

use super::chain::Chain;
use super::error::JournalError;
use super::framing::record_at;
use super::header::Header;
use super::{Each, JournalReader, StoredBatch, VerifyReport};

/// Takes a batch; says whether to go on, or what is wrong with it.
pub(crate) type Visit<'a> = dyn FnMut(&Header, &[u8]) -> Result<bool, String> + 'a;

/// Shows a visitor every durable batch from the one that holds a sequence number on; what the visitor finds wrong becomes
/// [`JournalError::Damage`] with the batch's place.
pub(crate) type Walk<'a> = dyn FnMut(u64, &mut Visit<'_>) -> Result<(), JournalError> + 'a;

/// A batch that is known to be durable from elsewhere: its last record and its chain value.
pub(crate) type Anchor = (u64, Chain);

/// [`super::JournalReader::scan`].
pub(crate) fn scan(
    from: u64,
    each: &mut Each<'_>,
    walk: &mut Walk<'_>,
) -> Result<u64, JournalError> {
    let mut seen = 0;
    walk(from, &mut |header, payload| {
        seen = header.last;
        Ok(each(stored(header, payload)))
    })?;
    Ok(seen)
}

/// [`super::JournalReader::verify_from`].
pub(crate) fn verify(
    from: u64,
    anchor: Option<Anchor>,
    each: &mut Each<'_>,
    walk: &mut Walk<'_>,
) -> Result<VerifyReport, JournalError> {
    let mut report = VerifyReport::EMPTY;
    walk(from, &mut |header, payload| {
        if header.chain_over(payload) != header.chain {
            return Err("its contents are not those that its chain value was made from".into());
        }
        check_anchor(anchor, header)?;
        report.add(header);
        Ok(each(stored(header, payload)))
    })?;
    Ok(report)
}

/// [`super::JournalReader::record`], `last` being the last durable one.
pub(crate) fn record(seq: u64, last: u64, walk: &mut Walk<'_>) -> Result<Vec<u8>, JournalError> {
    let missing = JournalError::NotFound { seq, last };
    if seq == 0 || seq > last {
        return Err(missing);
    }
    let mut found = None;
    walk(seq, &mut |header, payload| {
        found = record_at(payload, seq - header.first).map(<[u8]>::to_vec);
        match found {
            Some(_) => Ok(false),
            None => Err(format!(
                "it holds no record {seq}, though its header says so"
            )),
        }
    })?;
    found.ok_or(missing)
}

/// Whether a batch is the one that the anchor remembers, if it remembers this one.
pub(crate) fn check_anchor(anchor: Option<Anchor>, header: &Header) -> Result<(), String> {
    match anchor {
        Some((last, chain)) if last == header.last && chain != header.chain => Err(
            "it is not the batch that was remembered when the journal was last opened or closed"
                .into(),
        ),
        _ => Ok(()),
    }
}

/// The chain value of the batch that holds a record: what ties a view or a snapshot to this very course of the journal.
/// `None` when no such record is durable.
pub(crate) fn chain_at(
    reader: &dyn JournalReader,
    seq: u64,
) -> Result<Option<Chain>, JournalError> {
    if seq == 0 || seq > reader.last() {
        return Ok(None);
    }
    let mut chain = None;
    reader.scan(seq, &mut |batch| {
        chain = (batch.first <= seq && seq <= batch.last).then_some(*batch.chain);
        false
    })?;
    Ok(chain)
}

fn stored<'a>(header: &'a Header, payload: &'a [u8]) -> StoredBatch<'a> {
    StoredBatch {
        journal: header.journal,
        first: header.first,
        last: header.last,
        epoch: header.epoch,
        chain: &header.chain,
        payload,
    }
}
