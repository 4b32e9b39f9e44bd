//! A primary on a machine of its own, as far as the network goes: a network namespace whose one link is taken down and
//! brought up again when another has taken over. Needs root and the program `ip`.

use super::Tally;
use super::overtaken::{Scene, overtake};
use super::proxy::Proxy;
use crate::Outcome;
use crate::cell::Place;
use hubu_testkit::PgCluster;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

/// Addresses for examples (RFC 5737): they lead nowhere but through this link.
const NEAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const NET: &str = "198.51.100.0/24";
const FAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);

pub(super) fn try_namespace(tally: &mut Tally, cluster: &PgCluster, cell: u64) -> Outcome<()> {
    let namespace = match Namespace::make() {
        Ok(namespace) => namespace,
        Err(reason) => {
            println!("not tried: a partitioned machine: {reason}");
            return Ok(());
        }
    };
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, cluster.port()));
    let proxy = Proxy::begin(SocketAddr::from((NEAR, 0)), target)?;
    let mut old = Place::new(&cluster.url())?;
    old.set("HUBU_JOURNAL_CELL", &cell.to_string());
    let new = old.beside()?;
    old.set(
        "HUBU_JOURNAL_PLACE",
        &format!("postgres://hubu@{}/postgres", proxy.address),
    );
    old.listen_at(SocketAddr::from((FAR, old.address.port())));
    old.before = ["ip", "netns", "exec", &namespace.name]
        .map(Into::into)
        .into();
    let scene = Scene {
        cluster,
        cell,
        has_load: true,
        old: &old,
        new: &new,
    };
    let what = "postgres: a primary on a machine that is cut off, clients and all, and comes back";
    overtake(
        tally,
        what,
        &scene,
        |_| namespace.link("down"),
        |_| namespace.link("up"),
    )
}

/// A network namespace with one link; both go when it is dropped.
struct Namespace {
    name: String,
    /// The link's end on this side.
    near: String,
}

impl Namespace {
    fn make() -> Outcome<Namespace> {
        let known = Command::new("ip")
            .args(["route", "show", "to", "root", NET])
            .output()?;
        if !known.stdout.is_empty() {
            return Err(format!("{NET} is in use here").into());
        }
        let id = std::process::id();
        let (name, near, far) = (
            format!("hubu-{id}"),
            format!("hubun{id}"),
            format!("hubuf{id}"),
        );
        ip(&format!("netns add {name}"))?;
        let made = Namespace { name, near };
        let Namespace { name, near } = &made;
        ip(&format!(
            "link add {near} type veth peer name {far} netns {name}"
        ))?;
        ip(&format!("address add {NEAR}/30 dev {near}"))?;
        ip(&format!("link set {near} up"))?;
        ip(&format!("-n {name} address add {FAR}/30 dev {far}"))?;
        ip(&format!("-n {name} link set {far} up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        Ok(made)
    }

    fn link(&self, state: &str) -> Outcome<()> {
        ip(&format!("link set {} {state}", self.near))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        for command in [
            format!("link del {}", self.near),
            format!("netns del {}", self.name),
        ] {
            if let Err(error) = ip(&command) {
                println!("left behind: {error}");
            }
        }
    }
}

fn ip(arguments: &str) -> Outcome<()> {
    let output = Command::new("ip").args(arguments.split(' ')).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "ip {arguments}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )
        .into()),
    }
}
