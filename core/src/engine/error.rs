//! What can go wrong in the engine, apart from refusals for a business reason, which are answers.

use crate::catalog::key::KeyError;
use crate::engine::beyond::Beyond;
use crate::engine::watermark::Latched;
use crate::fields::error::FieldsError;
use crate::journal::JournalError;
use crate::journal::codec::error::CodecError;
use crate::signing::SignatureFault;
use hubu_kernel::evolve::Misfit;
use hubu_kernel::ident::{DocumentId, RowId, Seq};

/// Why a command was not decided. None of these spends its key.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The command has not the form that the catalog asks for.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The actor may not ask for this.
    #[error("{0}")]
    Denied(#[from] Denied),
    /// The step is not signed as it should be.
    #[error("{0}")]
    Signature(#[from] SignatureFault),
    /// The key was used for another command.
    #[error("this idempotency key was used for another command")]
    KeyReused,
    /// No such document, or it is outside of the actor's scope.
    #[error("no document {}", .0.0)]
    NoDocument(DocumentId),
    /// The document ended: nothing follows.
    #[error("document {} has ended", .0.0)]
    Ended(DocumentId),
    /// More was asked than can be taken now: come back in a moment.
    #[error("busy: the queue to the journal is full")]
    Busy,
    /// What follows from it is more than one journal batch can hold.
    #[error("this is too large to be journalled at once: use fewer lines or a smaller batch")]
    TooLarge,
    /// The journal can't be written.
    #[error(transparent)]
    Latched(#[from] Latched),
    /// The engine is closing.
    #[error("the engine is closing")]
    Closed,
    /// Another server writes the journal, and this one follows it.
    #[error("this server is a standby: commands go to the primary")]
    Standby,
    /// A sensitive value can't be sealed, or one that a guard looks at can't be opened.
    #[error("a sensitive field can't be dealt with here: {0}")]
    Fields(#[from] FieldsError),
}

/// What is wrong with a command's form.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// The key is empty, too long or has other than visible ASCII.
    #[error("an idempotency key is 1 to 64 visible ASCII characters")]
    Key,
    /// The catalog has no such type.
    #[error("no such document type")]
    Kind,
    /// The catalog has no such division.
    #[error("no such division: {0:09}")]
    Division(u32),
    /// The agency is not one of the division.
    #[error("{agency:?} is no agency of division {division:09}")]
    Agency {
        /// As given.
        agency: String,
        /// The document's.
        division: u32,
    },
    /// A document may not be entered with this step, or has no such step.
    #[error("type {kind} has no step {step:?} here")]
    Step {
        /// The type's name.
        kind: String,
        /// As asked.
        step: String,
    },
    /// Something is wrong with a field of the head.
    #[error(transparent)]
    Field(#[from] FieldFault),
    /// More documents are named as sources than one may name.
    #[error("at most {max} links, not {found}")]
    Links {
        /// The most.
        max: usize,
        /// As given.
        found: usize,
    },
    /// Lines are too few, too many, or not wanted.
    #[error("a {kind} has {min} to {max} lines, not {found}")]
    Lines {
        /// The type's name.
        kind: String,
        /// The fewest.
        min: u16,
        /// The most.
        max: u16,
        /// As given.
        found: usize,
    },
    /// Something is wrong with one line.
    #[error("line {line}: {fault}")]
    AtLine {
        /// From 1.
        line: usize,
        /// What is wrong.
        fault: LineFault,
    },
    /// A line names no division that the step could make a document for.
    #[error("line {line}: {reason}")]
    Line {
        /// From 1.
        line: usize,
        /// Which.
        reason: String,
    },
    /// The row that a line starts from does not exist or is another division's.
    #[error("line {line}: no row {} in this division", .row.0)]
    Base {
        /// From 1.
        line: usize,
        /// The row named.
        row: RowId,
    },
    /// The row that a line chooses can't be.
    #[error("line {line}: {reason}")]
    Row {
        /// From 1.
        line: usize,
        /// Why.
        reason: KeyError,
    },
    /// A batch has too many commands, or none.
    #[error("a batch has 1 to {max} commands, not {found}")]
    Batch {
        /// The most.
        max: usize,
        /// As given.
        found: usize,
    },
}

/// What is wrong with a field. Typed, like [`LineFault`], so that each language has its own words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldFault {
    /// The step does not take it.
    #[error("field {0} may not be set here")]
    Unwanted(String),
    /// It is missing.
    #[error("field {0} is missing")]
    Missing(String),
    /// Its value does not fit.
    #[error("field {field}: {fault}")]
    Value {
        /// Its name.
        field: String,
        /// What is wrong.
        fault: ValueFault,
    },
}

/// What is wrong with a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueFault {
    /// A text of more characters than this.
    #[error("at most {0} characters")]
    TooLong(u16),
    /// None of the words that are allowed.
    #[error("one of {}", .0.join(", "))]
    NoChoice(Vec<String>),
    /// A number below 0.
    #[error("not less than 0")]
    BelowZero,
    /// A text where a number is wanted, or the like.
    #[error("another kind of value is wanted")]
    Kind,
    /// A sensitive value as it was read masked.
    #[error("this was read masked: leave the field out to keep what is there")]
    Masked,
}

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// Its amount is 0 or less.
    #[error("the amount must be more than 0")]
    NotPositive,
    /// It must name a month.
    #[error("a month is missing")]
    MonthMissing,
    /// It may not name a month.
    #[error("a month is not wanted")]
    MonthUnwanted,
    /// The type's lines have no receiving side.
    #[error("a receiving side is not wanted")]
    ToUnwanted,
    /// Its dimensions don't ascend.
    #[error("a dimension stands twice or out of order")]
    DimensionOrder,
    /// The catalog has no such dimension.
    #[error("no dimension {0}")]
    NoDimension(u8),
    /// The value is not one of the dimension's.
    #[error("{value:?} is no {dimension}")]
    DimensionValue {
        /// As given.
        value: String,
        /// The dimension's name.
        dimension: String,
    },
    /// Something is wrong with one of its fields.
    #[error(transparent)]
    Field(#[from] FieldFault),
}

/// Why somebody may not ask for something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Denied {
    /// None of the actor's roles may take this step.
    #[error("none of your roles may do this")]
    Role,
    /// It is another division's.
    #[error("this is outside of your division")]
    Division,
    /// It is another agency's.
    #[error("this is another agency's")]
    Agency,
    /// The actor's roles might, and their token was narrowed to less.
    #[error("your token is narrowed to less than this")]
    Narrowed,
    /// The amount is beyond what the actor's roles may take the step with.
    #[error("{0}")]
    Amount(Box<Beyond>),
}

