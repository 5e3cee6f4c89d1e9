//! Operations that may have to wait for a memory manager.
//!
//! Nothing waits under a lock. What finds a page that is not there gives up all its locks and says what it needs; once
//! that has been met it is done again from the start. So it must be the same done twice, up to where it stops.

use std::ops::Range;
use std::sync::Arc;

use mig_rt::{KernReturn, Protection};

use super::frame::PAGE;
use super::object::Object;
use crate::in_kernel;

/// Why an operation has stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It has failed.
    Code(KernReturn),
    /// It can go on when this has been met.
    Need(Need),
}

impl From<KernReturn> for Stop {
    fn from(code: KernReturn) -> Stop {
        Stop::Code(code)
    }
}

/// What an operation waits for.
#[derive(Debug)]
pub(crate) struct Need {
    pub(super) object: Arc<Object>,
    pub(super) wanted: Wanted,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// A page, for an access.
    Page(u64, Protection),
    /// The manager's word that the object is ready.
    Ready,
    /// A copy of some bytes that the manager has a part in.
    Copy(Range<u64>),
}

impl Need {
    pub(super) fn stop<X>(object: &Arc<Object>, wanted: Wanted) -> Result<X, Stop> {
        Err(Stop::Need(Need { object: object.clone(), wanted }))
    }

    /// Of which object a page is wanted, and where in it.
    pub(crate) fn place(&self) -> Option<(Arc<Object>, u64)> {
        match &self.wanted {
            Wanted::Page(page, _) => Some((self.object.clone(), page * PAGE)),
            Wanted::Ready | Wanted::Copy(_) => None,
        }
    }

    /// Waits until it is met.
    ///
    /// # Errors
    /// `KERN_MEMORY_ERROR` and `KERN_MEMORY_FAILURE` if it will not be, `KERN_ABORTED` if somebody ends the wait.
    pub(crate) fn meet(self) -> Result<(), KernReturn> {
        self.meet_for(&mut Copies::default())
    }

    fn meet_for(self, copies: &mut Copies) -> Result<(), KernReturn> {
        let _holding = in_kernel::hold([self.object.clone()]);
        match self.wanted {
            Wanted::Page(page, access) => self.object.bring(page, access),
            Wanted::Ready => self.object.await_ready(),
            Wanted::Copy(range) => {
                let copy = self.object.copy_by_manager(range.clone())?;
                copies.0.push((self.object, range, copy));
                Ok(())
            }
        }
    }
}

/// Copies that managers have made for an operation, until it takes them.
#[derive(Debug, Default)]
pub(crate) struct Copies(Vec<(Arc<Object>, Range<u64>, Arc<Object>)>);

impl Copies {
    /// A copy of some bytes of an object, whole pages, which are found at the same offsets.
    pub(crate) fn of(&mut self, object: &Arc<Object>, range: Range<u64>) -> Result<Arc<Object>, Stop> {
        let made = self.0.iter().find(|(of, which, _)| Arc::ptr_eq(of, object) && *which == range);
        match made {
            Some((.., copy)) => Ok(copy.clone()),
            None => object.copy(range),
        }
    }
}

/// Does an operation until it need not wait any more.
///
/// # Errors
/// Its own, and those of [`Need::meet`].
pub(crate) fn walk<X>(operation: impl FnMut(&mut Copies) -> Result<X, Stop>) -> Result<X, KernReturn> {
    walk_with(Vec::new, operation)
}

/// The same with memory in one's hands, which nobody else may have: these objects.
///
/// # Errors
/// As [`walk`].
pub(super) fn walk_with<X>(
    held: impl Fn() -> Vec<Arc<Object>>,
    mut operation: impl FnMut(&mut Copies) -> Result<X, Stop>,
) -> Result<X, KernReturn> {
    let mut copies = Copies::default();
    loop {
        match operation(&mut copies) {
            Ok(it) => return Ok(it),
            Err(Stop::Code(code)) => return Err(code),
            Err(Stop::Need(it)) => {
                let _holding = in_kernel::hold(copies.0.iter().map(|it| it.2.clone()).chain(held()));
                it.meet_for(&mut copies)?;
            }
        }
    }
}
