//! One exchange: what each side gives, by a formula, and what each side got, as text.

use std::any::TypeId;
use std::cell::{Cell, RefCell};

use mig_rt::{Disposition, Form, Plain, RightKind};

use crate::W;
use crate::kernel::{self, Demux, SERVICE, Server};

/// How an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passed {
    /// One element.
    Value,
    /// A string.
    Text,
    /// So many elements as it has at most.
    Fixed,
    /// A counted array in line.
    Counted,
    /// A counted array, in line if it has no more elements than its most.
    Indefinite,
    /// Out of line.
    Memory,
}

/// Whether its sender's memory goes with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dealloc {
    No,
    Yes,
    RunTime,
}

/// An argument. Both sides, in both languages, work from this.
pub struct Arg {
    pub name: &'static str,
    pub passed: Passed,
    /// Carried by the request's body.
    pub sent: bool,
    /// Carried by the reply's body.
    pub returned: bool,
    pub role: Role,
    /// Bytes of an element in C.
    pub element: usize,
    /// Elements in line at most.
    pub max: usize,
    /// How its sender may dispose of it, if it is a right.
    pub port: &'static [u8],
    pub dealloc: Dealloc,
    /// The request says how large the caller's room is.
    pub limited: bool,
    /// The server frees it.
    pub server_copy: bool,
    /// Rust has its elements in another form than messages.
    pub packed: fn() -> bool,
    /// Makes a sample one that the Rust type has.
    pub canonical: Option<fn(&mut [u8])>,
}

/// What it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Data,
    RequestPort,
    /// The server's function gets it.
    ReplyPort,
    SeqNo,
    Other,
}

/// A routine, and how it is called.
pub struct Routine {
    pub name: &'static str,
    pub id: u32,
    pub one_way: bool,
    pub args: &'static [Arg],
    pub c: fn(Side) -> i32,
    pub rust: fn(Side) -> i32,
}

/// A subsystem of both languages.
pub struct Subsystem {
    pub name: &'static str,
    pub routines: &'static [Routine],
    pub demux: Demux,
    pub rust: fn() -> Server,
}

/// What an exchange is to try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variant {
    /// A few elements; whatever is chosen at run time in this manner.
    Chosen(usize),
    /// No elements, null ports.
    None,
    /// As many elements as fit in line, null and dead ports among others.
    Full,
    /// More elements than fit in line, dead ports, small rooms for answers.
    More,
    /// The server fails with this code.
    Fails(i32),
    /// The caller has less room than the answer needs.
    Tight,
}

pub const VARIANTS: [Variant; 14] = [
    Variant::Chosen(0),
    Variant::Chosen(1),
    Variant::Chosen(2),
    Variant::Chosen(3),
    Variant::Chosen(4),
    Variant::Chosen(5),
    Variant::Chosen(6),
    Variant::None,
    Variant::Full,
    Variant::More,
    Variant::Fails(5),
    Variant::Fails(-305),
    Variant::Fails(-309),
    Variant::Tight,
];

/// The state of an exchange.
pub struct Call {
    pub routine: &'static Routine,
    pub variant: Variant,
    logs: [RefCell<Vec<String>>; 2],
    /// What one side still owns when the exchange is over.
    rights: RefCell<Vec<(u32, RightKind)>>,
    regions: RefCell<Vec<(usize, usize)>>,
    /// Buffers of C, by side and argument.
    pub(crate) buffers: RefCell<Vec<Box<[u64]>>>,
    pub(crate) rooms: RefCell<Vec<crate::c::Room>>,
}

thread_local! {
    static CALL: Cell<Option<&'static Call>> = const { Cell::new(None) };
}

/// One side of the exchange.
#[derive(Clone, Copy)]
pub struct Side {
    pub call: &'static Call,
    pub server: bool,
}

