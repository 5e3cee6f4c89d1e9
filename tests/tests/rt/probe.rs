//! Messages by hand, given to a reader as a server's loop gives them to a dispatcher.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mig_rt::serve::{Served, answer};
use mig_rt::typed::{Bad, Body, ReplyHead, Request, Row, Ty};
use mig_rt::{Buffer, Complex, Disposition, KernReturn, MsgId, PortName, SendOnceRight, Shape, Subsystem};

use crate::kernel::Kernel;

/// Calls a generic function once for each ABI.
macro_rules! each_abi {
    ($function:ident) => {{
        $function::<mig_rt::typed::GnumachI386>();
        $function::<mig_rt::typed::GnumachX8664>();
        $function::<mig_rt::typed::GnumachX8664v2022>();
    }};
}
pub(crate) use each_abi;

/// What a type word says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub(crate) name: u32,
    pub(crate) bits: u32,
    pub(crate) number: u32,
    pub(crate) inline: bool,
    pub(crate) long: bool,
    pub(crate) deallocate: bool,
}

/// So many elements in line, in the short form.
pub(crate) const fn word(name: u32, bits: u32, number: u32) -> Word {
    Word { name, bits, number, inline: true, long: false, deallocate: false }
}

/// A right in line.
pub(crate) fn port<W: Row>(disposition: Disposition, number: u32) -> Word {
    word(disposition.0.into(), W::CELL as u32 * 8, number)
}

/// Type names up to `most`; where each step is interpreted, those at the edges of something.
pub(crate) fn names(most: u32) -> impl Iterator<Item = u32> {
    const EDGES: [u32; 8] = [0, 15, 16, 17, 18, 19, 21, 0x111];
    (0..=most).filter(|it| !cfg!(miri) || EDGES.contains(it))
}

/// The request's id.
pub(crate) const ID: MsgId = MsgId(7);

impl Word {
    pub(crate) const fn long(self) -> Word {
        Word { long: true, ..self }
    }

    pub(crate) const fn out_of_line(self) -> Word {
        Word { inline: false, deallocate: true, ..self }
    }

    const fn flags(self) -> u64 {
        self.inline as u64 | (self.long as u64) << 1 | (self.deallocate as u64) << 2
    }

    /// As generated code has it.
    pub(crate) const fn ty<W: Row>(self) -> Ty {
        let (name, bits, number) = (self.name as u64, self.bits as u64, self.number as u64);
        if W::WIDE {
            Ty::new(name | bits << 8 | self.flags() << 29 | number << 32)
        } else if self.long {
            Ty::long((self.flags() << 28) as u32, name | bits << 16 | number << 32)
        } else {
            Ty::new(name | bits << 8 | number << 16 | self.flags() << 28)
        }
    }

    /// As it stands in a message.
    pub(crate) fn bytes<W: Row>(self) -> Vec<u8> {
        let (name, bits, number) = (self.name, self.bits, self.number);
        if W::WIDE {
            let first = name | bits << 8 | (self.flags() as u32) << 29;
            return [first.to_le_bytes(), number.to_le_bytes()].concat();
        }
        if self.long {
            let words = [(self.flags() as u32) << 28, name | bits << 16, number];
            return words.iter().flat_map(|it| it.to_le_bytes()).collect();
        }
        (name | bits << 8 | number << 16 | (self.flags() as u32) << 28).to_le_bytes().to_vec()
    }

    /// The item: word, data, padding.
    pub(crate) fn item<W: Row>(self, data: &[u8]) -> Vec<u8> {
        let mut item = self.bytes::<W>();
        item.extend_from_slice(data);
        let size = self.bytes::<W>().len() + data.len().next_multiple_of(W::ALIGN);
        item.resize(size, 0);
        item
    }

    /// The item of out-of-line memory at an address.
    pub(crate) fn memory<W: Row>(self, at: u64) -> Vec<u8> {
        self.item::<W>(&at.to_le_bytes()[..W::ADDRESS])
    }

    /// The item of rights in line.
    pub(crate) fn names<W: Row>(self, names: &[u32]) -> Vec<u8> {
        let cells = names.iter().flat_map(|it| u64::from(*it).to_le_bytes().into_iter().take(W::CELL));
        self.item::<W>(&cells.collect::<Vec<_>>())
    }
}

