//! What must hold of roles and document types together (岗位与单据的核对): what a server is started with is held to
//! it, an old catalog in a journal is not.
//!
//! Who may take a step may read the document. And no one person moves money alone (四眼原则): of each type, every
//! way from its entry to the step that makes its effects real is walked as one person would go it, with every role
//! and in either division. A type that one person may end alone says why, in `single_person`.

use super::document::{Acting, DocumentType, RoleSet};
use super::error::Mistake;
use super::model::Catalog;
use super::role::{Area, Role};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::StateId;
use hubu_kernel::transition::Past;
use std::collections::{BTreeSet, VecDeque};

/// Every mistake of this sort.
pub fn faults(catalog: &Catalog) -> Vec<Mistake> {
    let mut faults = Vec::new();
    for kind in &catalog.types {
        let mut say = |message: String| {
            faults.push(Mistake {
                file: format!("documents/{}.toml", kind.name),
                line: 0,
                message,
            });
        };
        for (step, roles, acting) in steps(kind) {
            for role in catalog.roles_in(roles) {
                if let Some(lack) = lack(role, kind, acting) {
                    let name = &role.name;
                    say(format!(
                        "role `{name}` may {step} but not read it: {lack} in roles.toml"
                    ));
                }
            }
        }
        match (alone(kind), &kind.single_person) {
            (Some(way), None) => say(format!(
                "one person can move money alone ({}): give a step `not_acted = true`, or say why that is right in \
                 `single_person`",
                way.join(", ")
            )),
            (None, Some(_)) => {
                say("`single_person`: no one person can end such a document alone".into());
            }
            _ => {}
        }
    }
    faults
}

/// Entry and steps, in words, with who may and of which division.
fn steps(kind: &DocumentType) -> impl Iterator<Item = (String, RoleSet, Acting)> {
    let entry = ("enter one".to_owned(), kind.entry.roles, kind.entry.acting);
    let steps = kind.transitions.iter();
    let steps = steps.map(|step| (format!("`{}` it", step.name), step.roles, step.acting));
    std::iter::once(entry).chain(steps)
}

/// What a role lacks to read what it acts on.
fn lack(role: &Role, kind: &DocumentType, acting: Acting) -> Option<String> {
    if !role.reads.contains(&Area::Documents) {
        return Some("`reads` lacks \"documents\"".into());
    }
    if !role.reads_type(kind.id) {
        return Some(format!("`types` lacks \"{}\"", kind.name));
    }
    (acting == Acting::Parent && !role.below).then(|| "`below` is not true".into())
}

/// The steps by which one person makes a document's effects real alone, if there are any.
pub fn alone(kind: &DocumentType) -> Option<Vec<&str>> {
    if kind.moves.is_empty() && kind.postings.is_empty() {
        return None;
    }
    let own = Past {
        is_creator: true,
        is_owner: true,
        is_previous: true,
        has_acted: false,
    };
    [Acting::Document, Acting::Parent]
        .into_iter()
        .find_map(|acting| {
            let enters = !kind.entry.roles.is_empty() && kind.entry.acting == acting;
            // What another document made has no person for a creator.
            let past = if enters { own } else { Past::default() };
            let begins = enters || kind.entry.roles.is_empty();
            begins.then(|| walk(kind, acting, past)).flatten()
        })
}

fn walk(kind: &DocumentType, acting: Acting, past: Past) -> Option<Vec<&str>> {
    let mut seen = BTreeSet::new();
    let mut open: VecDeque<(StateId, Past, Vec<&str>)> =
        VecDeque::from([(kind.initial, past, Vec::new())]);
    while let Some((state, past, way)) = open.pop_front() {
        if !seen.insert((state, past.is_previous, past.has_acted)) {
            continue;
        }
        for step in kind.steps_from(state) {
            if step.acting != acting || step.kernel.bars(past).is_some() {
                continue;
            }
            let mut way = way.clone();
            way.push(&*step.name);
            if matches!(step.kernel.phase, Phase::Final | Phase::Now) {
                return Some(way);
            }
            let past = Past {
                is_creator: past.is_creator,
                is_owner: past.is_owner,
                is_previous: true,
                has_acted: step.kernel.phase != Phase::Release && !past.is_creator,
            };
            open.push_back((step.kernel.to, past, way));
        }
    }
    None
}
