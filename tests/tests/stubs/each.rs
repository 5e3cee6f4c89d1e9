//! Arrays of which each element is out of line: what arrives, what the bytes are, and what is refused.

use std::sync::{Arc, Mutex};

use mig_rt::loopback::Stage;
use mig_rt::{
    AbiId, ArrayVec, Element, Error, Give, KernReturn, Loopback, PortName, ReceiveRight, Region, Rights, SendRight,
};

use crate::nested::{self, NestedServer, Point, any, nested_lines, nested_out};

type Port = Loopback<Service>;

/// Answers with what it was given, and notes it.
#[derive(Default)]
struct Service {
    calls: Vec<String>,
    via: Option<Port>,
    fails: bool,
}

/// Elements of regions, to be compared.
fn seen<E: Element + std::fmt::Debug>(regions: &[Region<Port, E>]) -> String {
    let all = |it: &Region<Port, E>| it.iter().map(|it| it.collect::<Vec<_>>());
    format!("{:?}", regions.iter().map(all).collect::<Result<Vec<_>, _>>())
}

impl Service {
    fn note(&mut self, call: String) -> Result<Port, KernReturn> {
        self.calls.push(call);
        let via = self.via.clone().ok_or(KernReturn::FAILURE)?;
        if self.fails { Err(KernReturn::NO_SPACE) } else { Ok(via) }
    }
}

impl NestedServer<Port> for Service {
    fn nested_in(
        &mut self,
        _: PortName,
        pages: [Region<Port, u8>; 3],
        x: i32,
        sheets: ArrayVec<Region<Port, i32>, 4>,
        y: i32,
    ) -> Result<(), KernReturn> {
        self.note(format!("in {} {x} {} {y}", seen(&pages), seen(&sheets))).map(|_| ())
    }

    fn nested_out(&mut self, _: PortName) -> Result<nested_out::Out<Port>, KernReturn> {
        let via = self.note("out".to_owned())?;
        let pages = [Region::new(&via, b"one")?, Region::none(&via), Region::new(&via, &[7; 5000])?];
        let sheets = [Region::new(&via, &[1, 2])?, Region::new(&via, &[3, 4, 5])?];
        Ok(nested_out::Out { pages, sheets: sheets.into_iter().collect(), x: 9 })
    }

    fn nested_both(&mut self, _: PortName, pages: [Region<Port, u8>; 3]) -> Result<[Region<Port, u8>; 3], KernReturn> {
        self.note(format!("both {}", seen(&pages)))?;
        let [a, b, c] = pages;
        Ok([c, a, b])
    }

    fn nested_give(
        &mut self,
        _: PortName,
        pages: [Region<Port, u8>; 3],
        sheets: ArrayVec<Region<Port, i32>, 4>,
        blocks: [Region<Port, u8>; 2],
    ) -> Result<(), KernReturn> {
        self.note(format!("give {} {} {}", seen(&pages), seen(&sheets), seen(&blocks))).map(|_| ())
    }

    fn nested_lines(
        &mut self,
        _: PortName,
        in_lines: [Region<Port, Point>; 2],
    ) -> Result<nested_lines::Out<Port>, KernReturn> {
        let via = self.note(format!("lines {}", seen(&in_lines)))?;
        let [a, b] = in_lines;
        // One block is too short for the definition if a line is empty.
        let block = |it: &Region<Port, Point>| Region::new(&via, &[8; 64][..64.min(it.len() * 64)]);
        let blocks = [block(&a)?, block(&b)?];
        Ok(nested_lines::Out { lines: [b, a], blocks })
    }

    fn nested_rights(
        &mut self,
        _: PortName,
        names: ArrayVec<Rights<'_, Port, SendRight<Port>>, 3>,
        presents: [Rights<'_, Port, SendRight<Port>>; 2],
    ) -> Result<ArrayVec<Rights<'static, Port, SendRight<Port>>, 3>, KernReturn> {
        let counts: Vec<usize> = names.iter().chain(&presents).map(|it| it.len()).collect();
        let via = self.note(format!("rights {counts:?}"))?;
        let [first, second] = presents;
        [first, second].into_iter().map(|it| it.into_region(&via)).collect()
    }
}

