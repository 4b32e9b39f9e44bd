//! All keys that tokens may be signed with (密钥环), by name.

use std::collections::HashMap;

use super::error::AccessError;
use super::jws::{Jws, invalid};
use super::key::{Key, KeyMark};

/// See the module.
#[derive(Default)]
pub(super) struct KeyRing {
    named: HashMap<Box<str>, Key>,
    /// Those of the settings, at most one for each algorithm.
    unnamed: Vec<Key>,
}

impl KeyRing {
    /// Adds a key.
    ///
    /// # Errors
    /// There is one of this name already, or one without name for its algorithm.
    pub(super) fn add(&mut self, key: Key) -> Result<(), String> {
        match &key.kid {
            None => {
                if self.unnamed(&key).is_some() {
                    return Err(format!(
                        "two keys without kid for {}",
                        key.algorithm().name()
                    ));
                }
                self.unnamed.push(key);
            }
            Some(kid) => {
                if self.named.contains_key(kid) {
                    return Err(format!("the kid {kid:?} is there twice"));
                }
                self.named.insert(kid.clone(), key);
            }
        }
        Ok(())
    }

    fn unnamed(&self, like: &Key) -> Option<&Key> {
        let algorithm = like.algorithm();
        self.unnamed.iter().find(|key| key.algorithm() == algorithm)
    }

    pub(super) fn len(&self) -> usize {
        self.named.len() + self.unnamed.len()
    }

    /// The key that a token must be signed with: the one that it names; one of the settings where it names none, or, with
    /// `falls_back`, none that is known. The token's algorithm has to be the key's own.
    ///
    /// # Errors
    /// There is no such key, or it signs otherwise.
    pub(super) fn key_for(&self, token: &Jws<'_>, falls_back: bool) -> Result<&Key, AccessError> {
        let named = token.kid.as_deref().map(|kid| self.named.get(kid));
        let key = match named {
            Some(Some(key)) => Some(key),
            Some(None) if !falls_back => return Err(invalid("its `kid` names no key")),
            Some(None) | None => self
                .unnamed
                .iter()
                .find(|key| key.algorithm() == token.algorithm),
        };
        let key = key.ok_or_else(|| match token.kid {
            Some(_) => invalid("its `kid` names no key"),
            None => invalid(&format!(
                "no key without kid for {}",
                token.algorithm.name()
            )),
        })?;
        if key.algorithm() != token.algorithm {
            return Err(invalid("its algorithm is not that of its key"));
        }
        Ok(key)
    }

    /// Whether the very same key is still here, with the same time.
    pub(super) fn holds(&self, kid: Option<&str>, mark: &KeyMark) -> bool {
        match kid.and_then(|kid| self.named.get(kid)) {
            Some(key) => key.mark == *mark,
            None => self.unnamed.iter().any(|key| key.mark == *mark),
        }
    }
    /// Names under which one and the same key stands, two by two: what is done to one of them leaves the other as it was.
    pub(super) fn twins(&self) -> Vec<(&str, &str)> {
        let mut seen: HashMap<&KeyMark, &str> = HashMap::new();
        let all = self.unnamed.iter().chain(self.named.values());
        all.filter_map(|key| {
            let name = key.kid.as_deref().unwrap_or("no kid");
            let former = seen.insert(&key.material_mark, name)?;
            Some((former, name))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::Period;
    use super::*;

    #[test]
    fn a_key_in_two_places_is_found_whatever_its_names_and_times() {
        let key = |kid: Option<&str>, byte: u8, until: u64| {
            Key::secret(kid, &[byte; 32], Period { from: 0, until })
        };
        let mut ring = KeyRing::default();
        ring.add(key(None, 1, u64::MAX).unwrap()).unwrap();
        ring.add(key(Some("other"), 2, 9).unwrap()).unwrap();
        assert!(ring.twins().is_empty());
        ring.add(key(Some("same"), 1, 9).unwrap()).unwrap();
        assert_eq!(ring.twins(), [("no kid", "same")]);
    }
}
