//! `config/roles.toml`: `[[roles]]` with bit, name and Chinese name.

use crate::catalog::model::Role;
use crate::catalog::reader::Table;

/// A set of roles is 64 bits.
const ROLES_MAX: u8 = 64;

pub(in crate::catalog) fn read(root: &Table<'_>) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for table in root.tables("roles") {
        let (bit, name, zh) = (table.number("bit"), table.text("name"), table.text("zh"));
        let is_privileged = table.flag("privileged");
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
        let (name, zh) = (name.to_owned(), zh.to_owned());
        roles.push(Role {
            bit,
            name,
            zh,
            is_privileged,
        });
    }
    root.finish();
    roles.sort_by_key(|role| role.bit);
    roles
}
