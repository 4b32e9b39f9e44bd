//! What the tests of sensitive fields share: rings of keys, engines with them, and payments with a payee.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]

use crate::common::{self, catalog, field, pay, person};
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::AeadKind;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::command::{Action, Command};
use hubu_core::engine::error::EngineError;
use hubu_core::engine::open::Options;
use hubu_core::engine::read::Found;
use hubu_core::engine::show::Shown;
use hubu_core::fields::key::FieldKey;
use hubu_core::fields::keyring::{Fields, Keyring};
use hubu_core::fields::sealed;
use hubu_core::journal::open_journal;
use hubu_core::journal::simulated::{Faults, SimulatedDisk};
use hubu_kernel::document::{Document, Field, Line, Value};
use hubu_kernel::ident::DocumentId;
use std::path::Path;
use std::sync::Arc;

/// Stands nowhere else in the repository.
pub const ACCOUNT: &str = "6222020913570467654";
pub const PAYEE: &str = "汪洋记号";

/// A ring of keys by number and what their bytes are; odd ones are SM4, even ones AES.
pub fn ring_of(keys: &[(u16, u8)]) -> Keyring {
    let keys = keys.iter().map(|(number, byte)| match byte % 2 {
        1 => FieldKey::new(*number, AeadKind::Sm4Gcm, &[*byte; 16]).unwrap(),
        _ => FieldKey::new(*number, AeadKind::Aes256Gcm, &[*byte; 32]).unwrap(),
    });
    Keyring::new(keys.collect()).unwrap()
}

/// Fields sealed under keys of these numbers.
pub fn sealed(numbers: &[u16]) -> Fields {
    let keys: Vec<_> = numbers
        .iter()
        .map(|number| (*number, *number as u8))
        .collect();
    Fields::Sealed(Arc::new(ring_of(&keys)))
}

pub fn open(folder: &Path, fields: Fields) -> Engine {
    open_with(folder, &common::sources(), fields).unwrap()
}

pub fn open_with(folder: &Path, sources: &Sources, fields: Fields) -> Result<Engine, EngineError> {
    let journal = open_journal(folder.to_str().unwrap(), &common::settings()).unwrap();
    let options = Options {
        clock: Clock::manual(common::MARCH_MS),
        fields,
        ..Options::default()
    };
    Engine::open(journal, sources, options)
}

/// A payment out of project 1, with its payee and account.
pub fn payment(engine: &Engine, account: &str, fen: i64) -> Command {
    let catalog = catalog(engine);
    let mut command = pay(engine, fen);
    if let Action::Enter(enter) = &mut command.action {
        let text = |name, text: &str| field(&catalog, "payment", name, Value::Text(text.into()));
        enter
            .fields
            .extend([text("payee", PAYEE), text("payee_account", account)]);
        enter.fields.sort_by_key(|field| field.id);
    }
    command
}

/// The account of a payment that is to be entered.
pub fn account_of<'a>(engine: &Engine, command: &'a mut Command) -> &'a mut Value {
    let rule = field(&catalog(engine), "payment", "payee_account", Value::Int(0));
    let Action::Enter(enter) = &mut command.action else {
        panic!("it enters nothing");
    };
    &mut enter
        .fields
        .iter_mut()
        .find(|f| f.id == rule.id)
        .unwrap()
        .value
}

pub fn set_account(engine: &Engine, command: &mut Command, account: &str) {
    *account_of(engine, command) = Value::Text(account.into());
}

pub fn lines_of(command: &mut Command) -> &mut Vec<Line> {
    let Action::Enter(enter) = &mut command.action else {
        panic!("it enters nothing");
    };
    &mut enter.lines
}

pub fn keyed(command: Command, number: u32) -> Command {
    Command {
        key: format!("key-{number}").into(),
        ..command
    }
}

pub fn document(engine: &Engine, id: DocumentId) -> Document {
    match engine.document(id).0 {
        Found::Here(document) => (*document).clone(),
        other => panic!("{other:?}"),
    }
}

/// The place of a head field in the document.
pub fn place_of(engine: &Engine, document: &Document, name: &str) -> usize {
    let rule = field(&catalog(engine), "payment", name, Value::Int(0));
    let fields = &document.entry.fields;
    fields.iter().position(|field| field.id == rule.id).unwrap()
}

/// A field of the head as somebody of this role sees it: the text itself, or in words what stands there instead.
pub fn seen(engine: &Engine, document: &Document, name: &str, role: &str) -> String {
    let field = &document.entry.fields[place_of(engine, document, name)];
    show(engine, document, 0, field, role)
}

pub fn show(engine: &Engine, document: &Document, line: u16, field: &Field, role: &str) -> String {
    let actor = person(&catalog(engine), "somebody", &[role]);
    match engine.show(document, line, field, &actor) {
        Shown::Whole(value) => match &*value {
            Value::Text(text) => text.to_string(),
            Value::Flag(flag) => format!("Flag({flag})"),
            other => format!("{other:?}"),
        },
        Shown::Masked(text) => format!("masked {text}"),
        Shown::Closed(error) => error.to_string(),
    }
}