/// A service, and what to do when nobody needs it any more: nothing is left of what was sent.
fn with_service(abi: AbiId, test: impl FnOnce(&Port, &SendRight<Port>)) {
    let port = Port::new(Service::default(), &[nested::darwin_lp64::subsystem(), nested::darwin_ilp32::subsystem()]);
    port.with_service(|it| it.via = Some(port.clone()));
    test(&port, &port.port());
    port.with_service(|it| it.via = None);
    let accounts = port.accounts();
    assert!(accounts.faults.is_empty() && accounts.regions.is_empty(), "{abi}: {accounts}");
    assert!(
        accounts.ports.len() == 1 && accounts.ports.values().all(|it| it.send == 0 && it.send_once == 0),
        "{accounts}"
    );
}

const ABIS: [AbiId; 2] = [AbiId::DarwinLp64, AbiId::DarwinIlp32];
const SHEETS: [&[i32]; 2] = [&[10, 11], &[12]];

fn call_in(abi: AbiId, port: &SendRight<Port>) -> mig_rt::Result<()> {
    any::nested_in(abi, port, [b"a", b"", b"bcd"], -1, SHEETS.into_iter().collect(), -2)
}

#[test]
fn arrays_of_memory_arrive() {
    for abi in ABIS {
        with_service(abi, |port, server| {
            call_in(abi, server).expect("an answer");
            let out = any::nested_out(abi, server).expect("an answer");
            assert_eq!((out.pages.each_ref().map(Region::len), out.sheets.len(), out.x), ([3, 0, 5000], 2, 9));
            assert_eq!(seen(&out.sheets), "Ok([[1, 2], [3, 4, 5]])");
            let turned = any::nested_both(abi, server, [b"x", b"yy", b""]).expect("an answer");
            assert_eq!(seen(&turned), format!("Ok({:?})", [&b""[..], b"x", b"yy"]));
            let region = |it: &[u8]| Region::new(port, it).expect("there is memory");
            let given = [Give::Lend(&[1, 2][..]), Give::Move(Region::new(port, &[3]).expect("there is memory"))];
            let sheets = given.into_iter().collect();
            any::nested_give(abi, server, [region(b"1"), region(b"2"), region(b"")], sheets, [&[5; 64], &[6; 64]])
                .expect("an answer");
            let point = |x| Point { x, y: -x };
            let out = any::nested_lines(abi, server, [&[point(1)], &[point(2), point(3)]]).expect("an answer");
            assert_eq!(seen(&out.lines), format!("Ok({:?})", [vec![point(2), point(3)], vec![point(1)]]));
            assert_eq!(out.blocks.each_ref().map(Region::len), [64, 64]);
            let calls = port.with_service(|it| std::mem::take(&mut it.calls));
            assert_eq!(calls[0], "in Ok([[97], [], [98, 99, 100]]) -1 Ok([[10, 11], [12]]) -2");
            assert!(calls[3].starts_with("give Ok([[49], [50], []]) Ok([[1, 2], [3]]) Ok([[5, 5,"), "{}", calls[3]);
        });
    }
}

#[test]
fn arrays_of_rights_arrive() {
    for abi in ABIS {
        with_service(abi, |port, server| {
            let made = ReceiveRight::new(port).expect("there are ports");
            let right = || port.make_send(&made);
            let (kept, mut gone) = ([right(), right()], [right(), right(), right()]);
            let names: [&[SendRight<Port>]; 2] = [&kept, &[]];
            let (first, second) = gone.split_at_mut(1);
            let back = any::nested_rights(abi, server, names.into_iter().collect(), [first, second]);
            let back = back.expect("an answer");
            assert_eq!(back.iter().map(Rights::len).collect::<Vec<_>>(), [1, 2]);
            assert!(back.iter().flat_map(|it| it.names()).all(|it| it == made.name()));
            assert_eq!(port.with_service(|it| it.calls.pop()).as_deref(), Some("rights [2, 0, 1, 2]"));
            assert!(gone.iter().all(|it| !it.name().is_valid()), "they were moved");
        });
    }
}

