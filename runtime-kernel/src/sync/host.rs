//! The host's locks, and what else threads share, as the kernel uses them.
//!
//! Miri cannot run the locks that are fastest, so it runs the standard library's. The models of `crate::models` run
//! those of a checker, which tries every order of steps and every value that a load may see: that is `cfg(loom)`.

#[cfg(not(any(miri, loom)))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(any(miri, loom))]
pub(crate) use standard::{Condvar, Mutex, MutexGuard};
#[cfg(loom)]
pub(crate) use {keys::CellKey, keys::RefCellKey, keys::thread_local, loom::sync::atomic};
#[cfg(not(loom))]
pub(crate) use {std::sync::atomic, std::thread_local};

#[cfg(any(miri, loom))]
mod standard {
    #[cfg(miri)]
    use std::sync;
    use std::sync::PoisonError;
    use std::time::Instant;

    #[cfg(loom)]
    use loom::sync;

    pub(crate) struct MutexGuard<'a, T> {
        held: Option<sync::MutexGuard<'a, T>>,
        #[cfg(loom)]
        of: &'a Mutex<T>,
    }

    #[derive(Default)]
    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    #[derive(Default)]
    pub(crate) struct Condvar(sync::Condvar);

    pub(crate) struct TimedOut(bool);

    impl TimedOut {
        pub(crate) fn timed_out(&self) -> bool {
            self.0
        }
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(sync::Mutex::new(value))
        }

        pub(crate) fn get_mut(&mut self) -> &mut T {
            self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard {
                held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)),
                #[cfg(loom)]
                of: self,
            }
        }
    }

    impl<T> std::ops::Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            self.held.as_ref().expect("only a wait takes it, and puts it back")
        }
    }

    impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.held.as_mut().expect("only a wait takes it, and puts it back")
        }
    }

    impl Condvar {
        pub(crate) fn new() -> Condvar {
            Condvar(sync::Condvar::new())
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let held = guard.held.take().expect("only a wait takes it, and puts it back");
            guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }

        #[cfg(miri)]
        pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> TimedOut {
            let held = guard.held.take().expect("only a wait takes it, and puts it back");
            let limit = until.saturating_duration_since(Instant::now());
            let (held, result) = self.0.wait_timeout(held, limit).unwrap_or_else(PoisonError::into_inner);
            guard.held = Some(held);
            TimedOut(result.timed_out())
        }

        /// The checker knows no time, so it is over after whatever the others do while the lock is free: which may be
        /// nothing, or everything.
        #[cfg(loom)]
        pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _: Instant) -> TimedOut {
            drop(guard.held.take());
            *guard = guard.of.lock();
            TimedOut(true)
        }
    }
}

/// What the standard library's keys of thread-local cells can do, and the checker's cannot.
#[cfg(loom)]
mod keys {
    use std::cell::{Cell, RefCell};

    use loom::thread::LocalKey;

    macro_rules! local {
        ($($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;)*) => {
            $(loom::thread_local! { $(#[$attribute])* static $name: $type = $value })*
        };
    }
    pub(crate) use local as thread_local;

    pub(crate) trait CellKey<T> {
        fn get(&'static self) -> T;
        fn set(&'static self, value: T);
    }

    impl<T: Copy + 'static> CellKey<T> for LocalKey<Cell<T>> {
        fn get(&'static self) -> T {
            self.with(Cell::get)
        }

        fn set(&'static self, value: T) {
            self.with(|it| it.set(value));
        }
    }

    pub(crate) trait RefCellKey<T> {
        fn with_borrow<X>(&'static self, f: impl FnOnce(&T) -> X) -> X;
        fn with_borrow_mut<X>(&'static self, f: impl FnOnce(&mut T) -> X) -> X;
        fn set(&'static self, value: T);
        fn replace(&'static self, value: T) -> T;
    }

    impl<T: 'static> RefCellKey<T> for LocalKey<RefCell<T>> {
        fn with_borrow<X>(&'static self, f: impl FnOnce(&T) -> X) -> X {
            self.with(|it| f(&it.borrow()))
        }

        fn with_borrow_mut<X>(&'static self, f: impl FnOnce(&mut T) -> X) -> X {
            self.with(|it| f(&mut it.borrow_mut()))
        }

        fn set(&'static self, value: T) {
            self.replace(value);
        }

        fn replace(&'static self, value: T) -> T {
            self.with(|it| it.replace(value))
        }
    }
}
