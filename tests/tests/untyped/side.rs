//! One side of a call: the values that it gives, by the recording, and those that it gets.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use mig_rt::loopback::Loopback;
use mig_rt::untyped::{DarwinIlp32, DarwinLp64};
use mig_rt::{AbiId, Form, KernReturn, PortIn, PortName, ReceiveRight, SendRight};

use crate::recorded::Values;

/// Where the service is, and where answers go.
pub(crate) const SERVICE: PortName = PortName(0x1003);
pub(crate) const ANSWERS: PortName = PortName(0x2003);

/// What serves; its methods are written by the build script.
#[derive(Debug)]
pub(crate) struct Service;

pub(crate) type Kernel = Loopback<Service>;

/// A subsystem in one ABI, as the build script describes it.
pub(crate) struct Table {
    /// The set of definitions that it is part of.
    pub(crate) set: &'static str,
    pub(crate) name: &'static str,
    pub(crate) abi: AbiId,
    pub(crate) subsystem: fn() -> mig_rt::Subsystem<Kernel, Service>,
    pub(crate) routines: &'static [Routine],
}

/// A routine in one ABI.
pub(crate) struct Routine {
    pub(crate) name: &'static str,
    pub(crate) id: u32,
    /// Bytes of the buffer for the reply.
    pub(crate) reply_limit: usize,
    /// The client's call, and its code.
    pub(crate) call: fn(Side) -> i32,
    pub(crate) args: &'static [Arg],
}

/// An argument.
pub(crate) struct Arg {
    pub(crate) name: &'static str,
    /// Elements at most.
    pub(crate) max: u32,
    /// How a right travels, unless the caller says otherwise.
    pub(crate) sent: u8,
    /// It is a string.
    pub(crate) text: bool,
    /// It may be longer than the room that its receiver has.
    pub(crate) indefinite: bool,
}

/// A call on its way.
pub(crate) struct Call {
    pub(crate) via: Kernel,
    pub(crate) abi: AbiId,
    /// The arguments that client and server know.
    args: [&'static [Arg]; 2],
    /// What the server's method returns.
    code: i32,
    /// How often a method was called.
    pub(crate) served: Cell<usize>,
    /// What client and server give. Values that Rust has in another form than C are replaced by that.
    pub(crate) gives: [RefCell<Values>; 2],
    /// What they got.
    pub(crate) got: [RefCell<Values>; 2],
    /// Bytes of C's values, and those of Rust's.
    pub(crate) replaced: RefCell<Vec<[Vec<u8>; 2]>>,
    /// Ports whose receive right nobody else has, and rights that were lent.
    ports: RefCell<BTreeMap<PortName, ReceiveRight<Kernel>>>,
    lent: RefCell<Vec<SendRight<Kernel>>>,
}

thread_local! {
    static CALL: RefCell<Option<Rc<Call>>> = const { RefCell::new(None) };
}

/// One side of the present call.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) call: Rc<Call>,
    server: bool,
}

impl Call {
    /// Begins a call, and gives the client's side.
    pub(crate) fn begin(via: &Kernel, abi: AbiId, args: [&'static [Arg]; 2], gives: [Values; 2], code: i32) -> Side {
        let call = Rc::new(Call {
            via: via.clone(),
            abi,
            args,
            code,
            served: Cell::new(0),
            gives: gives.map(RefCell::new),
            got: Default::default(),
            replaced: RefCell::default(),
            ports: RefCell::default(),
            lent: RefCell::default(),
        });
        CALL.set(Some(call.clone()));
        Side { call, server: false }
    }

    /// Lets go of what the call kept.
    pub(crate) fn end(&self) {
        CALL.set(None);
        self.lent.take();
        self.ports.take();
    }
}

impl Side {
    /// The server's side of the present call.
    pub(crate) fn server() -> Side {
        Side { call: CALL.with_borrow(|it| it.clone().expect("a call has begun")), server: true }
    }

    pub(crate) fn abi(&self) -> AbiId {
        self.call.abi
    }

    pub(crate) fn via(&self) -> &Kernel {
        &self.call.via
    }

    pub(crate) fn arg(&self, at: usize) -> &'static Arg {
        &self.call.args[usize::from(self.server)][at]
    }

    /// Fails as it is told to.
    pub(crate) fn verdict(&self) -> Result<(), KernReturn> {
        self.call.served.set(self.call.served.get() + 1);
        KernReturn::check(self.call.code)
    }

    /// What this side gives for an argument, or for a companion that C has beside it.
    pub(crate) fn recorded(&self, at: usize, suffix: &str) -> Option<Vec<u8>> {
        let name = format!("{}{suffix}", self.arg(at).name);
        self.call.gives[usize::from(self.server)].borrow().get(&name).cloned()
    }

