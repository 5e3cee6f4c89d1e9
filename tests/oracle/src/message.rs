//! Messages as bytes. Of the ABIs that C compilers can be had for, items look the same; only pointers differ.

pub const COMPLEX: u32 = 0x8000_0000;
pub const SIZE: usize = 4;
pub const REMOTE: usize = 8;
const POINTER: usize = size_of::<usize>();
/// Pointers stand beside the port names of a header, and align them.
pub const LOCAL: usize = 8 + POINTER;
pub const SEQUENCE: usize = 8 + 2 * POINTER;
pub const ID: usize = SEQUENCE + 4;
pub const HEADER: usize = ID + 4;

const NAMES: usize = 4;
const INLINE: u32 = 1 << 28;
const LONG: u32 = 1 << 29;
const DEALLOCATE: u32 = 1 << 30;

pub fn word(message: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(message[at..at + 4].try_into().expect("four bytes"))
}

pub fn put(message: &mut [u8], at: usize, it: u32) {
    message[at..at + 4].copy_from_slice(&it.to_le_bytes());
}

/// What a type word says, and where the data stand.
pub struct Item {
    at: usize,
    long: bool,
    pub name: u8,
    bits: usize,
    number: usize,
    pub inline: bool,
    pub deallocate: bool,
    data: usize,
}

/// The items of a complex message.
pub fn items(message: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    if word(message, 0) & COMPLEX == 0 {
        return items;
    }
    let mut at = HEADER;
    while at < message.len() {
        let item = Item::at(message, at);
        at = item.data + if item.inline { item.size().next_multiple_of(4) } else { POINTER };
        items.push(item);
    }
    items
}

impl Item {
    fn at(message: &[u8], at: usize) -> Item {
        let first = word(message, at);
        let long = first & LONG != 0;
        let (name, bits, number) = if long {
            let second = word(message, at + 4);
            (second as u8, second >> 16, word(message, at + 8))
        } else {
            (first as u8, first >> 8 & 0xff, first >> 16 & 0xfff)
        };
        Item {
            at,
            long,
            name,
            bits: bits as usize,
            number: number as usize,
            inline: first & INLINE != 0,
            deallocate: first & DEALLOCATE != 0,
            data: at + if long { 12 } else { 4 },
        }
    }

    pub fn is_port(&self) -> bool {
        (16..=21).contains(&self.name)
    }

    pub fn size(&self) -> usize {
        (self.number * self.bits).div_ceil(8)
    }

    pub fn address(&self, message: &[u8]) -> usize {
        usize::from_le_bytes(message[self.data..self.data + POINTER].try_into().expect("a pointer"))
    }

    pub fn put_address(&self, message: &mut [u8], it: usize) {
        message[self.data..self.data + POINTER].copy_from_slice(&it.to_le_bytes());
    }

    /// The data, wherever they are.
    ///
    /// # Safety
    /// What is out of line must be there.
    unsafe fn bytes(&self, message: &[u8]) -> Vec<u8> {
        if self.inline {
            return message[self.data..self.data + self.size()].to_vec();
        }
        // SAFETY: the caller's contract.
        unsafe { crate::kernel::bytes_at(self.address(message), self.size()) }
    }

    /// The names of the rights that it carries.
    ///
    /// # Safety
    /// As `bytes`.
    pub unsafe fn names(&self, message: &[u8]) -> Vec<u32> {
        if !self.is_port() {
            return Vec::new();
        }
        // SAFETY: the caller's contract.
        unsafe { self.bytes(message) }.chunks_exact(NAMES).map(|it| word(it, 0)).collect()
    }

    /// Rewrites the type word as the receiver sees it.
    pub fn put_received(&self, message: &mut [u8]) {
        let received = mig_rt::Disposition(self.name).received().0;
        message[if self.long { self.at + 4 } else { self.at }] = received;
        let mut first = word(message, self.at) & !DEALLOCATE;
        if !self.inline {
            first |= DEALLOCATE;
        }
        put(message, self.at, first);
    }
}

/// A message with what it carries out of line, and without addresses.
#[derive(Clone, Debug)]
pub struct Message {
    pub bytes: Vec<u8>,
    pub regions: Vec<Vec<u8>>,
}

impl Message {
    /// # Safety
    /// What is out of line must be there.
    pub unsafe fn new(message: &[u8]) -> Message {
        let mut bytes = message.to_vec();
        let mut regions = Vec::new();
        for item in items(message).iter().filter(|it| !it.inline) {
            // SAFETY: the caller's contract.
            regions.push(unsafe { item.bytes(message) });
            item.put_address(&mut bytes, 0);
        }
        Message { bytes, regions }
    }

    /// A request without a mark that it carries something if it does not: C marks those to a port whose disposition is
    /// chosen at run time, and the kernel takes the mark away.
    pub fn with_true_mark(mut self) -> Message {
        if items(&self.bytes).iter().all(|it| it.inline && !it.is_port()) {
            let bits = word(&self.bytes, 0) & !COMPLEX;
            put(&mut self.bytes, 0, bits);
        }
        self
    }

    /// A request without what ours does otherwise on purpose: a loan of rights, or of elements that Rust has in
    /// another form, travels as a region of its own.
    pub fn with_loans_moved(mut self, packed: bool) -> Message {
        for item in items(&self.bytes.clone()).iter().filter(|it| !it.inline && (packed || it.is_port())) {
            self.bytes[item.at + 3] |= (DEALLOCATE >> 24) as u8;
        }
        self
    }

    /// A reply without what ours does otherwise on purpose: it moves what it carries.
    pub fn with_all_moved(mut self) -> Message {
        items(&self.bytes.clone()).iter().for_each(|it| it.put_received(&mut self.bytes));
        self
    }
}
