//! Untyped messages by their layouts alone: a second opinion on what a receiver accepts, which shares no code with the
//! crate that reads them.

use std::ops::Range;

use mig_codegen::Abi;
use mig_codegen::model::IpcName;
use mig_codegen::wire::{Field, FieldKind, Message, Place, Transfer};

/// Where the number of descriptors stands, and the first of them.
const COUNT: usize = 24;
const FIRST: usize = 28;
/// Bytes of the descriptor of a right.
const PORT: usize = 12;

/// Bytes of the largest region that the loopback makes for a message that was changed.
const LARGEST: usize = 1 << 20;

/// How a message is read.
struct Reader<'a> {
    abi: &'a Abi,
    layout: &'a Message,
    bytes: &'a [u8],
    /// A receiver of requests looks for the end of each text.
    request: bool,
    at: usize,
    /// What a count has said, for the array behind it.
    counted: usize,
}

/// Whether the receiver of such messages accepts this one, which has no trailer.
pub(super) fn accepts(abi: &Abi, layout: &Message, bytes: &[u8], request: bool) -> bool {
    let size = bytes.len() as u32;
    let sized = layout.min <= size && size <= layout.max && (layout.is_variable() || size == layout.max);
    let complex = bytes.len() >= COUNT && super::words::is_complex(bytes);
    if !sized || complex != (layout.descriptors > 0) {
        return false;
    }
    let mut reader = Reader { abi, layout, bytes, request, at: COUNT, counted: 0 };
    layout.fields.iter().all(|it| reader.field(it).is_some()) && reader.at == bytes.len()
}

impl Reader<'_> {
    fn take(&mut self, size: usize) -> Option<&[u8]> {
        let start = self.at;
        self.at = start.checked_add(size)?;
        self.bytes.get(start..self.at)
    }

    /// Reads a field, if it is as its layout says.
    fn field(&mut self, field: &Field) -> Option<()> {
        let holds = match field.kind {
            FieldKind::DescriptorCount => number(self.take(4)?) == self.layout.descriptors as usize,
            FieldKind::RetCode => number(self.take(4)?) == 0,
            // Padding behind what varies was read with that.
            FieldKind::Pad => true,
            FieldKind::Length => {
                self.counted = number(self.take(4)?);
                field.counts_next || self.counts(field)
            }
            FieldKind::Text => self.text(field)?,
            _ => match (&field.transfer, field.variable) {
                (Some(it), _) => self.descriptors(field, it)?,
                (None, Some(it)) => {
                    let size = self.counted.checked_mul(it.element as usize)?;
                    self.counted <= it.max as usize && self.take(size.next_multiple_of(4)).is_some()
                }
                (None, None) => self.take(field.size.next_multiple_of(4) as usize).is_some(),
            },
        };
        holds.then_some(())
    }

    fn text(&mut self, field: &Field) -> Option<bool> {
        let (size, most) = match field.variable {
            Some(it) => (self.counted, it.max as usize),
            None => (field.size as usize, field.size as usize),
        };
        if size > most {
            return Some(false);
        }
        let request = self.request;
        let text = &self.take(size.next_multiple_of(4))?[..size];
        Some(text.contains(&0) || !request)
    }

    fn memory(&self) -> usize {
        if self.abi.address == 8 { 16 } else { 12 }
    }

    /// Bytes or rights that the descriptor of memory at a position says. The loopback empties those that are no memory
    /// of the message's own, or more than it makes for a message that was changed.
    fn extent(&self, at: usize) -> usize {
        let it = &self.bytes[at..];
        let said = number(&it[if self.abi.address == 8 { 12 } else { 4 }..][..4]);
        let bytes = if it[11] == 2 { said.saturating_mul(4) } else { said };
        if it[8] == 0 || bytes > LARGEST { 0 } else { said }
    }

    fn descriptors(&mut self, field: &Field, transfer: &Transfer) -> Option<bool> {
        let disposition = match transfer.expected {
            Some(IpcName::Number(it)) => Some(it as u8),
            _ => None,
        };
        let said = |it: &[u8]| disposition.is_none_or(|expected| it[10] == expected);
        let memory = self.memory();
        let start = self.at;
        let (kind, extent) = match field.kind {
            FieldKind::OutOfLine => (1, transfer.extent.unwrap_or(0) * transfer.element),
            FieldKind::PortArray(Place::OutOfLine) => (2, transfer.extent.unwrap_or(0)),
            _ => {
                let null = transfer.counted;
                let rights = self.take(field.size as usize)?;
                return Some(rights.chunks(PORT).all(|it| it[11] == 0 && (said(it) || null && number(&it[..4]) == 0)));
            }
        };
        let it = self.take(memory)?;
        let holds = it[11] == kind && (kind == 1 || said(it));
        Some(holds && (transfer.counted || self.extent(start) == extent as usize))
    }

    /// Whether a count agrees with the descriptors that it is of.
    fn counts(&self, field: &Field) -> bool {
        let of = self.layout.fields.iter().find(|it| it.arg == field.arg && it.transfer.is_some());
        let Some((of, transfer)) = of.and_then(|it| Some((it, it.transfer?))) else { return false };
        let most = transfer.extent.map_or(usize::MAX, |it| it as usize);
        let at = of.at as usize;
        match of.kind {
            FieldKind::PortArray(Place::Inline) => {
                let rights = self.bytes[at..at + of.size as usize].chunks(PORT);
                self.counted <= most && rights.skip(self.counted).all(|it| number(&it[..4]) == 0)
            }
            FieldKind::PortArray(_) => self.counted <= most && self.counted == self.extent(at),
            _ => self.counted <= most && Some(self.extent(at)) == self.counted.checked_mul(transfer.element as usize),
        }
    }
}

/// Where each descriptor stands, up to the first that does not fit.
pub(super) fn walk(abi: &Abi, bytes: &[u8]) -> Vec<(usize, Range<usize>)> {
    let Some(head) = bytes.get(COUNT..FIRST) else { return Vec::new() };
    let mut at = FIRST;
    let mut found = Vec::new();
    for _ in 0..number(head) {
        let size = match bytes.get(at + 11) {
            Some(0) => PORT,
            Some(1..=4) if abi.address == 8 => 16,
            Some(1..=4) => 12,
            _ => break,
        };
        if at + size > bytes.len() {
            break;
        }
        found.push((at, at..at + size));
        at += size;
    }
    found
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |sum, it| sum << 8 | usize::from(*it))
}
