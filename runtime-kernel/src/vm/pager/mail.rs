//! What the kernel says to memory managers, in the order in which it was decided.
//!
//! It is decided under the lock of an object and said when no lock is held. Whoever finds something to be said says all
//! of it; others leave theirs. So what one thread has decided before another is said before, too.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use generated::mach3::types::CopyStrategy;
use generated::mach3::{memory_object, memory_object_default};
use mig_rt::{AbiId, Address, Disposition, KernReturn, Outbound, Protection, ReceiveRight, SendRight, Size};

use super::Cache;
use crate::effect::{self, Effect, Scope};
use crate::in_kernel::{self, InKernel, answer};
use crate::ipc::port::Port;
use crate::ipc::queue::{self, Patience};
use crate::ipc::right::{Carried, ReceiveRef, SendRef};
use crate::sync::{Mutex, Rank, holds_none};
use crate::vm::frame::{Frames, PAGE};

/// The ports of one object, and the way to its manager.
pub(crate) struct Link {
    /// By which its manager speaks to the kernel.
    pub(super) control: Arc<Port>,
    /// By which others know it.
    pub(super) name: Arc<Port>,
    cache: Arc<Cache>,
    mail: Arc<Mail>,
    /// Which of the objects it is that its manager's port has stood for.
    number: u32,
    frames: Arc<Frames>,
    /// It is a store.
    store: bool,
}

/// What there is to say at one port, of all the objects that it has stood for.
#[derive(Debug)]
pub(crate) struct Mail(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Call>,
    /// What later objects have to say while the end of an earlier one has not been said.
    later: VecDeque<Call>,
    /// The object that speaks.
    now: u32,
    /// The next one's number.
    next: u32,
    /// Somebody says what is ready.
    saying: bool,
}

#[derive(Debug)]
struct Call {
    link: Arc<Link>,
    to: SendRef,
    what: What,
}

/// What is to be said: the messages of the subsystems `memory_object` and `memory_object_default`.
#[derive(Debug)]
pub(crate) enum What {
    Init,
    Create { new: ReceiveRef, size: u64 },
    DataRequest { offset: u64, access: Protection },
    DataUnlock { offset: u64, access: Protection },
    DataInitialize { offset: u64, data: Vec<u8> },
    DataWrite { offset: u64, data: Vec<u8> },
    DataReturn { offset: u64, data: Vec<u8>, dirty: bool, kernel_copy: bool },
    Copy { offset: u64, length: u64, new: ReceiveRef },
    LockCompleted { to: Carried, offset: u64, length: u64 },
    SupplyCompleted { to: Carried, offset: u64, length: u64, result: Result<(), KernReturn>, error_offset: u64 },
    ChangeCompleted { to: Carried, may_cache: bool, strategy: CopyStrategy },
    Terminate,
}