/// Shows messages of one stage and direction to `look`.
fn tap(port: &Port, stage: Stage, request: bool, mut look: impl FnMut(&mut Vec<u8>) + Send + 'static) {
    port.tap(move |it| {
        if it.stage == stage && it.request == request {
            look(it.bytes);
        }
        Ok(())
    });
}

/// Offsets of C's structure for the request of `nested_in`: descriptors, NDR record, counts, numbers.
struct Offsets {
    descriptor: usize,
    size: usize,
    flags: usize,
    ndr: usize,
}

impl Offsets {
    fn of(abi: AbiId) -> Offsets {
        match abi {
            AbiId::DarwinLp64 => Offsets { descriptor: 16, size: 12, flags: 8, ndr: 28 + 7 * 16 },
            _ => Offsets { descriptor: 12, size: 4, flags: 8, ndr: 28 + 7 * 12 },
        }
    }

    fn descriptor(&self, index: usize) -> usize {
        28 + index * self.descriptor
    }
}

fn u32s(bytes: &[u8], at: usize) -> Vec<u32> {
    bytes[at..].chunks_exact(4).map(|it| u32::from_le_bytes(it.try_into().expect("four bytes"))).collect()
}

#[test]
fn the_bytes_are_those_of_c() {
    for abi in ABIS {
        with_service(abi, |port, server| {
            let sent = Arc::new(Mutex::new(Vec::new()));
            let copy = sent.clone();
            tap(port, Stage::Sent, true, move |it| *copy.lock().expect("nobody panicked") = it.clone());
            call_in(abi, server).expect("an answer");
            let (at, sent) = (Offsets::of(abi), sent.lock().expect("nobody panicked").clone());
            assert_eq!(u32s(&sent, 24)[0], 7, "descriptors");
            // Bytes of memory; then not deallocated, copied virtually, no padding, out of line.
            let described: Vec<u32> = (0..7).map(|it| u32s(&sent, at.descriptor(it) + at.size)[0]).collect();
            assert_eq!(described, [1, 0, 3, 8, 4, 0, 0]);
            assert!((0..7).all(|it| sent[at.descriptor(it) + at.flags..][..4] == [0, 1, 0, 1]));
            assert!((5..7).all(|it| sent[at.descriptor(it)..][..4] == [0; 4]), "unused descriptors");
            assert_eq!(sent[at.ndr..][..8], [0, 0, 0, 0, 1, 0, 0, 0]);
            // pagesSubs, x, sheetsSubsCnt, sheetsSubs, y
            assert_eq!(u32s(&sent, at.ndr + 8), [1, 0, 3, u32::MAX, 2, 2, 1, u32::MAX - 1]);
        });
    }
}

/// Bytes to put in, and where.
type Patch = (usize, Vec<u8>);

fn damaged(abi: AbiId, request: bool, patch: Patch) -> mig_rt::Result<()> {
    let mut result = Ok(());
    with_service(abi, |port, server| {
        tap(port, Stage::Received, request, move |it| it[patch.0..][..patch.1.len()].copy_from_slice(&patch.1));
        result = if request { call_in(abi, server) } else { any::nested_out(abi, server).map(|_| ()) };
        assert!(result.is_ok() || !request || port.with_service(|it| it.calls.is_empty()), "refused, and served");
    });
    result
}

fn word(it: u32) -> Vec<u8> {
    it.to_le_bytes().to_vec()
}

