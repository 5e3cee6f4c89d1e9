//! Structures in messages: each ABI's layout of a flavor, and values that it has no room for.

use mig_rt::exchange::Row as _;
use mig_rt::flavor::{self, Flavor, Words, flavored};
use mig_rt::typed::{GnumachI386, GnumachX8664, GnumachX8664v2022, Row};
use mig_rt::{
    AbiId, Address, Data, Disposition, Element, Error, Form, Give, KernReturn, Layout, Protection, Region, Room, Size,
    Transport, Wide, exactly, form, narrow,
};

use crate::kernel::Kernel;
use crate::probe::each_abi;

/// A structure of an address and a protection.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Info {
    at: Address,
    protection: Protection,
}

impl Form<GnumachI386> for Info {
    type Base = [u32; 2];

    fn read(base: &[u32; 2]) -> Info {
        Info { at: Address(base[0].into()), protection: Protection(base[1] as i32) }
    }

    fn write(&self) -> Option<[u32; 2]> {
        Some([u32::try_from(self.at.0).ok()?, self.protection.0 as u32])
    }
}

impl Form<GnumachX8664> for Info {
    type Base = [u8; 12];

    fn read(base: &[u8; 12]) -> Info {
        let at = Address(form::field::<Wide<u64>>(base, 0).get());
        Info { at, protection: Protection(form::field(base, 8)) }
    }

    fn write(&self) -> Option<[u8; 12]> {
        let mut base = [0; 12];
        form::put(&mut base, 0, Wide::new(self.at.0));
        form::put(&mut base, 8, self.protection.0);
        Some(base)
    }
}

impl Element for Info {
    const LAYOUT: Layout<Info> = Layout::of::<GnumachX8664>(AbiId::GnumachX8664);
}

impl Flavor for Info {
    const NUMBER: i32 = 3;

    fn layout(abi: AbiId) -> Option<Layout<Info>> {
        match abi {
            AbiId::GnumachI386 => Some(Layout::of::<GnumachI386>(abi)),
            AbiId::GnumachX8664 => Some(Layout::of::<GnumachX8664>(abi)),
            _ => None,
        }
    }
}

const LOW: Info = Info { at: Address(0x1234_5678), protection: Protection::DEFAULT };
const HIGH: Info = Info { at: Address(0x1_0000_0000), protection: Protection::READ };

#[test]
fn flavors_survive() {
    for (abi, it, words) in [
        (AbiId::GnumachI386, LOW, Some(2)),
        (AbiId::GnumachI386, HIGH, None),
        (AbiId::GnumachX8664, LOW, Some(3)),
        (AbiId::GnumachX8664, HIGH, Some(3)),
        (AbiId::GnumachX8664v2022, LOW, None),
        (AbiId::DarwinLp64, LOW, None),
    ] {
        let mut room = [7; 4];
        assert_eq!(flavor::write(abi, &it, &mut room), words, "{abi}");
        assert_eq!(Words::of(abi, &it).map(|it| it.len()), words);
        let Some(words) = words else { continue };
        assert_eq!((Info::words(abi), room[words]), (Some(words), 7), "nothing behind it is written");
        // More words than the structure has, exactly as many, and too few.
        assert_eq!((flavor::read(abi, &room), flavor::read(abi, &room[..words])), (Some(it), Some(it)));
        assert_eq!(flavor::read::<Info>(abi, &room[..words - 1]), None);
        assert_eq!(flavor::write(abi, &it, &mut room[..words - 1]), None);
    }
}

#[test]
fn calls_with_flavors() {
    let abi = AbiId::GnumachX8664;
    let fill = |number: i32, room: &mut [u32], count: usize| {
        assert_eq!((number, room.len()), (3, 3));
        room.copy_from_slice(&Words::of(abi, &HIGH).expect("it fits"));
        Ok(count)
    };
    assert_eq!(flavored(abi, |number, room| fill(number, room, 3)), Ok(HIGH));
    // A server that says it wrote more than there was room for is not believed.
    assert_eq!(flavored(abi, |number, room| fill(number, room, 300)), Ok(HIGH));
    let short: mig_rt::Result<Info> = flavored(abi, |number, room| fill(number, room, 2));
    assert_eq!(short, Err(Error::TYPE_ERROR));
    let refused: mig_rt::Result<Info> = flavored(abi, |_, _| Err(KernReturn::INVALID_ARGUMENT.into()));
    assert_eq!(refused, Err(KernReturn::INVALID_ARGUMENT.into()));
    let absent: mig_rt::Result<Info> = flavored(AbiId::GnumachX8664v2022, |_, _| unreachable!("no such layout"));
    assert_eq!(absent, Err(Error::TYPE_ERROR));
}

/// A structure goes into a room whole or not at all.
#[test]
fn rooms_take_flavors_whole() {
    for (abi, it, size, fits) in [
        (AbiId::GnumachI386, LOW, 3, true),
        (AbiId::GnumachI386, LOW, 2, false),
        (AbiId::GnumachI386, HIGH, 3, false),
        (AbiId::GnumachX8664, HIGH, 4, true),
        (AbiId::GnumachX8664, HIGH, 3, false),
        (AbiId::GnumachX8664v2022, LOW, 9, false),
    ] {
        let mut storage = [const { std::mem::MaybeUninit::uninit() }; 9];
        let mut room = Room::new(&mut storage[..size], abi);
        assert!(room.push(1));
        assert_eq!(room.put(&it), fits, "{abi} {it:?} in {size}");
        assert_eq!(room.len(), if fits { 1 + Info::words(abi).expect("it fits") } else { 1 });
    }
}

