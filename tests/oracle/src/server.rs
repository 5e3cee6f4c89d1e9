//! The Rust side: values that are given, and values that were got.

use mig_rt::memory::Plain;
use mig_rt::{
    AnyRight, Data, Disposition, Element, Elements, Form, Give, KernReturn, Outbound, PackedRoom, PortName,
    ReceiveRight, Region, Right, RightKind, Rights, RightsRoom, Room, SendOnceRight, SendRight,
};

use crate::W;
use crate::call::{Passed, Side, bytes_of, read};
use crate::kernel::{self, Kernel, SERVICE};

/// What serves; its methods are generated.
pub struct Service;

/// What a side gives away.
pub trait Made {
    fn made(side: Side, at: usize) -> Self;
}

/// What a side was given.
pub trait Got {
    fn got(self, side: Side, at: usize);
}

/// Room that a server fills.
pub trait Filled {
    fn filled(&mut self, side: Side, at: usize) -> Result<(), KernReturn>;
}

impl Side {
    /// Fails as the variant demands.
    pub fn verdict(self) -> Result<(), KernReturn> {
        KernReturn::check(self.code())
    }

    pub fn made<M: Made>(self, at: usize) -> M {
        M::made(self, at)
    }

    pub fn values<E: Form<W>>(self, at: usize) -> E {
        read(&self.sample(at, self.count(at)))
    }

    pub fn list<E: Form<W>>(self, at: usize) -> Vec<E> {
        self.list_of(at, self.count(at))
    }

    fn list_of<E: Form<W>>(self, at: usize, count: usize) -> Vec<E> {
        self.sample(at, count).chunks_exact(self.arg(at).element).map(read).collect()
    }

    pub fn text(self, at: usize) -> Vec<u8> {
        self.sample(at, self.count(at))
    }

    pub fn rights<R: MadeRight>(self, at: usize) -> Vec<R> {
        (0..self.count(at)).map(|index| R::right(self, at, index)).collect()
    }

    /// Room of a client's.
    pub fn room<E: Form<W>>(self, at: usize) -> Vec<E> {
        (0..self.capacity(at)).map(|_| E::read(&E::Base::ZERO)).collect()
    }

    pub fn text_room(self, at: usize) -> Vec<u8> {
        vec![0; self.capacity(at)]
    }

    pub fn rights_room<R: MadeRight>(self, at: usize) -> Vec<R> {
        (0..self.capacity(at)).map(|_| R::null(&Kernel)).collect()
    }

    pub fn got(self, at: usize, it: impl Got) {
        it.got(self, at);
    }

    pub fn got_value<E: Form<W>>(self, at: usize, it: &E) {
        self.log_bytes(at, self.arg(at).max, &bytes_of(it));
    }

    pub fn got_list<E: Form<W>>(self, at: usize, list: impl IntoIterator<Item = E>) {
        let bytes: Vec<u8> = list.into_iter().flat_map(|it| bytes_of(&it)).collect();
        self.log_bytes(at, bytes.len() / self.arg(at).element, &bytes);
    }

    pub fn got_text(self, at: usize, it: &[u8]) {
        self.log_bytes(at, it.len(), it);
    }

    fn got_names(self, at: usize, names: impl Iterator<Item = PortName>) {
        let bytes: Vec<u8> = names.flat_map(|it| it.0.to_le_bytes()).collect();
        self.log_bytes(at, bytes.len() / 4, &bytes);
    }

    pub fn got_rights<R: MadeRight>(self, at: usize, rights: &[R]) {
        self.got_names(at, rights.iter().map(R::name));
    }

    pub fn filled(self, at: usize, room: &mut impl Filled) -> Result<(), KernReturn> {
        room.filled(self, at)
    }
}

/// A right of one kind.
pub trait MadeRight: Right<Kernel> {
    fn right(side: Side, at: usize, index: usize) -> Self {
        let name = side.name(at, index);
        if name != SERVICE || Self::KIND != RightKind::RECEIVE {
            kernel::add(name, Self::KIND);
        }
        // SAFETY: the kernel has counted it just now, or it is the service's own, which the kernel never lets go.
        unsafe { Self::from_raw(PortName(name), Kernel) }
    }
}

macro_rules! rights {
    ($($right:ident)*) => { $(
        impl MadeRight for $right<Kernel> {}

        impl Made for $right<Kernel> {
            fn made(side: Side, at: usize) -> Self {
                Self::right(side, at, 0)
            }
        }

        impl Got for $right<Kernel> {
            fn got(self, side: Side, at: usize) {
                side.got_names(at, std::iter::once(self.name()));
            }
        }
    )* };
}
rights! { SendRight SendOnceRight ReceiveRight }

