//! What the server says of itself: whether a commit is durable, whether a standby has it, and its limits.

use super::finding::Finding;
use super::setting;
use crate::database::client::Client;
use crate::database::family::Family;

/// What two servers need, a primary and a standby, each with writer, readers and standard tables, and somebody to look.
const CONNECTIONS_WANTED: i64 = 16;

pub(super) async fn look(client: &Client, family: &'static Family) -> Vec<Finding> {
    vec![
        encoding(client).await,
        writable(client).await,
        commit(client).await,
        disk(client).await,
        standby(client, family).await,
        connections(client).await,
        timeouts(client).await,
    ]
}

async fn encoding(client: &Client) -> Finding {
    match setting(client, "server_encoding").await.as_deref() {
        Some(found @ ("UTF8" | "utf8")) => Finding::fine("encoding", found),
        Some(other) => Finding::fault(
            "encoding",
            format!("{other}: Chinese names in the standard tables would be refused or spoilt"),
            "make the database with ENCODING 'UTF8'",
        ),
        None => Finding::warning("encoding", "it does not say", "it must be UTF8"),
    }
}

async fn writable(client: &Client) -> Finding {
    match setting(client, "transaction_read_only").await.as_deref() {
        Some("on") => Finding::fault(
            "writable",
            "it takes no writes: a replica, or a server set to be read only",
            "name the primary; with several hosts add target_session_attrs=read-write to the URL",
        ),
        _ => Finding::fine("writable", "it takes writes"),
    }
}

async fn commit(client: &Client) -> Finding {
    const CHECK: &str = "commit";
    match setting(client, "synchronous_commit").await.as_deref() {
        Some("off") => Finding::fault(
            CHECK,
            "synchronous_commit is off: a commit is acknowledged before it is durable, and the server refuses to start",
            "for this role: ALTER ROLE … SET synchronous_commit = on; or for the database",
        ),
        Some(found @ ("local" | "remote_write" | "remote_receive")) => Finding::warning(
            CHECK,
            format!("synchronous_commit is {found}: the standby need not have it on its disk"),
            "set it to on, so that what was acknowledged outlives the primary's machine",
        ),
        Some(found) => Finding::fine(CHECK, format!("synchronous_commit is {found}")),
        None => Finding::fine(
            CHECK,
            "it knows no synchronous_commit, and so none that is off",
        ),
    }
}

async fn disk(client: &Client) -> Finding {
    if setting(client, "fsync").await.as_deref() == Some("off") {
        return Finding::fault(
            "disk",
            "fsync is off: a crash of the machine loses or spoils everything",
            "fsync = on in postgresql.conf",
        );
    }
    if setting(client, "full_page_writes").await.as_deref() == Some("off") {
        return Finding::warning(
            "disk",
            "full_page_writes is off: sound only on a file system that never tears a page",
            "full_page_writes = on, unless the storage is known to promise that",
        );
    }
    Finding::fine("disk", "commits are synced")
}

async fn standby(client: &Client, family: &'static Family) -> Finding {
    const CHECK: &str = "standby";
    if let Some(waiver) = family.standby_waiver
        && setting(client, waiver).await.as_deref() == Some("on")
    {
        return Finding::warning(
            CHECK,
            format!("{waiver} is on: without its standby the primary acknowledges alone"),
            format!("{waiver} = off, so that what was acknowledged is always in two places"),
        );
    }
    let names = setting(client, "synchronous_standby_names").await;
    let names = names.unwrap_or_default();
    if names.is_empty() {
        return match family.has_shared_storage {
            true => Finding::fine(CHECK, "its nodes share one storage"),
            false => Finding::warning(
                CHECK,
                "no synchronous standby: what was acknowledged dies with the primary's disk",
                "a replica on another machine, and synchronous_standby_names = '*' or its name",
            ),
        };
    }
    let count = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')";
    match client.text(count).await.ok().flatten().as_deref() {
        Some("0") => Finding::warning(
            CHECK,
            format!("{names} is asked for, and none is seen: commits may wait for it for ever"),
            "start it; a role without pg_monitor may also just not be shown it",
        ),
        Some(number) => Finding::fine(CHECK, format!("{number} in step ({names})")),
        None => Finding::fine(CHECK, format!("asked for: {names}")),
    }
}

async fn connections(client: &Client) -> Finding {
    const CHECK: &str = "connections";
    let number = |text: Option<String>| text.and_then(|text| text.parse::<i64>().ok());
    let Some(most) = number(setting(client, "max_connections").await) else {
        return Finding::fine(CHECK, "it does not say how many it takes");
    };
    let count = "SELECT count(*) FROM pg_stat_activity";
    let used = number(client.text(count).await.ok().flatten()).unwrap_or(0);
    let detail = format!("{used} of {most} in use");
    match most - used >= CONNECTIONS_WANTED {
        true => Finding::fine(CHECK, detail),
        false => Finding::warning(
            CHECK,
            format!("{detail}: a primary and a standby want {CONNECTIONS_WANTED}"),
            "raise max_connections, or see who holds them",
        ),
    }
}

async fn timeouts(client: &Client) -> Finding {
    const CHECK: &str = "timeouts";
    let mut cut = Vec::new();
    for name in ["statement_timeout", "lock_timeout"] {
        let value = setting(client, name).await;
        cut.extend(value.filter(|v| v != "0").map(|v| format!("{name} = {v}")));
    }
    let mut idle = Vec::new();
    for name in ["idle_session_timeout", "session_timeout"] {
        let value = setting(client, name).await;
        idle.extend(value.filter(|v| v != "0").map(|v| format!("{name} = {v}")));
    }
    if !cut.is_empty() {
        return Finding::warning(
            CHECK,
            format!(
                "{}: a commit that takes longer latches the journal",
                cut.join(", ")
            ),
            "for this role: ALTER ROLE … SET statement_timeout = 0; journal.patience_seconds bounds the wait instead",
        );
    }
    match idle.is_empty() {
        true => Finding::fine(CHECK, "none"),
        false => Finding::fine(
            CHECK,
            format!(
                "{}; a connection that was closed while idle is made anew",
                idle.join(", ")
            ),
        ),
    }
}
