//! Hears of panics on any thread: one that nobody joins would go unnoticed.

use std::sync::Mutex;

static HEARD: Mutex<Option<String>> = Mutex::new(None);
static TRYING: Mutex<String> = Mutex::new(String::new());

/// From now on the first panic is kept instead of printed. One after it may end the process: it is printed, with what was
/// being tried.
pub(crate) fn set() {
    std::panic::set_hook(Box::new(|panic| {
        let Ok(mut heard) = HEARD.lock() else { return };
        match &*heard {
            None => *heard = Some(panic.to_string()),
            Some(first) => {
                let trying = TRYING.lock().map(|name| name.clone()).unwrap_or_default();
                eprintln!("PANIC {trying}: {panic}\n  after {first}");
            }
        }
    }));
}

/// Says what is being tried.
pub(crate) fn trying(name: &str) {
    if let Ok(mut trying) = TRYING.lock() {
        name.clone_into(&mut trying);
    }
}

/// Whether there was one since the last [`heard`].
pub(crate) fn rang() -> bool {
    HEARD.lock().is_ok_and(|heard| heard.is_some())
}

/// The first one since, and forgets it.
pub(crate) fn heard() -> Option<String> {
    HEARD.lock().ok().and_then(|mut heard| heard.take())
}
