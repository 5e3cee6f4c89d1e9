//! Arguments that C has beside others.

use super::{Arg, Class, Dealloc, Flow, Form, Interface, IpcName, Role, Sides, Type};

/// An argument that C has beside another one; Rust's types make them unnecessary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Companion {
    /// `xPoly`: which right.
    Poly,
    /// `xCnt`: how many elements.
    Count,
    /// `xSubs`: how many elements each array has that is an element.
    SubCounts,
    /// `xSubsCnt`: how many such arrays there are.
    SubCountsCount,
    /// `xDealloc`: whether memory leaves its sender.
    Dealloc,
    /// `xSCopy`: whether the data came in line.
    ServerCopy,
}

impl Companion {
    /// What C appends to the argument's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Companion::Poly => "Poly",
            Companion::Count => "Cnt",
            Companion::SubCounts => "Subs",
            Companion::SubCountsCount => "SubsCnt",
            Companion::Dealloc => "Dealloc",
            Companion::ServerCopy => "SCopy",
        }
    }
}

impl Interface {
    /// The companions that C's client and server functions have for an argument, in their order.
    pub fn companions(&self, arg: &Arg, side: Sides) -> Vec<Companion> {
        if !arg.is_on(side) {
            return Vec::new();
        }
        let ty = self.ty(arg.ty);
        let data = arg.role == Role::Data;
        let nested = data && self.has_variable_elements(arg);
        let counted = data && ty.variable && ty.class != Class::Text && !arg.options.same_count;
        let sender = if side == Sides::User { arg.is_sent() } else { arg.is_returned() };
        [
            (self.is_chosen_at_run_time(arg, ty, side), Companion::Poly),
            (nested, Companion::SubCounts),
            (nested && counted, Companion::SubCountsCount),
            (counted && !nested, Companion::Count),
            (sender && arg.options.dealloc == Dealloc::RunTime, Companion::Dealloc),
            (data && side == Sides::Server && arg.options.server_copy, Companion::ServerCopy),
        ]
        .into_iter()
        .filter_map(|(there, it)| there.then_some(it))
        .collect()
    }

    /// Whether one side chooses, or is told, which right an argument is. A server in the kernel sends what its
    /// clients receive.
    fn is_chosen_at_run_time(&self, arg: &Arg, ty: &Type, side: Sides) -> bool {
        let (sent, received) = (ty.sent == IpcName::Polymorphic, ty.received == IpcName::Polymorphic);
        let in_kernel = self.subsystem.as_ref().is_some_and(|it| it.kernel_server);
        let replied = if in_kernel { received } else { sent };
        let (there, back) = if side == Sides::User { (sent, received) } else { (received, replied) };
        there && arg.flow != Flow::Out || back && arg.flow != Flow::In
    }

    /// `array[…] of ^ array[] of T`
    pub(crate) fn has_variable_elements(&self, arg: &Arg) -> bool {
        let (Form::Fixed(of, _) | Form::UpTo(of, _)) = self.form(arg.ty).form else { return false };
        let of = self.ty(of);
        !of.inline && of.variable
    }
}
