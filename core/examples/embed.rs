//! Hubu inside a program of one's own: open an engine, load an opening, pay, read, close, open again.
//!
//! ```text
//! cargo run --example embed
//! ```
//!
//! A program that needs no server takes hubu-core without its default features; then neither hyper
//! nor a PostgreSQL client is compiled in.

use hubu_core::catalog::document::FieldPlace;
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::AeadKind;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::command::{Action, Command, Enter};
use hubu_core::engine::open::Options;
use hubu_core::fields::folder as keys;
use hubu_core::fields::keyring::Fields;
use hubu_core::journal::{Settings, open_journal};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{Division, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::record::Body;
use hubu_kernel::schedule::Month;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

const DIVISION: Division = Division(420_106_000);
const AGENCY: &str = "420106000000000000001";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let journal = folder.path().join("journal").display().to_string();
    // Payees and accounts are sealed with this key before anything of them reaches the disk.
    let keys = folder.path().join("field-keys");
    keys::add(&keys, AeadKind::Sm4Gcm)?;

    let engine = open(&journal, &keys)?;
    let row = load(&engine)?;
    pay(&engine, row, "pay-1", Cents(123_456))?;
    // The same key again: the engine answers what it answered before, and pays nothing.
    pay(&engine, row, "pay-1", Cents(123_456))?;
    // More than there is: refused, and that is remembered too.
    pay(&engine, row, "pay-2", Cents(9_000_000))?;
    show(&engine, row)?;
    engine.close();
    drop(engine);

    let engine = open(&journal, &keys)?;
    println!("opened again: {} records replayed", engine.replayed());
    show(&engine, row)
}

/// The journal is a folder here; with the feature `postgres` it may be a `postgres://` address.
fn open(journal: &str, keys: &Path) -> Result<Engine, Box<dyn Error>> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let sources = Sources::read_dir(&config)?;
    let options = Options {
        fields: Fields::Sealed(Arc::new(keys::read(keys)?)),
        ..Options::default()
    };
    Ok(Engine::open(
        open_journal(journal, &Settings::default())?,
        &sources,
        options,
    )?)
}

/// Loads 50,000.00 for one agency, all of it planned for January, and returns the indicator's row.
fn load(engine: &Engine) -> Result<RowId, Box<dyn Error>> {
    let (_, catalog) = engine.catalogs().current();
    let mut line = Line {
        amount: Cents(5_000_000),
        month: Month::new(1),
        ..Line::default()
    };
    for (name, value) in [
        ("agency_code", AGENCY),
        ("fund_type", "1"),
        ("source_type", "1"),
        ("budget_level", "4"),
        ("exp_func", "2010301"),
        ("office", "001"),
        ("dept", "101"),
        ("pro_code", "000000000000000000001"),
        ("gov_econ", "50201"),
        ("pay_mode", "1"),
        ("marks", "00"),
    ] {
        line.dims.push(dimension(catalog, name, value)?);
    }
    let kind = catalog.type_named("opening").ok_or("no type opening")?;
    let planned = kind
        .field_named(FieldPlace::Line, "planned")
        .ok_or("no field planned")?;
    line.fields.push(Field {
        id: planned.id,
        value: Value::Amount(line.amount),
    });

    let officer = actor(catalog, "chen", "system_admin", None)?;
    let answer = submit(
        engine,
        command(
            catalog,
            officer,
            "opening-1",
            ("opening", "load"),
            Vec::new(),
            line,
        )?,
    )?;
    let Body::Decided(decided) = engine.record(answer.seq())?.body else {
        return Err("the opening was refused".into());
    };
    let ledger = catalog.ledger_named("IND").ok_or("no ledger IND")?.id;
    let row = decided.rows.iter().find(|row| row.kind.ledger == ledger);
    Ok(row.ok_or("the opening made no indicator")?.id)
}

/// A payment out of the row, entered and sent for review.
fn pay(engine: &Engine, row: RowId, key: &str, amount: Cents) -> Result<(), Box<dyn Error>> {
    let (_, catalog) = engine.catalogs().current();
    let kind = catalog.type_named("payment").ok_or("no type payment")?;
    let mut fields = Vec::new();
    for (name, value) in [
        ("purpose", Value::Text("办公用品".into())),
        ("payee", Value::Text("文具商店".into())),
        ("payee_account", Value::Text("6222020200012345678".into())),
        ("payee_match", Value::Flag(true)),
    ] {
        let rule = kind
            .field_named(FieldPlace::Header, name)
            .ok_or("no such field")?;
        fields.push(Field { id: rule.id, value });
    }
    let mut line = Line {
        amount,
        base: Some(row),
        month: Month::new(6),
        ..Line::default()
    };
    line.to.push(dimension(catalog, "dept_econ", "30201")?);
    let clerk = actor(catalog, "li", "agency_clerk", Some(AGENCY))?;
    match submit(
        engine,
        command(catalog, clerk, key, ("payment", "submit"), fields, line)?,
    )? {
        Answer::Done(done) => println!(
            "{key}: document {} moved, record {}",
            done.document.0, done.seq.0
        ),
        Answer::Refused(refusal) => println!("{key}: refused, {:?}", refusal.rejection),
    }
    Ok(())
}

fn show(engine: &Engine, row: RowId) -> Result<(), Box<dyn Error>> {
    let (view, seq) = engine.row(row);
    engine.watermark().wait_blocking(seq.0)?;
    let row = view.ok_or("no such row")?.row;
    println!(
        "approved {} used {} decreasing {} (分)",
        row.approved.0, row.used.0, row.decreasing.0
    );
    Ok(())
}

/// Submits, and waits until the answer is durable: only then may anybody be told.
fn submit(engine: &Engine, command: Command) -> Result<Answer, Box<dyn Error>> {
    let ticket = engine.submit(command)?;
    engine.watermark().wait_blocking(ticket.seq.0)?;
    match ticket.answer {
        Some(answer) => Ok(answer),
        None => Ok(engine
            .recall(ticket.seq)?
            .ok_or("the first answer is gone")?),
    }
}

fn command(
    catalog: &Catalog,
    actor: Arc<Actor>,
    key: &str,
    (kind, step): (&str, &str),
    fields: Vec<Field>,
    line: Line,
) -> Result<Command, Box<dyn Error>> {
    let kind = catalog.type_named(kind).ok_or("no such document type")?;
    let step = kind.step(kind.initial, step).ok_or("no such step")?;
    let enter = Enter {
        kind: kind.id,
        division: DIVISION,
        year: Year(2026),
        agency: actor.agency.as_deref().unwrap_or_default().into(),
        fields,
        lines: vec![line],
        links: Vec::new(),
        transition: Some(step.kernel.id),
    };
    Ok(Command {
        key: key.into(),
        actor,
        trace: None,
        action: Action::Enter(enter),
    })
}

fn actor(
    catalog: &Catalog,
    name: &str,
    role: &str,
    agency: Option<&str>,
) -> Result<Arc<Actor>, Box<dyn Error>> {
    let roles = catalog.role_named(role).ok_or("no such role")?.0;
    let agency = agency.map(Arc::from);
    Ok(Arc::new(Actor {
        name: name.into(),
        roles,
        division: DIVISION,
        agency,
        dept: None,
        capacity: None,
    }))
}

fn dimension(catalog: &Catalog, name: &str, value: &str) -> Result<Dimension, Box<dyn Error>> {
    let dimension = catalog.dimension_named(name).ok_or("no such dimension")?;
    Ok(Dimension {
        code: dimension.id,
        value: value.into(),
    })
}
