//! For tests: ends the process, as `kill -9` does, at a named point.

use std::sync::{Mutex, PoisonError};

static AT: Mutex<Option<String>> = Mutex::new(None);

/// From now on, reaching `point` ends the process.
pub(crate) fn die_at(point: &str) {
    *AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(point.to_owned());
}

pub(crate) fn reached(point: &str) {
    let hit = AT
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_deref()
        .is_some_and(|at| at == point);
    if hit {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::thread::sleep(std::time::Duration::from_secs(10));
    }
}
