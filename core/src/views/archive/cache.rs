//! Documents that were read from the archive, kept in memory by what they weigh.

use std::sync::Arc;

use hubu_kernel::document::Document;
use hubu_kernel::ident::DocumentId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// What a document takes as a rule: how many to be ready for.
const USUAL_BYTES: u64 = 1024;

/// See the module.
pub(super) struct Documents(Cache<u64, Weighed, ByBytes>);

/// A document and what it weighs, which is asked for again and again and takes a look at each of its lines.
#[derive(Clone)]
struct Weighed {
    document: Arc<Document>,
    bytes: u64,
}

#[derive(Clone, Copy)]
struct ByBytes;

impl Weighter<u64, Weighed> for ByBytes {
    fn weight(&self, _id: &u64, weighed: &Weighed) -> u64 {
        weighed.bytes
    }
}

impl Documents {
    /// Those that take so many bytes together, about.
    pub(super) fn up_to(bytes: u64) -> Self {
        let usual = usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(usual, bytes, ByBytes))
    }

    pub(super) fn get(&self, id: DocumentId) -> Option<Arc<Document>> {
        self.0.get(&id.0).map(|weighed| weighed.document)
    }

    pub(super) fn put(&self, id: DocumentId, document: &Arc<Document>) {
        let weighed = Weighed {
            document: Arc::clone(document),
            bytes: weight(document) as u64,
        };
        self.0.insert(id.0, weighed);
    }
}

/// About how many bytes a document takes in memory.
fn weight(document: &Document) -> usize {
    let lines: usize = document
        .entry
        .lines
        .iter()
        .map(|line| line.dims.len() + line.to.len())
        .sum();
    let pieces = document.entry.fields.len() + lines + document.history.len();
    256 + 128 * document.entry.lines.len() + 48 * pieces
}
