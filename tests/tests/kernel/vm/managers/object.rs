//! A memory object as its manager has it: the ports, and the calls that it makes of the kernel about it.

use std::sync::{Arc, Mutex, MutexGuard};

use generated::mach3::mach::any as mach;
use generated::mach3::types::{CopyStrategy, MemoryObjectReturn};
use mig_rt::{
    AbiId, Address, ErrorKind, Give, KernReturn, MsgReturn, PortName, Protection, ReceiveRight, Result, SendRight, Size,
};
use runtime_kernel::Task;

use crate::vm::PAGE;

/// Leaves the locks of pages as they are (`VM_PROT_NO_CHANGE`).
pub(crate) const NO_CHANGE: Protection = Protection(8);

/// A memory object.
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) port: ReceiveRight<Task>,
    caches: Mutex<Vec<Arc<Cache>>>,
}

/// What the kernel calls what it keeps of the object.
struct Cache {
    control: SendRight<Task>,
    name: SendRight<Task>,
}

/// What becomes of pages.
#[derive(Clone, Copy)]
pub(crate) struct Clean {
    pub(crate) returned: MemoryObjectReturn,
    pub(crate) flush: bool,
    pub(crate) lock: Protection,
    /// Whether the manager wants to be told.
    pub(crate) told: bool,
}

impl Default for Clean {
    fn default() -> Clean {
        Clean { returned: MemoryObjectReturn::NONE, flush: false, lock: NO_CHANGE, told: true }
    }
}

/// A message was sent, unless the kernel is gone with the object.
fn sent(result: Result<()>) {
    let gone = result.is_err_and(|it| it.kind() == ErrorKind::Msg(MsgReturn::SEND_INVALID_DEST));
    assert!(gone || result.is_ok(), "{result:?}");
}

/// So many pages, each full of its byte.
pub(crate) fn filled(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|it| [*it; PAGE as usize]).collect()
}

impl Object {
    pub(super) fn new(name: &str, port: ReceiveRight<Task>) -> Object {
        Object { name: name.to_owned(), port, caches: Mutex::default() }
    }

    fn abi(&self) -> AbiId {
        self.port.via().abi()
    }

    /// Nothing is asked of the kernel under this lock: another thread may run then.
    fn caches(&self) -> MutexGuard<'_, Vec<Arc<Cache>>> {
        self.caches.lock().unwrap()
    }

    /// The last that began.
    fn cache(&self) -> Arc<Cache> {
        self.caches().last().expect("the object has been mapped").clone()
    }

    /// The kernel keeps it from now on.
    pub(super) fn begin(&self, control: SendRight<Task>, name: SendRight<Task>) {
        assert!(control.is_valid() && name.is_valid() && !self.knows(control.name()), "ports of a new cache");
        self.caches().push(Arc::new(Cache { control, name }));
    }

    /// Whether a message came from a cache that it has heard of.
    pub(super) fn knows(&self, control: PortName) -> bool {
        self.caches().iter().any(|it| it.control.name() == control)
    }

    /// The kernel keeps it no longer.
    pub(super) fn end(&self, control: ReceiveRight<Task>, name: ReceiveRight<Task>) {
        let mut caches = self.caches();
        let own = caches.iter().position(|it| it.control.name() == control.name() && it.name.name() == name.name());
        let own = caches.remove(own.expect("the ports that init brought"));
        drop(caches);
        drop(own);
    }

    /// The control port of the last cache that began.
    pub(crate) fn control(&self) -> SendRight<Task> {
        self.cache().control.try_clone().unwrap()
    }

    /// The name port of that cache.
    pub(crate) fn cache_name(&self) -> PortName {
        self.cache().name.name()
    }

    /// How many caches of it there are.
    pub(crate) fn cached(&self) -> usize {
        self.caches().len()
    }

    /// Where an answer is to come, if any is wanted.
    fn reply(&self, told: bool) -> ReceiveRight<Task> {
        let name = if told { self.port.name() } else { PortName::NULL };
        // SAFETY: the name is lent for the call, and given back by `call`.
        #[allow(unsafe_code, reason = "names as in C")]
        unsafe {
            ReceiveRight::from_raw(name, self.port.via().clone())
        }
    }

    /// A call that names a port for an answer.
    fn call<X>(&self, told: bool, call: impl FnOnce(AbiId, &SendRight<Task>, &ReceiveRight<Task>) -> X) -> X {
        let reply = self.reply(told);
        let result = call(self.abi(), &self.cache().control, &reply);
        let _ = reply.into_raw();
        result
    }

    pub(crate) fn ready(&self, may_cache: bool, strategy: CopyStrategy) {
        sent(mach::memory_object_ready(self.abi(), &self.cache().control, may_cache, strategy));
    }

    pub(crate) fn set(&self, ready: bool, may_cache: bool, strategy: CopyStrategy) {
        sent(mach::memory_object_set_attributes(self.abi(), &self.cache().control, ready, may_cache, strategy));
    }

    pub(crate) fn change(&self, may_cache: bool, strategy: CopyStrategy, told: bool) {
        self.call(told, |abi, control, reply| {
            sent(mach::memory_object_change_attributes(abi, control, may_cache, strategy, reply));
        });
    }

    /// Whether it is ready, whether it may be cached, and how it is copied.
    pub(crate) fn attributes(&self) -> Result<(bool, bool, CopyStrategy)> {
        let it = mach::memory_object_get_attributes(self.abi(), &self.cache().control)?;
        Ok((it.object_ready, it.may_cache, it.copy_strategy))
    }

    /// Supplies pages that are full of these bytes: unlocked, not precious, and without an answer.
    pub(crate) fn supply(&self, offset: u64, bytes: &[u8]) {
        sent(self.supply_with(offset, &filled(bytes), Protection::NONE, false, false));
    }

    pub(crate) fn supply_with(
        &self,
        offset: u64,
        data: &[u8],
        lock: Protection,
        precious: bool,
        told: bool,
    ) -> Result<()> {
        self.call(told, |abi, control, reply| {
            mach::memory_object_data_supply(abi, control, Address(offset), Give::Lend(data), lock, precious, reply)
        })
    }

    /// The old form.
    pub(crate) fn provide(&self, offset: u64, data: &[u8], lock: Protection) -> Result<()> {
        mach::memory_object_data_provided(self.abi(), &self.cache().control, Address(offset), data, lock)
    }

    pub(crate) fn unavailable(&self, offset: u64, size: u64) {
        sent(mach::memory_object_data_unavailable(self.abi(), &self.cache().control, Address(offset), Size(size)));
    }

    pub(crate) fn error(&self, offset: u64, size: u64) {
        let why = Err(KernReturn::FAILURE);
        sent(mach::memory_object_data_error(self.abi(), &self.cache().control, Address(offset), Size(size), why));
    }

    pub(crate) fn clean(&self, offset: u64, size: u64, how: Clean) {
        let (at, size) = (Address(offset), Size(size));
        self.call(how.told, |abi, control, reply| {
            sent(mach::memory_object_lock_request(abi, control, at, size, how.returned, how.flush, how.lock, reply));
        });
    }

    /// Allows all but these accesses.
    pub(crate) fn lock(&self, offset: u64, size: u64, forbidden: Protection) {
        self.clean(offset, size, Clean { lock: forbidden, told: false, ..Clean::default() });
    }

    pub(crate) fn destroy(&self) {
        sent(mach::memory_object_destroy(self.abi(), &self.cache().control, Err(KernReturn::FAILURE)));
    }
}
