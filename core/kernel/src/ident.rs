//! One type per identifier, so that none is passed for another.

macro_rules! ident {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $inner);
    };
}

ident! {
    /// Position of a record in the journal, from 1; 0 stands before the first.
    Seq(u64)
}
ident! {
    /// A row (额度 or 科目): slot and shard packed by the engine; never reused.
    RowId(u32)
}
ident! {
    /// A document (单据): counter and shard packed by the engine; never reused.
    DocumentId(u64)
}
ident! {
    /// A ledger (账簿): the stable code from the catalog.
    LedgerId(u8)
}
ident! {
    /// A document type (单据类型): the stable code from the catalog.
    TypeId(u16)
}
ident! {
    /// A state of a document type, by its place in the type.
    StateId(u8)
}
ident! {
    /// A transition of a document type, by its place in the type.
    TransitionId(u8)
}
ident! {
    /// A field of a document type, by its stable code in the type.
    FieldId(u16)
}
ident! {
    /// A division (区划): its nine digits as a number.
    Division(u32)
}
ident! {
    /// A fiscal year (年度).
    Year(u16)
}
ident! {
    /// A version of the catalog, counted from 1 in the order put to use.
    CatalogVersion(u16)
}