#[test]
fn damage_is_refused() {
    for abi in ABIS {
        let at = Offsets::of(abi);
        let data = at.ndr + 8;
        let requests: [(&str, Patch, KernReturn); 9] = [
            ("another descriptor", (at.descriptor(1) + 11, vec![0]), KernReturn::MIG_TYPE_ERROR),
            ("another unused descriptor", (at.descriptor(6) + 11, vec![2]), KernReturn::MIG_TYPE_ERROR),
            ("one descriptor less", (24, word(6)), KernReturn::MIG_BAD_ARGUMENTS),
            ("a count of an array", (data, word(2)), KernReturn::MIG_TYPE_ERROR),
            ("more arrays than the definition has", (data + 16, word(5)), KernReturn::MIG_BAD_ARGUMENTS),
            ("more arrays than counts", (data + 16, word(3)), KernReturn::MIG_BAD_ARGUMENTS),
            ("fewer arrays than counts", (data + 16, word(1)), KernReturn::MIG_BAD_ARGUMENTS),
            ("a count among a variable number", (data + 24, word(2)), KernReturn::MIG_TYPE_ERROR),
            ("a count whose bytes overflow", (data + 24, word(0x4000_0001)), KernReturn::MIG_TYPE_ERROR),
        ];
        for (what, patch, code) in requests {
            assert_eq!(damaged(abi, true, patch), Err(Error::from(code)), "{abi}: {what}");
        }
        let replies: [(&str, Patch); 4] = [
            ("another descriptor", (at.descriptor(4) + 11, vec![0])),
            ("a count of an array", (data + 8, word(4999))),
            ("more arrays than the definition has", (data + 12, word(5))),
            ("a count among a variable number", (data + 16, word(1))),
        ];
        for (what, patch) in replies {
            assert_eq!(damaged(abi, false, patch), Err(Error::TYPE_ERROR), "{abi}: reply, {what}");
        }
    }
}

/// Memory in an unused descriptor would be nobody's; a region too long for its array is refused, too.
#[test]
fn memory_that_no_count_counts_is_released() {
    for abi in ABIS {
        let at = Offsets::of(abi);
        let unused = damaged(abi, true, (at.descriptor(5) + at.size, word(12)));
        assert_eq!(unused, Err(Error::from(KernReturn::MIG_TYPE_ERROR)), "{abi}");
        with_service(abi, |_, server| {
            let long: [&[i32]; 1] = [&[0; 9]];
            let result = any::nested_in(abi, server, [b"", b"", b""], 0, long.into_iter().collect(), 0);
            assert_eq!(result, Err(Error::from(KernReturn::MIG_TYPE_ERROR)), "{abi}");
        });
    }
}

#[test]
fn a_message_cut_short_is_refused() {
    for abi in ABIS {
        let whole = Offsets::of(abi).ndr + 8 + 8 * 4;
        for size in (28..whole).step_by(4) {
            let result = damaged(abi, true, (4, word(size as u32)));
            assert!(result.is_err(), "{abi}: {size} of {whole} bytes");
        }
    }
}

#[test]
fn what_a_failing_call_was_given_is_released() {
    for abi in ABIS {
        with_service(abi, |port, server| {
            port.with_service(|it| it.fails = true);
            let no_space = Error::from(KernReturn::NO_SPACE);
            assert_eq!(call_in(abi, server), Err(no_space));
            assert_eq!(any::nested_both(abi, server, [b"x", b"yy", b""]).map(|_| ()), Err(no_space));
            let region = |it: &[u8]| Region::new(port, it).expect("there is memory");
            // The second block is too short: nothing is sent, and the regions come back to be released.
            let pages = || [region(b"1"), region(b"2"), region(b"3")];
            let result = any::nested_give(abi, server, pages(), ArrayVec::new(), [&[5; 64], &[6; 63]]);
            assert_eq!(result, Err(Error::from(KernReturn::MIG_ARRAY_TOO_LARGE)));
            port.with_service(|it| it.fails = false);
            let line = [Point { x: 1, y: 1 }];
            let result = any::nested_lines(abi, server, [&line, &[]]).map(|_| ());
            assert_eq!(result, Err(Error::from(KernReturn::MIG_ARRAY_TOO_LARGE)), "the server's block is too short");
        });
    }
}
