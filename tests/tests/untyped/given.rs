//! What a side gives: values, rights and memory of the types that stubs want.

use mig_rt::{
    Disposition, Element, Give, KernReturn, Outbound, PackedRoom, Plain, PortName, ReceiveRight, Region, Right, Rights,
    RightsRoom, Room, SendOnceRight, SendRight,
};

use crate::side::{Formed, Kernel, Side, bytes_of, read, size_of};

/// What a side gives away.
pub(crate) trait Made {
    fn made(side: &Side, at: usize) -> Self;
}

/// Room that a server fills.
pub(crate) trait Filled {
    fn filled(&mut self, side: &Side, at: usize) -> Result<(), KernReturn>;
}

impl Side {
    pub(crate) fn made<M: Made>(&self, at: usize) -> M {
        M::made(self, at)
    }

    pub(crate) fn filled(&self, at: usize, room: &mut impl Filled) -> Result<(), KernReturn> {
        room.filled(self, at)
    }

    fn bytes(&self, at: usize) -> Vec<u8> {
        self.recorded(at, "").unwrap_or_default()
    }

    /// A number that the recording may not have.
    fn number(&self, at: usize, suffix: &str) -> Option<u32> {
        let bytes = self.recorded(at, suffix)?;
        Some(u32::from_le_bytes(bytes.try_into().expect("a word")))
    }

    pub(crate) fn word(&self, at: usize) -> u32 {
        self.number(at, "").unwrap_or(0)
    }

    pub(crate) fn values<E: Formed>(&self, at: usize) -> E {
        let mut bytes = self.bytes(at);
        let abi = self.form_of::<E>(bytes.len());
        bytes.resize(size_of::<E>(abi), 0);
        let value = read(abi, &bytes);
        self.replace(at, bytes_of(abi, &value));
        value
    }

    /// The elements of an array; C's room may be longer.
    pub(crate) fn list<E: Formed>(&self, at: usize) -> Vec<E> {
        let mut bytes = self.bytes(at);
        let size = size_of::<E>(self.abi()).max(1);
        if let Some(count) = self.number(at, "Cnt") {
            bytes.truncate(count as usize * size);
        }
        let list: Vec<E> = bytes.chunks_exact(size).map(|it| read(self.abi(), it)).collect();
        self.replace(at, list.iter().flat_map(|it| bytes_of(self.abi(), it)).collect());
        list
    }

    pub(crate) fn text(&self, at: usize) -> Vec<u8> {
        self.bytes(at).split(|it| *it == 0).next().unwrap_or_default().to_vec()
    }

    fn names(&self, at: usize) -> Vec<PortName> {
        self.list(at)
    }

    pub(crate) fn rights<R: MadeRight>(&self, at: usize) -> Vec<R> {
        self.names(at).into_iter().map(|it| R::right(self, it)).collect()
    }

    /// Elements that a client has room for.
    fn capacity(&self, at: usize) -> u32 {
        self.number(at, "Cnt").unwrap_or(self.arg(at).max)
    }

    pub(crate) fn room<E: Formed>(&self, at: usize) -> Vec<E> {
        let zero = vec![0; size_of::<E>(self.abi())];
        (0..self.capacity(at)).map(|_| read(self.abi(), &zero)).collect()
    }

    pub(crate) fn text_room(&self, at: usize) -> Vec<u8> {
        vec![0; self.capacity(at) as usize]
    }

    pub(crate) fn rights_room<R: MadeRight>(&self, at: usize) -> Vec<R> {
        (0..self.capacity(at)).map(|_| R::null(self.via())).collect()
    }

    /// Whether a server puts an indefinite array into the room that it is offered: both ways are tried.
    fn uses_room(&self, at: usize) -> bool {
        !self.arg(at).indefinite || self.abi() == mig_rt::AbiId::DarwinLp64
    }
}

/// A right of one kind.
pub(crate) trait MadeRight: Right<Kernel> {
    fn valid(side: &Side, name: PortName) -> Self;

    fn right(side: &Side, name: PortName) -> Self {
        match name {
            PortName::NULL => Self::null(side.via()),
            _ => Self::valid(side, name),
        }
    }
}

