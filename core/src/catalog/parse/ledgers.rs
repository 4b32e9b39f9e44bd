//! `config/ledgers.toml`: `[[ledgers]]` with a stable id, names, kind and dimensions (`"name?"` = optional).

use crate::catalog::dimension::Dimension;
use crate::catalog::key::{HEAD, KEY_MAX, LEDGER_DIMENSIONS_MAX};
use crate::catalog::ledger::{Kind, Ledger, LedgerDimension, Normal};
use crate::catalog::reader::Table;
use hubu_kernel::ident::LedgerId;
use hubu_kernel::row::Control;

const KINDS: [(&str, Kind); 2] = [("quota", Kind::Quota), ("account", Kind::Account)];
const NORMALS: [(&str, Normal); 2] = [("debit", Normal::Debit), ("credit", Normal::Credit)];
const CONTROLS: [(&str, Control); 3] = [
    ("strict", Control::Strict),
    ("warn", Control::Warn),
    ("none", Control::None),
];

pub(in crate::catalog) fn read(root: &Table<'_>, dimensions: &[Dimension]) -> Vec<Ledger> {
    let mut ledgers: Vec<Ledger> = Vec::new();
    for table in root.tables("ledgers") {
        let found = ledger(&table, dimensions);
        table.finish();
        let Some(found) = found else { continue };
        let twice = |known: &Ledger| known.id == found.id || known.name == found.name;
        if ledgers.iter().any(twice) {
            table.mistake(format!(
                "ledger `{}` or id {} is there twice",
                found.name, found.id.0
            ));
            continue;
        }
        ledgers.push(found);
    }
    root.finish();
    ledgers.sort_by_key(|ledger| ledger.id);
    for at in 0..ledgers.len() {
        let mut earlier = ledgers[..at].iter();
        let same = earlier.find(|known| known.dimensions == ledgers[at].dimensions);
        ledgers[at].shape = same.map_or(ledgers[at].id, |known| known.id);
    }
    ledgers
}

fn ledger(table: &Table<'_>, dimensions: &[Dimension]) -> Option<Ledger> {
    let id = table.number("id");
    let (name, zh) = (table.text("name"), table.text("zh"));
    let kind = table.choice("kind", &KINDS, Some(Kind::Quota));
    let normal = table.choice("normal", &NORMALS, Some(Normal::Debit));
    let control = table.choice("control", &CONTROLS, Some(Control::Strict));
    let (resource, schedule) = (table.flag("resource"), table.flag("schedule"));
    let dims = ledger_dimensions(table, dimensions);
    let ledger = Ledger {
        id: LedgerId(id?),
        name: name?.to_owned(),
        zh: zh?.to_owned(),
        kind: kind?,
        normal: normal?,
        resource,
        schedule,
        control: control?,
        dimensions: dims,
        shape: LedgerId(id?),
    };
    if ledger.kind == Kind::Account && (resource || schedule) {
        table.mistake("an account holds no quota: neither `resource` nor `schedule`");
    }
    Some(ledger)
}

fn ledger_dimensions(table: &Table<'_>, known: &[Dimension]) -> Vec<LedgerDimension> {
    let mut list: Vec<LedgerDimension> = Vec::new();
    let mut longest = HEAD;
    for node in table
        .need("dimensions")
        .map(|node| node.list())
        .unwrap_or_default()
    {
        let Some(text) = node.text() else { continue };
        let (name, required) = match text.strip_suffix('?') {
            Some(name) => (name, false),
            None => (text, true),
        };
        let Some(dimension) = known.iter().find(|dimension| dimension.name == name) else {
            node.mistake(format!("there is no dimension `{name}`"));
            continue;
        };
        if list.iter().any(|there| there.id == dimension.id) {
            node.mistake(format!("dimension `{name}` is there twice"));
            continue;
        }
        if dimension.shard && (!list.is_empty() || !required) {
            node.mistake(format!(
                "`{name}` spreads rows over shards: it stands first and is required"
            ));
        }
        longest += dimension.key_bytes_max();
        list.push(LedgerDimension {
            id: dimension.id,
            required,
        });
    }
    if list.len() > LEDGER_DIMENSIONS_MAX || longest > KEY_MAX {
        table.mistake(format!(
            "a row key would have {} dimensions and up to {longest} bytes; at most {LEDGER_DIMENSIONS_MAX} and {KEY_MAX}",
            list.len()
        ));
    }
    list
}
