//! A kernel for tests: a [`Loopback`] that never waits, fails when it is told to, and writes down what was received.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mig_rt::exchange;
use mig_rt::loopback::{Accounts, LoopbackMemory, PortAccounts, Stage};
use mig_rt::transport::{Arrived, Failed, Left, Operation, Timeout, Wire};
use mig_rt::typed::{self, Items};
use mig_rt::untyped::{self, Descriptors};
use mig_rt::{
    AbiId, Address, Disposition, KernReturn, Loopback, MsgReturn, PortName, ReceiveRight, RightKind, SendRight,
    Transport,
};

/// The handle.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    pub(crate) inner: Loopback<()>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Default, Debug)]
struct Plan {
    /// What the next calls of `msg` fail with; `None` for one that works.
    failures: VecDeque<Option<Failed>>,
    /// Whether memory, ports and references run out.
    shortage: bool,
    /// Messages as their receivers got them.
    received: Vec<Vec<u8>>,
}

impl Kernel {
    pub(crate) fn new() -> Kernel {
        let kernel = Kernel { inner: Loopback::new((), &[]), plan: Arc::default() };
        let plan = kernel.plan.clone();
        kernel.inner.tap(move |tapped| {
            if tapped.stage == Stage::Received {
                lock(&plan).received.push(tapped.bytes.clone());
            }
            Ok(())
        });
        kernel
    }

    /// A port, and a send right to it.
    pub(crate) fn port(&self) -> (ReceiveRight<Kernel>, SendRight<Kernel>) {
        let port = ReceiveRight::new(self).expect("there are ports");
        let right = self.send_right(&port);
        (port, right)
    }

    pub(crate) fn send_right(&self, port: &ReceiveRight<Kernel>) -> SendRight<Kernel> {
        let twin = self.twin(port);
        let right = self.inner.make_send(&twin);
        twin.into_raw();
        // SAFETY: the reference was made just now, and leaves the value that held it.
        unsafe { SendRight::from_raw(right.into_raw(), self.clone()) }
    }

    pub(crate) fn send_once_right(&self, port: &ReceiveRight<Kernel>) -> mig_rt::SendOnceRight<Kernel> {
        let twin = self.twin(port);
        let right = self.inner.make_send_once(&twin);
        twin.into_raw();
        // SAFETY: as above.
        unsafe { mig_rt::SendOnceRight::from_raw(right.into_raw(), self.clone()) }
    }

    /// The same receive right in the inner space, whose caller must not drop it.
    fn twin(&self, port: &ReceiveRight<Kernel>) -> ReceiveRight<Loopback<()>> {
        // SAFETY: it is taken apart again before anybody could release it.
        unsafe { ReceiveRight::from_raw(port.name(), self.inner.clone()) }
    }

    /// The next calls of `msg` fail so.
    pub(crate) fn fail(&self, failures: impl IntoIterator<Item = Option<Failed>>) {
        lock(&self.plan).failures.extend(failures);
    }

    /// From now on nothing is to be had, or everything again.
    pub(crate) fn shortage(&self, is: bool) {
        lock(&self.plan).shortage = is;
    }

