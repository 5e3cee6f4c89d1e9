//! A task's memory as its programs use it.

use std::fmt;

use mig_rt::{Address, KernReturn, Protection};

use super::Task;
use crate::effect::Scope;
use crate::exception::{Exception, raise};
use crate::thread;
use crate::vm::Map;
use crate::vm::walk::Stop;

/// A number as a program has it in memory: of 8 to 64 bits, with a sign or without. Sealed.
pub trait Word: Copy + sealed::Sealed {
    /// Bytes.
    const SIZE: usize;
    /// From its bytes, of which there are [`SIZE`](Word::SIZE).
    #[doc(hidden)]
    fn load(bytes: &[u8]) -> Self;
    /// Into its bytes.
    #[doc(hidden)]
    fn store(self, bytes: &mut [u8]);
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! words {
    ($($word:ty)*) => { $(
        impl sealed::Sealed for $word {}

        impl Word for $word {
            const SIZE: usize = size_of::<$word>();

            fn load(bytes: &[u8]) -> $word {
                let mut own = [0; size_of::<$word>()];
                own.copy_from_slice(bytes);
                <$word>::from_le_bytes(own)
            }

            fn store(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    )* };
}
words! { u8 i8 u16 i16 u32 i32 u64 i64 }

/// The memory of a task, where every access is checked and faults as a processor's would: see [`Task::memory`].
///
/// Numbers are little-endian, as on every machine that the ABIs know. An access to one number happens at once, unless
/// the number crosses a page, and so does each of the atomic ones; slices are read and written page by page.
///
/// A thread of the task that touches what is not there, or what it may not touch, has an exception of the kind
/// `EXC_BAD_ACCESS`, with the code below and the address: see [`Task::raise`]. If somebody deals with it the access is
/// tried again; otherwise the task ends.
///
/// What a memory manager has is waited for. If it says that it has it not, the code is `KERN_MEMORY_ERROR`, and if there is
/// no manager any more `KERN_MEMORY_FAILURE`.
///
/// For everybody else all functions fail with these codes, with `KERN_INVALID_ADDRESS` where the task has no memory, and
/// with `KERN_PROTECTION_FAILURE` where it may not do this; then nothing has happened, but that a write may have come as
/// far as the page that is missing.
#[derive(Clone, Copy)]
pub struct ProgramMemory<'a> {
    task: &'a Task,
    /// Threads of the task have exceptions.
    raises: bool,
}

/// `EXC_BAD_ACCESS`
const BAD_ACCESS: i32 = 1;

impl<'a> ProgramMemory<'a> {
    pub(super) fn of(task: &'a Task) -> ProgramMemory<'a> {
        ProgramMemory { task, raises: true }
    }

    /// For those who only look.
    pub(super) fn looked_at(task: &'a Task) -> ProgramMemory<'a> {
        ProgramMemory { task, raises: false }
    }

    /// Tries an access of so many bytes until it succeeds, or until it is not the program's own.
    fn access<X>(
        &self,
        (at, size): (Address, usize),
        access: Protection,
        mut run: impl FnMut(&Map) -> Result<X, Stop>,
    ) -> Result<X, KernReturn> {
        let map = &self.task.0.map;
        loop {
            // Memory may be dropped whose manager is to be told.
            let scope = Scope::open();
            let outcome = run(map);
            drop(scope);
            let (code, wrong) = match outcome {
                Ok(it) => {
                    if map.frames().is_over() {
                        thread::trap(|| map.frames().relieve());
                    }
                    return Ok(it);
                }
                Err(Stop::Need(need)) => {
                    let place = need.place();
                    match thread::trap(|| need.meet()) {
                        // Whoever is interrupted tries again, unless it has ended.
                        Ok(()) | Err(KernReturn::ABORTED) => continue,
                        Err(code) => (code, place.and_then(|it| map.first_of(at.0, size, &it.0, it.1))),
                    }
                }
                Err(Stop::Code(code @ (KernReturn::INVALID_ADDRESS | KernReturn::PROTECTION_FAILURE))) => {
                    (code, map.first_fault(at.0, size, access))
                }
                Err(Stop::Code(code)) => return Err(code),
            };
            let own = thread::current().is_some_and(|it| std::ptr::eq(it.task.as_ptr(), &*self.task.0));
            if !own || !self.raises {
                return Err(code);
            }
            // If there is none, somebody has mended it meanwhile.
            let Some(wrong) = wrong else { continue };
            let subcode = wrong as i64;
            thread::trap(|| raise(Exception { kind: BAD_ACCESS, code: code.code().into(), subcode }))?;
        }
    }

    /// A number.
    ///
    /// # Errors
    /// As above.
    pub fn read<W: Word>(&self, at: Address) -> Result<W, KernReturn> {
        let mut bytes = [0; 8];
        self.read_into(at, &mut bytes[..W::SIZE])?;
        Ok(W::load(&bytes[..W::SIZE]))
    }

    /// Writes a number.
    ///
    /// # Errors
    /// As above.
    pub fn write<W: Word>(&self, at: Address, word: W) -> Result<(), KernReturn> {
        let mut bytes = [0; 8];
        word.store(&mut bytes[..W::SIZE]);
        self.write_bytes(at, &bytes[..W::SIZE])
    }

    /// Numbers side by side.
    ///
    /// # Errors
    /// As above.
    pub fn read_slice<W: Word>(&self, at: Address, to: &mut [W]) -> Result<(), KernReturn> {
        let bytes = self.read_bytes(at, to.len().saturating_mul(W::SIZE))?;
        to.iter_mut().zip(bytes.chunks_exact(W::SIZE)).for_each(|(to, it)| *to = W::load(it));
        Ok(())
    }

    /// Writes numbers side by side.
    ///
    /// # Errors
    /// As above.
    pub fn write_slice<W: Word>(&self, at: Address, from: &[W]) -> Result<(), KernReturn> {
        let mut bytes = vec![0; from.len() * W::SIZE];
        bytes.chunks_exact_mut(W::SIZE).zip(from).for_each(|(to, it)| it.store(to));
        self.write_bytes(at, &bytes)
    }

    /// Bytes.
    ///
    /// # Errors
    /// As above.
    pub fn read_bytes(&self, at: Address, size: usize) -> Result<Vec<u8>, KernReturn> {
        self.access((at, size), Protection::READ, |map| map.read_new(at.0, size))
    }

    /// Bytes, into the caller's own.
    ///
    /// # Errors
    /// As above.
    pub fn read_into(&self, at: Address, to: &mut [u8]) -> Result<(), KernReturn> {
        self.access((at, to.len()), Protection::READ, |map| map.read(at.0, to))
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// As above.
    pub fn write_bytes(&self, at: Address, from: &[u8]) -> Result<(), KernReturn> {
        self.access((at, from.len()), Protection::WRITE, |map| map.write(at.0, from))
    }

    /// Replaces a number by one made of it, and returns what it was; nobody else reads or writes it in between. The
    /// memory is locked while `change` runs, so that it must use neither memory nor anything else of a kernel.
    ///
    /// # Errors
    /// As above; the memory must allow both reading and writing. `KERN_INVALID_ARGUMENT` if the number crosses a page.
    pub fn update<W: Word>(&self, at: Address, change: impl Fn(W) -> W) -> Result<W, KernReturn> {
        let mut before = None;
        self.access((at, W::SIZE), Protection::DEFAULT, |map| {
            map.update(at.0, W::SIZE, &mut |bytes| {
                let word = W::load(bytes);
                change(word).store(bytes);
                before = Some(word);
            })
        })?;
        before.ok_or(KernReturn::INVALID_ADDRESS)
    }

    /// Replaces a number if it is the expected one, and returns what it was.
    ///
    /// # Errors
    /// As [`update`](ProgramMemory::update).
    pub fn compare_and_swap<W: Word + PartialEq>(&self, at: Address, expected: W, new: W) -> Result<W, KernReturn> {
        self.update(at, |it| if it == expected { new } else { it })
    }
}

impl fmt::Debug for ProgramMemory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProgramMemory of {}", self.task.name())
    }
}
