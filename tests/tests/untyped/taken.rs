//! What a side gets, written down as C has it.

use mig_rt::{
    AnyRight, AuditToken, Data, Element, Elements, PortName, ReceiveRight, Region, Rights, SecurityToken,
    SendOnceRight, SendRight,
};

use crate::given::MadeRight;
use crate::side::{Formed, Kernel, Side, bytes_of, read, size_of};

/// What a side was given.
pub(crate) trait Got {
    fn got(self, side: &Side, at: usize);
}

impl Side {
    pub(crate) fn got(&self, at: usize, it: impl Got) {
        it.got(self, at);
    }

    pub(crate) fn got_value<E: Formed>(&self, at: usize, it: &E) {
        self.log(at, "", bytes_of(self.form_of::<E>(self.sent(at)), it));
    }

    pub(crate) fn got_list<E: Formed>(&self, at: usize, list: impl IntoIterator<Item = E>) {
        let list: Vec<Vec<u8>> = list.into_iter().map(|it| bytes_of(self.abi(), &it)).collect();
        self.log(at, "Cnt", (list.len() as u32).to_le_bytes().into());
        self.log(at, "", list.concat());
    }

    /// Strings end with a zero in C.
    pub(crate) fn got_text(&self, at: usize, it: &[u8]) {
        self.log(at, "", [it, &[0]].concat());
    }

    pub(crate) fn got_rights<R: MadeRight>(&self, at: usize, rights: &[R]) {
        self.got_list(at, rights.iter().map(R::name));
    }
}

macro_rules! rights {
    ($($right:ident)*) => { $(
        impl Got for $right<Kernel> {
            fn got(self, side: &Side, at: usize) {
                side.got_value(at, &self.name());
            }
        }
    )* };
}
rights! { SendRight SendOnceRight ReceiveRight }

impl Got for AnyRight<Kernel> {
    fn got(self, side: &Side, at: usize) {
        side.got_value(at, &self.name());
        side.log(at, "Poly", u32::from(self.disposition().0).to_le_bytes().into());
    }
}

/// The object of a port that was translated.
impl Got for PortName {
    fn got(self, side: &Side, at: usize) {
        side.got_value(at, &self);
    }
}

impl Got for u32 {
    fn got(self, side: &Side, at: usize) {
        side.got_value(at, &self);
    }
}

impl Got for u64 {
    fn got(self, side: &Side, at: usize) {
        side.got_value(at, &self);
    }
}

impl Got for SecurityToken {
    fn got(self, side: &Side, at: usize) {
        side.got_value(at, &[self.user, self.group]);
    }
}

impl Got for AuditToken {
    fn got(self, side: &Side, at: usize) {
        side.got_value(at, &self.0);
    }
}

impl<E: Element + Formed> Got for Region<Kernel, E> {
    fn got(self, side: &Side, at: usize) {
        side.got_list(at, self.iter().expect("memory of our own"));
    }
}

impl<E: Element + Formed> Got for Data<'_, Kernel, E> {
    fn got(self, side: &Side, at: usize) {
        let zero = read(side.abi(), &vec![0; size_of::<E>(side.abi())]);
        let mut list = vec![zero; self.len()];
        self.copy_to(&mut list).expect("memory of our own");
        side.got_list(at, list);
    }
}

impl<E: Formed> Got for Elements<'_, E> {
    fn got(self, side: &Side, at: usize) {
        side.got_list(at, self);
    }
}

impl<R: MadeRight> Got for Rights<'_, Kernel, R> {
    fn got(self, side: &Side, at: usize) {
        side.got_list(at, self.names());
    }
}
