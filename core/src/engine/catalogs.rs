//! The versions of the catalog that a journal has put to use, oldest first.
//!
//! A document lives and ends under the version it began with, so all that were ever used are kept.

use crate::catalog::model::Catalog;
use hubu_kernel::ident::CatalogVersion;
use std::sync::Arc;

/// See the module. Never empty once an engine is open.
#[derive(Clone, Debug, Default)]
pub struct Catalogs {
    versions: Vec<Arc<Catalog>>,
    /// Packed, as journalled: for snapshots.
    sources: Vec<Arc<[u8]>>,
}

impl Catalogs {
    /// The version in use.
    pub fn current(&self) -> (CatalogVersion, &Arc<Catalog>) {
        assert!(!self.versions.is_empty(), "an open engine has a catalog");
        (
            CatalogVersion(self.versions.len() as u16),
            &self.versions[self.versions.len() - 1],
        )
    }

    /// A version that a document or record names.
    pub fn version(&self, version: CatalogVersion) -> &Arc<Catalog> {
        let at = usize::from(version.0);
        assert!(
            at >= 1 && at <= self.versions.len(),
            "catalog {version:?} was never put to use"
        );
        &self.versions[at - 1]
    }

    /// A version that somebody else may have written: `None` where it was never put to use.
    pub(crate) fn find(&self, version: CatalogVersion) -> Option<&Arc<Catalog>> {
        let at = usize::from(version.0).checked_sub(1)?;
        self.versions.get(at)
    }

    /// The number that the next version gets.
    pub(crate) fn next(&self) -> CatalogVersion {
        CatalogVersion(self.versions.len() as u16 + 1)
    }

    pub(crate) fn newest(&self) -> Option<&Arc<Catalog>> {
        self.versions.last()
    }

    /// The packed sources of all versions, oldest first.
    pub(crate) fn sources(&self) -> &[Arc<[u8]>] {
        &self.sources
    }

    pub(crate) fn push(&mut self, catalog: Arc<Catalog>, sources: Arc<[u8]>) {
        assert!(self.versions.len() < usize::from(u16::MAX));
        self.versions.push(catalog);
        self.sources.push(sources);
    }
}
