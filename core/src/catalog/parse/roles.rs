//! `config/roles.toml`: `[[roles]]` with bit, name and Chinese name; of one for emergencies, what it stands for.

use crate::catalog::document::RoleSet;
use crate::catalog::model::Role;
use crate::catalog::reader::{Node, Table};

/// A set of roles is 64 bits.
const ROLES_MAX: u8 = 64;

pub(in crate::catalog) fn read(root: &Table<'_>) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    let mut standing: Vec<(u8, Vec<Node<'_>>)> = Vec::new();
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
        roles.push(Role {
            bit,
            name: name.to_owned(),
            zh: zh.to_owned(),
            is_privileged,
            break_glass,
            stands_for: RoleSet::default(),
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
    roles
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
