//! A primary whose network to the database is cut in silence, and healed when another has taken over: what it had sent
//! arrives then. Once under load, and once where the other has written nothing yet: no number is taken then, the late
//! append finds its place free, and the epoch alone stands in the way.

use super::Tally;
use super::overtaken::{Scene, overtake};
use super::proxy::Proxy;
use crate::Outcome;
use crate::cell::Place;
use hubu_testkit::PgCluster;
use std::net::{Ipv4Addr, SocketAddr};

pub(super) fn under_load(tally: &mut Tally, cluster: &PgCluster, cell: u64) -> Outcome<()> {
    try_one(tally, cluster, cell, true)
}

pub(super) fn before_a_write(tally: &mut Tally, cluster: &PgCluster, cell: u64) -> Outcome<()> {
    try_one(tally, cluster, cell, false)
}

fn try_one(tally: &mut Tally, cluster: &PgCluster, cell: u64, has_load: bool) -> Outcome<()> {
    let localhost = Ipv4Addr::LOCALHOST;
    let target = SocketAddr::from((localhost, cluster.port()));
    let proxy = Proxy::begin(SocketAddr::from((localhost, 0)), target)?;
    let mut old = Place::new(&cluster.url())?;
    old.set("HUBU_JOURNAL_CELL", &cell.to_string());
    let new = old.beside()?;
    let by_proxy = format!("postgres://hubu@{}/postgres", proxy.address);
    old.set("HUBU_JOURNAL_PLACE", &by_proxy);
    let scene = Scene {
        cluster,
        cell,
        old: &old,
        new: &new,
        has_load,
    };
    let what = match has_load {
        true => {
            "postgres: a primary that is cut off from its database, and what it had sent arrives late"
        }
        false => {
            "postgres: a primary that is cut off, and what it had sent arrives late, before the other has written"
        }
    };
    let cut = |is_cut: bool| {
        proxy.set_cut(is_cut);
        Ok(())
    };
    overtake(tally, what, &scene, |_| cut(true), |_| cut(false))
}
