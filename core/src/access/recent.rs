//! The tokens that one thread saw lately: a small table, without locks, in front of the shared cache.
//!
//! A gateway sends many people's requests over few connections, so the last token of a connection
//! says little there. Each thread has an actor of its own for a token: counting who holds one that two
//! threads share would pass its cache line to and fro with every request.

use std::cell::RefCell;
use std::sync::Arc;

use super::token::{Bearer, Tokens, Verified};
use crate::engine::actor::Actor;

/// Places of the table: a power of two.
const PLACES: usize = 8192;

/// See the module.
pub struct Recent {
    places: RefCell<Vec<Option<Arc<Verified>>>>,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            places: RefCell::new(vec![None; PLACES]),
        }
    }
}

impl Recent {
    /// Who asks, where their token was seen lately and still stands.
    #[inline]
    pub fn get(&self, tokens: &Tokens, bearer: Bearer<'_>) -> Option<Arc<Actor>> {
        let places = self.places.borrow();
        let known = places.get(place(bearer.token))?.as_ref();
        known
            .filter(|known| tokens.stands(known, bearer))
            .map(|known| known.actor.clone())
    }

    /// Keeps a token in the place of another, and returns this thread's own copy.
    pub fn put(&self, token: &[u8], shared: &Verified) -> Arc<Verified> {
        let own = Arc::new(shared.apart());
        if let Some(place) = self.places.borrow_mut().get_mut(place(token)) {
            *place = Some(own.clone());
        }
        own
    }
}

/// The place of a token: by the end of its signature, which is as good as random.
fn place(token: &[u8]) -> usize {
    let tail = token
        .last_chunk::<8>()
        .map_or(0, |tail| u64::from_le_bytes(*tail));
    (tail.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % PLACES
}
