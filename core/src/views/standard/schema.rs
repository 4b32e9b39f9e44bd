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

/// Statements that make what is missing; they change nothing that is there.
pub(super) fn statements(cell: u64, catalog: &Catalog) -> String {
    let schema = schema(cell);
    let amounts: String = AMOUNTS
        .iter()
        .map(|name| format!("{name} numeric(20,2) DEFAULT 0, "))
        .collect();
    let mut all = format!(
        "CREATE SCHEMA IF NOT EXISTS {schema};
         SET LOCAL search_path TO {schema};
         CREATE TABLE IF NOT EXISTS progress (
             one boolean PRIMARY KEY DEFAULT true CHECK (one),
             journal text NOT NULL, seq bigint NOT NULL, loaded_time timestamptz NOT NULL);
         CREATE TABLE IF NOT EXISTS quota_row (
             row_id bigint PRIMARY KEY, ledger_code text, ledger_name text, fiscal_year integer,
             mof_div_code text, control_level text, is_frozen boolean DEFAULT false, {amounts}
             create_seq bigint, update_seq bigint);
         CREATE TABLE IF NOT EXISTS voucher_entry (
             seq bigint, entry_no integer, document_id bigint, debit_row_id bigint,
             credit_row_id bigint, amt numeric(20,2), posted_time timestamptz,
             PRIMARY KEY (seq, entry_no));
         CREATE TABLE IF NOT EXISTS document (
             document_id bigint PRIMARY KEY, doc_type_code text, doc_type_name text, doc_no text,
             fiscal_year integer, mof_div_code text, agency_code text, state_code text,
             state_name text, version integer, amt numeric(20,2), create_user text,
             create_time timestamptz, update_time timestamptz, is_ended boolean, update_seq bigint);
         CREATE TABLE IF NOT EXISTS document_step (
             seq bigint PRIMARY KEY, document_id bigint, step_code text, from_state_code text,
             to_state_code text, version integer, step_user text, step_time timestamptz);
         CREATE INDEX IF NOT EXISTS document_step_document ON document_step (document_id);"
    );
    for dimension in &catalog.dimensions {
        let column = quoted(&dimension.name);
        all.push_str(&format!(
            "ALTER TABLE quota_row ADD COLUMN IF NOT EXISTS {column} text;"
        ));
    }
    all
}

/// Staging tables of one transaction, shaped like the tables.
pub(super) const STAGING: &str = "
    CREATE TEMP TABLE new_row (LIKE quota_row) ON COMMIT DROP;
    CREATE TEMP TABLE new_document (LIKE document) ON COMMIT DROP;
    ALTER TABLE new_document ADD COLUMN is_new boolean;
    ALTER TABLE new_row ADD COLUMN is_new boolean;";

/// From the staging tables into the tables. A row or document comes to be once; all else adds to it.
pub(super) fn merge(columns: &[String]) -> [String; 4] {
    let columns = columns.join(", ");
    let sums: Vec<String> = AMOUNTS
        .iter()
        .map(|name| format!("{name} = t.{name} + s.{name}"))
        .collect();
    [
        format!("INSERT INTO quota_row ({columns}) SELECT {columns} FROM new_row WHERE is_new"),
        format!(
            "UPDATE quota_row t SET {}, is_frozen = coalesce(s.is_frozen, t.is_frozen), update_seq = s.update_seq
             FROM new_row s WHERE NOT s.is_new AND t.row_id = s.row_id",
            sums.join(", ")
        ),
        "INSERT INTO document SELECT document_id, doc_type_code, doc_type_name, doc_no, fiscal_year,
             mof_div_code, agency_code, state_code, state_name, version, amt, create_user, create_time,
             update_time, is_ended, update_seq FROM new_document WHERE is_new"
            .to_owned(),
        "UPDATE document t SET state_code = s.state_code, state_name = s.state_name,
             version = s.version, amt = coalesce(s.amt, t.amt), update_time = s.update_time,
             is_ended = s.is_ended, update_seq = s.update_seq
             FROM new_document s WHERE NOT s.is_new AND t.document_id = s.document_id"
            .to_owned(),
    ]
}
