//! Processor time of a thread: that of its host thread, asked for when somebody wants to know.
//!
//! Reading a clock at each door would cost more than most calls. Linux tells the time of any thread of the process by a
//! file; where there is none, no time is told. Where threads run one at a time none passes: virtual time moves only while
//! nobody runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::sync::{Mutex, Rank};

/// What tells the time of one thread.
#[derive(Debug)]
pub(crate) struct Clock {
    file: Mutex<Option<PathBuf>>,
    /// Ticks of it that somebody has heard.
    heard: AtomicU64,
}

impl Clock {
    /// Of a thread that does not run.
    pub(crate) fn new() -> Clock {
        Clock { file: Mutex::new(Rank::Thread, None), heard: AtomicU64::new(0) }
    }

    /// It is the current host thread that runs it.
    pub(crate) fn start(&self) {
        // A link to this thread, as others of the process can find it too.
        let this = fs::read_link("/proc/thread-self").ok();
        *self.file.lock() = this.map(|it| Path::new("/proc").join(it).join("schedstat"));
    }

    /// What it has had until now; nothing if it does not run.
    pub(crate) fn time(&self) -> Duration {
        self.file.lock().as_deref().and_then(read).unwrap_or_default()
    }

    /// How many ticks of so long have passed since somebody asked. Where no time is told, each question is a tick.
    pub(crate) fn ticks(&self, tick: Duration) -> usize {
        let Some(time) = self.file.lock().as_deref().and_then(read) else { return 1 };
        let now = (time.as_nanos() / tick.as_nanos()) as u64;
        now.saturating_sub(self.heard.swap(now, Ordering::Relaxed)) as usize
    }

    /// The same, and it runs no more.
    pub(crate) fn stop(&self) -> Duration {
        let path = self.file.lock().take();
        path.as_deref().and_then(read).unwrap_or_default()
    }
}

/// The first number of the file is the time that the thread has run for, in nanoseconds.
fn read(path: &Path) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