/// Numbers of the size of a pointer, alone and in arrays.
#[test]
fn pointers_narrow() {
    fn of<W: Row>() {
        let wide = W::ADDRESS == 8;
        let high = <Address as Form<W>>::write(&Address(1 << 32));
        assert_eq!(high.is_some(), wide);
        let some = [Size(1), Size(u64::MAX)];
        assert_eq!(<[Size; 2] as Form<W>>::write(&some).is_some(), wide);
        let low = [Address(1), Address(u32::MAX.into())];
        let written = <[Address; 2] as Form<W>>::write(&low).expect("it fits");
        assert_eq!(<[Address; 2] as Form<W>>::read(&written), low);
    }
    each_abi!(of);
    assert_eq!((narrow::<u64, u32>(5), narrow::<u64, u32>(1 << 32)), (Ok(5), Err(KernReturn::INVALID_ARGUMENT)));
    assert_eq!(exactly::<u8, 2>(&[1, 2]), Ok(&[1, 2]));
    assert_eq!(exactly::<u8, 2>(&[1]), Err(KernReturn::MIG_ARRAY_TOO_LARGE));
    let code = |it| <Result<(), KernReturn> as Form<GnumachI386>>::read(&it);
    assert_eq!((code(0), code(5)), (Ok(()), Err(KernReturn::FAILURE)));
    assert_eq!(<Result<(), KernReturn> as Form<GnumachI386>>::write(&Err(KernReturn::FAILURE)), Some(5));
    assert_eq!(<Disposition as Form<GnumachI386>>::read(&17), Disposition::MOVE_SEND);
}

#[test]
fn truth_is_written_as_one() {
    fn of<W: Row>() {
        let both = [false, true];
        assert_eq!(<[bool; 2] as Form<W>>::write(&both), Some([0, 1]));
        assert_eq!(<[bool; 2] as Form<W>>::read(&[7, 0]), [true, false]);
    }
    each_abi!(of);
}

/// Elements of memory that is aligned to nothing are copied out, never cast.
#[test]
fn regions_hold_elements() {
    let kernel = Kernel::new();
    let region = Region::new(&kernel, &[HIGH, LOW, HIGH]).expect("there is memory");
    assert_eq!((region.len(), region.is_empty(), region.bytes().map(<[u8]>::len)), (3, false, Ok(36)));
    assert_eq!(region.iter().map(Iterator::collect::<Vec<_>>), Ok(vec![HIGH, LOW, HIGH]));
    let mut some = [LOW; 2];
    assert_eq!((region.copy_to(&mut some), some), (Ok(2), [HIGH, LOW]));
    assert_eq!(format!("{region:?}"), "Region of 3 elements");
    // Read as longer elements: the tail that is no whole one does not count.
    let longs: Region<Kernel, [u64x5; 1]> = Region::from_memory(region.into_memory());
    assert_eq!((longs.len(), longs.iter().map(Iterator::count)), (0, Ok(0)));
    drop(longs);
    let odd = kernel.allocate(7, &mut |it| it.fill(1)).expect("there is memory");
    let ints: Region<Kernel, u32> = Region::from_memory(odd);
    assert_eq!(ints.iter().map(Iterator::collect::<Vec<_>>), Ok(vec![0x0101_0101]));
    drop(ints);
    kernel.shortage(true);
    assert!(matches!(Region::new(&kernel, &[1u8]), Err(KernReturn::RESOURCE_SHORTAGE)));
    kernel.assert_empty();
}

#[expect(non_camel_case_types, reason = "as the built-in ones")]
type u64x5 = [Wide<u64>; 5];

/// Data may be in line or not; who receives them need not care.
#[test]
fn data_are_in_line_or_not() {
    let kernel = Kernel::new();
    let elements = [1u16, 2, 3];
    let region = || Region::new(&kernel, &elements).expect("there is memory");
    for (data, shown) in [
        (Data::Inline(&elements), "Data of 3 elements in line"),
        (Data::Region(region()), "Data of 3 elements out of line"),
    ] {
        let mut some = [0; 5];
        assert_eq!((data.len(), data.is_empty(), data.get(1), data.get(3)), (3, false, Ok(Some(2)), Ok(None)));
        assert_eq!((data.copy_to(&mut some), some), (Ok(3), [1, 2, 3, 0, 0]));
        assert_eq!(data.iter().map(Iterator::collect::<Vec<_>>), Ok(elements.to_vec()));
        assert_eq!((format!("{data:?}").as_str(), data.bytes().map(<[u8]>::len)), (shown, Ok(6)));
        let region: Region<Kernel, u16> = data.into_region(&kernel).expect("there is memory");
        assert_eq!(region.len(), 3);
    }
    let (mut long, mut short) = ([0; 3], [0; 2]);
    let stored = Data::Inline(&elements).store(&kernel, &mut long).expect("it fits");
    assert!(matches!(stored, Data::Inline([1, 2, 3])));
    let stored = Data::Inline(&elements).store(&kernel, &mut short).expect("there is memory");
    assert!(matches!(stored, Data::Region(_)));
    drop(stored);
    kernel.shortage(true);
    assert!(Data::<Kernel, u16>::Inline(&elements).store(&kernel, &mut short).is_err());
    kernel.shortage(false);
    let gives: [Give<'_, Kernel, u16>; 2] = [elements[..].into(), region().into()];
    assert!(matches!(gives, [Give::Lend(_), Give::Move(_)]));
    drop(gives);
    kernel.assert_empty();
    assert_ne!(GnumachX8664v2022::ABI, GnumachX8664::ABI);
}
