//! A program that a test started: it ends with the test, however the test ends.

use std::ops::{Deref, DerefMut};
use std::process::Child;

/// A child that is killed when it is dropped.
#[derive(Debug)]
pub struct Program(Child);

impl Program {
    /// Kills it at once, and waits for its end.
    pub fn kill(self) {
        drop(self);
    }
}

impl From<Child> for Program {
    fn from(child: Child) -> Program {
        Program(child)
    }
}

impl Deref for Program {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Either fails only when it has ended already.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
