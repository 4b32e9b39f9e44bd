//! `[[transitions]]` of a document type: from, to, who, what is asked, and guards.

use super::fields::Fields;
use super::limits;
use super::states::{self, ReadState};
use crate::catalog::document::{Acting, FieldKind, FieldPlace, RoleSet, TransitionRule};
use crate::catalog::guard::{Guard, Words};
use crate::catalog::guard_check::GuardScope;
use crate::catalog::model::Catalog;
use crate::catalog::reader::Table;
use crate::cipher::Algorithm;
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::{FieldId, StateId, TransitionId};
use hubu_kernel::transition::Transition;

const PHASES: [(&str, Phase); 5] = [
    ("none", Phase::None),
    ("reserve", Phase::Reserve),
    ("final", Phase::Final),
    ("release", Phase::Release),
    ("now", Phase::Now),
];
const SIGNATURES: [(&str, Algorithm); 2] = [
    (Algorithm::Sm2.name(), Algorithm::Sm2),
    (Algorithm::Ed25519.name(), Algorithm::Ed25519),
];
const ACTING: [(&str, Acting); 2] = [("document", Acting::Document), ("parent", Acting::Parent)];

/// A step and where it stands in the file.
pub(super) struct ReadStep<'a> {
    pub(super) table: Table<'a>,
    pub(super) rule: TransitionRule,
}

pub(super) fn read<'a>(
    root: &Table<'a>,
    states: &[ReadState<'_>],
    fields: &Fields,
    catalog: &Catalog,
) -> Vec<ReadStep<'a>> {
    let mut steps: Vec<ReadStep<'a>> = Vec::new();
    for table in root.tables("transitions") {
        let id = TransitionId(steps.len() as u8);
        let Some(rule) = step(&table, id, states, fields, catalog) else {
            continue;
        };
        let same = |known: &ReadStep<'_>| {
            known.rule.name == rule.name && known.rule.kernel.from == rule.kernel.from
        };
        if steps.iter().any(same) {
            table.mistake(format!(
                "step `{}` from this state is there twice",
                rule.name
            ));
            continue;
        }
        if steps.len() == usize::from(u8::MAX) {
            table.mistake("a type has at most 255 steps");
            break;
        }
        steps.push(ReadStep { table, rule });
    }
    steps
}

/// The rules alone, once nothing more can be said about them.
///
/// Two guards come by themselves, last of all: a closed fiscal year takes no reservation and no final
/// step, and where the type is one agency's (`agency` is given) a step that chooses rows makes sure
/// that they are that agency's.
pub(super) fn finish(steps: Vec<ReadStep<'_>>, agency: Option<&Catalog>) -> Vec<TransitionRule> {
    let ends = |state: StateId| !steps.iter().any(|step| step.rule.kernel.from == state);
    let terminal: Vec<bool> = steps.iter().map(|step| ends(step.rule.kernel.to)).collect();
    let rules = steps.into_iter().map(|step| step.rule);
    let mut rules: Vec<TransitionRule> = rules.collect();
    let shard = agency.and_then(|catalog| catalog.dimensions.iter().find(|known| known.shard));
    for (rule, terminal) in rules.iter_mut().zip(terminal) {
        rule.kernel.terminal = terminal;
        let chooses = matches!(rule.kernel.phase, Phase::Reserve | Phase::Now);
        if chooses || rule.kernel.phase == Phase::Final {
            rule.guards.push(Guard::open_year());
        }
        if let Some(dimension) = shard.filter(|_| chooses) {
            rule.guards.push(Guard::own_agency(dimension));
        }
    }
    rules
}

