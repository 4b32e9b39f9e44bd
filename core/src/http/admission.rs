//! Admission (准入): how much may be under way at once.
//!
//! Two counts for the whole process: requests that are worked on, and bytes. A request that finds one full is
//! refused at once, before a byte of its body is read, so that what was let in keeps its latency.
//!
//! Of a body that is on its way only what has come is counted, not what its head declares: a client that
//! announces much and sends little takes no room from others. Large answers count until they are sent. Neither
//! they nor batches may fill the room to its end: single commands find some when those do not.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::HttpError;

/// Requests worked on, and bytes of bodies and of large answers.
#[derive(Debug)]
pub struct Admission {
    requests: AtomicUsize,
    requests_max: usize,
    bytes: AtomicUsize,
    /// By what they are for: up to how many bytes, of all kinds together, there is room for more.
    bytes_max: [usize; 3],
}

/// What bytes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Purpose {
    /// The body of one command.
    Command,
    /// The body of a batch.
    Batch,
    /// A large answer.
    Answer,
}

impl Admission {
    /// Lets in up to `requests_max` requests, and up to `bytes_max` bytes; the largest batch has `batch_max`.
    pub fn new(requests_max: usize, bytes_max: usize, batch_max: usize) -> Self {
        let zero = || AtomicUsize::new(0);
        let most = [bytes_max, (bytes_max / 4 * 3).max(batch_max), bytes_max / 2];
        Self {
            requests: zero(),
            requests_max,
            bytes: zero(),
            bytes_max: most.map(|most| most.min(bytes_max)),
        }
    }

    /// Whether there is room now for a request whose body has up to `bytes`; takes none.
    ///
    /// # Errors
    /// Too much is under way.
    #[inline]
    pub fn look(&self, bytes: usize, purpose: Purpose) -> Result<(), HttpError> {
        let total = self.bytes().saturating_add(bytes);
        if self.requests() >= self.requests_max || total > self.room(purpose) {
            return Err(HttpError::Shed);
        }
        Ok(())
    }

    /// Lets a request in whose body is here.
    ///
    /// # Errors
    /// As many are worked on as may be.
    #[inline]
    pub fn admit(&self) -> Result<Admitted<'_>, HttpError> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted { admission: self };
        if before >= self.requests_max {
            // Dropping gives back what was taken.
            return Err(HttpError::Shed);
        }
        Ok(admitted)
    }

    fn room(&self, purpose: Purpose) -> usize {
        self.bytes_max[purpose as usize]
    }

    /// Requests worked on.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes under way.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A request that is worked on; leaves when dropped.
pub struct Admitted<'a> {
    admission: &'a Admission,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let before = self.admission.requests.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "each request leaves once");
    }
}

/// Bytes of one body or answer; given back when dropped.
pub struct Held<A: Deref<Target = Admission>> {
    admission: A,
    purpose: Purpose,
    bytes: usize,
}

impl<A: Deref<Target = Admission>> Held<A> {
    /// Nothing yet.
    pub fn new(admission: A, purpose: Purpose) -> Self {
        Self {
            admission,
            purpose,
            bytes: 0,
        }
    }

    /// Takes more.
    ///
    /// # Errors
    /// There is no room for it; none is taken.
    #[inline]
    pub fn grow(&mut self, bytes: usize) -> Result<(), HttpError> {
        let before = self.admission.bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.admission.room(self.purpose) {
            self.admission.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(HttpError::Shed);
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Whether so much more would not even fit if it were alone.
    pub fn could_never(&self, bytes: usize) -> bool {
        self.bytes.saturating_add(bytes) > self.admission.room(self.purpose)
    }

    /// Takes more, whether there is room or not: what was decided is told.
    pub fn grow_anyway(&mut self, bytes: usize) {
        self.admission.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
    }
}

impl<A: Deref<Target = Admission>> Drop for Held<A> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let before = self
                .admission
                .bytes
                .fetch_sub(self.bytes, Ordering::Relaxed);
            assert!(before >= self.bytes, "bytes are given back once");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_refuses_and_lets_in_again() {
        let admission = Admission::new(2, 100, 10);
        let first = admission.admit().unwrap();
        let _second = admission.admit().unwrap();
        assert!(admission.admit().is_err() && admission.look(0, Purpose::Command).is_err());
        assert_eq!(admission.requests(), 2);
        drop(first);
        assert!(admission.look(100, Purpose::Command).is_ok());
        assert!(admission.look(101, Purpose::Command).is_err());
        assert!(admission.admit().is_ok());
    }

    #[test]
    fn bytes_count_as_they_come() {
        let admission = Admission::new(2, 100, 10);
        let [mut a, mut b] = [(); 2].map(|()| Held::new(&admission, Purpose::Command));
        a.grow(60).unwrap();
        assert!(b.grow(50).is_err(), "too many bytes");
        b.grow(40).unwrap();
        assert!(admission.look(1, Purpose::Command).is_err());
        drop(a);
        b.grow(60).unwrap();
        b.grow_anyway(500);
        assert!(b.grow(0).is_err(), "more than full");
        drop(b);
        assert_eq!(admission.bytes(), 0);
    }

    #[test]
    fn batches_and_answers_leave_room_for_commands() {
        let admission = Admission::new(2, 100, 10);
        let take = |purpose, bytes| {
            let mut held = Held::new(&admission, purpose);
            held.grow(bytes).map(|()| held)
        };
        assert!(take(Purpose::Answer, 51).is_err() && take(Purpose::Batch, 76).is_err());
        let _answer = take(Purpose::Answer, 50).unwrap();
        assert!(take(Purpose::Answer, 1).is_err());
        let _batch = take(Purpose::Batch, 25).unwrap();
        assert!(take(Purpose::Batch, 1).is_err());
        assert!(take(Purpose::Command, 25).is_ok());
        let large = Admission::new(2, 100, 100);
        assert!(
            large.look(100, Purpose::Batch).is_ok(),
            "the largest batch can pass"
        );
    }
}