impl Routine {
    /// What the client must read, or nothing if there is nothing to try. An answer that does not fit must carry
    /// nothing: C loses what stands behind it.
    pub fn expects(&self, variant: Variant) -> Option<i32> {
        let returned = || self.args.iter().filter(|it| it.returned);
        let bursts = returned().any(|it| it.passed == Passed::Counted && !it.limited && it.max > 1);
        let carries = |it: &Arg| !it.port.is_empty() || matches!(it.passed, Passed::Memory | Passed::Indefinite);
        let choices = |it: &Arg| it.port.len().max(if it.dealloc == Dealloc::RunTime { 2 } else { 1 });
        match variant {
            Variant::Chosen(turn) if self.args.iter().all(|it| turn >= choices(it)) => None,
            Variant::Tight if bursts => (!returned().any(carries)).then_some(-307),
            Variant::Tight => returned().any(|it| it.passed == Passed::Indefinite && it.port.is_empty()).then_some(0),
            // A method that was given the reply right lets it go when it fails; in C the loop uses it for the code.
            Variant::Fails(5) if self.one_way && self.args.iter().any(|it| it.role == Role::ReplyPort) => None,
            _ if self.one_way => Some(0),
            // The reply right was let go unused.
            Variant::Fails(-305 | -309) => Some(-308),
            Variant::Fails(code) => Some(code),
            _ => Some(0),
        }
    }
}

impl Call {
    /// Begins an exchange, and gives the client's side.
    pub fn begin(routine: &'static Routine, variant: Variant) -> Side {
        let call: &'static Call = Box::leak(Box::new(Call {
            routine,
            variant,
            logs: Default::default(),
            rights: RefCell::default(),
            regions: RefCell::default(),
            buffers: RefCell::default(),
            rooms: RefCell::default(),
        }));
        CALL.set(Some(call));
        Side { call, server: false }
    }

    /// Lets go of what the sides kept; what the server and the client were given.
    pub fn end(&self) -> [Vec<String>; 2] {
        self.rights.take().into_iter().for_each(|(name, kind)| kernel::release(name, kind));
        self.regions.take().into_iter().for_each(|(at, size)| kernel::free(at, size));
        self.buffers.take();
        self.rooms.take();
        [self.logs[1].take(), self.logs[0].take()]
    }
}

impl Side {
    /// The server's side of the present exchange.
    pub fn server() -> Side {
        Side { call: CALL.get().expect("an exchange has begun"), server: true }
    }

