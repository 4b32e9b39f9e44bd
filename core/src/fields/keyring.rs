//! The keys at hand (密钥环): the newest seals, all of them open.

use super::key::{FieldKey, KeyId};
use std::sync::Arc;

/// The most keys at once: as many as a century of quarters.
pub const KEYS_MAX: usize = 400;

/// What a cell does with sensitive values; those that were sealed before are opened either way.
#[derive(Clone, Debug)]
pub enum Fields {
    /// It keeps them as they come: masked for who need not see them, and plain on disk.
    Plain(Arc<Keyring>),
    /// It seals them under the newest key. An empty ring refuses commands that bring any.
    Sealed(Arc<Keyring>),
}

impl Default for Fields {
    fn default() -> Fields {
        Fields::Plain(Arc::default())
    }
}

impl Fields {
    /// The keys that open.
    pub fn keys(&self) -> &Keyring {
        let (Fields::Plain(ring) | Fields::Sealed(ring)) = self;
        ring
    }

    /// The keys, where values are sealed.
    pub fn sealing(&self) -> Option<&Keyring> {
        match self {
            Fields::Plain(_) => None,
            Fields::Sealed(ring) => Some(ring),
        }
    }
}

/// Keys, ascending by number.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: Vec<FieldKey>,
}

impl Keyring {
    /// A ring of these keys.
    ///
    /// # Errors
    /// Two have one number or one name, one has the number 0, or there are more than [`KEYS_MAX`].
    pub fn new(mut keys: Vec<FieldKey>) -> Result<Keyring, String> {
        keys.sort_by_key(FieldKey::number);
        if keys.len() > KEYS_MAX {
            return Err(format!("{} keys: at most {KEYS_MAX}", keys.len()));
        }
        if keys.first().is_some_and(|key| key.number() == 0) {
            return Err("a key has the number 0: numbers begin at 1".into());
        }
        for (at, key) in keys.iter().enumerate() {
            let is_twice =
                |other: &&FieldKey| other.number() == key.number() || other.id() == key.id();
            if let Some(other) = keys[..at].iter().find(is_twice) {
                let (one, two) = (other.number(), key.number());
                return Err(format!(
                    "keys {one} and {two} have one number or are the same key"
                ));
            }
        }
        Ok(Keyring { keys })
    }

    /// The key that seals.
    pub fn newest(&self) -> Option<&FieldKey> {
        self.keys.last()
    }

    /// The key of this name.
    pub fn key(&self, id: KeyId) -> Option<&FieldKey> {
        self.newest_first().find(|key| key.id() == id)
    }

    /// All keys, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &FieldKey> {
        self.keys.iter().rev()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
