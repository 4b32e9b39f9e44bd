//! Admission (准入): how much may be under way at once, judged before a byte of a body is read.
//!
//! Two counts for the whole process. A request that finds one full is refused at once, so that what
//! was let in keeps its latency.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::HttpError;

/// Requests and bytes of bodies under way.
#[derive(Debug)]
pub struct Admission {
    requests: AtomicUsize,
    requests_max: usize,
    bytes: AtomicUsize,
    bytes_max: usize,
}

/// A request that was let in; leaves when dropped.
pub struct Admitted<'a> {
    admission: &'a Admission,
    bytes: usize,
}

impl Admission {
    /// Lets in up to `requests_max` requests with up to `bytes_max` bytes of bodies.
    pub fn new(requests_max: usize, bytes_max: usize) -> Self {
        let zero = || AtomicUsize::new(0);
        Self {
            requests: zero(),
            requests_max,
            bytes: zero(),
            bytes_max,
        }
    }

    /// Lets a request in whose body has up to `bytes`.
    ///
    /// # Errors
    /// Too much is under way.
    pub fn admit(&self, bytes: usize) -> Result<Admitted<'_>, HttpError> {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed);
        let total = if bytes == 0 {
            0
        } else {
            self.bytes.fetch_add(bytes, Ordering::Relaxed)
        };
        let admitted = Admitted {
            admission: self,
            bytes,
        };
        if requests >= self.requests_max || total.saturating_add(bytes) > self.bytes_max {
            // Dropping gives back what was taken.
            return Err(HttpError::Shed);
        }
        Ok(admitted)
    }

    /// Requests under way.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let before = self.admission.requests.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "each request leaves once");
        if self.bytes > 0 {
            self.admission
                .bytes
                .fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_refuses_and_lets_in_again() {
        let admission = Admission::new(2, 100);
        let first = admission.admit(60).unwrap();
        assert!(admission.admit(50).is_err(), "too many bytes");
        let _second = admission.admit(0).unwrap();
        assert!(admission.admit(0).is_err(), "too many requests");
        drop(first);
        assert!(admission.admit(100).is_ok());
        assert_eq!(admission.requests(), 1);
    }
}
