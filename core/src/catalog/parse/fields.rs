//! `[fields.NAME]` of a document type: id, Chinese name, kind and place.

use super::steps::role_set;
use crate::catalog::document::{FieldKind, FieldPlace, FieldRule, Sensitive, SensitiveKind};
use crate::catalog::model::Catalog;
use crate::catalog::reader::{Node, Table};
use hubu_kernel::ident::FieldId;

const PLACES: [(&str, FieldPlace); 2] =
    [("header", FieldPlace::Header), ("line", FieldPlace::Line)];
const TEXT_MAX: u16 = 200;

/// Names that a guard gives another meaning to.
pub(in crate::catalog) const HEADER_WORDS: [&str; 6] = [
    "division",
    "fiscal_year",
    "agency",
    "creator",
    "previous",
    "amount",
];
/// Names that a guard gives another meaning to on a line.
pub(in crate::catalog) const LINE_WORDS: [&str; 3] = ["amount", "month", "to"];

/// The fields of a type.
pub(super) struct Fields {
    pub(super) list: Vec<FieldRule>,
}

impl Fields {
    /// The head field that a node names.
    pub(super) fn header(&self, node: &Node<'_>) -> Option<&FieldRule> {
        self.named(node, FieldPlace::Header, "head")
    }

    /// The line field that a node names.
    pub(super) fn line(&self, node: &Node<'_>) -> Option<&FieldRule> {
        self.named(node, FieldPlace::Line, "line")
    }

    fn named(&self, node: &Node<'_>, place: FieldPlace, word: &str) -> Option<&FieldRule> {
        let name = node.text()?;
        let found = self
            .list
            .iter()
            .find(|field| field.place == place && field.name == name);
        if found.is_none() {
            node.mistake(format!("there is no {word} field `{name}`"));
        }
        found
    }

    /// The head fields that a list of names means.
    pub(super) fn header_list(&self, table: &Table<'_>, key: &'static str) -> Vec<FieldId> {
        let nodes = table.list(key);
        nodes
            .iter()
            .filter_map(|node| self.header(node))
            .map(|field| field.id)
            .collect()
    }
}

pub(super) fn read(root: &Table<'_>, catalog: &Catalog) -> Fields {
    let mut fields = Fields { list: Vec::new() };
    let Some(table) = root.get("fields").and_then(|node| node.table()) else {
        return fields;
    };
    for (name, node) in table.entries() {
        let Some(found) = node.table().and_then(|table| field(name, &table, catalog)) else {
            continue;
        };
        if fields.list.iter().any(|known| known.id == found.id) {
            node.mistake(format!("field id {} is there twice", found.id.0));
            continue;
        }
        if is_taken(&found, catalog) {
            node.mistake(format!("`{name}` already means something here"));
        }
        fields.list.push(found);
    }
    fields.list.sort_by_key(|field| field.id);
    fields
}

fn is_taken(field: &FieldRule, catalog: &Catalog) -> bool {
    let name = field.name.as_str();
    match field.place {
        FieldPlace::Header => HEADER_WORDS.contains(&name),
        FieldPlace::Line => LINE_WORDS.contains(&name) || catalog.dimension_named(name).is_some(),
    }
}

fn field(name: &str, table: &Table<'_>, catalog: &Catalog) -> Option<FieldRule> {
    let id = table.number("id").map(FieldId);
    let zh = table.text("zh");
    let kind = kind(table);
    let place = table.choice("on", &PLACES, Some(FieldPlace::Header));
    let required = table.flag("required");
    let sensitive = sensitive(table, catalog);
    table.finish();
    if required && place == Some(FieldPlace::Header) {
        table.mistake("for a head field the steps say when it is required: `asks` and `requires`");
    }
    Some(FieldRule {
        id: id?,
        name: name.to_owned(),
        zh: zh?.to_owned(),
        kind: kind?,
        place: place?,
        required,
        sensitive,
    })
}

/// `sensitive = "bank"` with `seen_by = [...]`.
fn sensitive(table: &Table<'_>, catalog: &Catalog) -> Option<Sensitive> {
    let seen_by = table.get("seen_by").is_some();
    if table.get("sensitive").is_none() {
        if seen_by {
            table.mistake("only a sensitive field has `seen_by`: everybody who sees the document sees the others");
        }
        return None;
    }
    let kind = table.choice("sensitive", &SensitiveKind::WORDS, None);
    let roles = role_set(table, "seen_by", catalog);
    if roles.is_empty() {
        table.mistake("nobody would ever see this field: `seen_by` names the roles that do");
    }
    Some(Sensitive {
        kind: kind?,
        seen_by: roles,
    })
}

fn kind(table: &Table<'_>) -> Option<FieldKind> {
    let node = table.need("kind")?;
    let (max, words) = (table.get("max"), table.get("words"));
    let word = node.text()?;
    if max.is_some() && word != "text" {
        table.mistake("only a text has a `max`");
    }
    if words.is_some() && word != "choice" {
        table.mistake("only a choice has `words`");
    }
    match word {
        "text" => {
            let max = max.map_or(Some(TEXT_MAX), |node| node.number());
            Some(FieldKind::Text { max: max? })
        }
        "amount" => Some(FieldKind::Amount),
        "int" => Some(FieldKind::Int),
        "flag" => Some(FieldKind::Flag),
        "date" => Some(FieldKind::Date),
        "choice" => {
            let list = words.map(|node| node.list()).unwrap_or_default();
            let words: Vec<_> = list
                .iter()
                .filter_map(Node::text)
                .map(str::to_owned)
                .collect();
            if words.is_empty() {
                table.mistake("a choice has `words` to choose from");
            }
            Some(FieldKind::Choice(words))
        }
        other => {
            node.mistake(format!(
                "`{other}` is not one of: text, amount, int, flag, date, choice"
            ));
            None
        }
    }
}
