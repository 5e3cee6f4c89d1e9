//! Messages by their layouts alone, typed ones here: a second opinion on what a receiver accepts, which shares no code with the
//! crate that reads them.

use std::path::Path;
use std::sync::OnceLock;

use mig_codegen::model::IpcName;
use mig_codegen::wire::{Complexity, Exchange, FieldKind, Item, Message, Place, TypeWord};
use mig_codegen::{Abi, Config};
use mig_rt::AbiId;

use super::descriptors;

/// The definition whose stubs are under test.
const DEFINITION: &[u8] = include_bytes!("../../vectors/typed/shapes.defs");

/// The layouts of one ABI.
pub(super) struct Layouts {
    pub(super) id: AbiId,
    pub(super) abi: Abi,
    exchanges: Vec<Exchange>,
}

impl Layouts {
    /// Those of every ABI.
    pub(super) fn all() -> &'static [Layouts; 5] {
        static ALL: OnceLock<[Layouts; 5]> = OnceLock::new();
        ALL.get_or_init(|| {
            AbiId::ALL.map(|id| {
                let abi = Abi::find(id.name()).expect("both crates name the same ABIs");
                let read = Config::default().abi(abi).read(Path::new("shapes.defs"), &mut |_| Ok(DEFINITION.into()));
                Layouts { id, abi, exchanges: read.units.into_iter().flat_map(|it| it.exchanges).collect() }
            })
        })
    }

    /// Whether messages of this ABI have type words.
    pub(super) fn is_typed(&self) -> bool {
        self.abi.has_type_words()
    }

    /// The layout of the routine with this id.
    pub(super) fn exchange(&self, id: u32) -> Option<&Exchange> {
        self.exchanges.iter().find(|it| it.request.id == id)
    }

    /// Whether the receiver of such messages accepts this one: size, complex bit, every type word, the code of a reply,
    /// and the end.
    pub(super) fn accepts(&self, layout: &Message, bytes: &[u8], request: bool) -> bool {
        if !self.is_typed() {
            return descriptors::accepts(&self.abi, layout, bytes, request);
        }
        let size = bytes.len() as u32;
        let sized = if layout.min == layout.max { size == layout.min } else { size >= layout.min };
        if !sized || size < self.abi.header {
            return false;
        }
        let complex = is_complex(bytes);
        let formed = match layout.received {
            Complexity::Simple => !complex,
            Complexity::Complex => complex,
            Complexity::RunTime => true,
        };
        let end =
            layout.items().try_fold(layout.header as usize, |at, item| accepted(&self.abi, &item, bytes, complex, at));
        formed && end == Some(bytes.len())
    }

    /// Where the code of a reply stands.
    pub(super) fn code(&self) -> usize {
        // An NDR record stands where others have a type word.
        (self.abi.header + if self.is_typed() { self.abi.type_word } else { 8 }) as usize
    }

    /// Bytes of a reply that has nothing but a code.
    pub(super) fn bare(&self) -> usize {
        self.code() + self.abi.align as usize
    }

    /// Where each item of a body begins, and where its data or address stand; up to the first that does not fit.
    pub(super) fn walk(&self, bytes: &[u8]) -> Vec<(usize, std::ops::Range<usize>)> {
        if !self.is_typed() {
            return descriptors::walk(&self.abi, bytes);
        }
        let mut found = Vec::new();
        let mut at = self.abi.header as usize;
        while let Some(word) = Word::read(&self.abi, bytes, at) {
            let start = at + word.size;
            let size = if word.inline { word.data() } else { u64::from(self.abi.address) };
            let Some(end) = (start as u64).checked_add(size).filter(|it| *it <= bytes.len() as u64) else { break };
            found.push((at, start..end as usize));
            at = (end as usize).next_multiple_of(self.abi.align as usize);
        }
        found
    }
}

/// Whether a message says that it carries rights or memory.
pub(super) fn is_complex(bytes: &[u8]) -> bool {
    bytes[3] & 0x80 != 0
}

