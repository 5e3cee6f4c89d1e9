//! Memory objects, and which of their pages the pager has.

use std::collections::BTreeMap;
use std::ops::Range;

use mig_rt::{Address, KernReturn, PortName, ReceiveRight, SendRight, Size};
use runtime_kernel::Task;

use crate::PAGE;
use crate::stores::Place;

/// Kernels that may have one object mapped at a time. There is one kernel, but whoever has a right to an object can say
/// that it is another.
const MOST_CACHES: usize = 8;

/// Of a page.
const BYTES: u64 = PAGE as u64;

/// Memory that the pager keeps for somebody.
pub(crate) struct Object {
    pub(crate) port: ReceiveRight<Task>,
    /// Whether the kernel has made it for its own anonymous memory: then it ends when the kernel says so. Otherwise a
    /// task has asked for it, and it ends when nobody has a right to it.
    pub(crate) of_kernel: bool,
    /// Bytes that it may have: whole pages.
    size: u64,
    /// Who has it mapped.
    caches: Vec<Cache>,
    /// What is known of its pages, by their number. Pages that are not here are zero.
    pub(crate) pages: BTreeMap<u64, Kept>,
}

/// A kernel that has an object mapped.
struct Cache {
    control: SendRight<Task>,
    name: SendRight<Task>,
}

/// What became of a page that the kernel gave away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kept {
    /// It is there.
    At(Place),
    /// There was no room for it, or it could not be written: whoever touches it has to know.
    Lost,
}

impl Object {
    /// Memory of so many bytes that a task has asked for.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if there cannot be so many.
    pub(crate) fn created(port: ReceiveRight<Task>, size: u64) -> Result<Object, KernReturn> {
        let size = size.checked_next_multiple_of(BYTES).ok_or(KernReturn::INVALID_ARGUMENT)?;
        Ok(Object { port, of_kernel: false, size, caches: Vec::new(), pages: BTreeMap::new() })
    }

    /// The kernel's own. It knows itself how much there is of it.
    pub(crate) fn of_kernel(port: ReceiveRight<Task>, control: SendRight<Task>, name: SendRight<Task>) -> Object {
        let caches = vec![Cache { control, name }];
        Object { port, of_kernel: true, size: u64::MAX - u64::MAX % BYTES, caches, pages: BTreeMap::new() }
    }

    /// A kernel begins to use it.
    pub(crate) fn begin(&mut self, control: SendRight<Task>, name: SendRight<Task>) -> Result<(), KernReturn> {
        if self.of_kernel || self.caches.len() >= MOST_CACHES || self.has_cache(control.name()) {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        self.caches.push(Cache { control, name });
        Ok(())
    }

    /// A kernel does not use it any more.
    pub(crate) fn end(&mut self, control: PortName) -> Result<(), KernReturn> {
        let index = self.caches.iter().position(|it| it.control.name() == control);
        self.caches.remove(index.ok_or(KernReturn::INVALID_ARGUMENT)?);
        Ok(())
    }

    /// Whether this is the control port of a kernel that uses it.
    pub(crate) fn has_cache(&self, control: PortName) -> bool {
        self.caches.iter().any(|it| it.control.name() == control)
    }

    /// A right to the port by which others know it.
    pub(crate) fn name(&self, task: &Task) -> SendRight<Task> {
        let name = self.caches.first().and_then(|it| it.name.try_clone().ok());
        name.unwrap_or_else(|| SendRight::null(task))
    }

    pub(crate) fn is_named(&self, name: PortName) -> bool {
        self.port.name() == name || self.caches.iter().any(|it| it.name.is_valid() && it.name.name() == name)
    }

    /// The numbers of pages that these bytes are.
    ///
    /// # Errors
    /// `KERN_INVALID_ARGUMENT` if they are not whole pages, or not in the object.
    pub(crate) fn pages_of(&self, offset: Address, size: Size) -> Result<Range<u64>, KernReturn> {
        let end = offset.0.checked_add(size.0).filter(|it| *it <= self.size);
        match end {
            Some(end) if offset.0.is_multiple_of(BYTES) && end.is_multiple_of(BYTES) => {
                Ok(offset.0 / BYTES..end / BYTES)
            }
            _ => Err(KernReturn::INVALID_ARGUMENT),
        }
    }

    /// The places of its pages.
    pub(crate) fn places(&mut self) -> impl Iterator<Item = &mut Place> {
        self.pages.values_mut().filter_map(|it| match it {
            Kept::At(place) => Some(place),
            Kept::Lost => None,
        })
    }
}
