//! The host's locks, as the kernel uses them. Miri cannot run those that are fastest, so it runs the standard library's.

#[cfg(not(miri))]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(miri)]
pub(crate) use standard::{Condvar, Mutex, MutexGuard};

#[cfg(miri)]
mod standard {
    use std::sync::{self, PoisonError};
    use std::time::Instant;

    pub(crate) struct MutexGuard<'a, T>(Option<sync::MutexGuard<'a, T>>);

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
        pub(crate) const fn new(value: T) -> Mutex<T> {
            Mutex(sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
        }
    }

    impl<T> std::ops::Deref for MutexGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            self.0.as_ref().expect("only a wait takes it, and puts it back")
        }
    }

    impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("only a wait takes it, and puts it back")
        }
    }

    impl Condvar {
        pub(crate) const fn new() -> Condvar {
            Condvar(sync::Condvar::new())
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let held = guard.0.take().expect("only a wait takes it, and puts it back");
            guard.0 = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }

        pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> TimedOut {
            let held = guard.0.take().expect("only a wait takes it, and puts it back");
            let limit = until.saturating_duration_since(Instant::now());
            let (held, result) = self.0.wait_timeout(held, limit).unwrap_or_else(PoisonError::into_inner);
            guard.0 = Some(held);
            TimedOut(result.timed_out())
        }
    }
}