/// Why an engine could not be opened, read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The journal failed or is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record can't be read: written by a newer program, or damaged.
    #[error("record {seq}: {source}")]
    Record {
        /// Where.
        seq: u64,
        /// What is wrong.
        source: CodecError,
    },
    /// A record that was not decided on those before it: somebody else wrote it, or a defect of Hubu did.
    #[error("record {seq} does not follow from those before it: {source}")]
    Misfit {
        /// Where.
        seq: u64,
        /// What does not fit.
        source: Misfit,
    },
    /// A catalog in the journal can't be compiled any more.
    #[error("catalog version {version} of the journal: {reason}")]
    Catalog {
        /// Which.
        version: u16,
        /// What is wrong.
        reason: String,
    },
    /// The catalog offered may not follow the one in use.
    #[error("the new catalog may not follow the one in use: {0}")]
    Succession(String),
    /// A snapshot can't be written.
    #[error("snapshot {path}: {source}")]
    Snapshot {
        /// The file.
        path: std::path::PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// What was built from the journal has more records than the journal: it was replaced, put back from an older copy, or
    /// cut. Going on would take for new what was answered long ago.
    #[error(
        "{by} holds records up to {holds}, but the journal ends with record {last}: put the journal back from a newer copy, \
         or set journal.place right; only if their loss or a new journal is meant, move the folders of snapshots and \
         archive away"
    )]
    JournalShort {
        /// Such as "the archive".
        by: String,
        /// Its newest record.
        holds: u64,
        /// The journal's last record (0 = it is empty).
        last: u64,
    },
    /// Nobody has begun the journal that is to be followed.
    #[error("the journal is empty: there is nothing to follow")]
    Empty,
    /// The journal that is followed is not the one that was followed before: an older copy was put in its place.
    #[error(
        "batch {seq} of the journal does not follow what was read before: the database is another copy"
    )]
    Forked {
        /// Its first record.
        seq: u64,
    },
    /// The server that is followed has put a catalog to use that this process was not started with.
    #[error("catalog version {version} was put to use: start this standby again")]
    NewCatalog {
        /// Which.
        version: u16,
    },
    /// The system refused something at start.
    #[error("can't {doing}: {source}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing more becomes durable.
    #[error(transparent)]
    Latched(#[from] Latched),
    /// The engine is closing.
    #[error("the engine is closing")]
    Closed,
}

/// The error of a record that does not fit.
pub(crate) fn misfit(seq: Seq) -> impl Fn(Misfit) -> EngineError {
    move |source| EngineError::Misfit { seq: seq.0, source }
}
