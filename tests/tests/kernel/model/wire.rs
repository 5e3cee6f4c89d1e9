//! Messages of every ABI as bytes, by hand: stubs would not send what is wrong.

use mig_rt::{AbiId, Address, Disposition};

use super::messages::Named;

const COMPLEX: u32 = 1 << 31;
/// What stands before the data of an untyped message.
const NDR: [u8; 8] = [0, 0, 0, 0, 1, 0, 0, 0];

/// What a body holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Right(Named),
    /// Bytes out of line that move: where, and how many.
    Memory(Address, usize),
    /// A number, or what has arrived of a name.
    Word(u32),
    /// A name that is only a name.
    Name(u32),
}

/// A message, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Parts {
    pub(crate) complex: bool,
    pub(crate) remote: Named,
    pub(crate) local: Named,
    pub(crate) id: u32,
    pub(crate) body: Vec<Part>,
}

pub(crate) fn is_untyped(abi: AbiId) -> bool {
    matches!(abi, AbiId::DarwinLp64 | AbiId::DarwinIlp32)
}

/// Bytes of a header.
fn header(abi: AbiId) -> usize {
    if matches!(abi, AbiId::GnumachX8664 | AbiId::GnumachX8664v2022) { 32 } else { 24 }
}

/// Bytes of an address.
fn address(abi: AbiId) -> usize {
    if matches!(abi, AbiId::GnumachI386 | AbiId::DarwinIlp32) { 4 } else { 8 }
}

/// Bytes of a message with so many rights, regions and words.
pub(crate) fn size(abi: AbiId, rights: usize, regions: usize, words: usize) -> usize {
    let body = match abi {
        AbiId::GnumachX8664 => 16 * (rights + regions + words),
        AbiId::GnumachI386 | AbiId::GnumachX8664v2022 => 8 * (rights + words) + (4 + address(abi)) * regions,
        _ => {
            let count = if rights + regions > 0 { 4 } else { 0 };
            let data = if words > 0 { NDR.len() + 4 * words } else { 0 };
            count + 12 * rights + (8 + address(abi)) * regions + data
        }
    };
    header(abi) + body
}

/// Where the sequence number stands that a receiver sees, who asked for no more: in the header, or in the trailer.
pub(crate) fn sequence(abi: AbiId, message: &[u8], size: usize) -> u32 {
    word(message, if is_untyped(abi) { size + 8 } else { header(abi) - 8 })
}

fn word(message: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(message[at..at + 4].try_into().unwrap())
}

fn put(message: &mut Vec<u8>, it: u64, bytes: usize) {
    message.extend(&it.to_le_bytes()[..bytes]);
}

impl Parts {
    pub(crate) fn write(&self, abi: AbiId) -> Vec<u8> {
        let bits = u32::from(self.remote.1.0) | u32::from(self.local.1.0) << 8;
        let bits = bits | if self.complex { COMPLEX } else { 0 };
        let wide = header(abi) == 32;
        let name = if wide { 8 } else { 4 };
        let mut bytes = Vec::new();
        put(&mut bytes, bits.into(), 4);
        // Nobody reads the size, nor what follows.
        put(&mut bytes, 0xeeee_eeee, 4);
        put(&mut bytes, self.remote.0.into(), name);
        put(&mut bytes, self.local.0.into(), name);
        put(&mut bytes, 0, 4);
        put(&mut bytes, self.id.into(), 4);
        if is_untyped(abi) {
            self.write_untyped(abi, &mut bytes);
        } else {
            self.body.iter().for_each(|it| write_typed(abi, it, &mut bytes));
        }
        bytes
    }

    fn write_untyped(&self, abi: AbiId, bytes: &mut Vec<u8>) {
        let described = self.body.iter().filter(|it| matches!(it, Part::Right(_) | Part::Memory(..))).count();
        if described > 0 {
            put(bytes, described as u64, 4);
        }
        for it in &self.body {
            match it {
                Part::Right((name, how)) => {
                    put(bytes, u64::from(*name), 4);
                    bytes.extend([0; 6]);
                    bytes.extend([how.0, 0]);
                }
                Part::Memory(at, size) if abi == AbiId::DarwinLp64 => {
                    put(bytes, at.0, 8);
                    bytes.extend([1, 0, 0, 1]);
                    put(bytes, *size as u64, 4);
                }
                Part::Memory(at, size) => {
                    put(bytes, at.0, 4);
                    put(bytes, *size as u64, 4);
                    bytes.extend([1, 0, 0, 1]);
                }
                Part::Word(_) | Part::Name(_) => {}
            }
        }
        if described < self.body.len() {
            bytes.extend(NDR);
            self.body.iter().for_each(|it| {
                if let Part::Word(it) | Part::Name(it) = it {
                    put(bytes, u64::from(*it), 4)
                }
            });
        }
    }

