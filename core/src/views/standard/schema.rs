//! The tables. Amounts are yuan with two decimals; times carry a zone; codes are text.

use super::text::quoted;
use crate::catalog::model::Catalog;

/// The amounts of a row, in the order of [`crate::views::rollup::Sums`].
pub(super) const AMOUNTS: [&str; 6] = [
    "approved_amt",
    "used_amt",
    "decreasing_amt",
    "increasing_amt",
    "debit_amt",
    "credit_amt",
];

/// The schema of a cell.
pub(super) fn schema(cell: u64) -> String {
    format!("hubu_standard_{cell}")
}

/// Tells whether the schema is there: nobody may need the right to make one.
pub(super) const HAS_SCHEMA: &str = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
/// The columns that the rows' table has.
pub(super) const COLUMNS: &str = "SELECT CAST(column_name AS text) FROM information_schema.columns
    WHERE table_schema = $1 AND table_name = 'quota_row'";
/// Tells whether the index on steps is there.
pub(super) const HAS_INDEX: &str =
    "SELECT 1 FROM pg_indexes WHERE schemaname = $1 AND indexname = 'document_step_document'";

/// Statements that make the tables that are missing; they change nothing that is there.
pub(super) fn tables(schema: &str) -> String {
    let amounts: String = AMOUNTS
        .iter()
        .map(|name| format!("{name} numeric(20,2) DEFAULT 0, "))
        .collect();
    format!(
        "CREATE TABLE IF NOT EXISTS {schema}.progress (
             one boolean PRIMARY KEY DEFAULT true CHECK (one),
             journal text NOT NULL, seq bigint NOT NULL, loaded_time timestamptz NOT NULL);
         CREATE TABLE IF NOT EXISTS {schema}.quota_row (
             row_id bigint PRIMARY KEY, ledger_code text, ledger_name text, fiscal_year integer,
             mof_div_code text, control_level text, is_frozen boolean DEFAULT false, {amounts}
             create_seq bigint, update_seq bigint);
         CREATE TABLE IF NOT EXISTS {schema}.voucher_entry (
             seq bigint, entry_no integer, document_id bigint, debit_row_id bigint,
             credit_row_id bigint, amt numeric(20,2), posted_time timestamptz,
             PRIMARY KEY (seq, entry_no));
         CREATE TABLE IF NOT EXISTS {schema}.document (
             document_id bigint PRIMARY KEY, doc_type_code text, doc_type_name text, doc_no text,
             fiscal_year integer, mof_div_code text, agency_code text, state_code text,
             state_name text, version integer, amt numeric(20,2), create_user text,
             create_time timestamptz, update_time timestamptz, is_ended boolean, update_seq bigint);
         CREATE TABLE IF NOT EXISTS {schema}.document_step (
             seq bigint PRIMARY KEY, document_id bigint, step_code text, from_state_code text,
             to_state_code text, version integer, step_user text, step_time timestamptz);"
    )
}

/// The dimensions of the catalog that have no column yet.
pub(super) fn columns(schema: &str, catalog: &Catalog, known: &[String]) -> String {
    let missing = catalog
        .dimensions
        .iter()
        .filter(|dimension| !known.contains(&dimension.name));
    missing
        .map(|dimension| {
            let column = quoted(&dimension.name);
            format!("ALTER TABLE {schema}.quota_row ADD COLUMN {column} text;")
        })
        .collect()
}

/// Steps are looked for by document.
pub(super) fn index(schema: &str) -> String {
    format!("CREATE INDEX document_step_document ON {schema}.document_step (document_id)")
}

/// The first row of progress, for a journal of this owner; nothing when there is one.
pub(super) fn enter(schema: &str) -> String {
    format!(
        "INSERT INTO {schema}.progress (journal, seq, loaded_time)
         SELECT $1, 0, now() WHERE NOT EXISTS (SELECT 1 FROM {schema}.progress)"
    )
}

/// Staging tables of one transaction, shaped like the tables. It drops them itself, so that a pooler may give the connection to
/// others; when it fails, they are undone with it.
pub(super) fn staging(schema: &str) -> String {
    format!(
        "CREATE TEMP TABLE new_row (LIKE {schema}.quota_row);
         CREATE TEMP TABLE new_document (LIKE {schema}.document);
         ALTER TABLE new_document ADD COLUMN is_new boolean;
         ALTER TABLE new_row ADD COLUMN is_new boolean;"
    )
}

/// The staging tables go.
pub(super) const UNSTAGE: &str = "DROP TABLE new_row; DROP TABLE new_document;";

/// From the staging tables into the tables. A row or document comes to be once; all else adds to it.
pub(super) fn merge(schema: &str, columns: &[String]) -> [String; 4] {
    let columns = columns.join(", ");
    let sums: Vec<String> = AMOUNTS
        .iter()
        .map(|name| format!("{name} = t.{name} + s.{name}"))
        .collect();
    [
        format!("INSERT INTO {schema}.quota_row ({columns}) SELECT {columns} FROM new_row WHERE is_new"),
        format!(
            "UPDATE {schema}.quota_row t SET {}, is_frozen = coalesce(s.is_frozen, t.is_frozen), update_seq = s.update_seq
             FROM new_row s WHERE NOT s.is_new AND t.row_id = s.row_id",
            sums.join(", ")
        ),
        format!(
            "INSERT INTO {schema}.document SELECT document_id, doc_type_code, doc_type_name, doc_no, fiscal_year,
             mof_div_code, agency_code, state_code, state_name, version, amt, create_user, create_time,
             update_time, is_ended, update_seq FROM new_document WHERE is_new"
        ),
        format!(
            "UPDATE {schema}.document t SET state_code = s.state_code, state_name = s.state_name,
             version = s.version, amt = coalesce(s.amt, t.amt), update_time = s.update_time,
             is_ended = s.is_ended, update_seq = s.update_seq
             FROM new_document s WHERE NOT s.is_new AND t.document_id = s.document_id"
        ),
    ]
}
