//! Reading: what a definition says is taken, and whatever else a sender may write is refused.

use mig_rt::typed::{Bad, Body, Request, Row};
use mig_rt::{Complex, Disposition, KernReturn, SendRight, Shape};

use crate::kernel::Kernel;
use crate::probe::{Read, Word, each_abi, port, probe, probe_in, word};

const REFUSED: Result<String, KernReturn> = Err(KernReturn::MIG_BAD_ARGUMENTS);

const INT: Word = word(2, 32, 1);
const BYTES: Word = word(9, 8, 0);
const LONG_BYTES: Word = word(9, 8, 0).long();
const INTS: Word = word(2, 32, 0);

fn bytes(count: u32) -> Word {
    Word { number: count, ..BYTES }
}

/// Where the flags of a type word stand: in line, long form, deallocate.
fn flag<W: Row>(which: usize) -> usize {
    if W::WIDE { 29 + which } else { 28 + which }
}

/// Every message that differs from this one in one bit of its first `bits` bits; where each step is interpreted, some.
fn flipped(item: &[u8], bits: usize) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bits).step_by(if cfg!(miri) { 7 } else { 1 }).map(|bit| {
        let mut other = item.to_vec();
        other[bit / 8] ^= 1 << (bit % 8);
        (bit, other)
    })
}

#[test]
fn numbers() {
    fn of<W: Row>() {
        macro_rules! check {
            ($($method:ident $name:literal $bits:literal $value:expr;)*) => { $(
                let item = word($name, $bits, 1).item::<W>(&$value.to_le_bytes());
                let seen = probe::<W>(false, &item, |request, mut body| {
                    let it = body.$method(word($name, $bits, 1).ty::<W>())?;
                    request.end(body)?;
                    Ok(format!("{it:?}"))
                });
                assert_eq!(seen, Ok(format!("{:?}", $value)));
                for (bit, other) in flipped(&item, W::WORD * 8) {
                    let seen = probe::<W>(false, &other, |request, mut body| {
                        body.$method(word($name, $bits, 1).ty::<W>())?;
                        request.end(body)?;
                        Ok(String::new())
                    });
                    assert_eq!(seen, REFUSED, "{} bit {bit}", stringify!($method));
                }
            )* };
        }
        check! {
            u8 9 8 0xfeu8; i8 9 8 -2i8; u16 1 16 0xfffeu16; i16 1 16 -2i16; u32 2 32 0xffff_fffeu32; i32 2 32 -2i32;
            u64 11 64 u64::MAX - 1; i64 11 64 -2i64; f32 25 32 1.5f32; f64 26 64 -2.5f64;
        }
    }
    each_abi!(of);
}

#[test]
fn truth_is_anything_but_zero() {
    fn of<W: Row>() {
        for (number, truth) in [(0u32, "false"), (1, "true"), (2, "true"), (u32::MAX, "true")] {
            let seen = probe::<W>(false, &INT.item::<W>(&number.to_le_bytes()), |_, mut body| {
                Ok(body.bool(INT.ty::<W>())?.to_string())
            });
            assert_eq!(seen.as_deref(), Ok(truth));
        }
    }
    each_abi!(of);
}

/// Every word of the short form but the right one, one behind the other and the right one last: each is refused.
#[test]
fn no_other_word_is_a_number() {
    fn of<W: Row>() {
        let step = if cfg!(miri) { 4099 } else { 1 };
        let right = INT.bytes::<W>();
        let place = if W::WIDE { 4 } else { 2 };
        let mut body: Vec<u8> = Vec::new();
        let mut add = |word: &[u8]| body.extend(if word == right { &[] } else { word });
        // Name, size and flags of any value.
        for it in (0..1u32 << 20).step_by(step) {
            let mut word = vec![0; W::WORD];
            word[..4].copy_from_slice(&(it & 0xffff | it >> 16 << 28).to_le_bytes());
            word[place] = 1;
            add(&word);
        }
        // Then the number.
        for number in (0..0x1000).step_by(step.min(97)) {
            add(&Word { number, ..INT }.bytes::<W>());
        }
        let count = body.len() / W::WORD;
        body.extend(INT.item::<W>(&[0; 4]));
        let seen = probe::<W>(false, &body, |request, mut body| {
            let mut refused = 0;
            while body.i32(INT.ty::<W>()).is_err() {
                refused += 1;
            }
            request.end(body)?;
            Ok(refused.to_string())
        });
        assert_eq!(seen, Ok(count.to_string()), "{}", W::ABI);
    }
    each_abi!(of);
}

