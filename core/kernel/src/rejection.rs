//! Every reason of the business to say no (驳回原因).
//!
//! A command with several faults is refused for the first in this order, so that replicas, retries
//! and tests agree: key, form, access (all before the kernel), then document state, version,
//! separation of duties, required fields, guards, and rows in order of their ids. //= spec: QUOTA-03

use crate::ident::{FieldId, RowId, StateId};
use crate::money::Cents;
use crate::operation::Fault;

/// Why a command was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rejection {
    /// The document's state has no such step (状态不符).
    WrongState {
        /// Where the document stands.
        state: StateId,
    },
    /// The document moved on since it was read (版本不符).
    StaleVersion {
        /// What the caller had read.
        expected: u32,
        /// What it is.
        actual: u32,
    },
    /// The creator may not take this step (岗位分离).
    CreatorActs,
    /// Who took the previous step may not take this one (岗位分离).
    PreviousActs,
    /// Who took an earlier step of this round may not take this one (四眼原则).
    ActedBefore,
    /// Only the creator may take this step.
    NotCreator,
    /// A field that the step requires is missing.
    FieldMissing {
        /// Which.
        field: FieldId,
    },
    /// A guard of the step does not hold.
    GuardFailed {
        /// Its place among the step's guards.
        guard: u16,
    },
    /// A row does not allow it.
    Row {
        /// Which row.
        row: RowId,
        /// Why not.
        fault: Fault,
        /// What it has, in 分, cut to the range of an amount.
        available: Cents,
        /// What was asked, in 分.
        asked: Cents,
    },
    /// A posting would cross two divisions or years, or debit and credit one row.
    Unbalanced {
        /// The row debited.
        debit: RowId,
        /// The row credited.
        credit: RowId,
    },
    /// The lines' amounts pass the end of the range.
    Overflow,
}
