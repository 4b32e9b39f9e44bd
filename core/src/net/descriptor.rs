//! The limit on open files, and a table of descriptors for one thread alone.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Raises the soft limit on open files to the hard one, and says what it is now.
pub(super) fn raise_limit() -> u64 {
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum {
        // Refusal leaves the soft limit, which the plan then reckons with.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: now.maximum,
                maximum: now.maximum,
            },
        );
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Parts the calling thread's descriptor table from the process's: the limit then counts for this
/// thread alone. Descriptors that were open stay valid on both sides under the same number.
///
/// # Errors
/// What the system says; without this the thread shares the table and its limit.
pub(super) fn take_private_table() -> io::Result<()> {
    // SAFETY: the hazard is a descriptor used by a thread in whose table it isn't. This thread's
    // runtime was made before, its sockets are made after and never leave it, and files are read
    // only by threads that share the process's table (see the module's documentation).
    #[allow(unsafe_code)]
    let parted = unsafe { unshare_unsafe(UnshareFlags::FILES) };
    parted.map_err(io::Error::from)
}
