//! A kernel with tasks, and messages of the simplest kind.

use mig_rt::{AbiId, Arrived, Disposition, Failed, MsgReturn, Operation, PortName, ReceiveRight, RightKind, Timeout};
use runtime_kernel::{Config, Kernel, Order, Task};

/// A kernel, checked when it goes.
pub(crate) struct World {
    pub(crate) kernel: Kernel,
}

impl World {
    pub(crate) fn new() -> World {
        World { kernel: Kernel::default() }
    }

    pub(crate) fn seeded(seed: u64) -> World {
        World { kernel: Kernel::new(Config { order: Order::Seeded(seed), ..Config::default() }) }
    }

    pub(crate) fn task(&self, name: &str) -> Task {
        self.kernel.task(name, AbiId::GnumachI386)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // What a running thread has in its hands is not found. It puts it down again.
        for _ in 0..10_000 {
            if self.kernel.check().is_ok() {
                return;
            }
            std::thread::yield_now();
        }
        assert_eq!(self.kernel.check(), Ok(()));
    }
}

/// A message of the ABI `gnumach-i386` without a body, but for some words.
pub(crate) struct Simple {
    pub(crate) remote: (PortName, Disposition),
    pub(crate) local: (PortName, Disposition),
    pub(crate) id: u32,
    pub(crate) words: Vec<u32>,
    pub(crate) complex: bool,
}

impl Simple {
    pub(crate) fn to(name: PortName, disposition: Disposition, id: u32) -> Simple {
        let local = (PortName::NULL, Disposition::NONE);
        Simple { remote: (name, disposition), local, id, words: Vec::new(), complex: false }
    }

    pub(crate) fn reply_to(mut self, name: PortName, disposition: Disposition) -> Simple {
        self.local = (name, disposition);
        self
    }

    /// With a right in the body.
    pub(crate) fn carrying(mut self, name: PortName, disposition: Disposition) -> Simple {
        self.words.extend([0x1001_2000 | u32::from(disposition.0), name.0]);
        self.complex = true;
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let bits = u32::from(self.remote.1.0) | u32::from(self.local.1.0) << 8 | u32::from(self.complex) << 31;
        let size = 24 + self.words.len() as u32 * 4;
        let head = [bits, size, self.remote.0.0, self.local.0.0, 0, self.id];
        head.iter().chain(&self.words).flat_map(|it| it.to_le_bytes()).collect()
    }

    pub(crate) fn send(&self, task: &Task) -> Result<(), MsgReturn> {
        self.send_with(task, Operation { send_timeout: Some(Timeout(0)), ..Operation::default() })
    }

    pub(crate) fn send_with(&self, task: &Task, operation: Operation) -> Result<(), MsgReturn> {
        let mut bytes = self.bytes();
        let operation = Operation { send: true, ..operation };
        let sent = task.mach_msg(AbiId::GnumachI386, operation, PortName::NULL, &mut bytes, 0);
        sent.map(drop).map_err(|it| it.code)
    }
}

/// A message that was received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Got(pub(crate) Vec<u32>);

impl Got {
    pub(crate) fn remote(&self) -> (PortName, Disposition) {
        (PortName(self.0[2]), Disposition(self.0[0] as u8))
    }

    pub(crate) fn local(&self) -> (PortName, Disposition) {
        (PortName(self.0[3]), Disposition((self.0[0] >> 8) as u8))
    }

    pub(crate) fn sequence(&self) -> u32 {
        self.0[4]
    }

    pub(crate) fn id(&self) -> u32 {
        self.0[5]
    }

    /// The words behind the header.
    pub(crate) fn body(&self) -> &[u32] {
        &self.0[6..]
    }
}

/// Receives without waiting.
pub(crate) fn poll(task: &Task, name: PortName) -> Result<Got, MsgReturn> {
    receive(task, Operation { receive: Some(name), receive_timeout: Some(Timeout(0)), ..Operation::default() })
}

/// Receives, for as long as it takes.
pub(crate) fn wait(task: &Task, name: PortName) -> Result<Got, MsgReturn> {
    receive(task, Operation { receive: Some(name), ..Operation::default() })
}

pub(crate) fn receive(task: &Task, operation: Operation) -> Result<Got, MsgReturn> {
    let mut bytes = Vec::new();
    let received: Result<Arrived, Failed> =
        task.mach_msg(AbiId::GnumachI386, operation, PortName::NULL, &mut bytes, 4096);
    received.map_err(|it| it.code)?;
    Ok(Got(bytes.chunks_exact(4).map(|it| u32::from_le_bytes(it.try_into().unwrap())).collect()))
}

/// The name of a new port, whose receive right no Rust value owns.
pub(crate) fn port(task: &Task) -> PortName {
    ReceiveRight::new(task).unwrap().into_raw()
}

/// The type bits of a name; 0 if it stands for nothing.
pub(crate) fn type_of(task: &Task, name: PortName) -> u32 {
    task.rights().into_iter().find(|it| it.0 == name).map_or(0, |it| it.1)
}

/// Gives another task a send right, and says what that is called there.
pub(crate) fn give(from: &Task, name: PortName, to: &Task) -> PortName {
    // SAFETY: the name is that of a receive right, which is given up again at once.
    #[allow(unsafe_code, reason = "names as in C")]
    let right = unsafe { ReceiveRight::from_raw(name, from.clone()) };
    let given = from.give_send(&right, to).unwrap().into_raw();
    right.into_raw();
    given
}

/// Drops references as C's programs do.
pub(crate) fn release(task: &Task, name: PortName, kind: RightKind) {
    mig_rt::Transport::release(task, name, kind);
}