    /// The ABI whose form a value has: numbers of 64 bits have the type of pointers, in the ABI of 32 bits, too.
    pub(crate) fn form_of<E: Formed>(&self, bytes: usize) -> AbiId {
        if bytes == size_of::<E>(AbiId::DarwinLp64) { AbiId::DarwinLp64 } else { self.abi() }
    }

    /// Bytes that the other side gave.
    pub(crate) fn sent(&self, at: usize) -> usize {
        self.call.gives[usize::from(!self.server)].borrow().get(self.arg(at).name).map_or(0, Vec::len)
    }

    /// Replaces a value by what Rust makes of it.
    pub(crate) fn replace(&self, at: usize, value: Vec<u8>) {
        let name = self.arg(at).name;
        let mut gives = self.call.gives[usize::from(self.server)].borrow_mut();
        if let Some(it) = gives.get_mut(name).filter(|it| **it != value && !value.is_empty()) {
            let old = std::mem::replace(it, value.clone());
            self.call.replaced.borrow_mut().push([old, value]);
        }
    }

    /// Writes down what this side got.
    pub(crate) fn log(&self, at: usize, suffix: &str, bytes: Vec<u8>) {
        let name = format!("{}{suffix}", self.arg(at).name);
        self.call.got[usize::from(self.server)].borrow_mut().insert(name, bytes);
    }

    /// Looks at a port that nobody else has the receive right of.
    pub(crate) fn with_port<X>(&self, name: PortName, look: impl FnOnce(&ReceiveRight<Kernel>) -> X) -> X {
        if name == SERVICE {
            return self.via().with_port(look);
        }
        let mut ports = self.call.ports.borrow_mut();
        look(ports.entry(name).or_insert_with(|| self.via().port_named(name)))
    }

    /// Keeps a right until the call is over.
    pub(crate) fn lend<X>(&self, right: SendRight<Kernel>, look: impl FnOnce(&SendRight<Kernel>) -> X) -> X {
        let result = look(&right);
        self.call.lent.borrow_mut().push(right);
        result
    }
}

/// The name of a port that is to be translated.
pub(crate) fn name(it: &PortIn<'_, Kernel>) -> PortName {
    match it {
        PortIn::Local(it) => *it,
        PortIn::Right(it) => it.name(),
        PortIn::Payload(it) => panic!("nobody set the payload {it}"),
    }
}

/// What has a form in both ABIs.
pub(crate) trait Formed: Form<DarwinLp64> + Form<DarwinIlp32> {}

impl<E: Form<DarwinLp64> + Form<DarwinIlp32>> Formed for E {}

/// Gives structures of a set without the ABI of 64 bits the form there that they have in that of 32 bits. They never
/// travel so: it only makes them [`Formed`].
macro_rules! same_form {
    ($($of:ty,)*) => { $(
        impl Form<mig_rt::untyped::DarwinLp64> for $of {
            type Base = <$of as Form<mig_rt::untyped::DarwinIlp32>>::Base;

            fn read(base: &Self::Base) -> $of {
                Form::<mig_rt::untyped::DarwinIlp32>::read(base)
            }

            fn write(&self) -> Option<Self::Base> {
                Form::<mig_rt::untyped::DarwinIlp32>::write(self)
            }
        }
    )* };
}
pub(crate) use same_form;

/// Bytes of a value.
pub(crate) fn size_of<E: Formed>(abi: AbiId) -> usize {
    match abi {
        AbiId::DarwinLp64 => std::mem::size_of::<<E as Form<DarwinLp64>>::Base>(),
        _ => std::mem::size_of::<<E as Form<DarwinIlp32>>::Base>(),
    }
}

/// A value from its bytes.
pub(crate) fn read<E: Formed>(abi: AbiId, bytes: &[u8]) -> E {
    match abi {
        AbiId::DarwinLp64 => <E as Form<DarwinLp64>>::read(&mig_rt::form::field(bytes, 0)),
        _ => <E as Form<DarwinIlp32>>::read(&mig_rt::form::field(bytes, 0)),
    }
}

/// The bytes of a value; 64 bits, too, of one that has the type of pointers and does not fit into one.
pub(crate) fn bytes_of<E: Formed>(abi: AbiId, it: &E) -> Vec<u8> {
    let narrow = <E as Form<DarwinIlp32>>::write(it).filter(|_| abi == AbiId::DarwinIlp32);
    let mut bytes = vec![0; size_of::<E>(if narrow.is_some() { abi } else { AbiId::DarwinLp64 })];
    match narrow {
        Some(it) => mig_rt::form::put(&mut bytes, 0, it),
        None => {
            let wide = <E as Form<DarwinLp64>>::write(it).expect("there is room for every value");
            mig_rt::form::put(&mut bytes, 0, wide);
        }
    }
    bytes
}