fn read_bytes<W: Row>(request: Request<'_, Kernel, W>, mut body: Body<'_, W>) -> Result<String, Bad> {
    let it = body.counted::<u8>(BYTES.ty::<W>())?;
    request.end(body)?;
    Ok(format!("{it:?}"))
}

fn read_long_bytes<W: Row>(request: Request<'_, Kernel, W>, mut body: Body<'_, W>) -> Result<String, Bad> {
    let it = body.counted::<u8>(LONG_BYTES.ty::<W>())?;
    request.end(body)?;
    Ok(format!("{it:?}"))
}

/// The number may vary, the deallocate bit and unused ones may be anything, and nothing else.
#[test]
fn arrays_bring_their_number() {
    fn of<W: Row>() {
        let forms: [(Word, Read<W>); 2] = [(bytes(5), read_bytes::<W>), (bytes(5).long(), read_long_bytes::<W>)];
        for (word, read) in forms {
            let item = word.item::<W>(&[1, 2, 3, 4, 5]);
            assert_eq!(probe(false, &item, read).as_deref(), Ok("[1, 2, 3, 4, 5]"));
            for (bit, other) in flipped(&item, word.bytes::<W>().len() * 8) {
                let seen = probe(false, &other, read);
                if bit == flag::<W>(2) || is_unused::<W>(word, bit) {
                    assert_eq!(seen.as_deref(), Ok("[1, 2, 3, 4, 5]"), "bit {bit} of {word:?}");
                } else if let Ok(seen) = seen {
                    // Padding may become data, and data padding; never more than there is.
                    let count = seen.split(',').filter(|it| *it != "[]").count();
                    let fits = count.next_multiple_of(W::ALIGN) == 5usize.next_multiple_of(W::ALIGN);
                    assert!(is_number::<W>(word, bit) && fits, "bit {bit} of {word:?}: {seen}");
                }
            }
        }
    }
    each_abi!(of);
}

fn is_unused<W: Row>(word: Word, bit: usize) -> bool {
    match (W::WIDE, word.long) {
        (true, _) => (24..29).contains(&bit),
        (false, true) => (16..28).contains(&bit) || bit == 31,
        (false, false) => bit == 31,
    }
}

fn is_number<W: Row>(word: Word, bit: usize) -> bool {
    match (W::WIDE, word.long) {
        (true, _) => bit >= 32,
        (false, true) => bit >= 64,
        (false, false) => (16..28).contains(&bit),
    }
}

/// Numbers of elements that no address space has room for, and sizes that would wrap around when they are multiplied.
#[test]
fn counts_do_not_wrap() {
    fn of<W: Row>() {
        let forms: [(Word, Read<W>); 5] = [
            (LONG_BYTES, read_long_bytes::<W>),
            (word(2, 32, 0).long(), |request, mut body| {
                body.counted::<i32>(INTS.long().ty::<W>())?;
                request.end(body).map(|_| String::new())
            }),
            (word(2, 32, 0).long(), |request, mut body| {
                body.counted::<[i32; 1024]>(INTS.long().ty::<W>())?;
                request.end(body).map(|_| String::new())
            }),
            (port::<W>(Disposition::MOVE_SEND, 0).long(), |request, mut body| {
                let held = body.rights(port::<W>(Disposition::MOVE_SEND, 0).long().ty::<W>())?;
                request.end(body).map(|own| format!("{:?}", own.rights::<SendRight<Kernel>>(held)))
            }),
            (word(9, 8, 0).long(), |request, mut body| {
                let held = body.indefinite::<u8>(LONG_BYTES.ty::<W>())?;
                request.end(body).map(|own| format!("{:?}", own.data(held)))
            }),
        ];
        let numbers: &[u32] = &[u32::MAX, u32::MAX / 4 + 1, 9, u32::MAX / 2, u32::MAX / 4, 1 << 31, 1 << 30, 1 << 29];
        let (numbers, sizes) = if cfg!(miri) { (&numbers[..3], &[4][..]) } else { (numbers, &[0, 4, 8, 64][..]) };
        for (word, read) in forms {
            for number in numbers {
                for size in sizes {
                    let mut item = Word { number: *number, ..word }.bytes::<W>();
                    item.resize(item.len() + size, 0);
                    assert_eq!(probe(true, &item, read), REFUSED, "{number} of {word:?} in {size} bytes");
                }
            }
        }
    }
    each_abi!(of);
}

