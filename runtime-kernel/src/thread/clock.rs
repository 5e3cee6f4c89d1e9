//! Processor time of a thread: that of its host thread, asked for when somebody wants to know.
//!
//! Reading a clock at each door would cost more than most calls. Linux tells the time of any thread of the process by a
//! file; where there is none, no time is told. Where threads run one at a time none passes: virtual time moves only while
//! nobody runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sync::{Mutex, Rank};

/// What tells the time of one thread.
#[derive(Debug)]
pub(crate) struct Clock(Mutex<Option<PathBuf>>);

impl Clock {
    /// Of a thread that does not run.
    pub(crate) fn new() -> Clock {
        Clock(Mutex::new(Rank::Thread, None))
    }

    /// It is the current host thread that runs it.
    pub(crate) fn start(&self) {
        // A link to this thread, as others of the process can find it too.
        let this = fs::read_link("/proc/thread-self").ok();
        *self.0.lock() = this.map(|it| Path::new("/proc").join(it).join("schedstat"));
    }

    /// What it has had until now; nothing if it does not run.
    pub(crate) fn time(&self) -> Duration {
        self.0.lock().as_deref().and_then(read).unwrap_or_default()
    }

    /// The same, and it runs no more.
    pub(crate) fn stop(&self) -> Duration {
        let path = self.0.lock().take();
        path.as_deref().and_then(read).unwrap_or_default()
    }
}

/// The first number of the file is the time that the thread has run for, in nanoseconds.
fn read(path: &Path) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