fn step(
    table: &Table<'_>,
    id: TransitionId,
    states: &[ReadState<'_>],
    fields: &Fields,
    catalog: &Catalog,
) -> Option<TransitionRule> {
    let (name, zh) = (table.text("name"), table.text("zh"));
    let from = states::named(table, "from", states);
    let to = states::named(table, "to", states);
    let phase = table.choice("phase", &PHASES, Some(Phase::None));
    let (roles, acting) = (roles(table, catalog), acting(table));
    let limits = limits::read(table, roles, catalog);
    let not_acted = table.flag("not_acted");
    let requires = fields.header_list(table, "requires");
    let mut asks = fields.header_list(table, "asks");
    let affirmed = affirmed(table, fields);
    asks.extend(affirmed.iter().map(|(field, _)| *field));
    let mut accepts = fields.header_list(table, "accepts");
    accepts.extend(&asks);
    accepts.sort();
    accepts.dedup();
    let mut guards: Vec<Guard> = affirmed.into_iter().map(|(_, guard)| guard).collect();
    guards.extend(expressions(table, fields, catalog));
    let kernel = Transition {
        id,
        from: from?,
        to: to?,
        phase: phase?,
        // Who may not have acted at all is neither the creator nor the last.
        not_creator: table.flag("not_creator") || not_acted,
        not_previous: table.flag("not_previous") || not_acted,
        not_acted,
        creator_only: table.flag("creator_only"),
        terminal: false,
    };
    let edits_lines = table.flag("edits_lines");
    let signature = signature(table);
    table.finish();
    let looked_at = |place| looked_at(&guards, fields, place);
    let (looks_at, looks_at_lines) = (looked_at(FieldPlace::Header), looked_at(FieldPlace::Line));
    check_step(table, &kernel, roles, edits_lines);
    Some(TransitionRule {
        name: name?.to_owned(),
        zh: zh?.to_owned(),
        kernel,
        roles,
        limits,
        acting,
        requires,
        asks,
        accepts,
        edits_lines,
        guards,
        looks_at,
        looks_at_lines,
        signature,
    })
}

/// Fields that the guards may look at; one of another place that has the same name does no harm.
fn looked_at(guards: &[Guard], fields: &Fields, place: FieldPlace) -> Vec<FieldId> {
    let here = fields.list.iter().filter(|field| field.place == place);
    let mentioned = here.filter(|field| guards.iter().any(|guard| guard.mentions(field)));
    mentioned.map(|field| field.id).collect()
}

/// `signature = true`, or the algorithms that are taken.
fn signature(table: &Table<'_>) -> Option<Vec<Algorithm>> {
    let node = table.get("signature")?;
    let all: Vec<Algorithm> = SIGNATURES.iter().map(|(_, algorithm)| *algorithm).collect();
    if node.is_flag() {
        return node.flag()?.then_some(all);
    }
    let listed = node.list();
    let taken: Vec<Algorithm> = listed
        .iter()
        .filter_map(|n| n.choice(&SIGNATURES))
        .collect();
    if listed.is_empty() {
        node.mistake("`signature` is true, or a list of what is taken, such as [\"sm2\"]");
    }
    Some(taken)
}

fn check_step(table: &Table<'_>, step: &Transition, roles: RoleSet, edits_lines: bool) {
    if roles.is_empty() {
        table.mistake("nobody may take this step: `roles` is missing or empty");
    }
    if step.not_creator && step.creator_only {
        table.mistake("the creator alone, and not the creator: nobody could take this step");
    }
    if edits_lines && matches!(step.phase, Phase::Final | Phase::Release) {
        table.mistake(
            "new lines would not be what is reserved: `edits_lines` goes with no final or release",
        );
    }
}

/// The roles of `roles = [...]`.
pub(super) fn roles(table: &Table<'_>, catalog: &Catalog) -> RoleSet {
    role_set(table, "roles", catalog)
}

/// The roles of a list.
pub(super) fn role_set(table: &Table<'_>, key: &'static str, catalog: &Catalog) -> RoleSet {
    let mut set = RoleSet::default();
    for node in table.list(key) {
        let Some(name) = node.text() else { continue };
        match catalog.role_named(name) {
            Some(role) => set.0 |= role.0,
            None => node.mistake(format!("there is no role `{name}`")),
        }
    }
    set
}

/// The division of `acting = "..."`.
pub(super) fn acting(table: &Table<'_>) -> Acting {
    table
        .choice("acting", &ACTING, Some(Acting::Document))
        .unwrap_or_default()
}

/// Flags that must come with the step and be yes.
fn affirmed(table: &Table<'_>, fields: &Fields) -> Vec<(FieldId, Guard)> {
    let mut affirmed = Vec::new();
    for node in table.list("affirm") {
        let Some(field) = fields.header(&node) else {
            continue;
        };
        if field.kind == FieldKind::Flag {
            affirmed.push((field.id, Guard::affirmed(field)));
        } else {
            node.mistake(format!("`{}` is no flag", field.name));
        }
    }
    affirmed
}

fn expressions(table: &Table<'_>, fields: &Fields, catalog: &Catalog) -> Vec<Guard> {
    let scope = GuardScope {
        fields: &fields.list,
        catalog,
    };
    let mut guards = Vec::new();
    for guard in table.tables("guards") {
        let (node, words) = (guard.need("cel"), words(&guard));
        guard.finish();
        let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else {
            continue;
        };
        match Guard::compile(text, words, &scope) {
            Ok(guard) => guards.push(guard),
            Err(faults) => {
                for fault in faults {
                    node.mistake(format!("guard `{text}`: {fault}"));
                }
            }
        }
    }
    guards
}

/// What a guard asks for, for people: in both languages, since both are answered in.
fn words(guard: &Table<'_>) -> Words {
    let text = |key| guard.text(key).unwrap_or_default().to_owned();
    Words {
        zh: text("zh"),
        en: text("en"),
    }
}