    /// What was received since the last time.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut lock(&self.plan).received)
    }

    pub(crate) fn accounts(&self) -> Accounts {
        self.inner.accounts()
    }

    /// The rights to one port.
    pub(crate) fn rights(&self, name: PortName) -> PortAccounts {
        self.accounts().ports.get(&name).copied().unwrap_or_default()
    }

    /// Everything was let go: nothing but the loopback's own port may exist.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        let accounts = self.accounts();
        let idle = PortAccounts { receive: true, ..PortAccounts::default() };
        let left: Vec<_> = accounts.ports.iter().filter(|it| *it.1 != idle).collect();
        assert!(accounts.ports.len() == 1 && left.is_empty(), "ports are left: {accounts:?}");
        assert!(accounts.regions.is_empty(), "memory is left: {accounts:?}");
        assert!(accounts.faults.is_empty(), "given back too often: {accounts:?}");
    }

    fn short(&self) -> Result<(), KernReturn> {
        if lock(&self.plan).shortage { Err(KernReturn::RESOURCE_SHORTAGE) } else { Ok(()) }
    }

    /// What `mach_msg` leaves of a message that it gave back: every right as one that a receiver gets.
    fn take_back<W: exchange::Row>(&self, message: &mut [u8]) {
        let word = |at: usize| u32::from_le_bytes([message[at], message[at + 1], message[at + 2], message[at + 3]]);
        let bits = word(0);
        let (remote, local) = (Disposition(bits as u8), Disposition((bits >> 8) as u8));
        let names = (PortName(word(8)), PortName(word(W::LOCAL)));
        self.carry(names.0, remote);
        self.carry(names.1, local);
        let bits = bits & 0xffff_0000 | u32::from(remote.received().0) | u32::from(local.received().0) << 8;
        message[..4].copy_from_slice(&bits.to_le_bytes());
    }

    /// The same of a body with type words.
    fn take_back_items<W: typed::Row>(&self, message: &mut [u8]) {
        self.take_back::<W>(message);
        let items: Vec<_> = Items::<W>::new(message).collect();
        for item in items {
            let disposition = item.disposition::<W>();
            if item.is_inline::<W>() && disposition.is_port() {
                item.names::<W>(message).for_each(|it| self.carry(it, disposition));
            }
            item.rewrite::<W>(message, disposition.received(), true);
        }
    }

    /// The same of a body with descriptors.
    fn take_back_descriptors<W: untyped::Row>(&self, message: &mut [u8]) {
        self.take_back::<W>(message);
        let descriptors: Vec<_> = Descriptors::<W>::new(message).collect();
        for it in descriptors {
            let disposition = it.disposition(message);
            if it.is_memory() {
                message[it.at + 8] = 1;
            } else {
                self.carry(it.name::<W>(message), disposition);
                message[it.at + 10] = disposition.received().0;
            }
        }
    }

    /// Makes the right that a disposition copies or makes.
    fn carry(&self, name: PortName, disposition: Disposition) {
        if !name.is_valid() {
            return;
        }
        // SAFETY: a twin of a right that exists, which is taken apart again.
        let twin = unsafe { ReceiveRight::from_raw(name, self.inner.clone()) };
        match disposition {
            Disposition::COPY_SEND | Disposition::MAKE_SEND => drop(self.inner.make_send(&twin).into_raw()),
            Disposition::MAKE_SEND_ONCE => drop(self.inner.make_send_once(&twin).into_raw()),
            _ => {}
        }
        twin.into_raw();
    }
}

fn lock<X>(mutex: &Mutex<X>) -> MutexGuard<'_, X> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A failure.
pub(crate) fn failed(code: MsgReturn, left: Left) -> Option<Failed> {
    Some(Failed { code, left })
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Kernel {}

impl Transport for Kernel {
    const ABIS: &'static [AbiId] = <Loopback<()> as Transport>::ABIS;

    type Memory = LoopbackMemory<()>;

    fn msg(&self, abi: AbiId, mut operation: Operation, message: &mut Wire<'_>) -> Result<Arrived, Failed> {
        // Nobody else could end a wait.
        operation.receive_timeout = operation.receive_timeout.or(Some(Timeout(0)));
        let failure = lock(&self.plan).failures.pop_front().flatten();
        let Some(failed) = failure else { return self.inner.msg(abi, operation, message) };
        match failed.left {
            Left::TakenBack => match abi {
                AbiId::GnumachI386 => self.take_back_items::<typed::GnumachI386>(message.bytes_mut()),
                AbiId::GnumachX8664 => self.take_back_items::<typed::GnumachX8664>(message.bytes_mut()),
                AbiId::GnumachX8664v2022 => self.take_back_items::<typed::GnumachX8664v2022>(message.bytes_mut()),
                AbiId::DarwinLp64 => self.take_back_descriptors::<untyped::DarwinLp64>(message.bytes_mut()),
                _ => self.take_back_descriptors::<untyped::DarwinIlp32>(message.bytes_mut()),
            },
            Left::Sent if operation.send => {
                let send = Operation { receive: None, ..operation };
                self.inner.msg(abi, send, message)?;
            }
            _ => {}
        }
        Err(failed)
    }

    fn make_port(&self) -> Result<PortName, KernReturn> {
        self.short()?;
        self.inner.make_port()
    }

    fn reply_port(&self) -> Result<PortName, KernReturn> {
        self.short()?;
        self.inner.reply_port()
    }

    fn retire_reply_port(&self, name: PortName) {
        self.inner.retire_reply_port(name);
    }

    fn retain(&self, name: PortName, kind: RightKind) -> Result<(), KernReturn> {
        self.short()?;
        self.inner.retain(name, kind)
    }

    fn release(&self, name: PortName, kind: RightKind) {
        self.inner.release(name, kind);
    }

    fn allocate(&self, size: usize, fill: &mut dyn FnMut(&mut [u8])) -> Result<Self::Memory, KernReturn> {
        self.short()?;
        self.inner.allocate(size, fill)
    }

    fn lend(&self, data: &[u8]) -> Result<Address, KernReturn> {
        self.short()?;
        self.inner.lend(data)
    }

    fn unlend(&self, at: Address, size: usize) {
        self.inner.unlend(at, size);
    }

    fn surrender(&self, memory: Self::Memory) -> Address {
        self.inner.surrender(memory)
    }

    unsafe fn adopt(&self, at: Address, size: usize) -> Self::Memory {
        // SAFETY: the caller's contract is the same.
        unsafe { self.inner.adopt(at, size) }
    }
}