    /// Takes a message apart that has so many bytes, trailer not included.
    pub(crate) fn read(abi: AbiId, message: &[u8]) -> Parts {
        let (bits, local) = (word(message, 0), if header(abi) == 32 { 16 } else { 12 });
        let complex = bits & COMPLEX != 0;
        let body = &message[header(abi)..];
        Parts {
            complex,
            remote: (word(message, 8), Disposition(bits as u8)),
            local: (word(message, local), Disposition((bits >> 8) as u8)),
            id: word(message, header(abi) - 4),
            body: if is_untyped(abi) { read_untyped(abi, complex, body) } else { read_typed(abi, body) },
        }
    }
}

/// Type words have the same parts in both forms: name, size of an element in bits, flags, number of elements.
fn write_typed(abi: AbiId, part: &Part, bytes: &mut Vec<u8>) {
    let wide = abi == AbiId::GnumachX8664;
    let (number, inline, deallocate) = if wide { (32, 1 << 29, 1 << 31) } else { (16, 1 << 28, 1 << 30) };
    let word = if wide { 8 } else { 4 };
    let mut ty = |name: u8, size: u64, flag: u64, count: usize| {
        put(bytes, u64::from(name) | size << 8 | flag | (count as u64) << number, word);
    };
    match part {
        Part::Right((name, how)) => {
            ty(how.0, if wide { 64 } else { 32 }, inline, 1);
            put(bytes, u64::from(*name), word);
        }
        Part::Memory(at, size) => {
            ty(9, 8, deallocate, *size);
            put(bytes, at.0, address(abi));
        }
        Part::Word(it) | Part::Name(it) => {
            ty(if matches!(part, Part::Name(_)) { 15 } else { 2 }, 32, inline, 1);
            put(bytes, u64::from(*it), word);
        }
    }
}

fn read_typed(abi: AbiId, mut body: &[u8]) -> Vec<Part> {
    let wide = abi == AbiId::GnumachX8664;
    let step = if wide { 8 } else { 4 };
    let mut parts = Vec::new();
    while !body.is_empty() {
        let (ty, data) = body.split_at(step);
        let (name, inline) = (ty[0], word(ty, 0) & if wide { 1 << 29 } else { 1 << 28 } != 0);
        let number = if wide { word(ty, 4) } else { word(ty, 0) >> 16 & 0xfff };
        let taken = match (name, inline) {
            (9, false) => {
                let at = if address(abi) == 8 { u64::from(word(data, 4)) << 32 } else { 0 } | u64::from(word(data, 0));
                parts.push(Part::Memory(Address(at), number as usize));
                address(abi)
            }
            (2 | 15, true) => {
                parts.push(Part::Word(word(data, 0)));
                step
            }
            _ => {
                parts.push(Part::Right((word(data, 0), Disposition(name))));
                step
            }
        };
        body = &data[taken..];
    }
    parts
}

fn read_untyped(abi: AbiId, complex: bool, mut body: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    if complex {
        let (count, mut rest) = body.split_at(4);
        for _ in 0..word(count, 0) {
            let (part, size) = match (rest[11] == 0, abi) {
                (true, _) => (Part::Right((word(rest, 0), Disposition(rest[10]))), 12),
                (false, AbiId::DarwinLp64) => {
                    let at = u64::from(word(rest, 4)) << 32 | u64::from(word(rest, 0));
                    (Part::Memory(Address(at), word(rest, 12) as usize), 16)
                }
                (false, _) => (Part::Memory(Address(word(rest, 0).into()), word(rest, 4) as usize), 12),
            };
            parts.push(part);
            rest = &rest[size..];
        }
        body = rest;
    }
    parts.extend(body.chunks_exact(4).skip(NDR.len() / 4).map(|it| Part::Word(word(it, 0))));
    parts
}
