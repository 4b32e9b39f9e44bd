//! A document (单据): what people pass along, and what it holds on rows while it is under way.

use crate::actor::share_a_person;
use crate::ident::{
    CatalogVersion, Division, DocumentId, FieldId, RowId, Seq, StateId, TypeId, Year,
};
use crate::money::Cents;
use crate::operation::Operation;
use crate::schedule::Month;
use crate::signature::Signed;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// The most lines that one document has.
pub const LINES_MAX: usize = 1024;

/// A value of a field.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Words.
    Text(Box<str>),
    /// A whole number.
    Int(i64),
    /// An amount in 分.
    Amount(Cents),
    /// Yes or no.
    Flag(bool),
    /// Days since 1970-01-01.
    Date(i32),
    /// A sensitive value as ciphertext (密文): what is in it is no business of the kernel, which keeps and compares bytes.
    Sealed(Box<[u8]>),
}

/// Shows what kind of value it is and how long, never what it says: it may be somebody's name or account, and whoever
/// prints a command or a document does not know.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Value::Int(_) => f.write_str("Int(..)"),
            Value::Amount(_) => f.write_str("Amount(..)"),
            Value::Flag(_) => f.write_str("Flag(..)"),
            Value::Date(_) => f.write_str("Date(..)"),
            Value::Sealed(bytes) => write!(f, "Sealed({} bytes)", bytes.len()),
        }
    }
}

/// A field and its value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// Which field of the document type.
    pub id: FieldId,
    /// Its value.
    pub value: Value,
}

/// A dimension of a line and its value, as the catalog packs it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Dimension {
    /// The dimension's stable code.
    pub code: u8,
    /// Its value in words.
    pub value: Box<str>,
}

/// One line of a document (明细): an amount, and the dimensions that choose its rows.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Line {
    /// Positive, in 分.
    pub amount: Cents,
    /// The row whose dimensions the line starts from.
    pub base: Option<RowId>,
    /// Dimensions laid over those of the base, by code, ascending.
    pub dims: Vec<Dimension>,
    /// The second row whose dimensions the receiving side starts from.
    pub to_base: Option<RowId>,
    /// Dimensions of the receiving side, laid over the first, by code, ascending.
    pub to: Vec<Dimension>,
    /// The month, where a plan is concerned.
    pub month: Option<Month>,
    /// Further fields of the line.
    pub fields: Vec<Field>,
}

/// What a new document is made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Entry {
    /// Its type.
    pub kind: TypeId,
    /// The catalog that it lives and ends under.
    pub catalog: CatalogVersion,
    /// Whose it is.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// The agency, empty for a finance department's own document.
    pub agency: Box<str>,
    /// Its place in the series of its division, year and type, from 1, without gaps.
    pub number: u64,
    /// Fields of its head.
    pub fields: Vec<Field>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Documents upstream (来源单据).
    pub links: Vec<DocumentId>,
}

/// One change of one row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RowChange {
    /// Which row.
    pub row: RowId,
    /// How it changes.
    pub operation: Operation,
    /// By how much, in 分; 0 for a mark.
    pub amount: Cents,
    /// The month, where a plan is concerned.
    pub month: Option<Month>,
}

/// A document under way, or one that just ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Document {
    /// Its name in the cell.
    pub id: DocumentId,
    /// What it is made of; fields and lines as last edited.
    pub entry: Entry,
    /// Where it stands.
    pub state: StateId,
    /// Steps taken, from 1 at its entry.
    pub version: u32,
    /// Who entered it.
    pub creator: Box<str>,
    /// Who took the last step.
    pub previous: Box<str>,
    /// Who took a step in this round, which begins when the document is entered and anew when its rows are let
    /// go; each once, without the creator, who counts in every round. Empty once the document has ended.
    pub acted: Vec<Box<str>>,
    /// When it was entered: milliseconds since 1970-01-01 UTC.
    pub created_ms: u64,
    /// When it last moved: milliseconds since 1970-01-01 UTC.
    pub moved_ms: u64,
    /// What it holds on rows, in order of row ids; empty when nothing is reserved.
    pub holds: Vec<RowChange>,
    /// The records that made it, ascending.
    pub history: Vec<Seq>,
    /// Documents that it made for others (去向单据).
    pub downstream: Vec<DocumentId>,
    /// Signatures under its steps, in the order of the steps.
    pub signatures: Vec<Signed>,
}

impl Document {
    /// Whether this person took a step in this round, or had one taken, or one was taken for them.
    pub fn has_acted(&self, name: &str) -> bool {
        self.acted.iter().any(|known| share_a_person(known, name))
    }
}

impl Entry {
    /// Σ of the lines' amounts, in 分.
    pub fn amount(&self) -> crate::money::Total {
        self.lines
            .iter()
            .map(|line| crate::money::Total::from(line.amount.0))
            .sum()
    }
}

/// Lays `new` over `fields`; both ascend by id, and so does what comes out.
pub fn overlay(fields: &mut Vec<Field>, new: &[Field]) {
    for field in new {
        match fields.binary_search_by_key(&field.id, |f| f.id) {
            Ok(at) => fields[at].value = field.value.clone(),
            Err(at) => fields.insert(at, field.clone()),
        }
    }
}
