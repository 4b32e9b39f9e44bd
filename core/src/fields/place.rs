//! What a sealed value is bound to (绑定): moved anywhere else, it does not open.

use hubu_kernel::ident::{DocumentId, FieldId, TypeId};

/// Where a value stands. The journal is named by the secret that was drawn when it began, and thereby the cell.
///
/// Not bound is the version of the document: who can write to the disk could put back an earlier value of the same field of
/// the same document, as far as the journal's chain does not show it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The journal's secret.
    pub journal: &'a [u8; 16],
    /// The document.
    pub document: DocumentId,
    /// Its type.
    pub kind: TypeId,
    /// The field.
    pub field: FieldId,
    /// The line, from 1; 0 for the head.
    pub line: u16,
}

const DOMAIN: &[u8; 8] = b"HUBUFLD1";

/// Length of a place in bytes.
const BYTES: usize = 8 + 16 + 8 + 2 + 2 + 2;

impl Place<'_> {
    /// The associated data of the encryption: every part at its own width, little endian.
    pub(super) fn bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(DOMAIN);
        put(self.journal);
        put(&self.document.0.to_le_bytes());
        put(&self.kind.0.to_le_bytes());
        put(&self.field.0.to_le_bytes());
        put(&self.line.to_le_bytes());
        assert_eq!(at, BYTES, "every byte of a place is set");
        bytes
    }
}
