//! What the server's memory may come to, worked out from its settings and from what a scenario asks of it.

use super::site::Limits;

/// An idle connection (docs/results.md: 11,091 B; the goal is 12 KiB).
const CONNECTION: u64 = 12 << 10;
/// A small answer that waits to be sent, which is not counted as bytes in flight.
const SMALL_ANSWER: u64 = 4 << 10;
/// The piece of a large answer that is with the wire already.
const PIECE: u64 = 16 << 10;
/// A stream of HTTP/2 beside its head and answer.
const STREAM: u64 = 4 << 10;
/// Streams that one HTTP/2 connection may have.
const STREAMS: u64 = 128;
/// A document under way, with its lines, its history and its place in the work lists.
const DOCUMENT: u64 = 2 << 10;
/// What a remembered idempotency key takes at most (docs/decisions.md), twice while its table grows.
const KEY: u64 = 2 * 85;
/// A body and the room that it grew into, twice while it grows.
const BODY_TIMES: u64 = 3;
/// Freed memory that the allocator keeps, samples of histograms, threads' stacks.
const SLACK: u64 = 64 << 20;

/// What a scenario asked of the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// Connections open at once.
    pub(super) connections: u64,
    /// Of these, such as speak HTTP/2.
    pub(super) http2: u64,
    /// Idempotency keys that are remembered afterwards.
    pub(super) keys: u64,
    /// Documents that are under way afterwards.
    pub(super) documents: u64,
}

/// The most that the server may have, when it had `base` before.
pub(super) fn bytes(limits: &Limits, base: u64, asked: Asked) -> u64 {
    // hyper reads into one buffer and writes from another, each up to the limit of a head.
    let connection = CONNECTION + 2 * limits.header_bytes as u64 + SMALL_ANSWER + PIECE;
    let streams = asked.http2 * STREAMS * (STREAM + SMALL_ANSWER);
    let bodies = BODY_TIMES * limits.bytes_in_flight as u64;
    let engine = 2 * limits.queue_bytes + limits.tail_bytes + limits.cache_bytes;
    base + asked.connections * connection
        + streams
        + bodies
        + engine as u64
        + asked.keys * KEY
        + asked.documents * DOCUMENT
        + SLACK
}

/// In words, for the report.
pub(super) fn words(limits: &Limits) -> String {
    format!(
        "base + connections x {} KiB + HTTP/2 connections x {} KiB + {BODY_TIMES} x bytes_in_flight ({} MiB) + 2 x queue_bytes \
         ({} MiB) + tail_bytes ({} MiB) + cache_bytes ({} MiB) + keys x {KEY} B + documents x {} KiB + {} MiB",
        (CONNECTION + 2 * limits.header_bytes as u64 + SMALL_ANSWER + PIECE) >> 10,
        (STREAMS * (STREAM + SMALL_ANSWER)) >> 10,
        limits.bytes_in_flight >> 20,
        limits.queue_bytes >> 20,
        limits.tail_bytes >> 20,
        limits.cache_bytes >> 20,
        DOCUMENT >> 10,
        SLACK >> 20,
    )
}
