//! `config/roles.toml`: `[[roles]]` with bit, name and Chinese name, and what the role may read; of one for
//! emergencies, what it stands for.

use crate::catalog::document::RoleSet;
use crate::catalog::model::Catalog;
use crate::catalog::reader::{Mistakes, Node, Table};
use crate::catalog::role::{Area, Role};

/// A set of roles is 64 bits.
const ROLES_MAX: u8 = 64;

/// A type that a role may read, by its name: types are known later.
pub(in crate::catalog) struct PendingType {
    bit: u8,
    name: String,
    position: (String, u32),
}

pub(in crate::catalog) fn read(root: &Table<'_>) -> (Vec<Role>, Vec<PendingType>) {
    let mut roles: Vec<Role> = Vec::new();
    let mut standing: Vec<(u8, Vec<Node<'_>>)> = Vec::new();
    let mut pending = Vec::new();
    for table in root.tables("roles") {
        let (bit, name, zh) = (table.number("bit"), table.text("name"), table.text("zh"));
        let break_glass = table.flag("break_glass");
        let stands_for = match table.get("stands_for") {
            Some(node) if !break_glass => {
                node.mistake("only a role with `break_glass = true` stands for others");
                Vec::new()
            }
            Some(node) => node.list(),
            None => Vec::new(),
        };
        // Whoever breaks the glass is looked at.
        let is_privileged = table.flag("privileged") || break_glass;
        let reads = table.list("reads");
        let reads: Vec<Area> = reads
            .iter()
            .filter_map(|n| n.choice(&Area::WORDS))
            .collect();
        let types = table.list("types");
        let types: Vec<&str> = types.iter().filter_map(|node| node.text()).collect();
        let (below, of_agency) = (table.flag("below"), table.flag("agency"));
        table.finish();
        let (Some(bit), Some(name), Some(zh)) = (bit, name, zh) else {
            continue;
        };
        if bit >= ROLES_MAX {
            table.mistake(format!("bit {bit} is not below {ROLES_MAX}"));
            continue;
        }
        if roles
            .iter()
            .any(|role| role.bit == bit || role.name == name)
        {
            table.mistake(format!("role `{name}` or bit {bit} is there twice"));
            continue;
        }
        standing.push((bit, stands_for));
        pending.extend(types.into_iter().map(|name| PendingType {
            bit,
            name: name.to_owned(),
            position: table.position(),
        }));
        roles.push(Role {
            bit,
            name: name.to_owned(),
            zh: zh.to_owned(),
            is_privileged,
            break_glass,
            stands_for: RoleSet::default(),
            reads,
            types: Vec::new(),
            below,
            of_agency,
        });
    }
    root.finish();
    for (bit, names) in standing {
        let set = stood_for(&roles, &names);
        if let Some(role) = roles.iter_mut().find(|role| role.bit == bit) {
            role.stands_for = set;
        }
    }
    roles.sort_by_key(|role| role.bit);
    (roles, pending)
}

/// Gives roles the types that they may read.
pub(in crate::catalog) fn link(
    catalog: &mut Catalog,
    pending: Vec<PendingType>,
    mistakes: &Mistakes,
) {
    for PendingType {
        bit,
        name,
        position,
    } in pending
    {
        let kind = catalog.type_named(&name).map(|kind| kind.id);
        let role = catalog.roles.iter_mut().find(|role| role.bit == bit);
        match (kind, role) {
            (Some(kind), Some(role)) => {
                role.types.push(kind);
                role.types.sort_unstable();
                role.types.dedup();
            }
            _ => mistakes.add(
                &position.0,
                position.1,
                format!("there is no document type `{name}`"),
            ),
        }
    }
}

fn stood_for(roles: &[Role], names: &[Node<'_>]) -> RoleSet {
    let mut set = RoleSet::default();
    for node in names {
        let Some(name) = node.text() else { continue };
        match roles.iter().find(|role| role.name == name) {
            Some(role) if role.break_glass => {
                node.mistake("a role for emergencies stands for none of its kind");
            }
            Some(role) => set.0 |= 1 << role.bit,
            None => node.mistake(format!("there is no role `{name}`")),
        }
    }
    set
}
