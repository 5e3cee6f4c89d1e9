//! What a pager has done and has, for whoever looks.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::Space;

/// Numbers of a pager, since it began.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Requests of the kernel to take pages.
    pub pageout_calls: u64,
    /// Requests of the kernel for pages.
    pub pagein_calls: u64,
    /// Pages that were given to the kernel.
    pub pages_in: u64,
    /// Pages that were taken from the kernel.
    pub pages_out: u64,
    /// Pages that the kernel was told to fill with zeros.
    pub pages_unavailable: u64,
    /// Pages that the kernel gave away for the first time.
    pub pages_init: u64,
    /// Those of them that were taken: others were there already.
    pub pages_init_writes: u64,
    /// Pages for which there was no room, or that could not be written.
    pub pages_lost: u64,
    /// Objects that there are now.
    pub objects: u64,
    /// Pages that are kept now.
    pub pages: u64,
    /// Where they are kept.
    pub space: Space,
}

/// A look at a pager's [`Figures`], from any thread.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Figures>>);

impl Watch {
    /// The numbers of now.
    pub fn figures(&self) -> Figures {
        *self.lock()
    }

    /// Who counts does nothing else meanwhile, and cannot leave them half done.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures().fmt(f)
    }
}
