//! Parameters of functions and methods.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Context;
use super::names;
use super::shape::{Disposition, RightsPlace, Shape, gives};
use super::trailer::Element;
use super::value::literal;
use crate::model::{Arg, Dealloc, Flow, Role, Routine, Sides as TokenSides};

impl Context<'_> {
    /// The method's parameters, in the order of the definition.
    pub(super) fn method_params(&self, routine: &Routine) -> Vec<TokenStream> {
        routine
            .args
            .iter()
            .flat_map(|it| [self.method_param(routine, it), self.method_room(routine, it)])
            .flatten()
            .collect()
    }

    /// The room for a result that is also sent.
    fn method_room(&self, routine: &Routine, arg: &Arg) -> Option<TokenStream> {
        if arg.role != Role::Data || arg.flow != Flow::InOut || self.is_answered(routine) {
            return None;
        }
        let (name, ty) =
            (self.out_name(routine, arg, crate::config::Sides::Server), self.room_param(&self.shape(arg))?);
        Some(quote!(#name: #ty))
    }

    fn method_param(&self, routine: &Routine, arg: &Arg) -> Option<TokenStream> {
        let name = names::variable(&arg.name);
        let ty = match arg.role {
            Role::Data => self.method_data(routine, arg)?,
            Role::RequestPort => match self.marker(arg).filter(|_| self.is_translated_in(arg)) {
                Some(marker) => {
                    let marker = self.path(&marker);
                    quote!(Obj<Self, T, #marker>)
                }
                None => quote!(PortName),
            },
            Role::SeqNo => quote!(u32),
            Role::ReplyPort | Role::ServerReplyPort if routine.one_way => quote!(AnyRight<T>),
            Role::ReplyPort | Role::ServerReplyPort => {
                let module = names::routine(&routine.name);
                quote!(ReplyTo<'_, T, #module::Reply>)
            }
            Role::Token(..) => Element::of(arg, TokenSides::Server)?.ty(),
            Role::WaitTime | Role::SendTime | Role::MsgOption | Role::UserReplyPort => return None,
        };
        Some(quote!(#name: #ty))
    }

    fn method_data(&self, routine: &Routine, arg: &Arg) -> Option<TokenStream> {
        let shape = self.shape(arg);
        if arg.flow == Flow::Out {
            return if self.is_answered(routine) { None } else { self.room_param(&shape) };
        }
        if let Some(marker) = self.marker(arg).filter(|_| self.is_translated_in(arg)) {
            let marker = self.path(&marker);
            return Some(quote!(Obj<Self, T, #marker>));
        }
        Some(self.received(&shape))
    }

    /// What a method gets of this shape.
    fn received(&self, shape: &Shape) -> TokenStream {
        match shape {
            Shape::Value(it) => it.tokens(self),
            Shape::Fixed(it, count) => {
                let (it, count) = (it.tokens(self), literal(*count));
                quote!(&[#it; #count])
            }
            Shape::Counted(it) if it.is_plain() => {
                let it = it.plain();
                quote!(&[#it])
            }
            Shape::Counted(it) => {
                let it = it.element(self);
                quote!(Elements<'_, #it>)
            }
            Shape::Indefinite(it) => {
                let it = it.element(self);
                quote!(Data<'_, T, #it>)
            }
            Shape::Memory(it) => {
                let it = it.element(self);
                quote!(Region<T, #it>)
            }
            Shape::Text { .. } => quote!(Text<'_>),
            Shape::Right(it) => it.got(),
            Shape::Rights(it, _) => {
                let it = it.got();
                quote!(Rights<'_, T, #it>)
            }
            Shape::Each(of, extent) => extent.of(&self.received(of)),
        }
    }

    /// Room for a result that is written where it will be sent from.
    pub(super) fn room_param(&self, shape: &Shape) -> Option<TokenStream> {
        if !shape.has_room() {
            return None;
        }
        Some(match shape {
            Shape::Fixed(it, _) => {
                let it = it.plain();
                quote!(&mut Room<'_, #it>)
            }
            Shape::Counted(it) | Shape::Indefinite(it) if it.is_plain() => {
                let it = it.plain();
                quote!(&mut Room<'_, #it>)
            }
            Shape::Counted(it) | Shape::Indefinite(it) => {
                let it = it.element(self);
                quote!(&mut PackedRoom<'_, #it>)
            }
            Shape::Text { .. } => quote!(&mut Room<'_, u8>),
            Shape::Rights(it, _) => {
                let it = it.got();
                quote!(&mut RightsRoom<'_, T, #it>)
            }
            Shape::Value(_) | Shape::Memory(_) | Shape::Right(_) | Shape::Each(..) => return None,
        })
    }

    /// A client's parameter for an argument; `lifetime` is that of what the message is lent.
    pub(super) fn client_param(&self, arg: &Arg, lifetime: &TokenStream) -> Option<TokenStream> {
        Some(match arg.role {
            Role::Data if arg.flow == Flow::Out => return None,
            // One slice for both directions.
            Role::Data if self.is_exchanged(arg) => return None,
            Role::Data => self.given(&self.shape(arg), gives(arg), lifetime),
            Role::RequestPort => self.disposition(arg).given(lifetime),
            Role::WaitTime | Role::SendTime => quote!(Timeout),
            Role::MsgOption => quote!(MsgOptions),
            Role::SeqNo | Role::ServerReplyPort | Role::Token(..) => return None,
            Role::ReplyPort | Role::UserReplyPort => quote!(&ReceiveRight<T>),
        })
    }

    /// Whether a client gives one mutable array for both directions.
    pub(super) fn is_exchanged(&self, arg: &Arg) -> bool {
        let shape = self.shape(arg);
        arg.flow == Flow::InOut && matches!(shape, Shape::Fixed(..)) && shape.has_slice()
    }

    /// Name of the parameter for a result, apart from that of what is sent.
    pub(super) fn out_name(&self, routine: &Routine, arg: &Arg, side: crate::config::Sides) -> Ident {
        let both = arg.flow == Flow::InOut && (side == crate::config::Sides::Server || !self.is_exchanged(arg));
        if both { names::beside(routine, arg, "out") } else { names::variable(&arg.name) }
    }

    /// How a port argument travels.
    pub(super) fn disposition(&self, arg: &Arg) -> Disposition {
        let ty = self.joined.ty(arg.ty);
        Disposition { sent: ty.sent, received: ty.received }
    }

    /// What a client gives of this shape.
    fn given(&self, shape: &Shape, gives: Dealloc, lifetime: &TokenStream) -> TokenStream {
        match shape {
            Shape::Value(it) => it.tokens(self),
            Shape::Fixed(it, count) => {
                let (it, count) = (it.tokens(self), literal(*count));
                quote!(&[#it; #count])
            }
            Shape::Counted(it) => {
                let it = it.element(self);
                quote!(&[#it])
            }
            Shape::Indefinite(it) | Shape::Memory(it) => {
                let it = it.element(self);
                let reference = reference(lifetime);
                match gives {
                    Dealloc::No => quote!(#reference [#it]),
                    Dealloc::Yes if matches!(shape, Shape::Memory(_)) => quote!(Region<T, #it>),
                    _ => quote!(Give<#lifetime, T, #it>),
                }
            }
            Shape::Text { .. } => quote!(&[u8]),
            Shape::Right(it) => it.given(lifetime),
            Shape::Rights(it, place) => rights_param(*it, *place, lifetime),
            Shape::Each(of, extent) => extent.of(&self.given(of, gives, lifetime)),
        }
    }

    /// A client's slice for a result.
    pub(super) fn client_slice(&self, arg: &Arg) -> Option<TokenStream> {
        let shape = self.shape(arg);
        if arg.role != Role::Data || arg.flow == Flow::In || !shape.has_slice() {
            return None;
        }
        Some(match &shape {
            Shape::Fixed(it, count) => {
                let (it, count) = (it.tokens(self), literal(*count));
                quote!(&mut [#it; #count])
            }
            Shape::Counted(it) => {
                let it = it.element(self);
                quote!(&mut [#it])
            }
            Shape::Indefinite(it) => {
                let it = it.element(self);
                quote!(&'a mut [#it])
            }
            Shape::Text { .. } => quote!(&mut [u8]),
            Shape::Rights(it, RightsPlace::Fixed(count)) => {
                let (it, count) = (it.got(), literal(*count));
                quote!(&mut [#it; #count])
            }
            Shape::Rights(it, _) => {
                let it = it.got();
                quote!(&mut [#it])
            }
            Shape::Value(_) | Shape::Memory(_) | Shape::Right(_) | Shape::Each(..) => return None,
        })
    }
}

/// `&`, with a lifetime unless that is the anonymous one.
fn reference(lifetime: &TokenStream) -> TokenStream {
    if lifetime.to_string() == "'_" { quote!(&) } else { quote!(&#lifetime) }
}

/// Rights of an array: one disposition for all.
fn rights_param(it: Disposition, place: RightsPlace, lifetime: &TokenStream) -> TokenStream {
    let of = |mutable: bool, right: TokenStream| {
        let mutable = mutable.then(|| quote!(mut));
        match place {
            RightsPlace::Fixed(count) => {
                let count = literal(count);
                quote!(&#mutable [#right; #count])
            }
            _ => quote!(&#mutable [#right]),
        }
    };
    match it.number() {
        Some(19) => of(false, quote!(SendRight<T>)),
        Some(17) => of(true, quote!(SendRight<T>)),
        Some(18) => of(true, quote!(SendOnceRight<T>)),
        Some(16) => of(true, quote!(ReceiveRight<T>)),
        Some(20 | 21) => of(false, quote!(ReceiveRight<T>)),
        _ => quote!(Outbounds<#lifetime, T>),
    }
}

/// `&mut [E; n]` as `&[E; n]`.
pub(super) fn shared_slice(slice: &TokenStream) -> TokenStream {
    slice.clone().into_iter().filter(|it| it.to_string() != "mut").collect()
}