    pub fn arg(self, at: usize) -> &'static Arg {
        &self.call.routine.args[at]
    }

    pub fn log(self, at: usize, text: String) {
        let direction = if self.server { "got" } else { "returned" };
        let line = format!("{direction} {}: {text}", self.arg(at).name);
        self.call.logs[usize::from(self.server)].borrow_mut().push(line);
    }

    /// Logs elements by their bytes.
    pub fn log_bytes(self, at: usize, count: usize, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
        self.log(at, format!("{count} of {hex}"));
    }

    /// A time limit or options of the call: none.
    pub fn word(self, _: usize) -> u32 {
        0
    }

    /// The code that the server fails with.
    pub fn code(self) -> i32 {
        if let Variant::Fails(code) = self.call.variant { code } else { 0 }
    }

    /// Elements that this side sends.
    pub fn count(self, at: usize) -> usize {
        let Arg { passed, max, element, .. } = *self.arg(at);
        match (passed, self.call.variant) {
            (Passed::Value, _) => 1,
            (Passed::Fixed, _) => max,
            (_, Variant::None) => 0,
            (Passed::Text, Variant::Full | Variant::More) => max - 1,
            (Passed::Text, _) => (max - 1).min(5),
            (Passed::Memory, Variant::Full) => (5000 / element).min(max),
            (Passed::Memory, Variant::More) => 1,
            (Passed::Indefinite, Variant::More) => max + 5,
            (_, Variant::Full | Variant::More) => max,
            _ => max.min(3),
        }
    }

    /// Elements that the client has room for.
    pub fn capacity(self, at: usize) -> usize {
        let it = self.arg(at);
        let may = it.passed == Passed::Counted || it.passed == Passed::Indefinite && it.port.is_empty();
        let small = self.call.variant == Variant::Tight || self.call.variant == Variant::More && it.limited;
        if may && small { it.max.min(1) } else { it.max }
    }

    /// Elements that a server may put into the message.
    pub fn limit(self, at: usize) -> usize {
        if self.arg(at).limited { self.capacity(at) } else { self.arg(at).max }
    }

    /// Whether memory goes with the message.
    pub fn gives(self, at: usize) -> bool {
        match self.arg(at).dealloc {
            Dealloc::No => false,
            Dealloc::Yes => true,
            Dealloc::RunTime => {
                matches!(self.call.variant, Variant::None | Variant::More | Variant::Fails(_) | Variant::Chosen(1 | 3))
            }
        }
    }

    /// How the right travels.
    pub fn disposition(self, at: usize) -> Disposition {
        let choices = self.arg(at).port;
        let turn = VARIANTS.iter().position(|it| *it == self.call.variant).expect("one of them");
        Disposition(choices[turn % choices.len()])
    }

    /// What its receiver sees.
    pub fn received(self, at: usize) -> Disposition {
        self.disposition(at).received()
    }

    /// Name of a right that this side sends.
    pub fn name(self, at: usize, index: usize) -> u32 {
        if self.arg(at).role == Role::RequestPort {
            return SERVICE;
        }
        match (self.call.variant, index % 4) {
            (Variant::None, _) | (Variant::Full, 1) if self.arg(at).role == Role::Data => 0,
            (Variant::Full, 2) | (Variant::More, 0) if self.arg(at).role == Role::Data => u32::MAX,
            _ => ((at as u32 + 1 + 64 * u32::from(self.server)) << 16) + (index as u32 * 4) + 3,
        }
    }

    /// Makes the right that this disposition needs, for whoever sends it; what it still has afterwards is kept.
    pub fn give(self, at: usize, index: usize) -> u32 {
        let (name, disposition) = (self.name(at, index), self.disposition(at).0);
        let (kind, kept) = match disposition {
            16 => (RightKind::RECEIVE, false),
            17 => (RightKind::SEND, false),
            18 => (RightKind::SEND_ONCE, false),
            19 => (RightKind::SEND, true),
            20 | 21 => (RightKind::RECEIVE, true),
            _ => return name,
        };
        if name == SERVICE && kind == RightKind::RECEIVE {
            return name;
        }
        kernel::add(name, kind);
        if kept {
            self.keep(name, kind);
        }
        name
    }

    /// Releases a right when the exchange is over.
    pub fn keep(self, name: u32, kind: RightKind) {
        self.call.rights.borrow_mut().push((name, kind));
    }

    /// Frees memory when the exchange is over.
    pub fn keep_region(self, at: usize, size: usize) {
        self.call.regions.borrow_mut().push((at, size));
    }

    /// Bytes of the elements that this side sends, as C has them. Rights of an array are made here.
    pub fn sample(self, at: usize, count: usize) -> Vec<u8> {
        let arg = self.arg(at);
        if !arg.port.is_empty() {
            return (0..count).flat_map(|index| self.give(at, index).to_le_bytes()).collect();
        }
        let mut state = self.call.routine.id.wrapping_mul(0x9e37_79b9) ^ (at as u32) << 8 ^ u32::from(self.server);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        if arg.passed == Passed::Text {
            return (0..count).map(|_| b'a' + next() % 26).collect();
        }
        let mut bytes: Vec<u8> = (0..count * arg.element).map(|_| next()).collect();
        if let Some(canonical) = arg.canonical {
            bytes.chunks_exact_mut(arg.element).for_each(canonical);
        }
        bytes
    }
}

/// Reads a Rust value.
pub fn read<E: Form<W>>(bytes: &[u8]) -> E {
    assert_eq!(bytes.len(), size_of::<E::Base>(), "C and Rust agree about sizes");
    let mut base = E::Base::ZERO;
    // SAFETY: a base has no padding and takes every pattern.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut base).cast(), bytes.len()) };
    E::read(&base)
}

/// The bytes of a Rust value.
pub fn bytes_of<E: Form<W>>(it: &E) -> Vec<u8> {
    let base = it.write().expect("the value came in this ABI");
    // SAFETY: a base has no padding.
    unsafe { std::slice::from_raw_parts((&raw const base).cast::<u8>(), size_of::<E::Base>()) }.to_vec()
}

/// The bytes that a value of this type has: a truth value is 0 or 1.
pub fn canonical<E: Form<W>>(bytes: &mut [u8]) {
    let it = bytes_of(&read::<E>(bytes));
    bytes.copy_from_slice(&it);
}

/// Whether Rust has it in another form than messages: slices of it are not lent as they stand.
pub fn is_packed<E: Form<W> + 'static>() -> bool {
    TypeId::of::<E>() != TypeId::of::<E::Base>()
}
