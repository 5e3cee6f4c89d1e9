//! What most ports never have, so that they need not have room for it.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A value that has no place until somebody changes it; until then it reads as [`Blank::BLANK`].
pub(crate) struct Rare<T: Blank>(Option<Box<T>>);

/// What something is before anybody has changed it.
pub(crate) trait Blank: Sized + 'static {
    /// That.
    const BLANK: Self;
    /// Where it is read.
    fn blank() -> &'static Self;
}

impl<T: Blank> Rare<T> {
    pub(crate) const fn new() -> Rare<T> {
        Rare(None)
    }

    /// What it became, if anybody has changed it. Unlike to write, this makes no place for it.
    pub(crate) fn made(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// The same, to have.
    pub(crate) fn take(&mut self) -> Option<T> {
        self.0.take().map(|it| *it)
    }
}

impl<T: Blank> Deref for Rare<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> DerefMut for Rare<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_with(|| Box::new(T::BLANK))
    }
}

impl<T: Blank + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A queue that mostly has one element or none.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    /// None only if there are no others.
    first: Option<T>,
    #[allow(clippy::box_collection, reason = "most queues have no others, and then it is a word")]
    others: Option<Box<VecDeque<T>>>,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Queue<T> {
        Queue { first: None, others: None }
    }

    pub(crate) fn push_back(&mut self, it: T) {
        match self.first {
            None => self.first = Some(it),
            Some(_) => self.others.get_or_insert_default().push_back(it),
        }
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.others.as_mut().and_then(|it| it.pop_front());
        std::mem::replace(&mut self.first, next)
    }

    pub(crate) fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.as_ref().map_or(0, |it| it.len())
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.iter().nth(at)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.others.iter().flat_map(|it| it.iter()))
    }
}
