//! Rights and memory in received messages: taken over by the reader, or released by the one walk.

use mig_rt::typed::{self, Row};
use mig_rt::{Complex, Disposition, KernReturn, PortName, ReceiveRight, RightKind, SendRight, Shape, Transport};

use crate::kernel::Kernel;
use crate::probe::{ID, Read, Word, each_abi, message, names, port, probe_in, word};

const ANY: Shape = Shape::new(Complex::Maybe, 0, u32::MAX);
const REFUSED: Result<String, KernReturn> = Err(KernReturn::MIG_BAD_ARGUMENTS);

/// A right that a message owns under this disposition: its name, which is another's property if it owns none.
fn owned(kernel: &Kernel, of: &ReceiveRight<Kernel>, disposition: Disposition) -> PortName {
    match disposition.owned() {
        Some(RightKind::SEND) => kernel.send_right(of).into_raw(),
        Some(RightKind::SEND_ONCE) => kernel.send_once_right(of).into_raw(),
        Some(_) => kernel.port().0.into_raw(),
        None => of.name(),
    }
}

/// Memory that a message owns.
fn memory(kernel: &Kernel, bytes: &[u8]) -> u64 {
    let region = kernel.allocate(bytes.len(), &mut |to| to.copy_from_slice(bytes)).expect("there is memory");
    kernel.surrender(region).0
}

#[test]
fn rights_are_taken_over() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, right) = kernel.port();
        let dispositions = [Disposition::MOVE_SEND, Disposition::MOVE_SEND_ONCE, Disposition::MOVE_RECEIVE];
        let items = dispositions.map(|it| port::<W>(it, 1).names::<W>(&[owned(&kernel, &receive, it).0]));
        let read: Read<W> = |request, mut body| {
            let send = body.right(port::<W>(Disposition::MOVE_SEND, 1).ty::<W>())?;
            let once = body.right(port::<W>(Disposition::MOVE_SEND_ONCE, 1).ty::<W>())?;
            let receive = body.right(port::<W>(Disposition::MOVE_RECEIVE, 1).ty::<W>())?;
            let own = request.end(body)?;
            let (send, once, receive) = (own.send(send), own.send_once(once), own.receive(receive));
            assert!(own.via().accounts().faults.is_empty());
            Ok(format!("{}", send.name() == once.name() && receive.is_valid()))
        };
        assert_eq!(probe_in(&kernel, ANY, true, &items.concat(), read).as_deref(), Ok("true"));
        // The same three, of which the last is missing: all three are released without having been read.
        let items = dispositions.map(|it| port::<W>(it, 1).names::<W>(&[owned(&kernel, &receive, it).0]));
        let swapped = [&items[2][..], &items[0], &items[1]].concat();
        assert_eq!(probe_in(&kernel, ANY, true, &swapped, read), REFUSED);
        drop((receive, right));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Under any name, in either form: rights only in complex messages, and one of them.
#[test]
fn the_message_says_which_right() {
    fn of<W: Row>() {
        const KIND: Word = Word { name: 0xff, ..word(0xff, 0, 1) };
        fn poly<W: Row>() -> Word {
            Word { bits: W::CELL as u32 * 8, ..KIND }
        }
        let short: Read<W> = |request, mut body| {
            let held = body.any_right(poly::<W>().ty::<W>())?;
            let right = request.end(body)?.any(held);
            Ok(format!("{:?} {}", right.disposition(), right.is_right()))
        };
        let long: Read<W> = |request, mut body| {
            let held = body.any_right(poly::<W>().long().ty::<W>())?;
            let right = request.end(body)?.any(held);
            Ok(format!("{:?} {}", right.disposition(), right.is_right()))
        };
        let kernel = Kernel::new();
        let (receive, right) = kernel.port();
        let widest = if W::WIDE { 0xff } else { 0x1ff };
        for (read, form, most) in [(short, poly::<W>(), 0xff), (long, poly::<W>().long(), widest)] {
            for name in names(most) {
                let disposition = Disposition(u8::try_from(name).unwrap_or(0));
                for (complex, number) in [(true, 1), (true, 0), (false, 1), (true, 2)] {
                    let names: Vec<u32> = (0..number)
                        .map(|_| if complex { owned(&kernel, &receive, disposition).0 } else { receive.name().0 })
                        .collect();
                    let item = Word { name, number, ..form }.names::<W>(&names);
                    let seen = probe_in(&kernel, ANY, complex, &item, read);
                    let expected = number == 1 && (complex || !disposition.is_port());
                    let is_right = disposition.owned().is_some();
                    let shown = format!("{disposition:?} {is_right}");
                    assert_eq!(seen, if expected { Ok(shown) } else { REFUSED }, "{name} {complex} {number}");
                }
            }
        }
        drop((receive, right));
        kernel.assert_empty();
    }
    each_abi!(of);
}

