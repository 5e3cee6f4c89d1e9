//! A default memory manager: where the pages of a kernel go that has no room for them.
//!
//! Memory that programs allocate belongs to no file, so that the kernel has nowhere to write it when it has too many
//! pages. It asks the default manager then: it gives it an object (`memory_object_create`) and pages of that
//! (`memory_object_data_initialize`, `memory_object_data_return`), and asks for them again when somebody touches them
//! (`memory_object_data_request`). This crate is such a manager. It is a program in a task like any other, and asks the
//! kernel by the same messages.
//!
//! The pages are kept in a [`Store`]: a file or another [`Disk`] ([`OnDisk`]), compressed in memory ([`Compressed`]), or
//! whatever a program makes.
//!
//! ```
//! use default_pager::Compressed;
//! use mig_rt::AbiId;
//! use runtime_kernel::Kernel;
//!
//! let kernel = Kernel::default();
//! let pager = default_pager::start(&kernel, AbiId::GnumachX8664, Compressed::new(1 << 20))?;
//! assert_eq!(pager.watch.figures().space.free, 1 << 20);
//! # Ok::<(), mig_rt::KernReturn>(())
//! ```
//!
//! # What it offers to programs
//! A program that has a right to the pager's port (`vm_set_default_memory_manager` tells it to whoever has the host's
//! privileged port) asks there, in any ABI:
//! - `default_pager_object_create`: memory that several tasks can map; it is gone when nobody has a right to it.
//! - `default_pager_info`, `default_pager_objects`, `default_pager_object_pages`: what there is.
//! - `default_pager_backing_store_create`, `_info`, `_delete` and `default_pager_add_segment`, of OSF: more room, on a
//!   device that the pager was given by [`Pager::device`]. Pages go to stores of higher priority first. A store that is
//!   deleted moves its pages to others; if they have no room, it stays.
//!
//! It opens no files that a message names: `default_pager_paging_file` and `default_pager_register_fileserver` are
//! answered `MIG_BAD_ID`.
//!
//! # When something fails
//! A page for which there is no room is lost: whoever touches it has an error (`KERN_MEMORY_ERROR`), and
//! [`Figures::pages_lost`] counts it. Requests that come from nobody who has the object mapped are ignored.

mod figures;
mod object;
mod pager;
mod paging;
mod requests;
mod store;
mod stores;

use generated::mach3::mach::any::vm_set_default_memory_manager;
use mig_rt::{AbiId, KernReturn, MsgReturn};
use runtime_kernel::{Kernel, Task, Thread};

pub use figures::{Figures, Watch};
pub use pager::Pager;
pub use store::{Compressed, Disk, OnDisk, Page, Slot, Space, Store};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// A default pager that serves.
#[derive(Debug)]
pub struct Running {
    /// Its task. The pager ends with it, and so does memory that is nowhere else.
    pub task: Task,
    /// Its thread, which ends with the task.
    pub thread: Thread<MsgReturn>,
    /// What it does.
    pub watch: Watch,
}

/// Starts a pager in a task of its own, which speaks an ABI of Mach 3, and makes it the kernel's.
///
/// # Errors
/// As [`Pager::new`].
///
/// # Panics
/// If the host has no thread left.
pub fn start(kernel: &Kernel, abi: AbiId, store: impl Store + 'static) -> Result<Running, KernReturn> {
    let task = kernel.task("default pager", abi);
    let made = Pager::new(&task, store).and_then(|pager| {
        let set = vm_set_default_memory_manager(abi, &kernel.host_priv_port(&task), pager.port());
        set.map(|_| pager).map_err(|it| it.to_kern())
    });
    let pager = made.inspect_err(|_| task.terminate())?;
    let watch = pager.watch();
    let thread = task.spawn("default pager", move |_| pager.serve());
    Ok(Running { task, thread, watch })
}
