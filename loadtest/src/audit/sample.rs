//! A sample of acknowledged documents read back by id: the archive must know them as well as the feed does.

use std::collections::BTreeMap;

use hyper::StatusCode;

use super::finding::{Fault, Figures, Findings};
use crate::book::{Book, Outcome};
use crate::error::LoadError;
use crate::seeded::Seeded;
use crate::wire::{Document, Reader, Request, parse};

/// Documents read back by one audit.
const SAMPLE: usize = 500;

/// Reads up to [`SAMPLE`] documents and compares their versions with the newest that was acknowledged.
pub(super) async fn read_back(
    reader: &mut Reader,
    books: &[Book],
    seed: u64,
    findings: &mut Findings,
    figures: &mut Figures,
) -> Result<(), LoadError> {
    let mut newest: BTreeMap<u64, u32> = BTreeMap::new();
    for book in books {
        for (_, entry) in book
            .entries()
            .filter(|(_, e)| e.outcome == Outcome::Acknowledged)
        {
            let version = newest.entry(entry.document).or_default();
            *version = entry.version.max(*version);
        }
    }
    let mut all: Vec<(u64, u32)> = newest.into_iter().collect();
    let mut choice = Seeded::new(seed, 0x5341_4d50);
    for at in 0..all.len().min(SAMPLE) {
        let other = at + choice.below((all.len() - at) as u64) as usize;
        all.swap(at, other);
        let (id, version) = all[at];
        figures.documents_read += 1;
        let path = format!("/v1/documents/{id}");
        let answer = reader
            .connection
            .send(&Request::get(&path, &reader.token))
            .await;
        let answer = answer.map_err(|source| LoadError::Request {
            method: "GET",
            path: path.clone(),
            source,
        })?;
        if answer.status != StatusCode::OK {
            let detail = format!(
                "acknowledged with version {version}; reading it gives status {}",
                answer.status
            );
            findings.add(Fault::Lost, format!("document {id}"), detail);
            continue;
        }
        let document: Document<'_> = parse("document", &answer.body)?;
        if document.version < version {
            let detail = format!(
                "acknowledged with version {version}, the server has version {}",
                document.version
            );
            findings.add(Fault::Lost, format!("document {id}"), detail);
        }
    }
    Ok(())
}