#[test]
fn memory_is_taken_over() {
    fn of<W: Row>() {
        const MEMORY: Word = word(9, 8, 0).out_of_line();
        let kernel = Kernel::new();
        let read: Read<W> = |request, mut body| {
            let held = body.memory(MEMORY.ty::<W>())?;
            let region = request.end(body)?.region::<u8>(held);
            Ok(format!("{:?}", region.bytes().expect("a loopback has it")))
        };
        let item = |at: u64, number: u32| Word { number, ..MEMORY }.memory::<W>(at);
        let whole = item(memory(&kernel, &[1, 2, 3]), 3);
        assert_eq!(probe_in(&kernel, ANY, true, &whole, read).as_deref(), Ok("[1, 2, 3]"));
        // No address is an empty region, whatever the number.
        for number in [0, 3] {
            assert_eq!(probe_in(&kernel, ANY, true, &item(0, number), read).as_deref(), Ok("[]"));
        }
        // No kernel has seen the address of a message that is not complex.
        assert_eq!(probe_in(&kernel, ANY, false, &item(0x1000, 3), read), REFUSED);
        // Behind the end there is something more: the memory goes with the message.
        let more = [item(memory(&kernel, &[1, 2, 3]), 3), vec![0; 8]].concat();
        assert_eq!(probe_in(&kernel, ANY, true, &more, read), REFUSED);
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// In line and out of line: two word forms where a name is shorter than a cell.
#[test]
fn arrays_of_rights_are_taken_over() {
    fn of<W: Row>() {
        fn form<W: Row>() -> Word {
            port::<W>(Disposition::MOVE_SEND, 0).long()
        }
        let read: Read<W> = |request, mut body| {
            let held = body.rights_indefinite(form::<W>().ty::<W>())?;
            let mut rights = request.end(body)?.rights::<SendRight<Kernel>>(held);
            let first = rights.next();
            Ok(format!("{} and {} more", first.is_some(), rights.len()))
        };
        let kernel = Kernel::new();
        let (receive, right) = kernel.port();
        let three = || [(); 3].map(|()| kernel.send_right(&receive).into_raw().0);
        let out_of_line = || {
            let names = three().map(u32::to_le_bytes).concat();
            Word { bits: 32, number: 3, ..form::<W>().out_of_line() }.memory::<W>(memory(&kernel, &names))
        };
        let in_line = Word { number: 3, ..form::<W>() }.names::<W>(&three());
        assert_eq!(probe_in(&kernel, ANY, true, &in_line, read).as_deref(), Ok("true and 2 more"));
        assert_eq!(probe_in(&kernel, ANY, true, &out_of_line(), read).as_deref(), Ok("true and 2 more"));
        // Refused with everything in it: the loop releases what the message holds.
        let refused = |complex, item: &[u8]| assert_eq!(probe_in(&kernel, ANY, complex, item, read), REFUSED);
        refused(true, &[out_of_line(), vec![0; 8]].concat());
        refused(false, &Word { number: 0, ..form::<W>() }.names::<W>(&[]));
        assert_eq!(kernel.rights(receive.name()).send, 1);
        drop((receive, right));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// Of every disposition, in line and out of line, the walk releases what the message owns and nothing else.
#[test]
fn the_walk_releases_what_is_owned() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, right) = kernel.port();
        for name in names(0xff) {
            let disposition = Disposition(name as u8);
            for long in [false, true] {
                let form = |it: Word| if long { it.long() } else { it };
                let names = [(); 2].map(|()| owned(&kernel, &receive, disposition).0);
                let in_line = form(port::<W>(disposition, 4)).names::<W>(&[0, u32::MAX, names[0], names[1]]);
                let names = [0, owned(&kernel, &receive, disposition).0, u32::MAX].map(u32::to_le_bytes).concat();
                let out_of_line = form(word(name, 32, 3).out_of_line()).memory::<W>(memory(&kernel, &names));
                let (before, between) = (word(2, 32, 1).item::<W>(&[1; 4]), word(9, 8, 3).item::<W>(&[2; 3]));
                let body = [before, in_line, between, out_of_line].concat();
                typed::release::<Kernel, W>(&message::<W>(ID, true, PortName::NULL, &body), kernel.clone());
            }
            let left = kernel.rights(receive.name());
            assert_eq!((left.send, left.send_once, left.receive), (1, 0, true), "{name}");
        }
        drop((receive, right));
        kernel.assert_empty();
    }
    each_abi!(of);
}

/// A message that is damaged in the middle is believed up to there, as in C; one that is not complex holds nothing.
#[test]
fn the_walk_stops_at_damage() {
    fn of<W: Row>() {
        let kernel = Kernel::new();
        let (receive, right) = kernel.port();
        let item = || port::<W>(Disposition::MOVE_SEND, 1).names::<W>(&[kernel.send_right(&receive).into_raw().0]);
        let damages = [
            word(2, 32, 0xfff).item::<W>(&[0; 8]),
            word(9, 0xff, 0xfff).item::<W>(&[0; 8]),
            Word { number: u32::MAX, bits: 0xffff, ..word(9, 8, 0) }.long().item::<W>(&[0; 8]),
            Word { number: u32::MAX, ..port::<W>(Disposition::MOVE_SEND, 0) }.long().item::<W>(&[0; 8]),
        ];
        for damage in damages {
            let body = [item(), damage, item()].concat();
            typed::release::<Kernel, W>(&message::<W>(ID, true, PortName::NULL, &body), kernel.clone());
            assert_eq!(kernel.rights(receive.name()).send, 2, "the right before it is gone, the one behind is not");
            kernel.release(receive.name(), RightKind::SEND);
        }
        // Cut off inside of a type word, of a cell, of an address; shorter than a header.
        let whole = message::<W>(ID, true, PortName::NULL, &[item(), item()].concat());
        let one = port::<W>(Disposition::MOVE_SEND, 1).names::<W>(&[0]).len();
        for size in (0..W::HEADER + one).chain(W::HEADER + one + 1..whole.len()) {
            let before = kernel.rights(receive.name()).send;
            if size >= W::HEADER + one {
                // The first is whole, and is released each time: it is made anew.
                kernel.send_right(&receive).into_raw();
            }
            typed::release::<Kernel, W>(&whole[..size], kernel.clone());
            assert_eq!(kernel.rights(receive.name()).send, before, "{size} of {} bytes", whole.len());
        }
        let plain = message::<W>(ID, false, PortName::NULL, &whole[W::HEADER..]);
        typed::release::<Kernel, W>(&plain, kernel.clone());
        assert_eq!(kernel.rights(receive.name()).send, 3);
        typed::release::<Kernel, W>(&whole, kernel.clone());
        drop((receive, right));
        kernel.assert_empty();
    }
    each_abi!(of);
}
