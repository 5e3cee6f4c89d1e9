//! Threads of tasks: host threads that the kernel knows.

use std::cell::RefCell;
use std::sync::Arc;

use crate::sync::Interrupts;

thread_local! {
    static INTERRUPTS: RefCell<Option<Arc<Interrupts>>> = const { RefCell::new(None) };
}

/// The interruptions of the current thread. A host thread that no task has started has its own too.
pub(crate) fn interrupts() -> Arc<Interrupts> {
    INTERRUPTS.with_borrow_mut(|it| it.get_or_insert_with(Arc::default).clone())
}

/// Makes the current host thread one whose waits can be interrupted from outside.
pub(crate) fn adopt(interrupts: Arc<Interrupts>) {
    INTERRUPTS.set(Some(interrupts));
}
