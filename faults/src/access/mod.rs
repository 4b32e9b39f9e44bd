//! Who may do what (权限), tried cell by cell: every route and every step of every document type, by every role, from
//! every scope, asked of a real server with real tokens, and held against the table that `docs/access.md` shows.
//!
//! Documents of every type stand in every state in a small piece of the province: they are put into the journal by
//! hand, since no way through the steps would lead to all of them in time, and the server replays them as it would
//! any others. A step is asked for a version that no document has: who may take it is told that, and who may
//! not is refused before, so that nothing changes from one cell to the next.
//!
//! Whatever the table does not allow must be refused, with the status that it names.

mod ask;
mod commands;
mod ground;
mod place;
mod reads;
mod tally;
#[cfg(test)]
mod tests;
mod wire;

use crate::Outcome;
use crate::program;
use crate::report::Report;
use ask::{Asker, World};
use clap::Args;
use hubu_core::catalog::document::RoleSet;
use hubu_core::catalog::role::Role;
use hubu_core::http::access_table::AccessTable;
use hubu_testkit::Site;
use place::Stand;
use std::path::Path;
use tally::Tally;

/// Asks a server for every cell of the table of rights.
#[derive(Args)]
pub(crate) struct Options {
    /// Only what this role may.
    #[arg(long)]
    role: Option<String>,
    /// One thing for each scope, where several stand for it.
    #[arg(long)]
    quick: bool,
}

/// Threads that ask.
const THREADS: usize = 4;

pub(crate) fn run(options: &Options, report: &mut Report) -> Outcome<bool> {
    let only = options.role.as_deref();
    let tally = try_all(&|table| table, only, options.quick)?;
    tally.tell();
    if only.is_none() {
        tally.write(&report.folder().join("access.json"))?;
        report.put("access_cells", tally.cells() as f64);
        report.put("access_refused", tally.refused as f64);
        report.put("access_wrong", tally.wrong.len() as f64);
    }
    Ok(tally.wrong.is_empty())
}

/// Asks for all, of a server of its own; `change` makes of the table what the server is held against.
fn try_all(
    change: &dyn Fn(AccessTable) -> AccessTable,
    only: Option<&str>,
    is_quick: bool,
) -> Outcome<Tally> {
    let config = program::catalog();
    // A hundred thousand refusals would each wait for their entry in the audit log, which is not what is tried here.
    let settings = [("HUBU_AUDIT_FOLDER", "")];
    let site = Site::new(&program::hubu()?, &config, &settings)?;
    let ground = ground::lay(site.folder.path(), &config)?;
    let server = site.serve()?;
    let table = change(AccessTable::of(&ground.catalog));
    let rows = ground::rows(&ground, &site)?;
    let world = World {
        table,
        ground,
        rows,
        address: site.address,
        is_quick,
    };
    let shown =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/access.md"));
    let is_shown = shown.is_ok_and(|shown| {
        shown == AccessTable::of(&world.ground.catalog).render(&world.ground.catalog)
    });
    if !is_shown {
        return Err("docs/access.md is not the table: HUBU_WRITE_DOCS=1 cargo nextest run --test access_table".into());
    }
    let askers = askers(&world, &site, only)?;
    let tally = ask_all(&world, &askers)?;
    drop(server);
    Ok(tally)
}

/// Everybody who asks: each role from each stand, and somebody whose role is none of the catalog's.
fn askers(world: &World, site: &Site, only: Option<&str>) -> Outcome<Vec<Asker>> {
    let nobody = Role {
        bit: 63,
        name: "of_another_system".into(),
        zh: String::new(),
        reads: Vec::new(),
        types: Vec::new(),
        below: false,
        of_agency: false,
        is_privileged: false,
        break_glass: false,
        stands_for: RoleSet::default(),
    };
    let signer = ground::signer(site)?;
    let roles = world.ground.catalog.roles.iter().chain([&nobody]);
    let mut askers = Vec::new();
    for role in roles.filter(|role| only.is_none_or(|only| role.name == only)) {
        for stand in Stand::ALL {
            let number = askers.len();
            let token = ground::token(&signer, role, stand)?;
            let stood_for = world.ground.catalog.roles_in(role.stands_for);
            askers.push(Asker {
                number,
                role: role.clone(),
                counting: std::iter::once(role).chain(stood_for).cloned().collect(),
                stand,
                token,
            });
        }
    }
    Ok(askers)
}

/// Reads first, while nothing but the ground is there; then commands, which may enter documents.
fn ask_all(world: &World, askers: &[Asker]) -> Outcome<Tally> {
    let mut all = Tally::default();
    for part in [
        reads::ask as fn(&World, &Asker, &mut Tally) -> Outcome<()>,
        commands::ask,
    ] {
        let tallies = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut tally = Tally::default();
                        for asker in askers.iter().skip(thread).step_by(THREADS) {
                            part(world, asker, &mut tally).map_err(|error| error.to_string())?;
                        }
                        Ok::<Tally, String>(tally)
                    })
                })
                .collect();
            let ended = threads.into_iter().map(|thread| thread.join());
            ended.collect::<Vec<_>>()
        });
        for tally in tallies {
            all.add(tally.map_err(|_| "a thread that asked has panicked")??);
        }
    }
    Ok(all)
}
