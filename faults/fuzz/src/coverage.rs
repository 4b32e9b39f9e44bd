//! Coverage as LLVM's pass `sancov-module` counts it: one byte for each edge of the code, and the operands of comparisons.
//!
//! `scripts/fuzz` builds our own crates with the pass, through stable options of rustc and without a line of C. In any
//! other build nobody calls these functions, and the driver goes by what targets answer alone.
//!
//! <https://clang.llvm.org/docs/SanitizerCoverage.html> says what the compiler calls and when.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The counters of one part of the program: words, and the bytes before and behind them.
struct Part {
    before: &'static [AtomicU8],
    words: &'static [AtomicU64],
    behind: &'static [AtomicU8],
}

static PARTS: Mutex<Vec<Part>> = Mutex::new(Vec::new());

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

impl Part {
    /// Gives each counter that is not 0, with its place, and sets it to 0. Most are: they are passed by eight at once.
    fn drain(&self, mut each: impl FnMut(usize, u8)) {
        let mut bytes = |from: usize, counters: &[AtomicU8]| {
            for (at, counter) in counters.iter().enumerate() {
                let count = counter.swap(0, Relaxed);
                if count > 0 {
                    each(from + at, count);
                }
            }
        };
        bytes(0, self.before);
        bytes(self.before.len() + 8 * self.words.len(), self.behind);
        for (at, word) in self.words.iter().enumerate() {
            if word.load(Relaxed) == 0 {
                continue;
            }
            let counts = word.swap(0, Relaxed).to_ne_bytes();
            for (byte, count) in counts
                .into_iter()
                .enumerate()
                .filter(|(_, count)| *count > 0)
            {
                each(self.before.len() + 8 * at + byte, count);
            }
        }
    }

    fn len(&self) -> usize {
        self.before.len() + 8 * self.words.len() + self.behind.len()
    }
}

impl Seen {
    /// Takes in what was counted since the last time; whether some of it is new.
    pub(crate) fn take(&mut self) -> bool {
        let Ok(parts) = PARTS.lock() else {
            return false;
        };
        self.0.resize(parts.iter().map(Part::len).sum(), 0);
        let (mut is_new, mut from) = (false, 0);
        for part in parts.iter() {
            part.drain(|at, count| {
                let bit = 1 << count.ilog2();
                let seen = &mut self.0[from + at];
                is_new |= *seen & bit == 0;
                *seen |= bit;
            });
            from += part.len();
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
    let counters: &'static [AtomicU8] = unsafe { std::slice::from_raw_parts(start.cast(), length) };
    // SAFETY: any eight bytes are an `AtomicU64`, and a count that is lost to a race is no harm.
    let (before, words, behind) = unsafe { counters.align_to::<AtomicU64>() };
    let part = Part {
        before,
        words,
        behind,
    };
    if let Ok(mut parts) = PARTS.lock() {
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
