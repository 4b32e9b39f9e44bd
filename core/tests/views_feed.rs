//! The event feed over a real engine: all that is durable, in order, from memory and from disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod views_support;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::views::feed::{Event, feed};
use hubu_kernel::ident::Seq;
use views_support::*;

fn all(engine: &Engine, limit: usize) -> Vec<Event> {
    let mut events = Vec::new();
    let mut after = Seq(0);
    loop {
        let page = feed(engine, after, limit).unwrap();
        assert!(page.events.len() <= limit);
        if page.next == after {
            return events;
        }
        events.extend(page.events);
        after = page.next;
    }
}

#[test]
fn pages_of_any_size_tell_the_same_from_memory_and_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), followed());
    opened(&engine, 1, 900_000, 900_000);
    done(&engine, pay(&engine, 5));
    refused(&engine, pay(&engine, 1_000_000));
    for _ in 0..20 {
        done(&engine, pay(&engine, 1));
    }
    let events = all(&engine, 1000);
    let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
    assert_eq!(
        seqs,
        (2..=engine.newest().0).collect::<Vec<_>>(),
        "all but the one with the secret"
    );
    let kinds: Vec<_> = events.iter().take(4).map(Event::kind).collect();
    assert_eq!(kinds, ["catalog", "decided", "decided", "refused"]);
    for limit in [1, 2, 7] {
        assert_eq!(all(&engine, limit), events);
    }
    drop(engine);
    // Nothing is kept in memory now.
    let engine = open_with(
        folder.path(),
        Options {
            tail_bytes: 0,
            ..followed()
        },
    );
    for limit in [3, 1000] {
        assert_eq!(all(&engine, limit), events);
    }
    let at_end = feed(&engine, engine.newest(), 10).unwrap();
    assert_eq!((at_end.events.len(), at_end.next), (0, engine.newest()));
}

#[test]
fn what_was_acknowledged_is_in_the_feed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), followed());
    opened(&engine, 1, 900_000, 900_000);
    for _ in 0..500 {
        done(&engine, pay(&engine, 1));
        let newest = engine.newest();
        let page = feed(&engine, Seq(newest.0 - 1), 10).unwrap();
        assert_eq!(page.next, newest);
    }
}