/// A type word taken apart.
struct Word {
    name: u64,
    bits: u64,
    number: u64,
    inline: bool,
    long: bool,
    size: usize,
    /// Bits below the flags of the first word where name and size stand elsewhere.
    rest: u64,
}

impl Word {
    fn read(abi: &Abi, bytes: &[u8], at: usize) -> Option<Word> {
        let first = number(bytes.get(at..)?.get(..4)?);
        let flag = |bit: u32| first >> bit & 1 != 0;
        if abi.type_word == 8 {
            let count = number(bytes.get(at + 4..)?.get(..4)?);
            let (name, bits) = (first & 0xff, first >> 8 & 0xffff);
            return Some(Word { name, bits, number: count, inline: flag(29), long: flag(30), size: 8, rest: 0 });
        }
        let (inline, long) = (flag(28), flag(29));
        if !long {
            let (name, bits, number) = (first & 0xff, first >> 8 & 0xff, first >> 16 & 0xfff);
            return Some(Word { name, bits, number, inline, long, size: 4, rest: 0 });
        }
        let more = bytes.get(at + 4..)?.get(..8)?;
        let (name, bits, number) = (number(&more[..2]), number(&more[2..4]), number(&more[4..]));
        Some(Word { name, bits, number, inline, long, size: 12, rest: first & 0xffff })
    }

    /// Bytes of the data.
    fn data(&self) -> u64 {
        (self.bits * self.number).div_ceil(8)
    }

    fn is_right(&self) -> bool {
        (16..=21).contains(&self.name)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, it| sum << 8 | u64::from(*it))
}

/// Where the next item begins, if the one at `at` is as its layout says.
fn accepted(abi: &Abi, item: &Item<'_>, bytes: &[u8], complex: bool, at: usize) -> Option<usize> {
    let expected = item.word?;
    let got = Word::read(abi, bytes, at)?;
    if !word_accepted(abi, item, expected, &got, &bytes[at..]) {
        return None;
    }
    let poly = expected.expected.name == IpcName::Polymorphic;
    // Rights and memory exist only in a message that a kernel looked into.
    let holds = match item.data.kind {
        FieldKind::PortArray(Place::Indefinite) => true,
        _ => !got.inline || poly && got.is_right(),
    };
    if holds && !complex {
        return None;
    }
    let start = at + got.size;
    let size = match item.data.kind {
        FieldKind::RetCode if number(bytes.get(start..)?.get(..4)?) != 0 => return None,
        _ if !got.inline => u64::from(abi.address),
        _ if item.data.variable.is_some() => got.data(),
        _ => u64::from(item.data.size),
    };
    let end = (start as u64 + size).next_multiple_of(u64::from(abi.align));
    (end <= bytes.len() as u64).then_some(end as usize)
}

fn word_accepted(abi: &Abi, item: &Item<'_>, expected: &TypeWord, got: &Word, bytes: &[u8]) -> bool {
    if expected.whole {
        return bytes.starts_with(&expected.expected.bytes);
    }
    let Some(wanted) = Word::read(abi, &expected.expected.bytes, 0) else { return false };
    let poly = expected.expected.name == IpcName::Polymorphic;
    let rights = item.data.kind == FieldKind::PortArray(Place::Indefinite);
    let indefinite = rights || item.data.kind == FieldKind::Indefinite;
    // In line a right has the size of a cell, out of line that of a name.
    let bits = match (rights, got.inline) {
        (true, true) => u64::from(abi.port_item) * 8,
        (true, false) => 32,
        (false, _) => wanted.bits,
    };
    let varies = item.data.variable.is_some() || !wanted.inline;
    got.long == wanted.long
        && (got.inline == wanted.inline || indefinite)
        && got.rest == wanted.rest
        && got.bits == bits
        && (poly || got.name == wanted.name)
        && (varies || got.number == wanted.number)
}