/// A message of these items that asks for an answer at `reply`.
pub(crate) fn message<W: Row>(id: MsgId, complex: bool, reply: PortName, body: &[u8]) -> Vec<u8> {
    let mut message = vec![0; W::HEADER];
    let size = (W::HEADER + body.len()) as u32;
    let mut put = |at: usize, it: u32| message[at..at + 4].copy_from_slice(&it.to_le_bytes());
    let answer = if reply == PortName::NULL { 0 } else { u32::from(Disposition::MOVE_SEND_ONCE.0) };
    put(0, answer | u32::from(Disposition::MOVE_SEND.0) << 8 | u32::from(complex) << 31);
    put(4, size);
    put(8, reply.0);
    put(W::ID, id.0 as u32);
    message.extend_from_slice(body);
    message
}

/// Messages arrive in buffers of this alignment.
pub(crate) fn aligned<X>(message: &[u8], look: impl FnOnce(&[u8]) -> X) -> X {
    let mut words = vec![0u64; message.len().div_ceil(8)];
    words.iter_mut().zip(message.chunks(8)).for_each(|(to, from)| {
        let mut bytes = [0; 8];
        bytes[..from.len()].copy_from_slice(from);
        *to = u64::from_ne_bytes(bytes);
    });
    // SAFETY: as many bytes, all of them written, borrowed for as long as the vector lives.
    let bytes = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), message.len()) };
    look(bytes)
}

/// Reads a body, says what was in it, and whether it ended where it should.
pub(crate) type Read<W> = for<'m> fn(Request<'m, Kernel, W>, Body<'m, W>) -> Result<String, Bad>;

struct Probe<W: Row> {
    shape: Shape,
    read: Read<W>,
    saw: Option<String>,
}

fn dispatch<W: Row>(probe: &mut Probe<W>, request: Request<'_, Kernel, W>, _: ReplyHead<'_, Kernel, W>) -> Served {
    let body = request.body(probe.shape)?;
    probe.saw = Some((probe.read)(request, body)?);
    Ok(())
}

/// What a reader made of a message's items, or what the client is told. Nothing may be left of the message.
#[track_caller]
pub(crate) fn probe<W: Row>(complex: bool, body: &[u8], read: Read<W>) -> Result<String, KernReturn> {
    let anything = Shape::new(Complex::Maybe, 0, u32::MAX);
    let kernel = Kernel::new();
    let result = probe_in(&kernel, anything, complex, body, read);
    kernel.assert_empty();
    result
}

/// [`probe`] in a port space whose rights the message may carry.
pub(crate) fn probe_in<W: Row>(
    kernel: &Kernel,
    shape: Shape,
    complex: bool,
    body: &[u8],
    read: Read<W>,
) -> Result<String, KernReturn> {
    let (client, _) = kernel.port();
    let reply = kernel.send_once_right(&client).into_raw();
    let request = message::<W>(ID, complex, reply, body);
    let mut room = Buffer::<64>::new();
    let mut probe = Probe { shape, read, saw: None };
    let subsystem = Subsystem::new(ID..=ID, W::dispatcher(dispatch::<W>));
    let answered = aligned(&request, |request| {
        catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the reply right was made above, and whoever made the body made what it carries.
            unsafe { answer(W::ABI, request, room.bytes(), &[subsystem], &mut probe, kernel.clone()) }
        }))
    });
    let size = match answered {
        Ok(it) => it.expect("there is a reply right"),
        Err(panic) => resume_unwind(panic),
    };
    // SAFETY: the answer has this size.
    let answer = unsafe { std::slice::from_raw_parts(room.bytes().as_ptr().cast::<u8>(), size) };
    let number = |at: usize| u32::from_le_bytes([answer[at], answer[at + 1], answer[at + 2], answer[at + 3]]);
    assert_eq!((number(8), number(W::ID), size), (reply.0, ID.reply().0 as u32, W::BARE));
    let code = number(W::CODE) as i32;
    // SAFETY: the answer owns the right, and is not used again.
    drop(unsafe { SendOnceRight::from_raw(reply, kernel.clone()) });
    match KernReturn::new(code) {
        Some(code) => {
            assert_eq!(probe.saw, None, "read and refused with {code}");
            Err(code)
        }
        None => Ok(probe.saw.expect("success is what the reader said")),
    }
}
