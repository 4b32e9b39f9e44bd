//! The keys that were spent (已用幂等键), and where their answers stand.
//!
//! Every command looks its key up and adds it, all over memory: so a look and the adding after it meet
//! one cache line. Keys are hashes already; their low bits are their place, and what finds it taken goes
//! to the next.

use hubu_kernel::record::{Body, Record};

/// What is remembered of a command's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spent {
    /// What was asked under it.
    pub(crate) body: u64,
    /// Where its answer stands, and in the lowest bit whether that is a refusal: a slot has no room for more.
    pub(crate) answer: u64,
}

impl Spent {
    fn by(record: &Record, seq: u64) -> Spent {
        let is_refusal = matches!(record.body, Body::Refused(_));
        Spent {
            body: record.once.body,
            answer: seq << 1 | u64::from(is_refusal),
        }
    }

    /// Where its answer stands.
    #[inline]
    pub(crate) fn seq(self) -> u64 {
        self.answer >> 1
    }

    /// Whether the command was refused for a business reason.
    pub(crate) fn is_refusal(self) -> bool {
        self.answer & 1 == 1
    }
}

/// A key and what is remembered of it; free with key 0, which is no command's.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: u128,
    spent: Spent,
}

/// The slots of one cache line: a key is looked for from the first of them on.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line([Slot; LINE]);

const LINE: usize = 2;

const _: () = assert!(size_of::<Line>() == 64);

/// See the module.
#[derive(Default)]
pub(crate) struct OnceTable {
    /// None, or a power of two of them.
    lines: Box<[Line]>,
    len: usize,
}

impl OnceTable {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn get(&self, key: u128) -> Option<Spent> {
        if self.lines.is_empty() {
            return None;
        }
        let slot = self.slot(self.find(key));
        // A free slot has key 0, and no command has.
        (slot.key == key && key != 0).then_some(slot.spent)
    }

    /// Adds a record's key, or replaces what is remembered of it.
    #[inline]
    pub(crate) fn insert(&mut self, record: &Record, seq: u64) {
        self.put(record.once.key, Spent::by(record, seq));
    }

    /// As [`OnceTable::insert`].
    pub(crate) fn put(&mut self, key: u128, spent: Spent) {
        assert!(key != 0, "key 0 is no command's");
        self.reserve(1);
        let at = self.find(key);
        let slot = self.slot_mut(at);
        let is_new = slot.key == 0;
        *slot = Slot { key, spent };
        self.len += usize::from(is_new);
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, key: u128) {
        if self.get(key).is_none() {
            return;
        }
        let mut hole = self.find(key);
        let mut at = hole;
        self.len -= 1;
        // Those behind that could not be found across the hole move up.
        loop {
            at = self.after(at);
            let slot = *self.slot(at);
            if slot.key == 0 {
                *self.slot_mut(hole) = Slot::default();
                return;
            }
            let mask = self.slots() - 1;
            let from_home = at.wrapping_sub(self.home(slot.key)) & mask;
            if from_home >= (at.wrapping_sub(hole) & mask) {
                *self.slot_mut(hole) = slot;
                hole = at;
            }
        }
    }

    /// Forgets all keys of which `keeps` is not true.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&Spent) -> bool) {
        let mut kept = OnceTable::default();
        let staying = self.iter().filter(|(_, spent)| keeps(spent));
        kept.reserve(staying.clone().count());
        staying.for_each(|(key, spent)| kept.put(key, spent));
        *self = kept;
    }

    /// Makes room for so many more: at most three of four slots are taken.
    pub(crate) fn reserve(&mut self, more: usize) {
        let needed = (self.len + more) * 4 / 3 + 1;
        if needed <= self.slots() {
            return;
        }
        let lines = needed.div_ceil(LINE).next_power_of_two().max(4);
        let wider = vec![Line::default(); lines].into_boxed_slice();
        let old = std::mem::replace(&mut self.lines, wider);
        for slot in old.iter().flat_map(|line| line.0) {
            if slot.key != 0 {
                let at = self.find(slot.key);
                *self.slot_mut(at) = slot;
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u128, Spent)> + Clone {
        let slots = self.lines.iter().flat_map(|line| line.0);
        slots
            .filter(|slot| slot.key != 0)
            .map(|slot| (slot.key, slot.spent))
    }

    /// Where a key is, or the free slot where it would be; there always is one.
    #[inline]
    fn find(&self, key: u128) -> usize {
        let mut at = self.home(key);
        loop {
            let found = self.slot(at).key;
            if found == key || found == 0 {
                return at;
            }
            at = self.after(at);
        }
    }

    #[inline]
    fn home(&self, key: u128) -> usize {
        (key as usize & (self.lines.len() - 1)) * LINE
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots() - 1)
    }

    fn slots(&self) -> usize {
        self.lines.len() * LINE
    }

    #[inline]
    fn slot(&self, at: usize) -> &Slot {
        &self.lines[at / LINE].0[at % LINE]
    }

    #[inline]
    fn slot_mut(&mut self, at: usize) -> &mut Slot {
        &mut self.lines[at / LINE].0[at % LINE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Few places for many keys, so that they crowd and wrap around.
    fn key() -> impl Strategy<Value = u128> {
        (0..6_u128, 0..40_u128).prop_map(|(place, rest)| ((rest + 1) << 64) | ((place * 11) % 64))
    }

    proptest! {
        #[test]
        fn it_remembers_what_a_map_would(steps in prop::collection::vec((key(), 0..4_u8, 0..100_u64), 0..400)) {
            let (mut table, mut model) = (OnceTable::default(), HashMap::new());
            for (key, what, seq) in steps {
                let spent = Spent { body: seq * 3, answer: seq << 1 };
                match what {
                    0 => {
                        table.remove(key);
                        model.remove(&key);
                    }
                    1 if seq < 5 => {
                        table.retain(|spent| spent.seq() >= 50);
                        model.retain(|_, spent: &mut Spent| spent.seq() >= 50);
                    }
                    _ => {
                        table.put(key, spent);
                        model.insert(key, spent);
                    }
                }
                prop_assert_eq!(table.get(key), model.get(&key).copied());
                prop_assert_eq!(table.len(), model.len());
                prop_assert_eq!(table.get(0), None);
            }
            prop_assert_eq!(table.iter().collect::<HashMap<_, _>>(), model.clone());
            for (key, spent) in model {
                prop_assert_eq!(table.get(key), Some(spent));
            }
        }
    }
}
