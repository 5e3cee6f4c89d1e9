//! Damage to messages, by the names that recordings give it.

use mig_rt::AbiId;

/// What type words look like in an ABI; written down apart from the crate under test.
struct Words {
    header: usize,
    align: usize,
    /// Bytes of a short type word.
    word: usize,
    /// Bytes of an address.
    address: usize,
    /// Lowest flag: in line. Long form and deallocate follow.
    inline: u64,
    unused: u64,
}

const I386: Words = Words { header: 24, align: 4, word: 4, address: 4, inline: 1 << 28, unused: 1 << 31 };
const X86_64: Words = Words { header: 32, align: 8, word: 8, address: 8, inline: 1 << 29, unused: 1 << 24 };

impl Words {
    fn of(abi: AbiId) -> Words {
        match abi {
            AbiId::GnumachI386 => I386,
            AbiId::GnumachX8664v2022 => Words { header: 32, address: 8, ..I386 },
            AbiId::GnumachX8664 => X86_64,
            other => panic!("{other} has no type words"),
        }
    }

    fn is_wide(&self) -> bool {
        self.word == 8
    }

    /// The first word of a type word.
    fn flags(&self, message: &[u8], at: usize) -> u64 {
        let mut word = [0; 8];
        word[..self.word].copy_from_slice(&message[at..at + self.word]);
        u64::from_le_bytes(word)
    }

    fn is_long(&self, message: &[u8], at: usize) -> bool {
        !self.is_wide() && self.flags(message, at) & (self.inline << 1) != 0
    }

    /// Where name, size and number stand behind `at`, and the bits of each.
    fn places(&self, long: bool) -> [(usize, u32); 3] {
        match (self.is_wide(), long) {
            (true, _) => [(0, 8), (8, 16), (32, 32)],
            (false, true) => [(32, 16), (48, 16), (64, 32)],
            (false, false) => [(0, 8), (8, 8), (16, 12)],
        }
    }

    /// A type word as one number.
    fn read(&self, message: &[u8], at: usize) -> u128 {
        let size = if self.is_long(message, at) { 12 } else { self.word };
        let mut bytes = [0; 16];
        bytes[..size].copy_from_slice(&message[at..at + size]);
        u128::from_le_bytes(bytes)
    }

    fn write(&self, message: &mut [u8], at: usize, word: u128) {
        let size = if self.is_long(message, at) { 12 } else { self.word };
        message[at..at + size].copy_from_slice(&word.to_le_bytes()[..size]);
    }

    /// Where each item's type word stands.
    fn items(&self, message: &[u8]) -> Vec<usize> {
        let mut items = Vec::new();
        let mut at = self.header;
        while at < message.len() {
            items.push(at);
            let long = self.is_long(message, at);
            let word = self.read(message, at);
            let [_, size, number] = self.places(long).map(|it| word >> it.0 & ((1 << it.1) - 1));
            let data = if word as u64 & self.inline == 0 { self.address } else { (size * number).div_ceil(8) as usize };
            at += if long { 12 } else { self.word };
            at += data.next_multiple_of(self.align);
        }
        items
    }
}

/// Damages a message. Requests and replies have ids `first` to `last`; `skipped` is nobody's.
pub(crate) fn mutate(abi: AbiId, message: &mut Vec<u8>, mutation: &str) {
    let words = Words::of(abi);
    let id = words.header - 4;
    match mutation {
        "size-minus-align" => resize(message, |it| it - words.align),
        "size-plus-align" => resize(message, |it| it + words.align),
        "size-header-only" => resize(message, |_| words.header),
        "complex-bit-flipped" => message[3] ^= 0x80,
        "id past end" => put(message, id, 7049),
        "id before base" => put(message, id, 6999),
        "id of skipped slot" => put(message, id, 7007),
        "id+1" => message[id] += 1,
        "id=71 (send-once notification)" => put(message, id, 71),
        "retcode=5, size unchanged" => put(message, words.header + words.word, 5),
        other if other.starts_with("retcode=") => {
            resize(message, |_| words.header + words.word + words.align);
            put(message, words.header + words.word, u32::from(other.contains("retcode=5")) * 5);
            message[3] = if other.ends_with("complex") { 0x80 } else { 0 };
        }
        other => {
            let item = other.strip_prefix("item ").and_then(|it| it.split_once(": "));
            let (item, what) = item.unwrap_or_else(|| panic!("no mutation `{other}`"));
            let at = words.items(message)[item.parse::<usize>().expect("a number")];
            mutate_word(&words, message, at, what);
        }
    }
}

fn mutate_word(words: &Words, message: &mut [u8], at: usize, what: &str) {
    let [name, size, number] = words.places(words.is_long(message, at));
    let word = words.read(message, at);
    let field = |place: (usize, u32), change: fn(u128) -> u128| {
        let mask = ((1u128 << place.1) - 1) << place.0;
        word & !mask | change((word & mask) >> place.0) << place.0 & mask
    };
    let changed = match what {
        "name xor 1" => field(name, |it| it ^ 1),
        "size xor 8" => field(size, |it| it ^ 8),
        "number+1" => field(number, |it| it + 1),
        "number+100" => field(number, |it| it + 100),
        "inline flipped" => word ^ u128::from(words.inline),
        "longform flipped" => word ^ u128::from(words.inline << 1),
        "deallocate flipped" => word ^ u128::from(words.inline << 2),
        "unused=1" => word | u128::from(words.unused),
        other => panic!("no mutation `{other}`"),
    };
    words.write(message, at, changed);
}

/// Makes the message as long as its header will say.
fn resize(message: &mut Vec<u8>, size: impl FnOnce(usize) -> usize) {
    let size = size(message.len());
    message.resize(size, 0);
    put(message, 4, size as u32);
}

fn put(message: &mut [u8], at: usize, number: u32) {
    message[at..at + 4].copy_from_slice(&number.to_le_bytes());
}
