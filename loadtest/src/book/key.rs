//! Idempotency keys of the harness: run, worker and place in the book. And the names of its users, which carry the run
//! too, so that the server's feed tells whose doing an event was.

use std::fmt;
use std::str::FromStr;

/// One command's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Number of the run.
    pub run: u32,
    /// Number of the worker.
    pub worker: u16,
    /// Place in that worker's book.
    pub number: u32,
}

/// What the names of a run's users begin with.
pub fn user_prefix(run: u32) -> String {
    format!("load-{run:08x}-")
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "load-{:08x}-{:x}-{:x}",
            self.run, self.worker, self.number
        )
    }
}

impl FromStr for Key {
    type Err = ();

    /// Fails on any key that the harness did not make.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.strip_prefix("load-").ok_or(())?.split('-');
        let mut part = || {
            parts
                .next()
                .filter(|p| !p.is_empty() && !p.starts_with('+'))
                .ok_or(())
        };
        let run = u32::from_str_radix(part()?, 16).map_err(|_| ())?;
        let worker = u16::from_str_radix(part()?, 16).map_err(|_| ())?;
        let number = u32::from_str_radix(part()?, 16).map_err(|_| ())?;
        let key = Self {
            run,
            worker,
            number,
        };
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_strangers_do_not() {
        let key = Key {
            run: 0xbeef,
            worker: 3,
            number: 70_000,
        };
        assert_eq!(key.to_string().parse(), Ok(key));
        for strange in [
            "",
            "load-",
            "load-1-2",
            "seed-1",
            "load-0000beef-3-11170-9",
            "load-0000beef-03-11170",
        ] {
            assert_eq!(strange.parse::<Key>(), Err(()), "{strange}");
        }
    }
}