impl MadeRight for SendRight<Kernel> {
    fn valid(side: &Side, name: PortName) -> Self {
        side.with_port(name, |it| side.via().make_send(it))
    }
}

impl MadeRight for SendOnceRight<Kernel> {
    fn valid(side: &Side, name: PortName) -> Self {
        side.with_port(name, |it| side.via().make_send_once(it))
    }
}

impl MadeRight for ReceiveRight<Kernel> {
    fn valid(side: &Side, name: PortName) -> Self {
        side.via().port_named(name)
    }
}

macro_rules! rights {
    ($($right:ident)*) => { $(
        impl Made for $right<Kernel> {
            fn made(side: &Side, at: usize) -> Self {
                Self::right(side, PortName(side.word(at)))
            }
        }
    )* };
}
rights! { SendRight SendOnceRight ReceiveRight }

impl Made for Outbound<'static, Kernel> {
    fn made(side: &Side, at: usize) -> Self {
        let name = PortName(side.word(at));
        let chosen = side.number(at, "Poly").map_or(Disposition(side.arg(at).sent), |it| Disposition(it as u8));
        match chosen {
            _ if !name.is_valid() => Outbound::null(),
            Disposition::MOVE_RECEIVE => ReceiveRight::right(side, name).into(),
            Disposition::MOVE_SEND_ONCE => SendOnceRight::right(side, name).into(),
            Disposition::MAKE_SEND => side.with_port(name, |it| it.make_send().detached()),
            Disposition::MAKE_SEND_ONCE => side.with_port(name, |it| it.make_send_once().detached()),
            Disposition::COPY_SEND => side.lend(SendRight::right(side, name), |it| it.copy().detached()),
            _ => SendRight::right(side, name).into(),
        }
    }
}

impl<E: Element + Formed> Made for Region<Kernel, E> {
    fn made(side: &Side, at: usize) -> Self {
        Region::new(side.via(), &side.list(at)).expect("there is memory")
    }
}

impl<E: Element + Formed> Made for Give<'static, Kernel, E> {
    fn made(side: &Side, at: usize) -> Self {
        match side.number(at, "Dealloc") {
            Some(0) => panic!("no recorded client keeps its memory where it has the choice"),
            _ => Give::Move(side.made(at)),
        }
    }
}

/// What does not stand in the room.
impl<E: Element + Formed> Made for Option<Region<Kernel, E>> {
    fn made(side: &Side, at: usize) -> Self {
        (!side.uses_room(at)).then(|| side.made(at))
    }
}

impl<R: MadeRight> Made for Rights<'static, Kernel, R> {
    fn made(side: &Side, at: usize) -> Self {
        Rights::collect(side.via(), side.rights(at)).expect("there is memory")
    }
}

impl Side {
    /// How many elements go into a room of this capacity, which C's function is told, unless C has none.
    fn fitting(&self, at: usize, capacity: usize) -> usize {
        if !self.arg(at).indefinite {
            self.log(at, "Cnt", (capacity as u32).to_le_bytes().into());
        }
        if self.uses_room(at) { capacity } else { 0 }
    }
}

impl<E: Plain + Formed> Filled for Room<'_, E> {
    fn filled(&mut self, side: &Side, at: usize) -> Result<(), KernReturn> {
        let fitting = side.fitting(at, self.capacity());
        let list: Vec<E> = match side.arg(at).text {
            true => side.text(at).iter().map(|it| read(side.abi(), &[*it])).collect(),
            false => side.list(at),
        };
        self.extend(&list[..fitting.min(list.len())])
    }
}

impl<E: Formed + Clone> Filled for PackedRoom<'_, E> {
    fn filled(&mut self, side: &Side, at: usize) -> Result<(), KernReturn> {
        let fitting = side.fitting(at, self.capacity());
        let list: Vec<E> = side.list(at);
        self.extend(&list[..fitting.min(list.len())])
    }
}

impl<R: MadeRight> Filled for RightsRoom<'_, Kernel, R> {
    fn filled(&mut self, side: &Side, at: usize) -> Result<(), KernReturn> {
        let fitting = side.fitting(at, self.capacity());
        let names = side.names(at).into_iter().take(fitting);
        names.map(|it| R::right(side, it)).try_for_each(|it| self.push(it).map_err(|_| KernReturn::FAILURE))
    }
}