/// A right that goes along with what is said.
pub(crate) enum Moved<'a> {
    Nothing,
    Receive(&'a ReceiveRef),
    Other(&'a Carried),
}

impl Mail {
    pub(super) fn new() -> Arc<Mail> {
        Arc::new(Mail(Mutex::new(Rank::Mail, State::default())))
    }

    fn push(self: &Arc<Mail>, call: Call) {
        let mut state = self.0.lock();
        // Who was the last to speak may have something to add.
        if call.link.number <= state.now {
            state.post(call);
        } else {
            state.later.push_back(call);
        }
        drop(state);
        effect::push(Effect::Mail(self.clone()));
    }

    /// Calls with the rights of everything that is still to be said: to whom, and what moves with it.
    pub(crate) fn each(&self, call: &mut dyn FnMut(&SendRef, Moved<'_>)) {
        let state = self.0.lock();
        state.ready.iter().chain(&state.later).for_each(|it| call(&it.to, it.what.moved()));
    }

    /// Says everything, unless somebody else does.
    pub(crate) fn say(&self) {
        loop {
            let mut state = self.0.lock();
            if state.saying {
                return;
            }
            let Some(call) = state.ready.pop_front() else { return };
            state.saying = true;
            drop(state);
            call.say();
            self.0.lock().saying = false;
        }
    }
}

impl State {
    fn post(&mut self, call: Call) {
        let ends = matches!(call.what, What::Terminate);
        self.ready.push_back(call);
        if !ends {
            return;
        }
        self.now += 1;
        for call in std::mem::take(&mut self.later) {
            if call.link.number <= self.now { self.post(call) } else { self.later.push_back(call) }
        }
    }
}

impl Link {
    pub(super) fn new(
        [control, name]: [Arc<Port>; 2],
        cache: Arc<Cache>,
        mail: &Arc<Mail>,
        frames: &Arc<Frames>,
        store: bool,
    ) -> Link {
        let mut state = mail.0.lock();
        let number = state.next;
        state.next += 1;
        drop(state);
        Link { control, name, cache, mail: mail.clone(), number, frames: frames.clone(), store }
    }

    /// Something is to be said, as soon as no lock is held.
    pub(super) fn say(self: &Arc<Link>, to: SendRef, what: What) {
        // What nobody has any more may be dropped anywhere; under a lock some door's scope is open.
        let _scope = holds_none().then(Scope::open);
        self.mail.push(Call { link: self.clone(), to, what });
    }

    /// Whether the manager has not got its ports.
    pub(super) fn is_open(&self) -> bool {
        !self.cache.is_given()
    }
}

impl Call {
    /// Says it. What is said to a dead port is lost, with the rights in it.
    fn say(self) {
        let Call { link, to, what } = self;
        let stored = link.store && matches!(what, What::DataInitialize { .. } | What::DataReturn { .. });
        let abi = to.port().abi();
        let message = match what {
            What::Terminate => {
                link.cache.give();
                let [control, name] = [&link.control, &link.name].map(|it| ReceiveRef::of(it.clone()));
                InKernel::compose(|| {
                    let (to, control, name) = (send(to), InKernel::receive(control), InKernel::receive(name));
                    memory_object::any::memory_object_terminate(abi, to, control, name)
                })
            }
            what => lending(&link.control, |control| InKernel::compose(|| what.write(abi, to, control, &link.name))),
        };
        let Some(message) = message else {
            // Its receiver has become one that does not know the messages: it manages nothing any more.
            link.cache.object().into_iter().for_each(|it| it.die());
            return;
        };
        // Whoever makes pages faster than the default memory manager takes them waits for it.
        let patience = if stored && link.frames.may_wait() { Patience::Wait(None) } else { Patience::Forced };
        if let Err((_, message)) = in_kernel::waiting(|| queue::send(message, patience)) {
            queue::deliver(message);
        }
    }
}

fn send(to: SendRef) -> SendRight<InKernel> {
    InKernel::send(Carried::Send(to))
}

/// Who asked to be told.
fn told(to: Carried) -> Outbound<'static, InKernel> {
    answer(to, Disposition::MOVE_SEND_ONCE)
}

/// Makes rights of a port of the kernel's, which stays the kernel's.
fn lending<X>(port: &Arc<Port>, run: impl FnOnce(&ReceiveRight<InKernel>) -> X) -> X {
    let right = InKernel::receive(ReceiveRef::of(port.clone()));
    let result = run(&right);
    if let Carried::Receive(it) = InKernel::take(right) {
        it.keep();
    }
    result
}

impl What {
    fn moved(&self) -> Moved<'_> {
        match self {
            What::Create { new, .. } | What::Copy { new, .. } => Moved::Receive(new),
            What::LockCompleted { to, .. } | What::SupplyCompleted { to, .. } | What::ChangeCompleted { to, .. } => {
                Moved::Other(to)
            }
            _ => Moved::Nothing,
        }
    }

    /// Writes it, to a receiver that reads an ABI.
    fn write(self, abi: AbiId, to: SendRef, control: &ReceiveRight<InKernel>, name: &Arc<Port>) -> mig_rt::Result<()> {
        use memory_object::any as object;
        use memory_object_default::any as default;
        let page = Size(PAGE);
        match self {
            What::Init => lending(name, |name| object::memory_object_init(abi, &send(to), control, name, page)),
            What::Create { new, size } => lending(name, |name| {
                let new = InKernel::receive(new);
                default::memory_object_create(abi, send(to), new, Size(size), control, name, page)
            }),
            What::DataRequest { offset, access } => {
                object::memory_object_data_request(abi, &send(to), control, Address(offset), page, access)
            }
            What::DataUnlock { offset, access } => {
                object::memory_object_data_unlock(abi, &send(to), control, Address(offset), page, access)
            }
            What::DataInitialize { offset, data } => {
                default::memory_object_data_initialize(abi, &send(to), control, Address(offset), &data)
            }
            What::DataWrite { offset, data } => {
                object::memory_object_data_write(abi, &send(to), control, Address(offset), &data)
            }
            What::DataReturn { offset, data, dirty, kernel_copy } => {
                let at = Address(offset);
                object::memory_object_data_return(abi, &send(to), control, at, &data, dirty, kernel_copy)
            }
            What::Copy { offset, length, new } => {
                let (at, new) = (Address(offset), InKernel::receive(new));
                object::memory_object_copy(abi, &send(to), control, at, Size(length), new)
            }
            What::LockCompleted { to: told_to, offset, length } => {
                let (at, length) = (Address(offset), Size(length));
                object::memory_object_lock_completed(abi, told(told_to), control, at, length)
            }
            What::SupplyCompleted { to: told_to, offset, length, result, error_offset } => {
                let (at, length, error) = (Address(offset), Size(length), Address(error_offset));
                object::memory_object_supply_completed(abi, told(told_to), control, at, length, result, error)
            }
            What::ChangeCompleted { to: told_to, may_cache, strategy } => {
                object::memory_object_change_completed(abi, told(told_to), may_cache, strategy)
            }
            What::Terminate => unreachable!("it gives the control port away"),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.number)
    }
}