pub fn sealed_bytes(document: &Document, at: usize) -> Vec<u8> {
    match &document.entry.fields[at].value {
        Value::Sealed(bytes) => bytes.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// The name of the key that sealed the document's first sealed field.
pub fn key_of(document: &Document) -> String {
    let sealed = document
        .entry
        .fields
        .iter()
        .find_map(|field| match &field.value {
            Value::Sealed(bytes) => sealed::key_of(bytes),
            _ => None,
        });
    sealed.unwrap().to_string()
}

/// Files below a folder that hold this text.
pub fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            if bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    assert!(files > 0, "no file is there to look into");
    found
}

/// A copy of a folder with files.
pub fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

/// The repository's catalog with one text replaced by another.
pub fn changed(file: &str, old: &str, new: &str) -> Sources {
    let mut sources = common::sources();
    let text = sources.get(file).unwrap().to_owned();
    assert!(text.contains(old), "{file}: {old}");
    sources.insert(file, text.replacen(old, new, 1));
    sources
}

/// The repository's catalog before any field was marked.
pub fn unmarked() -> Sources {
    without_marks(common::sources(), "documents/payment.toml")
}

/// A catalog with the marks of one type taken away.
pub fn without_marks(mut sources: Sources, file: &str) -> Sources {
    let text = sources.get(file).unwrap().to_owned();
    let is_mark = |line: &&str| line.starts_with("sensitive = ") || line.starts_with("seen_by = ");
    let kept: Vec<&str> = text.lines().filter(|line| !is_mark(line)).collect();
    assert!(kept.len() < text.lines().count());
    sources.insert(file, kept.join("\n"));
    sources
}

/// Payments whose lines name a worker, and whose review looks at payee and workers.
pub fn with_worker() -> Sources {
    let field = "[fields.worker]\nid = 20\nzh = \"职工\"\nkind = \"text\"\non = \"line\"\nsensitive = \"identity\"\n\
                 seen_by = [\"agency_clerk\"]\n\n[lines]\n";
    let mut sources = changed("documents/payment.toml", "[lines]\n", field);
    let file = "documents/payment.toml";
    let text = sources.get(file).unwrap().replacen(
        "doc.alerts_blocking == 0",
        "doc.alerts_blocking == 0 && doc.payee.startsWith('汪') && lines.all(l, l.worker.startsWith('420106'))",
        1,
    );
    sources.insert(file, text);
    sources
}

/// A disk whose draws repeat for the same seed.
pub fn seeded(seed: u64) -> SimulatedDisk {
    SimulatedDisk::new(seed, Faults::default())
}

/// An engine whose journal and draws are on this disk.
pub fn open_on(disk: &SimulatedDisk, fields: Fields) -> Engine {
    let journal = disk
        .open(Path::new("/journal"), &common::settings())
        .unwrap();
    let options = Options {
        clock: Clock::manual(common::MARCH_MS),
        disk: Arc::new(disk.clone()),
        fields,
        ..Options::default()
    };
    Engine::open(Box::new(journal), &common::sources(), options).unwrap()
}

/// The records of a journal behind those that load it, one after another.
pub fn journal_bytes(engine: &Engine) -> Vec<u8> {
    let journal = engine.journal();
    let records = (4..=journal.last()).flat_map(|seq| journal.record(seq).unwrap());
    records.collect()
}

/// The catalog with notices that make a copy for another division, and take the name along.
pub fn with_notices() -> Sources {
    let mut sources = common::sources();
    let field = |name: &str| {
        format!(
            "[fields.{name}]\nid = 1\nzh = \"收件人\"\nkind = \"text\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]\n"
        )
    };
    let notice = format!(
        "id = 90\nname = \"notice\"\nzh = \"通知\"\nen = \"Notice\"\nseries = \"NTC\"\ninitial = \"new\"\n\
         [states]\nnew = \"新建\"\nsent = \"已发\"\n[entry]\nroles = [\"budget_office\"]\naccepts = [\"payee\"]\n{}\
         [lines]\nto = true\n[[transitions]]\nname = \"send\"\nzh = \"发\"\nfrom = \"new\"\nto = \"sent\"\n\
         roles = [\"budget_office\"]\n[[spawns]]\non = \"send\"\ntype = \"notice_copy\"\ndivision = \"to_div\"\n\
         fields = {{ who = \"payee\" }}\n",
        field("payee")
    );
    let copy = format!(
        "id = 91\nname = \"notice_copy\"\nzh = \"抄件\"\nen = \"Copy\"\nseries = \"NTY\"\ninitial = \"got\"\n\
         [states]\ngot = \"收到\"\ndone = \"办结\"\n[entry]\nroles = []\naccepts = [\"who\"]\n{}\
         [[transitions]]\nname = \"take\"\nzh = \"办\"\nfrom = \"got\"\nto = \"done\"\nroles = [\"budget_office\"]\n",
        field("who")
    );
    sources.insert("documents/notice.toml", notice);
    sources.insert("documents/notice_copy.toml", copy);
    sources
}
