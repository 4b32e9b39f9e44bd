//! What the role may: as much as a journal needs, and better no more.

use tokio_postgres::types::Type;

use super::finding::Finding;
use super::setting;
use crate::database::client::Client;

/// Whether a table is where the connection looks for it.
const IS_THERE: &str = "SELECT 1 FROM pg_class c, pg_namespace n
    WHERE c.relnamespace = n.oid AND n.nspname = current_schema() AND c.relname = $1";

pub(super) async fn look(client: &Client) -> Vec<Finding> {
    vec![rights(client).await, role(client).await]
}

async fn rights(client: &Client) -> Finding {
    const CHECK: &str = "rights";
    let journal = is_there(client, "hubu_journal").await;
    let lease = is_there(client, "hubu_lease").await;
    if !(journal && lease) {
        return match may(client, "has_schema_privilege(current_schema(), 'CREATE')").await {
            Some(true) => Finding::fine(CHECK, "the role may make the journal's tables"),
            Some(false) => Finding::fault(
                CHECK,
                "the tables are not there, and the role may not make them",
                "GRANT CREATE ON SCHEMA … TO the role, or make a database that it owns",
            ),
            None => Finding::fault(
                CHECK,
                "no schema on the role's search path exists",
                "make one (CREATE SCHEMA), or ALTER ROLE … SET search_path",
            ),
        };
    }
    let mut missing = Vec::new();
    for (table, kinds) in [
        ("hubu_journal", &["SELECT", "INSERT"][..]),
        ("hubu_lease", &["SELECT", "INSERT", "UPDATE"]),
    ] {
        for kind in kinds {
            if may(client, &format!("has_table_privilege('{table}', '{kind}')")).await != Some(true)
            {
                missing.push(format!("{kind} ON {table}"));
            }
        }
    }
    match missing.is_empty() {
        true => Finding::fine(CHECK, "the tables are there, and the role may use them"),
        false => Finding::fault(
            CHECK,
            format!("the role lacks {}", missing.join(", ")),
            format!("GRANT {} TO the role", missing.join("; GRANT ")),
        ),
    }
}

async fn role(client: &Client) -> Finding {
    match setting(client, "is_superuser").await.as_deref() {
        Some("on") => Finding::warning(
            "role",
            "it is a superuser: whoever has its password may change the journal and the server's files",
            "a role of its own: CREATE ROLE hubu LOGIN; CREATE DATABASE hubu OWNER hubu",
        ),
        _ => Finding::fine("role", "it is no superuser"),
    }
}

async fn is_there(client: &Client, table: &str) -> bool {
    let row = client.row(IS_THERE, &[(&table, Type::TEXT)]).await;
    row.is_ok_and(|row| row.is_some())
}

/// What the database says to a question of rights; none when the question itself fails.
async fn may(client: &Client, question: &str) -> Option<bool> {
    let told = client.text(&format!("SELECT {question}")).await;
    match told.ok().flatten().as_deref() {
        Some("t" | "true") => Some(true),
        Some("f" | "false") => Some(false),
        _ => None,
    }
}