/// Elements of several wire elements each: a tail that is no whole element is left out, never read.
#[test]
fn part_of_an_element_is_none() {
    fn of<W: Row>() {
        let data = [1i32, 2, 3, 4, 5].map(i32::to_le_bytes).concat();
        let item = Word { number: 5, ..INTS }.item::<W>(&data);
        let seen = probe::<W>(false, &item, |request, mut body| {
            let it = body.counted::<[i32; 2]>(INTS.ty::<W>())?;
            request.end(body)?;
            Ok(format!("{it:?}"))
        });
        assert_eq!(seen.as_deref(), Ok("[[1, 2], [3, 4]]"));
    }
    each_abi!(of);
}

/// Size and complex bit are looked at before anything else.
#[test]
fn shapes() {
    fn of<W: Row>() {
        let item = INT.item::<W>(&[0; 4]);
        let size = (W::HEADER + item.len()) as u32;
        let read: Read<W> = |_, _| Ok(String::new());
        let kernel = Kernel::new();
        let (never, always, maybe) = (Complex::Never, Complex::Always, Complex::Maybe);
        for (shape, complex, accepted) in [
            (Shape::new(never, size, size), false, true),
            (Shape::new(never, size, size), true, false),
            (Shape::new(always, size, size), false, false),
            (Shape::new(always, size, size), true, true),
            (Shape::new(maybe, size, size), false, true),
            (Shape::new(maybe, size, size), true, true),
            (Shape::new(never, size - 4, size - 4), false, false),
            (Shape::new(never, size + 4, size + 4), false, false),
            (Shape::new(never, size - 4, size + 4), false, true),
            // The maximum is the sender's business: a receiver counts what it got.
            (Shape::new(never, size - 8, size - 4), false, true),
            (Shape::new(never, size + 4, size + 8), false, false),
        ] {
            let seen = probe_in(&kernel, shape, complex, &item, read);
            assert_eq!(seen.is_ok(), accepted, "{shape:?} and {complex}");
        }
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// A message ends where its last item does, and every length between is refused.
#[test]
fn lengths() {
    fn of<W: Row>() {
        let whole = [INT.item::<W>(&7u32.to_le_bytes()), bytes(5).item::<W>(&[1; 5])].concat();
        let read: Read<W> = |request, mut body| {
            let it = (body.i32(INT.ty::<W>())?, body.counted::<u8>(BYTES.ty::<W>())?);
            request.end(body)?;
            Ok(format!("{it:?}"))
        };
        for size in (0..whole.len() + 17).step_by(if cfg!(miri) { 4 } else { 1 }) {
            let mut body = whole.clone();
            body.resize(size, 0);
            assert_eq!(probe(false, &body, read).is_ok(), size == whole.len(), "{size} bytes");
        }
    }
    each_abi!(of);
}

#[test]
fn texts_end_at_the_first_nul() {
    fn of<W: Row>() {
        const TEXT: Word = word(12, 8, 8);
        for (text, expected) in
            [(b"text\0\0\0\0", "\"text\""), (b"text\0aft", "\"text\""), (b"12345678", "\"12345678\"")]
        {
            let variable = probe::<W>(false, &TEXT.item::<W>(text), |request, mut body| {
                let it = body.text(TEXT.ty::<W>())?;
                request.end(body)?;
                Ok(format!("{it:?}"))
            });
            let fixed = probe::<W>(false, &TEXT.item::<W>(text), |request, mut body| {
                let it = body.fixed_text(TEXT.ty::<W>(), 8)?;
                request.end(body)?;
                Ok(format!("{it:?}"))
            });
            assert_eq!((variable.as_deref(), fixed.as_deref()), (Ok(expected), Ok(expected)));
        }
        let none = probe::<W>(false, &word(12, 8, 0).item::<W>(&[]), |_, mut body| {
            Ok(format!("{:?}", body.text(TEXT.ty::<W>())?))
        });
        assert_eq!(none.as_deref(), Ok("\"\""));
    }
    each_abi!(of);
}

/// The client's room counts up to the array's maximum.
#[test]
fn rooms_of_clients() {
    fn of<W: Row>() {
        for (asked, given) in [(0u32, "0"), (9, "9"), (10, "10"), (11, "10"), (u32::MAX, "10")] {
            let seen = probe::<W>(false, &INT.item::<W>(&asked.to_le_bytes()), |_, mut body| {
                Ok(body.room(INT.ty::<W>(), 10)?.to_string())
            });
            assert_eq!(seen.as_deref(), Ok(given));
        }
    }
    each_abi!(of);
}