impl Made for Outbound<'static, Kernel> {
    fn made(side: Side, at: usize) -> Self {
        let name = PortName(side.give(at, 0));
        // SAFETY: `give` made the right that each disposition needs. What stays with the sender is kept, and not
        // dropped here.
        unsafe {
            match side.disposition(at) {
                Disposition::MOVE_RECEIVE => ReceiveRight::from_raw(name, Kernel).into(),
                Disposition::MOVE_SEND => SendRight::from_raw(name, Kernel).into(),
                Disposition::MOVE_SEND_ONCE => SendOnceRight::from_raw(name, Kernel).into(),
                Disposition::COPY_SEND => lent(SendRight::from_raw(name, Kernel), |it| it.copy().detached()),
                Disposition::MAKE_SEND => lent(ReceiveRight::from_raw(name, Kernel), |it| it.make_send().detached()),
                Disposition::MAKE_SEND_ONCE => {
                    lent(ReceiveRight::from_raw(name, Kernel), |it| it.make_send_once().detached())
                }
                _ => Outbound::number(name),
            }
        }
    }
}

/// Lent slices live as long as the program; their rights are kept by `give`, or moved.
impl Made for mig_rt::Outbounds<'static, Kernel> {
    fn made(side: Side, at: usize) -> Self {
        fn all<R: Right<Kernel>>(side: Side, at: usize) -> &'static mut [R] {
            let names = (0..side.count(at)).map(|index| PortName(side.give(at, index)));
            // SAFETY: `give` made what each disposition needs, and nothing of this is dropped.
            names.map(|it| unsafe { R::from_raw(it, Kernel) }).collect::<Vec<R>>().leak()
        }
        match side.disposition(at) {
            Disposition::MOVE_RECEIVE => Self::MoveReceive(all(side, at)),
            Disposition::MOVE_SEND => Self::MoveSend(all(side, at)),
            Disposition::MOVE_SEND_ONCE => Self::MoveSendOnce(all(side, at)),
            Disposition::COPY_SEND => Self::Copy(all(side, at)),
            Disposition::MAKE_SEND => Self::MakeSend(all(side, at)),
            _ => Self::MakeSendOnce(all(side, at)),
        }
    }
}

fn lent<R: Right<Kernel>, X>(right: R, look: impl FnOnce(&R) -> X) -> X {
    let result = look(&right);
    right.into_raw();
    result
}

impl<E: Element + Form<W>> Made for Region<Kernel, E> {
    fn made(side: Side, at: usize) -> Self {
        Region::new(&Kernel, &side.list(at)).expect("there is memory")
    }
}

impl<E: Element + Form<W>> Made for Give<'static, Kernel, E> {
    fn made(side: Side, at: usize) -> Self {
        if side.gives(at) { Give::Move(side.made(at)) } else { Give::Lend(side.list(at).leak()) }
    }
}

/// Indefinite results: what does not fit into the room.
impl<E: Element + Form<W>> Made for Option<Region<Kernel, E>> {
    fn made(side: Side, at: usize) -> Self {
        (side.count(at) > side.limit(at)).then(|| side.made(at))
    }
}

impl<R: MadeRight> Made for Rights<'static, Kernel, R> {
    fn made(side: Side, at: usize) -> Self {
        Rights::collect(&Kernel, side.rights(at)).expect("there is memory")
    }
}

impl Got for AnyRight<Kernel> {
    fn got(self, side: Side, at: usize) {
        side.log(at, format!("{:x} as {}", self.name().0, self.disposition().0));
    }
}

impl<E: Element + Form<W>> Got for Region<Kernel, E> {
    fn got(self, side: Side, at: usize) {
        side.got_list(at, self.iter().expect("memory of our own"));
    }
}

impl<E: Element + Form<W>> Got for Data<'_, Kernel, E> {
    fn got(self, side: Side, at: usize) {
        let mut list = vec![E::read(&E::Base::ZERO); self.len()];
        self.copy_to(&mut list).expect("memory of our own");
        side.got_list(at, list);
    }
}

impl<E: Form<W>> Got for Elements<'_, E> {
    fn got(self, side: Side, at: usize) {
        side.got_list(at, self);
    }
}

impl<R: MadeRight> Got for Rights<'_, Kernel, R> {
    fn got(self, side: Side, at: usize) {
        side.got_names(at, self.names());
    }
}

/// What goes into the room: nothing if the result is a region.
fn fitting(side: Side, at: usize, capacity: usize) -> usize {
    match side.count(at) {
        count if side.arg(at).passed == Passed::Indefinite && count > side.limit(at) => 0,
        count => count.min(capacity),
    }
}

impl<E: Plain + Form<W>> Filled for Room<'_, E> {
    fn filled(&mut self, side: Side, at: usize) -> Result<(), KernReturn> {
        self.extend(&side.list_of(at, fitting(side, at, self.capacity())))
    }
}

impl<E: Form<W>> Filled for PackedRoom<'_, E>
where
    E: Clone,
{
    fn filled(&mut self, side: Side, at: usize) -> Result<(), KernReturn> {
        self.extend(&side.list_of(at, fitting(side, at, self.capacity())))
    }
}

impl<R: MadeRight> Filled for RightsRoom<'_, Kernel, R> {
    fn filled(&mut self, side: Side, at: usize) -> Result<(), KernReturn> {
        let count = fitting(side, at, self.capacity());
        (0..count).try_for_each(|index| self.push(R::right(side, at, index)).map_err(|_| KernReturn::FAILURE))
    }
}
