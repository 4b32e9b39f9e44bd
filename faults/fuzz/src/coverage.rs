//! Coverage as LLVM's pass `sancov-module` counts it: one byte for each edge of the code, and the operands of comparisons.
//!
//! `scripts/fuzz` builds our own crates with the pass, through stable options of rustc and without a line of C. In any
//! other build nobody calls these functions, and the driver goes by what targets answer alone.
//!
//! <https://clang.llvm.org/docs/SanitizerCoverage.html> says what the compiler calls and when.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The counters of each part of the program.
static PARTS: Mutex<Vec<&'static [AtomicU8]>> = Mutex::new(Vec::new());

/// Comparisons that did not come out equal, newest over oldest: both operands.
static COMPARED: [[AtomicU64; 2]; 1024] = [const { [const { AtomicU64::new(0) }; 2] }; 1024];
static COMPARISONS: AtomicUsize = AtomicUsize::new(0);

/// Which edges were seen, and how often in powers of two.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<u8>);

/// Whether this build counts.
pub(crate) fn is_guided() -> bool {
    PARTS.lock().is_ok_and(|parts| !parts.is_empty())
}

/// Forgets what was counted.
pub(crate) fn reset() {
    let Ok(parts) = PARTS.lock() else { return };
    parts
        .iter()
        .flat_map(|part| part.iter())
        .for_each(|counter| counter.store(0, Relaxed));
}

impl Seen {
    /// Takes in what was counted since [`reset`]; whether some of it is new.
    pub(crate) fn take(&mut self) -> bool {
        let Ok(parts) = PARTS.lock() else {
            return false;
        };
        self.0.resize(parts.iter().map(|part| part.len()).sum(), 0);
        let counters = parts.iter().flat_map(|part| part.iter());
        let mut is_new = false;
        for (seen, counter) in self.0.iter_mut().zip(counters) {
            let count = counter.load(Relaxed);
            if count > 0 {
                let bit = 1 << count.ilog2();
                is_new |= *seen & bit == 0;
                *seen |= bit;
            }
        }
        is_new
    }

    /// Edges seen so far.
    pub(crate) fn edges(&self) -> usize {
        self.0.iter().filter(|seen| **seen > 0).count()
    }
}

/// Operands that were compared lately: an input that has one may get further with the other.
pub(crate) fn compared(at: usize) -> Option<[u64; 2]> {
    let kept = COMPARISONS.load(Relaxed).min(COMPARED.len());
    let pair = &COMPARED[at.checked_rem(kept)?];
    Some([pair[0].load(Relaxed), pair[1].load(Relaxed)])
}

fn compare(a: u64, b: u64) {
    if a != b {
        let at = COMPARISONS.fetch_add(1, Relaxed);
        let pair = &COMPARED[at % COMPARED.len()];
        pair[0].store(a, Relaxed);
        pair[1].store(b, Relaxed);
    }
}

/// # Safety
/// Called by compiled code with the bounds of its counters, which live as long as the program.
#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    let length = stop as usize - start as usize;
    if length == 0 {
        return;
    }
    // SAFETY: the compiler made a static of that length; whoever counts writes single bytes, as `AtomicU8` may be read.
    let part: &'static [AtomicU8] = unsafe { std::slice::from_raw_parts(start.cast(), length) };
    if let Ok(mut parts) = PARTS.lock()
        && parts.iter().all(|known| known.as_ptr() != part.as_ptr())
    {
        parts.push(part);
    }
}

/// Declares what compiled code calls before a comparison.
macro_rules! comparisons {
    ($($name:ident: $type:ty),*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(a: $type, b: $type) {
            compare(a.into(), b.into());
        }
    )*};
}

comparisons!(
    __sanitizer_cov_trace_cmp1: u8, __sanitizer_cov_trace_cmp2: u16,
    __sanitizer_cov_trace_cmp4: u32, __sanitizer_cov_trace_cmp8: u64,
    __sanitizer_cov_trace_const_cmp1: u8, __sanitizer_cov_trace_const_cmp2: u16,
    __sanitizer_cov_trace_const_cmp4: u32, __sanitizer_cov_trace_const_cmp8: u64
);

/// # Safety
/// `cases` is a number of cases, their width, and the cases.
#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_cov_trace_switch(value: u64, cases: *const u64) {
    // SAFETY: the compiler made this table.
    let count = unsafe { *cases } as usize;
    // Few of many, so that a large match does not drown the rest.
    for at in 0..count.min(4) {
        // SAFETY: it is within the table.
        compare(value, unsafe { *cases.add(2 + at) });
    }
}
